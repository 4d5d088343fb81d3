"""What differs between cloud, state and program of a stack, and where that is told."""
