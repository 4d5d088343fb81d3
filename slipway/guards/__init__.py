"""What guards something is asked of the service itself, where a provider does not read it back."""
