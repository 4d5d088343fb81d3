"""What of a stack needs somebody's attention, the gravest first: pure, from what is known of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from slipway.stacks.dashboard.board import StackFacts
from slipway.store.leases import CLOCK_SKEW_S

LONG_UNSEEN_S: Final = 7 * 24 * 3600.0
"""After which a look for drift says nothing of today: what looks each day has failed for a week."""


class Level(IntEnum):
    """How urgent it is."""

    BAD = 0
    WARN = 1
    NOTE = 2
    GOOD = 3


class Kind(IntEnum):
    """What there is to say of a stack, the gravest first."""

    UNREADABLE = 0
    UNKNOWN = 1
    FAILED = 2
    DRIFTED = 3
    GONE = 4
    DECLINED = 5
    UNAPPLIED = 6
    STUCK = 7
    LOOK_FAILED = 8
    NEVER = 9
    OPEN = 10
    WORKING = 11
    UNWATCHED = 12
    UNRECORDED = 13
    FINE = 14


_LEVELS: Final = {
    **dict.fromkeys((Kind.UNREADABLE, Kind.UNKNOWN, Kind.FAILED, Kind.DRIFTED), Level.BAD),
    **dict.fromkeys((Kind.GONE, Kind.DECLINED, Kind.UNAPPLIED, Kind.STUCK, Kind.LOOK_FAILED), Level.WARN),
    **dict.fromkeys((Kind.NEVER, Kind.OPEN, Kind.WORKING, Kind.UNWATCHED, Kind.UNRECORDED), Level.NOTE),
    Kind.FINE: Level.GOOD,
}
TITLES: Final = {
    Kind.UNREADABLE: "cannot be read",
    Kind.UNKNOWN: "begun, end unknown",
    Kind.FAILED: "failed",
    Kind.DRIFTED: "drift",
    Kind.GONE: "no longer declared",
    Kind.DECLINED: "refused",
    Kind.UNAPPLIED: "merged, not applied",
    Kind.STUCK: "lease ran out",
    Kind.LOOK_FAILED: "drift not told",
    Kind.NEVER: "never applied",
    Kind.OPEN: "plan open",
    Kind.WORKING: "at work",
    Kind.UNWATCHED: "drift not looked for",
    Kind.UNRECORDED: "without a record",
    Kind.FINE: "in order",
}
"""In a word or three."""


@dataclass(frozen=True)
class Remark:
    """Something to say of a stack; `more` explains it, and may be empty."""

    kind: Kind
    more: str = ""

    @property
    def level(self) -> Level:
        """How urgent it is."""
        return _LEVELS[self.kind]

    @property
    def title(self) -> str:
        """In a word or three."""
        return TITLES[self.kind]


def remarks(facts: StackFacts, now: float) -> tuple[Remark, ...]:
    """All that there is to say of a stack, the gravest first; `Kind.FINE` alone where there is nothing.

    Args:
        now: epoch seconds.
    """
    found = sorted(_remarks(facts, now), key=lambda remark: remark.kind)
    return tuple(found) or (Remark(Kind.FINE),)


def _remarks(facts: StackFacts, now: float) -> Iterator[Remark]:
    if facts.problem:
        yield Remark(Kind.UNREADABLE, facts.problem)
        return
    yield from _of_the_last_run(facts, now)
    yield from _of_the_tree(facts)
    if facts.plans:
        yield Remark(Kind.OPEN, f"{len(facts.plans):,}" if len(facts.plans) > 1 else "")
    yield from _of_drift(facts, now)


def is_over(facts: StackFacts, now: float) -> bool:
    """Whether the lease ran out: its holder has ended itself by then, or was ended."""
    return facts.holder is not None and now > facts.holder.expires + CLOCK_SKEW_S


def _of_the_last_run(facts: StackFacts, now: float) -> Iterator[Remark]:
    over, last = is_over(facts, now), facts.last
    if facts.holder is not None and not over:
        yield Remark(Kind.WORKING, facts.holder.owner)
    if facts.holder is not None and over:
        yield Remark(Kind.STUCK, facts.holder.owner)
    if last is None:
        return
    if last.event == "begun" and (facts.holder is None or over):
        yield Remark(Kind.UNKNOWN, "plan anew, and look at what the plan says")
    if last.event == "failed":
        yield Remark(Kind.FAILED, last.note)
    if last.event == "declined":
        yield Remark(Kind.DECLINED, last.note)


def _of_the_tree(facts: StackFacts) -> Iterator[Remark]:
    last = facts.last
    if facts.declared is False:
        yield Remark(Kind.GONE, "what it holds is still there")
    elif last is None and facts.resources:
        yield Remark(Kind.UNRECORDED, "brought up without a plan")
    elif last is None:
        yield Remark(Kind.NEVER)
    # What failed or was refused says so itself.
    elif facts.current is False and last.event == "applied":
        yield Remark(Kind.UNAPPLIED)


def _of_drift(facts: StackFacts, now: float) -> Iterator[Remark]:
    look = facts.look
    if look is None:
        if facts.applied is not None:
            yield Remark(Kind.UNWATCHED, "never")
        return
    number = sum(look.counts.values())
    # What was applied since has mended it, or was planned in its sight.
    if number and (facts.applied is None or facts.applied.at < look.at):
        yield Remark(Kind.DRIFTED, f"{number:,} resource{'s' * (number != 1)}")
    if not look.ok:
        yield Remark(Kind.LOOK_FAILED)
    if now - look.at > LONG_UNSEEN_S:
        yield Remark(Kind.UNWATCHED, "for a week and longer")
