"""The ground floor: what the stack and service files mean, names, and rules that are pure; no Pulumi."""
