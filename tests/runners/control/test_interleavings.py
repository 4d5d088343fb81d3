"""100,000 generated interleavings over the real handlers, or a sample of them: what must not happen does not,
what must come does.

Every schedule runs to its end: its jobs have run, its instances are gone. On the way the model of AWS refuses
to end an instance that runs a job or could get one. The broken variants at the end show that it would.
"""

import gc
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from runners.control import claim_handler, endings, events, github_duties, reconcile
from runners.control.items import Job
from runners.control.matching import Placement
from runners.control.messages import JobEvent
from runners.control.transitions import arrival
from runners.control.writes import Condition, Write, absent_or_below
from tests.runners.control.model import Counted, Odds
from tests.runners.control.schedule import Schedule
from tests.runners.control.threads import Threaded
from tests.sampling import drawn, seed, size

SCHEDULES, TURNS, CHUNK = 100_000, size(1_500, 150), 100
SAMPLE = 20
"""Chunks of a run that is not long."""
USUAL = Odds()
WILD = Odds(interleave=0.4, impatience=0.3, death=0.01, fault=0.02)
"""Where what is broken shows sooner."""
JOBS = (1, 1, 1, 1, 2, 2, 3)


def play(kind: type[Schedule], first: int, many: int, odds: Odds = USUAL) -> Counted:
    """Many schedules in a row; the seed of one that fails is in its error."""
    total = Counted()
    gc.disable()
    try:
        for seed in range(first, first + many):
            try:
                total.add(kind(seed, JOBS[seed % len(JOBS)], odds).play())
            except AssertionError as error:
                raise AssertionError(f"{kind.__name__} seed {seed}: {error}") from error
    finally:
        gc.enable()
        gc.collect(0)
    return total


def chunk(first: int) -> Counted:
    return play(Schedule, first, CHUNK)


def told(total: Counted) -> str:
    return (
        f"{total.points:,} store calls, {total.crashes:,} crashes, {total.faults:,} faults, "
        f"{total.jobs:,} jobs, {total.launched:,} instances ({total.replaced:,} for lost ones), "
        f"{total.over / total.measured:.1%} more than needed"
    )


def checked(total: Counted) -> None:
    assert total.over <= 0.05 * total.measured, f"{total.over} too many for {total.measured} jobs"
    assert total.invocations <= 1.2 * total.messages


@pytest.mark.slow
def test_no_order_of_events_ends_a_claimed_instance_or_loses_a_job(
    capsys: pytest.CaptureFixture[str],
) -> None:
    started, total = time.perf_counter(), Counted()
    chunks = drawn(range(0, SCHEDULES, CHUNK), SAMPLE)
    # Not forks, which may hang where there are threads; and an executor says when one of its processes dies.
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        for one in pool.map(chunk, chunks):
            total.add(one)
    with capsys.disabled():
        took = time.perf_counter() - started
        print(f"\n{len(chunks) * CHUNK:,} interleavings in {took:.0f} s: {told(total)}")
    checked(total)


def test_nor_does_any_order_in_which_functions_take_turns() -> None:
    checked(play(Threaded, seed(1_000_000), TURNS))


def unconditional(pk: str, **parts: Any) -> Write:
    parts.pop("when", None)
    return Write(pk, **parts)


def released(*_: Any) -> bool:
    return True


def nothing(*_: Any) -> None:
    return None


def first_only(event: JobEvent, job: Job | None, placement: Placement, now: int) -> Write | None:
    return arrival(event, job, placement, now) if job is None or event.action == "waiting" else None


def whenever(_: int) -> Condition:
    return absent_or_below(1 << 62)


def never(*_: Any) -> bool:
    return False


BROKEN: dict[str, list[tuple[Any, str, Callable[..., Any]]]] = {
    "endings that do not look whether the instance has claimed": [(endings, "Write", unconditional)],
    "claims that do not look whether the instance is ending": [(claim_handler, "Write", unconditional)],
    "a claimed instance ended without asking GitHub": [(reconcile, "_released", released)],
    "lost webhooks not sent again": [(github_duties, "redeliver", nothing)],
    "origins not looked up": [(github_duties, "origins", nothing)],
    "jobs left alone, and those that need an approval, not asked after": [
        (github_duties, "questions", nothing)
    ],
    "queued not believed of a job that waited for an approval": [(events, "arrival", first_only)],
    "a configuration asked for while another one is being made": [
        (claim_handler, "absent_or_below", whenever)
    ],
    "jobs of lost instances not put back": [
        (reconcile, "put_back", never),
        (reconcile, "_restore", never),
        (reconcile, "plan", nothing),
    ],
}


@pytest.mark.parametrize("broken", BROKEN)
def test_the_schedules_find(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, replacement in BROKEN[broken]:
        assert hasattr(module, name)
        monkeypatch.setattr(module, name, replacement)
    with pytest.raises(AssertionError):
        play(Schedule, 0, 4_000, WILD)
