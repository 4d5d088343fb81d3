"""What of a resource is drift: its inputs but for those of another owner, and outputs that tell of one."""

from __future__ import annotations

from collections.abc import Sequence

from slipway.engine.diffs import at, compare
from slipway.engine.interface import PropertyChange
from slipway.engine.values import Plain
from slipway.platform.property_paths import covers, parse
from slipway.platform.resource_types import row_of

Properties = dict[str, Plain]


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
    row = row_of(type_)
    changes: list[PropertyChange] = []
    for path in sorted(row.watched) if row else ():
        old, new = (at(side, parse(path)) for side in (before, after))
        if old is not None and new is not None:
            changes += compare({path: old}, {path: new})
    return changes
