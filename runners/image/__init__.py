"""How the runner image is built: a Packer template, its scripts, and what to do with the result."""
