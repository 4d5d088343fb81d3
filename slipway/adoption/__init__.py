"""What a repository needs for infrastructure delivery that does not use the platform."""
