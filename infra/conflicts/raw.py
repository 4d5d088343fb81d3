"""The raw blocks of a stack file, whatever stands in them: what is no block reads as an empty one."""

from collections.abc import Mapping
from typing import Any, cast

from slipway.platform.job_kinds import defaults_for

Raw = Mapping[str, Any]


def mapping(value: object) -> Raw:
    """A block, by key."""
    return cast(Raw, value) if isinstance(value, Mapping) else {}


def blocks(value: object) -> dict[str, Raw]:
    """A block of blocks."""
    return {str(name): mapping(block) for name, block in mapping(value).items()}


def environment_blocks(service: Raw) -> dict[str, Raw]:
    """Environments of a service by name; a list of names says the same as empty blocks."""
    raw = service.get("environments")
    if isinstance(raw, list):
        return {str(name): {} for name in cast(list[object], raw)}
    return blocks(raw)


def texts(value: object) -> list[str]:
    """The texts of a list."""
    found = cast(list[object], value) if isinstance(value, list) else []
    return [one for one in found if isinstance(one, str)]


def kinds_of(name: str, environment: Raw) -> set[str]:
    """Kinds of the jobs of an environment, by its block or else by its name."""
    defaults = defaults_for(name)
    jobs = environment.get("jobs")
    return (
        set(texts(jobs)) if jobs is not None else {kind.value for kind in (defaults.jobs if defaults else ())}
    )


def deploys(name: str, environment: Raw) -> bool:
    """Whether a job of an environment releases the application."""
    return bool({"deploy", "preview"} & kinds_of(name, environment))
