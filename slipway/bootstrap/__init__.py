"""What an account needs before any state can exist: made once, by an administrator, and then adopted."""
