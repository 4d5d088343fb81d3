"""Lists compared as sets: a list that grew at its head shows what came, not a row of renames."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, cast

from slipway.engine.interface import PropertyChange, Step
from slipway.platform.masking import MASK
from slipway.platform.property_paths import INSIDE, PropertyPath, parse_through, render


def as_sets(step: Step) -> list[PropertyChange]:
    """The changes of a step; those inside one list as what left it and what came, where that is shorter.

    By position, one item more at the head of a list of a hundred is a hundred changes. Whether a list is a
    set is for the provider to know: where nothing but the order changes, both lists are shown whole.
    """
    result: list[PropertyChange] = []
    for path, changes in _grouped(step.diff):
        result.extend(changes if path is None else _shortest(path, changes, step))
    return result


def at(value: Any, path: PropertyPath) -> Any:
    """The value at a path of JSON data, also within a JSON document in a string; None where there is none."""
    for segment in path:
        if segment == INSIDE:
            value = _document(value)
        elif isinstance(segment, int):
            items = cast(list[Any], value) if isinstance(value, list) else []
            value = items[segment] if segment < len(items) else None
        else:
            value = cast(dict[str, Any], value).get(segment) if isinstance(value, dict) else None
    return value


def _document(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _grouped(
    changes: Iterable[PropertyChange],
) -> Iterator[tuple[PropertyPath | None, list[PropertyChange]]]:
    """The changes in their order; those inside one outermost list together, with its path."""
    groups: dict[Any, list[PropertyChange]] = {}
    paths: dict[Any, PropertyPath | None] = {}
    for number, change in enumerate(changes):
        path = _list_of(parse_through(change.path))
        key = number if path is None else path
        paths[key] = path
        groups.setdefault(key, []).append(change)
    return ((paths[key], group) for key, group in groups.items())


def _list_of(path: PropertyPath) -> PropertyPath | None:
    """The path of the outermost list that a path leads into."""
    index = next((i for i, word in enumerate(path) if isinstance(word, int) and word != INSIDE), None)
    return None if index is None else path[:index]


def _shortest(path: PropertyPath, changes: list[PropertyChange], step: Step) -> list[PropertyChange]:
    old, new = at(step.old, path), at(step.new, path)
    if len(changes) < 2 or not isinstance(old, list) or not isinstance(new, list):
        return changes
    if json.dumps(MASK) in _canonical([old, new]):
        return changes  # masked secrets look alike, whether they are the same or not
    forces = any(change.forces_replace for change in changes)
    found = _moved(render(path), cast(list[Any], old), cast(list[Any], new), forces)
    return found if len(found) < len(changes) else changes


def _moved(path: str, old: list[Any], new: list[Any], forces: bool) -> list[PropertyChange]:
    left, came = _surplus(old, new), _surplus(new, old)
    gone = [PropertyChange(path, "delete", item, None, forces) for item in left]
    added = [PropertyChange(path, "add", None, item, forces) for item in came]
    return [*gone, *added] or [PropertyChange(path, "update", old, new, forces)]


def _surplus(items: list[Any], others: list[Any]) -> list[Any]:
    """What one list has more of than the other, in its order."""
    seen = Counter(_canonical(other) for other in others)
    surplus: list[Any] = []
    for item in items:
        key = _canonical(item)
        if seen[key]:
            seen[key] -= 1
        else:
            surplus.append(item)
    return surplus


def _canonical(item: Any) -> str:
    return json.dumps(item, sort_keys=True, default=str)
