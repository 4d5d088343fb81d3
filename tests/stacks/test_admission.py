"""What keeps a fresh plan from being applied: a freeze, or a newer commit."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from slipway.engine.plan import PlanRefused
from slipway.stacks.log import Entry, Event, Record
from slipway.stacks.plans.admission import Frozen, require_newest, require_thawed
from slipway.stacks.settings import Freeze

BEGINS = datetime(2026, 12, 20, tzinfo=UTC)
FREEZE = Freeze(begins=BEGINS, ends=BEGINS + timedelta(days=14), reason="the year is ending")


@pytest.mark.parametrize(
    ("after", "frozen"),
    [(-1, False), (0, True), (14 * 86_400 - 1, True), (14 * 86_400, False)],
)
def test_from_its_first_moment_to_its_last(after: int, frozen: bool) -> None:
    moment = BEGINS + timedelta(seconds=after)
    if not frozen:
        require_thawed([FREEZE], moment, "demo/prod")
        return
    with pytest.raises(Frozen, match="the year is ending"):
        require_thawed([FREEZE], moment, "demo/prod")


def record(commit: str, event: Event) -> Record:
    entry = Entry(
        event=event,
        operation="up",
        plan="p" * 64,
        run="813-1",
        actor="ada",
        commit=commit,
        evidence="e" * 64,
        at=1.0,
        token=1,
    )
    return Record(project="demo", stack="prod", number=1, previous="0" * 64, entry=entry)


ORDER = ["a", "b", "c"]


def before(one: str, other: str) -> bool:
    return one in ORDER and other in ORDER and ORDER.index(one) < ORDER.index(other)


@pytest.mark.parametrize("event", ["begun", "applied", "failed", "declined"])
def test_an_older_commit_never_overtakes_a_newer_one(event: Any) -> None:
    with pytest.raises(PlanRefused, match="run 813-1 came here with the newer commit c"):
        require_newest(record("c", event), "b", before, "demo/prod")


@pytest.mark.parametrize("last", [None, "a", "b", "of another branch"])
def test_the_same_a_newer_and_an_unknown_one_go_on(last: str | None) -> None:
    require_newest(record(last, "applied") if last else None, "b", before, "demo/prod")
