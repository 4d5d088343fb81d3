"""Guards of the production code, each taken out, and the promises of which one must then be missed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from slipway.engine import plan
from slipway.stacks import apply_order
from slipway.stacks.log import Log, Record
from slipway.stacks.plans import admission, applying, making, stored
from slipway.store import Held, Leases, holding, watchdog

Mutation = Callable[[pytest.MonkeyPatch], Any]


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _any_plan(patch: pytest.MonkeyPatch) -> None:
    """A run takes the newest plan of the stack, whoever's it is."""
    newest = stored._newest

    def anybodys(store: Any, prefix: str, suffix: str, run: str) -> Any:
        runs = [key.removeprefix(prefix).removesuffix(suffix) for key in store.list(prefix)]
        return newest(store, prefix, suffix, max(runs, default=run))

    patch.setattr(stored, "_newest", anybodys)


def _unrecorded(patch: pytest.MonkeyPatch) -> None:
    append = Log.append

    def later(self: Log, entry: Any, lease: Any) -> Any:
        return None if entry.event == "begun" else append(self, entry, lease)

    patch.setattr(Log, "append", later)


def _unchained(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Record, "digest", property(lambda _: "0" * 64))


TWO: Final = {"one applier", "recorded", "chain", "newest", "once", "state"}
"""What two do to one stack: that they do it is seen first, or what comes of it."""

OUSTED: Final = {*TWO, "slow"}
"""The same where the second takes the first one's lease, which may be what is seen first."""

MUTATIONS: Final[dict[str, tuple[Mutation, set[str]]]] = {
    "a lease is given to everybody": (
        lambda patch: patch.setattr(Leases, "_is_free", lambda *_: True),
        OUSTED,
    ),
    "every holder is taken to be over": (
        lambda patch: patch.setattr("tests.stacks.histories.history.History.is_over", lambda *_: True),
        OUSTED,
    ),
    "a holder whose lease ran out lives on": (
        lambda patch: patch.setattr(watchdog, "_KILLS_AT", 100.0),
        TWO,
    ),
    "a lease is renewed in its holder's mind only": (
        lambda patch: patch.setattr(Held, "renew", _nothing),
        OUSTED,
    ),
    "a lease is lost with the answer to a renewal": (
        lambda patch: patch.setattr(Held, "_settle", _nothing),
        {"slow"},
    ),
    "a lease is renewed too late": (lambda patch: patch.setattr(holding, "_RENEWALS", 0.5), {"slow"}),
    "nothing is compared with what a plan was made from": (
        lambda patch: patch.setattr(making, "require_fresh", _nothing),
        {"fresh"},
    ),
    "a state that was changed after that is not noticed": (
        lambda patch: patch.setattr(plan, "require_state", _nothing),
        {"state"},
    ),
    "neither of both notices a state": (
        lambda patch: patch.setattr("tests.stacks.histories.world.Engine.state_digest", lambda *_: "same"),
        {"state"},
    ),
    "a preview of now is not compared": (
        lambda patch: patch.setattr(plan, "require_same", _nothing),
        {"preview"},
    ),
    "a step is not held against the plan": (
        lambda patch: patch.setattr(plan, "violation", lambda *_: ""),
        {"shown"},
    ),
    "an older commit overtakes a newer one": (
        lambda patch: patch.setattr(applying, "require_newest", _nothing),
        {"newest"},
    ),
    "a plan may be used again": (
        lambda patch: patch.setattr(making, "use", _nothing),
        {"once"},
    ),
    "a run takes another one's plan": (_any_plan, {"approved", "shown", "fresh", "state", "preview", "cone"}),
    "what begins is not recorded": (_unrecorded, {"recorded"}),
    "records are not chained": (_unchained, {"chain"}),
    "no order among stacks": (
        lambda patch: patch.setattr(
            apply_order, "apply_order", lambda needs, _: dict.fromkeys(needs, frozenset[str]())
        ),
        {"cone"},
    ),
    "an apply that failed is told to be one that was done": (
        lambda patch: patch.setattr(admission, "is_applied", lambda *_: True),
        {"main applied"},
    ),
}
