"""Whether an object that exists is the one that an interrupted creation made, or somebody else's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from slipway.engine.diffs import compare
from slipway.engine.state import Properties, ResourceState
from slipway.engine.values import Plain, reveal

_TAGS: Final = ("tagsAll", "tags")
_NO_CONTENT: Final = frozenset(_TAGS)
_SHOWN: Final = 3


def stack_tags(config: Properties) -> Mapping[str, str]:
    """The tags that a provider gives to all that it makes, from the inputs of its resource.

    The SDKs hand a provider its nested arguments as JSON in a string.
    """
    given = reveal(config.get("defaultTags"))
    try:
        block = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        return {}
    return _texts(cast(dict[str, Any], block).get("tags")) if isinstance(block, dict) else {}


def somebody_elses(asked: ResourceState, found: ResourceState, marks: Mapping[str, str]) -> str:
    """Why an object is not what a creation made; empty where it is.

    Tags decide where it has some: those of the stack, or else those that the program gives it. An object
    without a tag is told by its content: whatever it has must be what was asked for. It may have less, since
    nobody knows how far its creation got.

    Args:
        asked: what was to be made, with its inputs.
        found: what there is under its name.
        marks: the tags of the stack, by `stack_tags`.
    """
    has = _tags(found.outputs) or _tags(found.inputs)
    wanted = marks or _tags(asked.inputs)
    if has and wanted:
        other = {key: has.get(key) for key, text in sorted(wanted.items()) if has.get(key) != text}
        missing = [key for key, text in other.items() if text is None]
        told = [f"{key}={text}" for key, text in other.items() if text is not None]
        if told:
            return f"its tags say {', '.join(told)}"
        return f"it does not have the tags {', '.join(missing)} of this stack" if missing else ""
    changes = compare(_content(found.inputs, asked.inputs), _content(asked.inputs, found.inputs))
    paths = [change.path for change in changes if change.kind == "update"]
    if not paths:
        return ""
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return f"it has another {', '.join(paths[:_SHOWN])}{more}"


def _content(properties: Properties, other: Properties) -> Properties:
    return {
        key: _unordered(reveal(item))
        for key, item in properties.items()
        if key in other and key not in _NO_CONTENT
    }


def _unordered(value: Plain) -> Plain:
    """Lists in one order: which ones are sets is the provider's to know, and no owner is told by an order."""
    if isinstance(value, dict):
        return {key: _unordered(item) for key, item in cast(Properties, value).items()}
    if isinstance(value, list):
        items = [_unordered(item) for item in cast(list[Plain], value)]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True, default=str))
    return value


def _tags(properties: Properties) -> Mapping[str, str]:
    for name in _TAGS:
        if tags := _texts(reveal(properties.get(name))):
            return tags
    return {}


def _texts(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in cast(dict[str, Any], value).items() if isinstance(item, str)}
