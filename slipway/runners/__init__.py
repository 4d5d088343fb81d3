"""The operators' view of a runner fleet: what it does, why a job waits, its GitHub App, and a rehearsal."""
