"""What differs between two sets of properties, as paths that a person can read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from slipway.engine.interface import ChangeKind, PropertyChange
from slipway.engine.values import MASK, Plain, Secret, contains, reveal, show
from slipway.platform.property_paths import PropertyPath, covers, parse

_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$-]*")
_MISSING = object()


def compare(old: dict[str, Plain], new: dict[str, Plain]) -> list[PropertyChange]:
    """Every leaf that differs. Secrets are compared but only ever shown masked; JSON inside strings is
    compared as a structure. Keys that begin with ``__`` are Pulumi's own and left out.
    """
    changes: list[PropertyChange] = []
    for key in sorted({*old, *new}):
        if not key.startswith("__"):
            changes.extend(_compare(_child("", key), old.get(key, _MISSING), new.get(key, _MISSING)))
    return changes


def _compare(path: str, old: Any, new: Any) -> Iterator[PropertyChange]:
    # A property that is null and one that is not there mean the same to every provider.
    if old is None:
        old = _MISSING
    if new is None:
        new = _MISSING
    if isinstance(old, Secret) or isinstance(new, Secret):
        yield from _compare_secrets(path, old, new)
    elif old is _MISSING or new is _MISSING:
        if old is not new:
            kind: ChangeKind = "add" if old is _MISSING else "delete"
            yield _change(path, kind, old, new)
    elif isinstance(old, dict) and isinstance(new, dict):
        yield from _compare_maps(path, cast(dict[str, Any], old), cast(dict[str, Any], new))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _compare_lists(path, cast(list[Any], old), cast(list[Any], new))
    elif isinstance(old, str) and isinstance(new, str):
        yield from _compare_texts(path, old, new)
    elif old != new or isinstance(old, bool) is not isinstance(new, bool):
        yield _change(path, "update", old, new)


def _compare_secrets(path: str, old: Any, new: Any) -> Iterator[PropertyChange]:
    kind: ChangeKind = "add" if old is _MISSING else "delete" if new is _MISSING else "update"
    if kind != "update" or reveal(old) != reveal(new):
        shown_old, shown_new = (None if side is _MISSING else MASK for side in (old, new))
        yield PropertyChange(path, kind, shown_old, shown_new)


def _compare_maps(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[PropertyChange]:
    for key in sorted({*old, *new}):
        yield from _compare(_child(path, key), old.get(key, _MISSING), new.get(key, _MISSING))


def _compare_lists(path: str, old: list[Any], new: list[Any]) -> Iterator[PropertyChange]:
    for index in range(max(len(old), len(new))):
        before = old[index] if index < len(old) else _MISSING
        after = new[index] if index < len(new) else _MISSING
        yield from _compare(f"{path}[{index}]", before, after)


def _compare_texts(path: str, old: str, new: str) -> Iterator[PropertyChange]:
    if old == new:
        return
    before, after = _document(old), _document(new)
    if before is not None and type(before) is type(after):
        yield from _compare(f"{path}#", before, after)
    else:
        yield _change(path, "update", old, new)


def _document(text: str) -> dict[str, Any] | list[Any] | None:
    """The JSON object or array that a string holds, as IAM policies come; None for any other string."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict | list) else None  # pyright: ignore[reportUnknownVariableType]


def _change(path: str, kind: ChangeKind, old: Any, new: Any) -> PropertyChange:
    before, after = (None if side is _MISSING else show(side) for side in (old, new))
    return PropertyChange(path, kind, before, after)


def _child(path: str, key: str) -> str:
    if not _PLAIN_KEY.fullmatch(key):
        return f"{path}[{json.dumps(key)}]"
    return f"{path}.{key}" if path and not path.endswith("#") else f"{path}{key}"


def mark_forcing(changes: Iterable[PropertyChange], paths: Sequence[str]) -> list[PropertyChange]:
    """Mark the changes at, below or above one of `paths` as forcing a replacement."""
    patterns = [parse(path) for path in paths]
    return [
        replace(change, forces_replace=True)
        if any(covers(p, parse(change.path)) or covers(parse(change.path), p) for p in patterns)
        else change
        for change in changes
    ]


def at(value: Plain, path: PropertyPath) -> Plain:
    """The value at a path, or None."""
    for segment in path:
        value = value.value if isinstance(value, Secret) else value
        if isinstance(value, dict):
            value = cast(dict[str, Any], value).get(str(segment))
        elif isinstance(value, list) and isinstance(segment, int) and segment < len(cast(list[Any], value)):
            value = cast(list[Any], value)[segment]
        else:
            return None
    return value


def masked(value: Plain, path: PropertyPath) -> Plain:
    """The value at a path, for display. Anything below a secret is masked."""
    for depth in range(len(path)):
        if isinstance(at(value, path[: depth + 1]), Secret):
            return MASK
    found = at(value, path)
    return MASK if contains(found, Secret) and isinstance(found, Secret) else show(found)


@dataclass(frozen=True)
class Reported:
    """A property in a provider's own list of differences; `path` is what the provider calls it."""

    path: str
    kind: ChangeKind
    forces_replace: bool = False
    about_inputs: bool = True


def reported(
    items: Iterable[Reported],
    structural: Sequence[PropertyChange],
    inputs: dict[str, Plain],
    outputs: dict[str, Plain],
    new: dict[str, Plain],
) -> list[PropertyChange]:
    """A provider's own list, with the finer paths of `structural` where they lie below one of its.

    Args:
        inputs: the resource's as they were; `outputs` likewise, for what a provider compares with the world.
        new: its inputs as they are to be.
    """
    result: list[PropertyChange] = []
    for item in items:
        segments = parse(item.path)
        finer = [change for change in structural if covers(segments, parse(change.path))]
        if not finer:
            old = inputs if item.about_inputs else outputs
            finer = [PropertyChange(item.path, item.kind, masked(old, segments), masked(new, segments))]
        result.extend(replace(change, forces_replace=item.forces_replace) for change in finer)
    return result


def keep_ignored(new: dict[str, Plain], old: dict[str, Plain], ignored: Sequence[str]) -> dict[str, Plain]:
    """`new` with the old values at every path that the program asks to ignore (Pulumi's `ignoreChanges`)."""
    for path in ignored:
        segments = parse(path)
        if segments:
            new = _restore(new, old, segments)
    return new


def _restore(new: Any, old: Any, path: PropertyPath) -> Any:
    head, rest = path[0], path[1:]
    if isinstance(new, Secret):
        return Secret(_restore(new.value, old.value if isinstance(old, Secret) else old, path))
    if isinstance(new, dict):
        before = cast(dict[str, Any], old) if isinstance(old, dict) else {}
        return _restore_map(cast(dict[str, Any], new), before, head, rest)
    if isinstance(new, list) and isinstance(old, list):
        items, olds = list(cast(list[Any], new)), cast(list[Any], old)
        for index in range(min(len(items), len(olds))):
            if head in ("*", index):
                items[index] = _restore(items[index], olds[index], rest) if rest else olds[index]
        return items
    return cast(Plain, new)


def _restore_map(
    new: dict[str, Any], old: dict[str, Any], head: str | int, rest: PropertyPath
) -> dict[str, Any]:
    result = dict(new)
    for key in {*new, *old} if head == "*" else {str(head)}:
        if rest:
            if key in result:
                result[key] = _restore(result[key], old.get(key), rest)
        elif key in old:
            result[key] = old[key]
        else:
            result.pop(key, None)
    return result
