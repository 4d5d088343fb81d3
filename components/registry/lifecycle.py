"""Which images ECR may delete: never a released or deployed one, the rest by age and number.

How ECR decides (Amazon ECR User Guide, LifecyclePolicies and lifecycle_policy_parameters, November 2026):
rules go from the lowest `rulePriority` up; an image that matches the tagging requirements of a rule cannot be
expired by any rule after it; several patterns in one `tagPatternList` must all match, so each pattern is a
rule of its own; `any` comes last. A rule that keeps more images than a repository can hold therefore shields
whatever it matches.
"""

from typing import Any

from slipway.errors import SlipwayError

RELEASED = "v*"
DEPLOYED = "deployed-*"
"""Tags that outrank expiry, beside whatever else a repository calls a release."""

MOVING_TAGS = ("latest", DEPLOYED)
"""Tags that may move; every other tag names one digest for ever (at most five filters, ECR API Reference)."""

MORE_THAN_A_REPOSITORY_HOLDS = 100_000
"""Images per repository before the quota is raised (Amazon ECR User Guide, service-quotas)."""


def lifecycle_policy(*, max_images: int, untagged_days: int, released: str = RELEASED) -> dict[str, Any]:
    """The policy of a repository that main pushes to.

    Args:
        max_images: newest images to keep; shielded ones count, and are kept beyond it.
        untagged_days: days after which an image without any tag goes.
        released: the pattern of released versions; `*` where every tag is one, as a chart's are.

    Raises:
        SlipwayError: a number below one.
    """
    _positive("max_images", max_images)
    _positive("untagged_days", untagged_days)
    shields = [
        _rule(
            priority,
            f"Keep {pattern}: no rule below can expire what this one matches",
            {
                "tagStatus": "tagged",
                "tagPatternList": [pattern],
                "countType": "imageCountMoreThan",
                "countNumber": MORE_THAN_A_REPOSITORY_HOLDS,
            },
        )
        for priority, pattern in enumerate((released, DEPLOYED), start=1)
    ]
    return {
        "rules": [
            *shields,
            _rule(10, f"Drop untagged images after {untagged_days} days", _older("untagged", untagged_days)),
            _rule(
                20,
                f"Keep the newest {max_images} images",
                {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": max_images},
            ),
        ]
    }


def preview_lifecycle_policy(*, days: int) -> dict[str, Any]:
    """The policy of a preview repository: everything goes after some days, whatever it is called.

    Raises:
        SlipwayError: a number of days below one.
    """
    _positive("preview_days", days)
    return {"rules": [_rule(1, f"Drop previews after {days} days", _older("any", days))]}


def _older(tag_status: str, days: int) -> dict[str, Any]:
    return {
        "tagStatus": tag_status,
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": days,
    }


def _rule(priority: int, description: str, selection: dict[str, Any]) -> dict[str, Any]:
    return {
        "rulePriority": priority,
        "description": description,
        "selection": selection,
        "action": {"type": "expire"},
    }


def _positive(name: str, value: int) -> None:
    if value < 1:
        raise SlipwayError(f"{name} is {value}", where="image repository", fix="give at least 1")
