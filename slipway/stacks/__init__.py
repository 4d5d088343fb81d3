"""Infrastructure delivery: what a change does to stacks, what was approved of it, and what may be applied."""
