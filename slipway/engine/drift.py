"""What of a resource is drift: its inputs but for those of another owner, and outputs that tell of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slipway.engine.diffs import at, compare
from slipway.engine.interface import PropertyChange, Step
from slipway.engine.values import Plain
from slipway.platform.property_paths import covers, parse
from slipway.platform.resource_types import row_of

Properties = dict[str, Plain]


TOLD = "somebody else changed it, which no input tells"
"""Why the next `up` updates a resource whose inputs are as they were: Pulumi does so after an error."""


def tells(step: Step) -> bool:
    """Whether it was a watched output that told of the change."""
    return any(change.path in _watched(step.type) for change in step.diff)


def _watched(type_: str) -> tuple[str, ...]:
    row = row_of(type_)
    return tuple(sorted(row.watched)) if row else ()


def shared(type_: str) -> tuple[str, ...]:
    """Paths of the inputs that have another owner as soon as the resource is there."""
    row = row_of(type_)
    return tuple(sorted(row.shared)) if row else ()


def without_shared(type_: str, changes: Sequence[PropertyChange]) -> list[PropertyChange]:
    """The changes but for those of another owner."""
    owned = [parse(path) for path in shared(type_)]
    return [change for change in changes if not any(covers(path, parse(change.path)) for path in owned)]


def watched(type_: str, before: Properties, after: Properties) -> list[PropertyChange]:
    """What the watched outputs have differently, where both sides have them."""
    changes: list[PropertyChange] = []
    for path in _watched(type_):
        old, new = (at(side, parse(path)) for side in (before, after))
        if old is not None and new is not None:
            changes += [replace(change, path=path) for change in compare({"it": old}, {"it": new})]
    return changes
