"""Who outside the registry's account may pull its images, and say which of them run."""

from collections.abc import Sequence
from typing import Any

from slipway.access.permissions import MARK_IMAGES

PULL_ACTIONS = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
"""All that a pull needs (Amazon ECR User Guide, repository-policy-examples)."""


def pull_policy(accounts: Sequence[str], marking: Sequence[str] = ()) -> dict[str, Any]:
    """Let these accounts pull. Which of their roles do so is for their own policies to say.

    Args:
        accounts: account ids.
        marking: ARNs of the only roles there that may give an image another tag.
    """
    roots = [_root(account) for account in sorted(set(accounts))]
    statements: list[dict[str, Any]] = [
        {
            "Sid": "PullFromWorkloadAccounts",
            "Effect": "Allow",
            "Principal": {"AWS": roots},
            "Action": list(PULL_ACTIONS),
        }
    ]
    if marking:
        # By condition: ECR refuses a principal that does not exist yet, and these roles are made after it.
        statements.append(
            {
                "Sid": "MarkWhatRuns",
                "Effect": "Allow",
                "Principal": {"AWS": sorted({_root(arn.split(":")[4]) for arn in marking})},
                "Action": list(MARK_IMAGES),
                "Condition": {"ArnEquals": {"aws:PrincipalArn": sorted(set(marking))}},
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _root(account: str) -> str:
    return f"arn:aws:iam::{account}:root"
