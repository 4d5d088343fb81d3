"""Plays histories: from a seed and a list of events to an end, or to the promise that is broken on the way.

An event's number decides all that is open about it, so that a history without some of its events is one, too:
`shortest` takes out what a failure does not need.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from importlib import metadata

import pytest

from slipway.stacks.plans import making
from slipway.stacks.plans.keys import FileKeys
from slipway.store import holding
from tests.stacks.histories import drawing
from tests.stacks.histories.history import History
from tests.stacks.histories.processes import Processes, Watchdog


@contextmanager
def simulated(processes: Processes) -> Generator[None]:
    """What a lease is held with takes its turns, its time from the clock, and its watchdog from here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(holding, "threading", processes.threading())
        patch.setattr(holding, "_Watchdog", lambda _: Watchdog(processes))
        patch.setattr(holding, "_environment", lambda _: nullcontext())
        patch.setattr("slipway.store.watchdog.now", lambda: processes.clock.now)
        # It reads files, and is asked for each plan.
        patch.setattr(making.metadata, "version", cache(metadata.version))
        yield


def play(seed: int, events: Sequence[drawing.Event], keys: FileKeys) -> History:
    """A history from its beginning to its end. See `go_on`."""
    history = History(seed, keys)
    go_on(history, events)
    return history


def go_on(history: History, events: Sequence[drawing.Event]) -> None:
    """Everything that happens in a history.

    Raises:
        Violation: a promise was broken.
    """
    with simulated(history.processes):
        try:
            for event in events:
                history.step(event)
            history.end()
            history.check()
        finally:
            for process in history.living():
                history.processes.kill(process)


def failure(seed: int, events: Sequence[drawing.Event], keys: FileKeys) -> Exception | None:
    """Of a history, what broke; mostly a `Violation`."""
    try:
        play(seed, events, keys)
    except Exception as error:
        return error
    return None


def shortest(seed: int, events: Sequence[drawing.Event], keys: FileKeys) -> list[drawing.Event]:
    """Of a history that fails, the events without which it does not."""

    def fails(some: Sequence[drawing.Event]) -> bool:
        return failure(seed, some, keys) is not None

    left, size = [*events], len(events) // 2
    while size:
        for place in range(len(left) - size, -1, -size):
            if fails(shorter := [*left[:place], *left[place + size :]]):
                left = shorter
        size //= 2
    return left


def story(seed: int, events: Sequence[drawing.Event], keys: FileKeys) -> str:
    """For a person: what broke, and the fewest events after which it does."""
    fewest = shortest(seed, events, keys)
    error = failure(seed, fewest, keys)
    lines = (f"    Event({event.kind!r}, {event.number})," for event in fewest)
    return "\n".join([f"history {seed}: {type(error).__name__}: {error}", *lines])
