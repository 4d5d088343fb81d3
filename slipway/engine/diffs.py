"""What differs between two sets of properties, as paths that a person can read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from slipway.engine.interface import ChangeKind, PropertyChange
from slipway.engine.values import Plain, Secret, contains, reveal, show
from slipway.platform.differences import ABSENT, Comparison, Difference
from slipway.platform.masking import MASK
from slipway.platform.property_paths import INSIDE, PropertyPath, covers, parse, render
from slipway.platform.resource_types import ResourceType, row_of
from slipway.platform.resource_types.sets import is_policy_set, is_set


def compare(old: dict[str, Plain], new: dict[str, Plain], token: str = "") -> list[PropertyChange]:
    """Every leaf that differs. Secrets are compared but only ever shown masked; JSON inside strings is
    compared as a structure, and sets whatever their order. Keys that begin with ``__`` are Pulumi's own and
    left out.

    Args:
        old: the properties before.
        new: the properties after.
        token: the resource's type, whose row says which lists are sets; without one those of policies are.
    """
    own, other = (
        {key: item for key, item in side.items() if not key.startswith("__")} for side in (old, new)
    )
    return [_change(*difference) for difference in _Inputs(row_of(token)).differences(own, other)]


class _Inputs(Comparison):
    """What providers take for equal, whichever they are."""

    def __init__(self, row: ResourceType | None) -> None:
        self._row = row

    def items(self, old: list[Any], new: list[Any], path: PropertyPath) -> Iterable[tuple[int, Any, Any]]:
        return (self.sets if is_set(self._row, path) else super().items)(old, new, path)

    def differences(self, old: Any, new: Any, path: PropertyPath = ()) -> Iterator[Difference]:
        if isinstance(old, list) is not isinstance(new, list) and is_policy_set(path):
            # IAM reads `"Action": "x"` and `"Action": ["x"]` alike.
            old, new = ([side] if isinstance(side, str) else side for side in (old, new))
        before, after = _document(old), _document(new)
        if before is not None and type(before) is type(after):
            yield from super().differences(before, after, (*path, INSIDE))
        else:
            yield from super().differences(old, new, path)

    def same(self, old: Any, new: Any, path: PropertyPath) -> bool:
        # A property that is null and one that is not there mean the same to every provider.
        if old in _NOTHING or new in _NOTHING:
            return old in _NOTHING and new in _NOTHING
        secret = isinstance(old, Secret) or isinstance(new, Secret)
        return secret and reveal(old) == reveal(new)


_NOTHING: Final = (None, ABSENT)


def _document(text: Any) -> dict[str, Any] | list[Any] | None:
    """The JSON object or array that a string holds, as IAM policies come; None for anything else."""
    if not isinstance(text, str) or not text.lstrip().startswith(("{", "[")):
        return None
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict | list) else None  # pyright: ignore[reportUnknownVariableType]


def _change(path: PropertyPath, old: Any, new: Any) -> PropertyChange:
    kind: ChangeKind = "add" if old in _NOTHING else "delete" if new in _NOTHING else "update"
    secret = isinstance(old, Secret) or isinstance(new, Secret)
    before, after = (None if side in _NOTHING else MASK if secret else show(side) for side in (old, new))
    return PropertyChange(render(path), kind, before, after)


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
    *,
    token: str = "",
) -> list[PropertyChange]:
    """A provider's own list, with the finer paths of `structural` where they lie below one of its.

    A provider numbers the items of a set as it likes, so that one of them stands for all of the set.

    Args:
        inputs: the resource's as they were; `outputs` likewise, for what a provider compares with the world.
        new: its inputs as they are to be.
        token: the resource's type.
    """
    result: list[PropertyChange] = []
    for item in items:
        segments = parse(item.path)
        above = within_sets(token, segments)
        finer = [change for change in structural if covers(above, parse(change.path))]
        if finer and above != segments:
            known = {change.path for change in result}
            finer = [change for change in finer if change.path not in known]
        elif not finer:
            old = inputs if item.about_inputs else outputs
            finer = [PropertyChange(item.path, item.kind, masked(old, segments), masked(new, segments))]
        result.extend(replace(change, forces_replace=item.forces_replace) for change in finer)
    return result


def within_sets(token: str, path: PropertyPath) -> PropertyPath:
    """The path of the set that a path leads into; the path itself if it leads into none."""
    row = row_of(token)
    return next((path[:end] for end in range(1, len(path)) if is_set(row, path[:end])), path)


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
