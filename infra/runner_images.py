"""Whether a runner image is fresh enough to be put to work.

GitHub takes no jobs to a runner that is too old, and a runner of an image cannot update itself: a stale image
silently ends a fleet. One that works already is warned about, and an alarm watches it; a change that puts a
stale one to work is refused.
"""

import datetime
import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.in_force import published
from slipway.errors import SlipwayError
from slipway.platform.runner_classes import RunnerClassSettings, RunnerImage
from slipway.platform.settings import Settings

OLDEST = datetime.timedelta(days=30)
"""GitHub wants runners updated within 30 days of a release.
https://docs.github.com/en/actions/reference/runners/self-hosted-runners"""

MINIMUM_RUNNER_VERSION = "2.329.0"
"""The oldest runner that GitHub lets register (https://github.com/orgs/community/discussions/194762)."""

PARAMETER_KEY = "runner-classes"


def staleness(image: RunnerImage, today: datetime.date) -> str | None:
    """What is wrong with an image on a day; None if nothing is."""
    if _number(image.runner_version) < _number(MINIMUM_RUNNER_VERSION):
        return f"its runner {image.runner_version} is older than {MINIMUM_RUNNER_VERSION}, which GitHub wants"
    age = today - datetime.date.fromisoformat(image.built)
    return f"it was built {age.days} days ago, on {image.built}" if age > OLDEST else None


def declaration(classes: Mapping[str, RunnerClassSettings]) -> dict[str, str]:
    """The classes as they are compared from one run to the next: JSON by name."""
    return {
        name: json.dumps(block.model_dump(mode="json"), sort_keys=True) for name, block in classes.items()
    }


def judge(
    classes: Mapping[str, RunnerClassSettings], held: Mapping[str, str] | None, today: datetime.date
) -> tuple[list[str], list[str]]:
    """Stale images by class: those that a change would put to work, and those that are at work already.

    Args:
        classes: as this run declares them.
        held: `declaration` of the run before; None where it is not known.
        today: the day, UTC.
    """
    refused: list[str] = []
    warned: list[str] = []
    wanted = declaration(classes)
    for name, block in classes.items():
        wrong = staleness(block.image, today) if block.image else None
        if block.image and wrong:
            changed = held is not None and held.get(name) != wanted[name]
            (refused if changed else warned).append(f"class {name}: {block.image.id} is stale: {wrong}")
    return refused, warned


def require_fresh(settings: Settings, provider: aws.Provider) -> None:
    """Warn of every stale image, and refuse a class or image that is new or changed and stale.

    Raises:
        SlipwayError: before anything is registered.
    """
    runners = settings.platform.runners
    if runners is None or settings.on_stand_in:  # the stand-in's image is a name and no more
        return
    # A stack that has published nothing has no fleet, so that every class is new.
    held = published(settings.stack.value, PARAMETER_KEY, provider, absent="{}")
    today = datetime.datetime.now(datetime.UTC).date()
    refused, warned = judge(runners.classes, json.loads(held) if held else None, today)
    for message in warned:
        pulumi.log.warn(f"runner {message}")
    if refused:
        raise SlipwayError(
            "; ".join(refused),
            where="slipway:platform.runners.classes",
            fix="build an image (docs/runners.md) and put the block that its job prints here",
        )


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
