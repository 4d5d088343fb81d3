"""The whole loop on the embedded cloud: jobs, losses and instances played against the deployed functions."""
