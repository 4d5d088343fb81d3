"""What of a plan somebody should look at first: lost data and protection, open networks, wider access."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, get_args

from slipway.engine.interface import KEPT, PropertyChange, Step
from slipway.engine.urn import is_provider
from slipway.stacks import openings
from slipway.stacks.risk_types import GUARDS, KEEPS, PROTECTS
from slipway.stacks.summary import Access, Risk, RiskKind

_ORDER: Final[Mapping[RiskKind, int]] = {kind: place for place, kind in enumerate(get_args(RiskKind))}


def risks(steps: Sequence[Step], access: Iterable[Access] = ()) -> tuple[Risk, ...]:
    """What to look at first, the gravest first, each once.

    Args:
        steps: of an engine's `Result`, with the inputs before and after.
        access: what the change newly allows, and no longer.
    """
    found = [risk for step in steps for risk in _of_step(step)]
    found.extend(_cascades(steps))
    found.extend(_of_access(row) for row in access if row.allowed)
    return tuple(sorted(dict.fromkeys(found), key=lambda risk: (_ORDER[risk.kind], risk.urn, risk.text)))


def _of_step(step: Step) -> Iterator[Risk]:
    if step.op in ("delete", "replace") and step.note != KEPT:
        yield from _lost(step)
    if step.op == "delete":
        return
    yield from _unprotected(step)
    yield from _opened(step)
    yield from _moved(step)


def _lost(step: Step) -> Iterator[Risk]:
    if step.type in KEEPS:
        kind: RiskKind = "data-deleted" if step.op == "delete" else "data-replaced"
        reasons = ", ".join(change.path for change in step.diff if change.forces_replace)
        because = f" because of {reasons}" if reasons and step.op == "replace" else ""
        yield Risk(kind, f"what it keeps is lost{because}", step.urn)
    if step.type in GUARDS and step.op == "delete":
        yield Risk("protection-removed", "what it forbids is allowed", step.urn)


def _unprotected(step: Step) -> Iterator[Risk]:
    for change in step.diff:
        protecting = PROTECTS.get(change.path)
        if protecting is not None and _lets_go(change, protecting):
            yield Risk("protection-removed", f"{change.path} goes", step.urn)


def _lets_go(change: PropertyChange, protecting: bool) -> bool:
    """Whether a property stops protecting; all of them are false where nothing is said."""
    if protecting:
        return change.old is True and change.new is not True
    return change.old is not True and change.new is True


def _opened(step: Step) -> Iterator[Risk]:
    if step.new is None or step.op == "import":  # what is taken over allows what it allowed before
        return
    # Of what was not there nothing was open, not even by a default.
    before = frozenset[str]() if step.old is None else openings.networks(step.type, step.old)
    for text in openings.networks(step.type, step.new) - before:
        yield Risk("network-opened", text, step.urn)
    for text in openings.policies(step.new) - openings.policies(step.old or {}):
        yield Risk("access-widened", text, step.urn)


def _moved(step: Step) -> Iterator[Risk]:
    """Another provider, or one that now speaks for another account, region or cluster."""
    if any(change.path == "provider" for change in step.diff):
        yield Risk("provider-changed", "another provider makes it", step.urn)
    if is_provider(step.type) and step.op in ("update", "replace"):
        paths = [change.path for change in step.diff if change.path != "version"]
        if paths:
            yield Risk("provider-changed", f"the provider's {', '.join(paths)} changes", step.urn)


def _of_access(row: Access) -> Risk:
    refs = ", ".join(ref for ref in row.refs if ref)
    where = f" in {row.environment}" if row.environment else ""
    return Risk(
        "access-widened",
        f"{row.who}{where}{f' from {refs}' if refs else ''} can, as {row.role}: {'; '.join(row.what)}",
    )


def _cascades(steps: Sequence[Step]) -> Iterator[Risk]:
    """Parents that go with all that is below them, at the top of each such tree."""
    gone = {step.urn: step.parent for step in steps if step.op == "delete"}
    below: Counter[str] = Counter()
    for urn in gone:
        top, seen = urn, {urn}
        while gone[top] in gone and gone[top] not in seen:
            top = gone[top]
            seen.add(top)
        if top != urn:
            below[top] += 1
    for urn, number in below.items():
        yield Risk("deleted-with", f"{number} below it {'goes' if number == 1 else 'go'} with it", urn)
