"""One history of pull requests on stacks: what there is, what each event does to it, and how it ends."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial

from slipway.errors import SlipwayError
from slipway.stacks import apply_order, sequence
from slipway.stacks.log import Log
from slipway.stacks.plans import admission, applying, making, stored
from slipway.stacks.plans.keys import FileKeys
from slipway.stacks.summaries import summarize
from slipway.stacks.summary import Summary
from slipway.store import Leases, MemoryStore
from tests.stacks.histories import drawing
from tests.stacks.histories.client import Client
from tests.stacks.histories.oracle import Job, Oracle, Violation
from tests.stacks.histories.processes import Process, Processes
from tests.stacks.histories.world import PROJECT, Engine, Main, Program, Stack, World, sources_of

ENDS_WITHIN = 20_000
"""Calls within which a process on its own has ended."""


@dataclass
class Run:
    """A run of the workflow on main: of a commit, on what that concerns."""

    id: str
    commit: int
    stacks: list[str]
    on_actions: bool
    attempt: int = 1
    planning: Process | None = None
    applying: Process | None = None
    planned: dict[str, int] = field(default_factory=dict[str, int])
    """By stack the attempt that planned it last."""
    approved: set[str] = field(default_factory=set[str])
    reviewed: bool = False

    def present(self, attempt: int) -> making.Run:
        return making.Run(id=f"{self.id}-{attempt}", actor="ada", commit=f"{self.commit:040x}")


class History:
    """The world, main, and whatever is going on. See `step` and `end`."""

    def __init__(self, seed: int, keys: FileKeys) -> None:
        draw = random.Random(seed)  # noqa: S311 - a repeatable one is meant
        self.needs = drawing.needs(draw)
        self.commits: list[Main] = [drawing.main(draw, self.needs)]
        self.pulls = [drawing.pull(draw, self.needs, self.commits[0]) for _ in range(drawing.PULLS)]
        self.world = World({stack: Stack() for stack in self.needs})
        self.store, self.keys = MemoryStore(), keys
        self.processes = Processes()
        self.oracle = Oracle(self.world, self.store, self.commits, self.needs)
        self.deliveries: list[int] = []
        self.runs: list[Run] = []
        self.answers: dict[str, dict[str, str | None]] = {}
        for stack in self.needs:
            self.by_hand(stack, self.commits[0][stack])

    # What people, GitHub and machines do.

    def step(self, event: drawing.Event) -> None:
        """Play one event."""
        draw = random.Random(event.number)  # noqa: S311 - a repeatable one is meant
        getattr(self, f"on_{event.kind}")(draw)
        self.check()

    def check(self) -> None:
        """Raise what went wrong."""
        for slow in self.processes.slow:
            self.oracle.violations.append(Violation("slow", f"{slow.name} lost its lease, and only was slow"))
        for wrong in (*self.oracle.violations, *self.processes.wrong):
            raise wrong

    def on_merge(self, draw: random.Random) -> None:
        if self.pulls:
            edits = self.pulls.pop(draw.randrange(len(self.pulls)))
            self.commits.append(drawing.merged(self.commits[-1], edits, self.needs))
            self.deliveries.append(len(self.commits) - 1)

    def on_double(self, draw: random.Random) -> None:
        """A commit's run comes a second time, now or long after."""
        if len(self.commits) > 1:
            self.deliveries.append(draw.choice(self.deliveries or range(1, len(self.commits))))

    def on_lose(self, draw: random.Random) -> None:
        if self.deliveries:
            self.deliveries.pop(draw.randrange(len(self.deliveries)))

    def on_start(self, draw: random.Random) -> None:
        if self.deliveries:
            commit = self.deliveries.pop(draw.randrange(len(self.deliveries)))
            run = self.new_run(commit, drawing.concerned(self.commits, commit, self.needs), draw)
            self.plan(run, draw)

    def new_run(self, commit: int, stacks: Iterable[str], draw: random.Random) -> Run:
        run = Run(str(800 + len(self.runs)), commit, [*stacks], draw.random() < 0.7)
        self.runs.append(run)
        return run

    def plan(self, run: Run, draw: random.Random) -> Process:
        run.planned, run.approved, run.reviewed = {}, set(), False
        run.planning = self.start("plan", run, draw, partial(self.plans, run, run.attempt))
        return run.planning

    def on_review(self, draw: random.Random) -> None:
        for run in self.runs:
            if run.planning and run.planning.main.done and not run.reviewed and draw.random() < 0.7:
                self.review(run, draw, 0.85)

    def review(self, run: Run, draw: random.Random, likely: float) -> None:
        """Somebody looks at each plan, and says yes or no; what is approved is applied."""
        run.reviewed = True
        for stack, attempt in run.planned.items():
            summary = stored.summary_of(self.store, PROJECT, stack, f"{run.id}-{run.attempt}")
            if draw.random() < likely:
                self.oracle.approved(run.id, attempt, stack, summary.to_json())
                run.approved.add(stack)
        if run.approved:
            self.apply(run, draw)

    def apply(self, run: Run, draw: random.Random) -> Process:
        body = partial(self.applies, run, run.attempt, {*run.planned}, {*run.approved})
        run.applying = self.start("apply", run, draw, body)
        return run.applying

    def on_rerun(self, draw: random.Random) -> None:
        """All of a run again, or only the jobs that apply; also of one that is long done."""
        ended = [run for run in self.runs if run.planning and run.planning.over]
        if not ended:
            return
        run = draw.choice(ended)
        run.attempt += 1
        if draw.random() < 0.5 and run.approved and (run.applying is None or run.applying.over):
            self.apply(run, draw)
        else:
            self.plan(run, draw)

    def start(self, kind: str, run: Run, draw: random.Random, body: Callable[[], None]) -> Process:
        process = Process(f"{kind} {run.id}-{run.attempt}", skew=draw.choice([-15.0, 0.0, 15.0]))
        process.about = Job(run.id, run.attempt, run.commit)
        self.processes.start(process, body)
        return process

    def living(self) -> list[Process]:
        return self.processes.living()

    def on_go(self, draw: random.Random) -> None:
        if len(living := self.living()) < 2:
            self.bring(draw)
        if living:
            budget = draw.choice([2, 8, 20, 60, 400])
            self.processes.go(draw.choice(living), budget, to_engine=draw.random() < 0.4)

    def bring(self, draw: random.Random) -> None:
        """Where nothing much goes on: what waits to be done begins."""
        if draw.random() < 0.6:
            self.on_review(draw)
        if not self.deliveries:
            (self.on_merge if self.pulls else self.on_double)(draw)
        self.on_start(draw)

    def on_round(self, draw: random.Random) -> None:
        """Everybody goes on a little."""
        if len(self.living()) < 2:
            self.bring(draw)
        budget, to_engine = draw.choice([2, 8, 20, 60]), draw.random() < 0.5
        for process in self.living():
            self.processes.go(process, budget, to_engine=to_engine)

    def at_work(self) -> list[Process]:
        """Processes that hold a lease; all of them if none does."""
        return [process for process in self.living() if process.deadline is not None] or self.living()

    def on_crash(self, draw: random.Random) -> None:
        if living := self.at_work():
            self.processes.kill(draw.choice(living))

    def on_stop(self, draw: random.Random) -> None:
        """A process hangs, or goes on; often nobody notices for minutes."""
        if living := self.at_work():
            process = draw.choice(living)
            process.stopped, process.has_stopped = not process.stopped, True
            if draw.random() < 0.6:
                self.processes.advance(200.0)

    def on_fault(self, draw: random.Random) -> None:
        """A call of the store fails: one of the next, or, where nothing else is done, a renewal."""
        if living := self.at_work():
            process, soon = draw.choice(living), draw.random() < 0.4
            process.fault = 0 if soon else draw.randrange(40), draw.choice(["before", "after"])
            if soon:
                self.processes.advance(130.0)

    def on_break(self, draw: random.Random) -> None:
        if living := self.living():
            draw.choice(living).breaks = draw.randrange(3)

    def on_time(self, draw: random.Random) -> None:
        self.processes.advance(draw.choice([1.0, 20.0, 60.0, 130.0, 200.0, 1_000.0]))

    def on_outside(self, draw: random.Random) -> None:
        """Somebody changes the world, the state or the configuration, past all this."""
        at_work = [stack for stack, processes in self.oracle.applying.items() if processes]
        open_ = [run for run in self.runs if not (run.applying and run.applying.over)]
        planned = [stack for run in open_ for stack in run.planned]
        stack = draw.choice(draw.choice([at_work, planned, []]) or [*self.needs])
        kind = draw.choice(["hand", "undo", "cloud", "refresh", "config", "looked", "looked", "looked"])
        if kind in ("config", "looked"):
            values: dict[str, str] = getattr(self.world, kind)
            values[stack] = f"{kind[0]}:{int(values.get(stack, '0:0')[2:]) + 1}"
        elif kind == "cloud":
            drawing.meddle(draw, self.world.cloud.setdefault(stack, {}))
        elif not self.oracle.applying.get(stack):  # Pulumi's own lock keeps others out
            self.world.settle(stack)
            if kind == "refresh":
                self.world.refresh(stack)
            elif kind == "hand":
                self.by_hand(stack, draw.choice(self.commits).get(stack, {}))
            else:
                self.undo(stack, draw)

    def by_hand(self, stack: str, program: Program) -> None:
        """As somebody's `pulumi up`."""
        values = dict[str, str]()
        ids = dict[str, str]()
        for name, expression in sorted(program.items()):
            ids[name] = self.world.new_id()
            values[name] = self.world.resolved(stack, expression, ids)
        self.world.states[stack].resources = {name: (value, ids[name]) for name, value in values.items()}
        self.world.states[stack].output = values[min(values)] if values else ""
        self.world.cloud[stack] = {**values}

    def undo(self, stack: str, draw: random.Random) -> None:
        """Go back to a state that there was when a plan was made, as from a backup."""
        befores = [told.basis[2] for (_, _, name), told in self.oracle.told.items() if name == stack]
        if befores:
            before = draw.choice(befores)
            state = self.world.states[stack]
            state.resources, state.output = {**before.resources}, before.output
            self.world.cloud[stack] = state.values()

    # What a process does: the production code, as the commands call it.

    def client(self) -> Client:
        return Client(self.store, self.processes)

    def engine(self, stack: str, program: Program) -> Engine:
        return Engine(self.world, self.processes, self.oracle, stack, program)

    def order(self, stacks: Iterable[str]) -> dict[str, frozenset[str]]:
        return {name: frozenset(self.oracle.upstream(name) & {*stacks}) for name in sorted(stacks)}

    def plans(self, run: Run, attempt: int) -> None:
        """`slipway plan`, of each stack."""
        process = self.processes.process
        assert process is not None
        for stack in run.stacks:
            if self.world.states[stack].pending and not self.oracle.applying.get(stack):
                self.world.settle(stack)
            program = self.oracle.program(run.commit, stack)
            destroy = stack not in self.commits[run.commit]
            present = run.present(attempt)
            try:
                manifest, plan = making.make(
                    self.engine(stack, program), sources_of(program), present, destroy=destroy
                )
                self.oracle.is_told(process, stack)
                summary = summarize(plan.result, plan.operation, run=present.id, commit=present.commit)
                stored.put(self.client(), manifest, plan, self.keys, summary.to_bytes())
            except SlipwayError:
                continue
            run.planned[stack] = attempt

    def applies(self, run: Run, attempt: int, stacks: set[str], approved: set[str]) -> None:
        """`slipway apply`, of all that was planned; what nobody approved keeps back what needs it."""
        process, present = self.processes.process, run.present(attempt)
        assert process is not None
        client, destroyed = self.client(), set[str]()
        for stack in sorted(stacks):
            try:
                summary: Summary = stored.summary_of(client, PROJECT, stack, present.id)
            except SlipwayError:
                return
            if summary.operation == "destroy":
                destroyed.add(stack)
        outcomes = sequence.run(
            apply_order.apply_order(self.order(stacks), destroyed),
            lambda stack: self.applied(run, present, process, stack) if stack in approved else "declined",
            failed=lambda answer: answer != "applied",
            side_by_side=1,
        )
        self.answers[process.name] = {each.stack: each.answer for each in outcomes}
        self.oracle.cone(run.commit, self.answers[process.name])

    def applied(self, run: Run, present: making.Run, process: Process, stack: str) -> str:
        """`slipway apply`, of one stack."""
        client = self.client()
        leases = Leases(client, is_over=self.is_over, clock=lambda: self.processes.clock.now + process.skew)
        log = Log(client, leases, PROJECT, stack)
        program = self.oracle.program(run.commit, stack)
        try:
            planned = stored.pick(client, self.keys, PROJECT, stack, present.id)
            if admission.is_applied(log.last(), planned.digest):
                return "applied"
            result = applying.apply_in_turn(
                planned,
                present,
                sources_of(program),
                log=log,
                owner=process.name if run.on_actions else f"laptop: {process.name}",
                is_ancestor=lambda one, other: int(one, 16) < int(other, 16),
                opens=lambda: nullcontext(self.engine(stack, program)),
            )
        except SlipwayError as error:
            return f"refused: {error.what}"
        return "applied" if result.ok else "failed"

    def is_over(self, owner: str) -> bool:
        """As GitHub says of its own runs, and nobody of a laptop."""
        return any(process.name == owner and process.over for process in self.processes.all)

    # How every history ends.

    def end(self) -> None:
        """Whatever goes on ends, or is killed; then main is applied, stack by stack, each in one go."""
        for process in self.living():
            process.fault = process.breaks = None
            if process.stopped:
                self.processes.kill(process)
            else:
                self.finish(process)
        self.processes.advance(1_000)
        draw = random.Random(0)  # noqa: S311 - a repeatable one is meant
        for stack in self.needs:
            self.world.settle(stack)
            self.world.refresh(stack)
        gone = [stack for stack in self.needs if stack not in self.commits[-1]]
        for stack in [*reversed(gone), *(stack for stack in self.needs if stack not in gone)]:
            run = self.new_run(len(self.commits) - 1, [stack], draw)
            self.finish(self.plan(run, draw))
            self.review(run, draw, 1.0)
            assert run.applying is not None, f"{stack} could not be planned"
            self.finish(run.applying)
            answers = self.answers.get(run.applying.name, {})
            if answers != {stack: "applied"}:
                self.oracle.broken("main applied", f"{stack} could not be applied: {answers}")
        self.oracle.ended(lambda program: sources_of(program).digest)

    def finish(self, process: Process) -> None:
        self.processes.go(process, ENDS_WITHIN)
        self.check()
        if not process.over:
            self.processes.kill(process)
            self.oracle.broken("main applied", f"{process.name} does not end")
