"""Whatever happens to pull requests on stacks that need each other, no promise of delivery is broken.

Each history has five pull requests on eight stacks, with runs that are lost, doubled, reordered, killed and
stopped, a store that fails, reviewers who decline, providers that fail, and somebody who changes things from
outside. It plays on the production code; `oracle.py` knows what must hold, and `mutations.py` which guard
each promise hangs on.
"""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.engine import secrets
from slipway.stacks.plans.keys import FileKeys
from tests.sampling import seed, size
from tests.stacks.histories import drawing
from tests.stacks.histories.embedded import EmbeddedHistory
from tests.stacks.histories.mutations import MUTATIONS
from tests.stacks.histories.oracle import Violation
from tests.stacks.histories.playing import failure, go_on, play, shortest, story

WHOLE, SAMPLE, PARTS = 10_000, 120, 4
SEARCHED = 1_000
"""Histories after which a guard that nobody misses is one that the histories do not see."""

REACHED = {"applied", "left out", "declined", "the plan is stale", "newer commit", "holds leases"}
"""What happens in a hundred histories, whatever the seed."""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> FileKeys:
    return FileKeys(tmp_path_factory.mktemp("keys") / "plans.key")


def drawn(part: int, count: int) -> Iterator[tuple[int, list[drawing.Event]]]:
    """Histories, each by a number that draws it again."""
    for number in range(count):
        each = (seed(0) * PARTS + part) * WHOLE + number
        yield each, drawing.events(random.Random(each))  # noqa: S311 - a repeatable one is meant


@pytest.mark.parametrize("part", range(PARTS))
def test_every_history_keeps_every_promise_and_ends_with_main_applied(part: int, keys: FileKeys) -> None:
    answers = Counter[str]()
    for number, events in drawn(part, size(WHOLE, SAMPLE) // PARTS):
        try:
            played = play(number, events, keys)
        except Exception:
            pytest.fail(story(number, events, keys))
        for each in played.answers.values():
            answers.update(answer or "left out" for answer in each.values())
    assert {what for what in REACHED if not any(what in answer for answer in answers)} == set()


def test_histories_on_the_embedded_engine(
    keys: FileKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "_ROUNDS", 1000)
    for number, events in drawn(2, size(50, 2)):
        history = EmbeddedHistory(number, keys, tmp_path / str(number))
        go_on(history, events)
        assert any("applied" in answers.values() for answers in history.answers.values())


@pytest.mark.parametrize("guard", MUTATIONS)
def test_a_guard_that_is_taken_out_is_missed(
    guard: str, keys: FileKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_out, promises = MUTATIONS[guard]
    take_out(monkeypatch)
    for number, events in drawn(0, SEARCHED):
        error = failure(number, events, keys)
        if error is not None:
            assert isinstance(error, Violation), error
            assert error.promise in promises, error
            return
    pytest.fail(f"{SEARCHED} histories are as good without it")


def test_a_history_is_played_again_by_its_number_and_told_by_its_fewest_events(
    keys: FileKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, events = next(drawn(1, 1))
    first, again = (play(number, events, keys) for _ in range(2))
    assert (first.answers, first.oracle.done, first.world) == (again.answers, again.oracle.done, again.world)
    MUTATIONS["no order among stacks"][0](monkeypatch)
    number, events = next(each for each in drawn(1, SEARCHED) if failure(*each, keys))
    fewest = shortest(number, events, keys)
    assert len(fewest) < len(events) / 2
    assert story(number, fewest, keys).startswith(f"history {number}: Violation: cone: ")
