"""`slipway demo`: what the platform does, played on this machine in a folder of its own."""
