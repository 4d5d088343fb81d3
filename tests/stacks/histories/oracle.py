"""What must hold of every history, told from what an engine did, the raw objects of the store and the world.

It shares no code with what it judges: what a program asks for, what may be done under a plan, and the chain
of the log are written down here a second time, in a few lines.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slipway.store import MemoryStore
from tests.stacks.histories.processes import Process
from tests.stacks.histories.world import PROJECT, TYPE, Change, Main, Program, Stack, World

UNKNOWN = "[unknown]"
LESS = {"replace": ("update",)}


class Violation(AssertionError):
    """A promise was broken. `promise` is its name."""

    def __init__(self, promise: str, what: str) -> None:
        super().__init__(f"{promise}: {what}")
        self.promise = promise


@dataclass(frozen=True)
class Job:
    """What a process is: an attempt of a run, at a commit of main by its place there."""

    run: str
    attempt: int
    commit: int


@dataclass
class Told:
    """What the engine said when a plan was made, and what there was then."""

    changes: dict[str, Change]
    basis: tuple[str, dict[str, str], Stack]
    approved: bool = False


def wanted(world: World, stack: str, program: Program) -> dict[str, tuple[str | None, str | None]]:
    """Old and new value of each resource that would change, by the definition."""
    state = world.states[stack]
    found: dict[str, tuple[str | None, str | None]] = {
        name: (value, None) for name, (value, _) in state.resources.items() if name not in program
    }
    made_anew: set[str] = set()
    for name, (kind, what) in sorted(program.items()):
        old = state.resources[name][0] if name in state.resources else None
        if kind == "own":
            there = what in program and what not in made_anew
            new = state.resources[what][1] if there else UNKNOWN
        elif kind == "of":
            new = world.states[what].output or "none"
        else:
            new = {"config": world.config.get(stack, "c:0"), "looked": world.looked.get(stack, "l:0")}.get(
                kind, what
            )
        if old is None or old.split(":")[0] != new.split(":")[0]:
            made_anew.add(name)
        if old != new:
            found[name] = (old, new)
    return found


@dataclass
class Oracle:
    """Sees everything, and raises a `Violation` at the first moment that breaks a promise."""

    world: World
    store: MemoryStore
    commits: list[Main]
    needs: Mapping[str, Collection[str]]
    told: dict[tuple[str, int, str], Told] = field(default_factory=dict[tuple[str, int, str], Told])
    making: dict[tuple[str, str], dict[str, Change]] = field(
        default_factory=dict[tuple[str, str], dict[str, Change]]
    )
    seen: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])
    applying: dict[str, list[Process]] = field(default_factory=dict[str, list[Process]])
    other: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    """Applies that found something else to do than was planned."""
    done: dict[tuple[str, int, str], dict[str, Change]] = field(
        default_factory=dict[tuple[str, int, str], dict[str, Change]]
    )
    replaced_in_parts: bool = False
    """Whether the engine tells of a replaced resource's deletion, too, where that comes later."""
    violations: list[Violation] = field(default_factory=list[Violation])

    def broken(self, promise: str, what: str) -> None:
        """Kept, too: it may be raised where the production code takes it for a failure of the engine."""
        self.violations.append(Violation(promise, what))
        raise self.violations[-1]

    def program(self, commit: int, stack: str) -> Program:
        return self.commits[commit].get(stack, {})

    def basis(self, job: Job, stack: str) -> tuple[str, dict[str, str], Stack]:
        named = {what for kind, what in self.program(job.commit, stack).values() if kind == "of"}
        outputs = {name: self.world.states[name].output for name in named}
        return self.world.config.get(stack, "c:0"), outputs, copy.deepcopy(self.world.states[stack])

    # While a plan is made.

    def planned(self, process: Process, stack: str, plan: Any) -> None:
        self.making[process.name, stack] = {
            step.name: (step.op, (step.old or {}).get("value"), (step.new or {}).get("value"))
            for step in plan.result.steps
            if step.op not in ("same", "read")
        }

    def compared(self, process: Process, stack: str) -> None:
        self.seen[process.name, stack] = self.basis(process.about, stack)

    def is_told(self, process: Process, stack: str) -> None:
        """A plan was made, and is going to be stored."""
        job: Job = process.about
        self.told[job.run, job.attempt, stack] = Told(
            self.making[process.name, stack], self.seen[process.name, stack]
        )

    def approved(self, run: str, attempt: int, stack: str, summary: Mapping[str, Any]) -> None:
        """A person has said yes to what this summary says."""
        told = self.told[run, attempt, stack]
        shown = {
            step["name"]: (
                step["op"],
                [(each["old"], each["new"]) for each in step["properties"] if each["path"] == "value"],
            )
            for step in summary["summary"]["steps"]
            if step["type"] == TYPE and not self._is_part(step, told)
        }
        for name, (op, old, new) in told.changes.items():
            values = [[f'"{value}"' if value not in (None, UNKNOWN) else value for value in (old, new)]]
            expected = (op, [] if op == "delete" else [tuple(each) for each in values])
            if shown.get(name) != expected:
                self.broken("shown", f"{stack} {name}: {shown.get(name)} was shown for {expected}")
        if shown.keys() != told.changes.keys():
            self.broken("shown", f"{stack}: {shown.keys()} was shown for {told.changes.keys()}")
        told.approved = True

    def _is_part(self, step: Mapping[str, Any], told: Told) -> bool:
        """Whether it only deletes what was replaced before."""
        deleted = told.changes.get(step["name"], ("",))[0] == "delete"
        return self.replaced_in_parts and step["op"] == "delete" and not deleted

    # While one is applied.

    def plan_of(self, process: Process, stack: str) -> Told:
        """What was shown and approved for this process to do."""
        job: Job = process.about
        attempts = [n for run, n, name in self.told if (run, name) == (job.run, stack) and n <= job.attempt]
        told = [self.told[job.run, attempt, stack] for attempt in attempts]
        found = next((each for each in reversed(told) if each.approved), None)
        if found is None:
            self.broken("approved", f"{process.name} applies to {stack} what nobody approved")
        return found  # type: ignore[return-value]

    def alone(self, process: Process, stack: str) -> None:
        others = [each.name for each in self.applying.get(stack, []) if each is not process]
        if others:
            self.broken("one applier", f"{process.name} applies to {stack} while {others} do")

    def entered(self, process: Process, stack: str) -> None:
        self.applying.setdefault(stack, []).append(process)
        self.alone(process, stack)
        told = self.plan_of(process, stack)
        if self.seen[process.name, stack][:2] != told.basis[:2]:
            self.broken("fresh", f"{process.name} begins with a plan for {stack} that it knows to be stale")
        if self.world.states[stack] != told.basis[2]:
            self.broken("state", f"{process.name} begins with a plan for {stack} of another state")

    def previewed(self, process: Process, stack: str) -> None:
        told, now = self.plan_of(process, stack), wanted(self.world, stack, self._asked(process, stack))
        differing = [
            name
            for name in told.changes.keys() | now.keys()
            if not _fits(told.changes.get(name, ("", None, None))[1:], now.get(name, (None, None)))
            or (name in now) is not (name in told.changes)
        ]
        self.other.pop((process.name, stack), None)
        if differing:
            self.other[process.name, stack] = ", ".join(sorted(differing))

    def _asked(self, process: Process, stack: str) -> Program:
        return self.program(process.about.commit, stack)

    def changed(self, process: Process, stack: str, name: str, change: Change) -> None:
        job: Job = process.about
        op, old, new = change
        what = f"{process.name}: {op} {stack} {name} from {old} to {new}"
        self.alone(process, stack)
        if other := self.other.get((process.name, stack)):
            self.broken("preview", f"{what}, although its preview found another {other}")
        shown = self.plan_of(process, stack).changes.get(name)
        if shown is None or op not in (shown[0], *LESS.get(shown[0], ())) or not _fits(shown[1:], (old, new)):
            self.broken("shown", f"{what}; shown was {shown}")
        records = self.records(stack)
        if not records or (records[-1]["event"], records[-1]["run"]) != ("begun", f"{job.run}-{job.attempt}"):
            self.broken("recorded", f"{what}; nothing on record says that it began")
        newer = [record for record in records if int(record["commit"], 16) > job.commit]
        if newer:
            self.broken("newest", f"{what}, of commit {job.commit}; run {newer[-1]['run']} was here before")
        done = self.done.setdefault((job.run, job.attempt, stack), {})
        if name in done:
            self.broken("once", f"{what}, for the second time")
        done[name] = change

    def left(self, process: Process, stack: str) -> None:
        if process in self.applying.get(stack, []):
            self.applying[stack].remove(process)

    def cone(self, commit: int, answers: Mapping[str, str | None]) -> None:
        """Of stacks that one process was to apply: None is one that it did not begin with."""
        gone = {name for name in answers if name not in self.commits[commit]}
        for stack, answer in answers.items():
            if stack in gone:
                before = {name for name in answers if stack in self.upstream(name)}
            else:
                before = self.upstream(stack) & answers.keys() - gone
            failed = {name for name in before if answers[name] != "applied"}
            if (answer is None) is not bool(failed):
                self.broken("cone", f"{stack} is {answer}, and before it failed {sorted(failed)}")

    def upstream(self, stack: str) -> set[str]:
        found = {*self.needs[stack]}
        return found.union(*map(self.upstream, found))

    # At the end.

    def records(self, stack: str) -> list[dict[str, Any]]:
        """The entries of a stack's log, from the raw objects; the chain is followed."""
        prefix, previous, entries = f"log/{PROJECT}/{stack}/", "0" * 64, list[dict[str, Any]]()
        for number, key in enumerate(self.store.list(prefix), 1):
            found = self.store.get(key)
            document = json.loads(found.content if found else b"{}")
            if (key, document["previous"]) != (f"{prefix}{number:08}.json", previous):
                self.broken("chain", f"{key} does not follow")
            previous = hashlib.sha256(found.content if found else b"").hexdigest()
            entries.append(document["entry"])
        return entries

    def log(self, stack: str) -> None:
        """What a log says is what was done."""
        records = self.records(stack)
        tokens = [record["token"] for record in records]
        if tokens != sorted(tokens):
            self.broken("chain", f"{stack}: tokens fall: {tokens}")
        begun = [record["plan"] for record in records if record["event"] == "begun"]
        if len(begun) != len({*begun}):
            self.broken("once", f"{stack}: an apply has begun twice with one plan")
        for before, record in zip([None, *records], records, strict=False):
            if record["event"] == "begun":
                continue
            if before is None or (before["event"], before["run"]) != ("begun", record["run"]):
                self.broken("recorded", f"{stack}: {record['event']} by {record['run']} follows no beginning")
            run, attempt = record["run"].rsplit("-", 1)
            done = self.done.get((run, int(attempt), stack), {})
            if record["event"] == "declined" and done:
                self.broken("recorded", f"{stack}: {record['run']} is declined and did {done}")
            if record["event"] == "applied":
                self._all_done(stack, run, int(attempt), done)

    def _all_done(self, stack: str, run: str, attempt: int, done: Mapping[str, Change]) -> None:
        attempts = [n for name, n, of in self.told if (name, of) == (run, stack) and n <= attempt]
        told = next(each for n in reversed(attempts) if (each := self.told[run, n, stack]).approved)
        left = [name for name, (_, _, new) in told.changes.items() if name not in done and new != UNKNOWN]
        if left:
            self.broken("recorded", f"{stack}: {run}-{attempt} is applied, but for {left}")

    def ended(self, evidence: Callable[[Program], str]) -> None:
        """Main is applied, and on record."""
        for stack in self.needs:
            self.log(stack)
            program, state = self.program(-1, stack), self.world.states[stack]
            left = wanted(self.world, stack, program)
            if left or state.pending or state.values() != self.world.cloud.get(stack, {}):
                self.broken("main applied", f"{stack}: {left or state}, cloud {self.world.cloud.get(stack)}")
            records = self.records(stack)
            if records and (records[-1]["event"], records[-1]["evidence"]) != ("applied", evidence(program)):
                self.broken("main applied", f"{stack} is not on record: {records[-1]}")


def _fits(shown: Sequence[str | None], now: Sequence[str | None]) -> bool:
    return shown[0] == now[0] and (shown[1] == now[1] or shown[1] == UNKNOWN)
