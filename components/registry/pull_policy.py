"""Who outside the registry's account may pull its images."""

from collections.abc import Sequence
from typing import Any

PULL_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""All that a pull needs (Amazon ECR User Guide, repository-policy-examples)."""


def pull_policy(accounts: Sequence[str]) -> dict[str, Any]:
    """Let these accounts pull. Which of their roles do so is for their own policies to say."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "PullFromWorkloadAccounts",
                "Effect": "Allow",
                "Principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in sorted(set(accounts))]},
                "Action": list(PULL_ACTIONS),
            },
        ],
    }
