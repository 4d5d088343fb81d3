"""The speeds that Slipway promises, measured on this machine: `make benchmarks`."""
