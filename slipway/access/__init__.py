"""Who may do what: GitHub's token claims, IAM policies and their evaluation, and the access matrix."""
