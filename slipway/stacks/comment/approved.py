"""How a plan differs from the one that was approved last, resource by resource."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from slipway.platform.masking import MASK
from slipway.stacks.summary import Property, Step, Summary

_FINGERPRINT: Final = re.compile(rf"{re.escape(MASK[:-1])} [0-9a-f]+\]")


def differences(approved: Summary, now: Summary) -> Iterator[tuple[str, Step]]:
    """What is said of each resource whose steps are others than were approved, and a step to name it by.

    Secrets are compared where both summaries have fingerprints of one key, and count as equal where not.
    """
    comparable = bool(now.secrets_key) and approved.secrets_key == now.secrets_key
    before, after = (_by_urn(each, comparable=comparable) for each in (approved, now))
    for urn in sorted({*before, *after}):
        old, new = before.get(urn, {}), after.get(urn, {})
        for key in [key for key in old if key not in new]:
            yield f"{old[key][0].op} was approved and is not planned any more", old[key][0]
        for key in [key for key in new if key not in old]:
            yield f"{new[key][0].op} was not approved", new[key][0]
        for key in [key for key in new if key in old and old[key][1] != new[key][1]]:
            paths = sorted({each.path for each in old[key][1] ^ new[key][1]})
            more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
            yield f"{key} changes otherwise than was approved: {', '.join(paths[:5])}{more}", new[key][0]


_Steps = dict[str, tuple[Step, frozenset[Property]]]


def _by_urn(summary: Summary, *, comparable: bool) -> dict[str, _Steps]:
    found: dict[str, _Steps] = {}
    for step in summary.steps:
        properties = frozenset(each if comparable else _masked(each) for each in step.properties)
        found.setdefault(step.urn, {})[step.op] = (step, properties)
    return found


def _masked(change: Property) -> Property:
    if not change.secret:
        return change
    old, new = (None if side is None else _FINGERPRINT.sub(MASK, side) for side in (change.old, change.new))
    return Property(change.path, change.kind, old, new, change.forces_replace, change.secret)
