"""What a rehearsal needs of the embedded cloud: classes that may have instances, a repository on no list."""

from typing import Any

from slipway.errors import SlipwayError
from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.runners import state
from slipway.runners.fleet import Fleet

Json = dict[str, Any]
UNLISTED = "runner-unlisted"
"""A repository that no class lets in."""
_UNLISTED_ID = 1_999_999_001


def cloud_of(fleet: Fleet) -> Cloud:
    """The embedded cloud of `local`. Raises SlipwayError for a real stack: only a stand-in is played with."""
    if fleet.cloud is None:
        raise SlipwayError(
            "a rehearsal runs on the embedded cloud only",
            fix="slipway runners simulate, with the stack local",
        )
    return fleet.cloud


def classes(fleet: Fleet) -> dict[str, Json]:
    """The classes that may have instances, by name. Raises SlipwayError where there is none."""
    declared: dict[str, Json] = state.configuration(fleet)["classes"]
    usable = {
        name: settings
        for name, settings in sorted(declared.items())
        if settings.get("image") and settings["maximum"] and settings["repositories"]
    }
    if not usable:
        raise SlipwayError(
            "no class of the fleet may have an instance",
            where=f"stack {fleet.stack}",
            fix="give one an image, a maximum and a repository, then `make up`",
        )
    return usable


def unlisted_repository(fleet: Fleet) -> str:
    """Make the repository that no class lets in; its slug."""
    repository = {
        "owner": fleet.organization,
        "name": UNLISTED,
        "id": _UNLISTED_ID,
        "visibility": "private",
    }
    runtime.seed(cloud_of(fleet), {"repositories": [repository]})
    return f"{fleet.organization}/{UNLISTED}"
