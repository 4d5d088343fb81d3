"""One interface over two engines, the Pulumi CLI and the embedded one, and the preview that needs neither."""
