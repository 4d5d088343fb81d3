"""Stores and boards of any number of stacks, in every state that a stack can be in."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

from slipway.platform.plan_store import SUMMARIES, lease_key
from slipway.stacks.dashboard.board import Board, Done, Holder, OpenPlan, StackFacts, Workflow, WorkflowRun
from slipway.stacks.log import Entry, Event, Log
from slipway.stacks.looks import Look
from slipway.store import Leases, Store
from tests.stacks.plans import hostile, summary

NOW = 1_796_000_000.0
COMMIT = "0123456789abcdef0123456789abcdef01234567"
DAY = 24 * 3600.0


def done(event: Event = "applied", **changes: Any) -> Done:
    plain = Done(event=event, operation="up", run="812-1", actor="ada", commit=COMMIT, at=NOW - DAY)
    return replace(plain, **changes)


def look(**changes: Any) -> Look:
    plain = Look(project="shop", stack="prod", at=NOW - 3600, run="700-2", commit=COMMIT, ok=True)
    return replace(plain, **changes)


def fine(stack: str = "prod", **changes: Any) -> StackFacts:
    """A stack of which there is nothing to say."""
    plain = StackFacts(
        project="shop",
        stack=stack,
        declared=True,
        last=done(),
        applied=done(),
        current=True,
        look=look(stack=stack),
    )
    return replace(plain, **changes)


def plan(**changes: Any) -> OpenPlan:
    plain = OpenPlan(
        run="900-1",
        link="https://github.com/acme/shop/actions/runs/900/attempts/1",
        commit=COMMIT,
        created="2026-11-30T08:00:00Z",
        operation="up",
        counts={"create": 2},
    )
    return replace(plain, **changes)


def any_facts(draw: random.Random, number: int, *, nasty: bool) -> StackFacts:
    """A stack in any state, its texts as hostile as anybody could make them if `nasty`."""

    def text(plain: str) -> str:
        return f"{plain}{hostile(draw)}".encode(errors="replace").decode() if nasty else plain

    event: Event = draw.choice(("begun", "applied", "failed", "declined"))
    last = done(
        event,
        actor=text("ada"),
        run=text("812-1"),
        commit=text(COMMIT),
        note=text("Error"),
        counts={text("create"): 3},
    )
    return fine(
        f"{number:05}{text('')}",
        project=text("shop"),
        declared=draw.choice((True, True, False, None)),
        last=draw.choice((last, None)),
        applied=draw.choice((last, None)),
        current=draw.choice((True, False, None)),
        plans=(plan(run=text("900-1"), link=text("https://github.com/"), counts={text("x"): 1}),)
        * draw.randint(0, 2),
        holder=draw.choice((None, Holder(owner=text("acme/shop/runs/9/attempts/1"), expires=NOW + 60))),
        look=draw.choice((None, look(run=text("1-1"), counts={text("update"): 2}, ok=draw.random() < 0.5))),
        problem=draw.choice(("", "", "", text("record 3 of the log is missing"))),
    )


def any_board(seed: int, number: int, *, nasty: bool = True) -> Board:
    """As many stacks, always the same for a seed."""
    draw = random.Random(f"{seed} {number}")  # noqa: S311 - a repeatable one is meant
    tail = hostile(draw).encode(errors="replace").decode() if nasty else ""
    run = WorkflowRun(id=12, outcome=f"failure{tail}", branch=f"main{tail}", event="push", at="2026-11-30")
    return Board(
        made=NOW,
        repository="https://github.com/acme/shop",
        commit=COMMIT,
        stacks=tuple(any_facts(draw, each, nasty=nasty) for each in range(number)),
        workflows=(Workflow(name=f"Infra apply{tail}", runs=(run,) * 5),),
    )


@dataclass(frozen=True)
class Recorder:
    """Writes into a store what the commands of a stack would."""

    store: Store
    stack: str
    evidence: str = "e" * 64

    def ran(
        self, *events: Event, run: str = "812-1", at: float = NOW - DAY, release: bool = True, **more: Any
    ) -> None:
        leases = Leases(self.store, is_over=lambda _: True, clock=lambda: NOW)
        log = Log(self.store, leases, "shop", self.stack)
        key = lease_key("shop", self.stack)
        lease = leases.acquire(key, owner="acme/shop/runs/9/attempts/1", seconds=600)
        for number, event in enumerate(events):
            entry = Entry(
                event=event,
                operation="up",
                plan="a" * 64,
                run=run,
                actor="ada",
                commit=COMMIT,
                evidence=self.evidence,
                at=at + number,
                token=lease.token,
            )
            log.append(replace(entry, **more), lease)
        if release:
            log.leases.release(lease)

    def planned(self, run: str, created: str, number: int = 1) -> None:
        made = summary(1, number, stack=self.stack, nasty=False, created=created, run="https://github.com/r")
        self.store.put_once(f"{SUMMARIES.of('shop', self.stack)}/{run}.json", made.to_bytes())
