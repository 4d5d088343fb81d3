"""What the histories happen to: the programs on main, a cloud, the states, and an engine that knows no more.

The engine is a small one of `slipway.engine.interface`: it plans by comparing a program with a state, and
applies as both real ones do, with the production code that holds a plan against state, preview and steps.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from slipway.engine import plan as plans
from slipway.engine import state as states
from slipway.engine import urn as urns
from slipway.engine.fingerprints import Fingerprints
from slipway.engine.interface import Diagnostic, Op, PropertyChange, Result, Step
from slipway.engine.plan import Plan
from slipway.engine.surroundings import Surroundings, keyed, of_upstreams
from slipway.engine.values import UNKNOWN_MARK
from slipway.stacks.plans.making import Sources
from tests.stacks.histories.processes import Process, Processes

PROJECT, TYPE = "shop", "toy:index:Thing"

Expression = tuple[str, str]
"""Where a resource's value comes from: `given` itself, `config`, `looked` up in the world at each run, the
output `of` another stack, or the id that a resource of its `own` stack is given when it is made."""

Program = Mapping[str, Expression]
Main = Mapping[str, Program]
"""Programs by stack. One that is gone is deleted."""


def urn_of(stack: str, name: str) -> str:
    return urns.make(stack, PROJECT, "", TYPE, name)


def sources_of(program: Program) -> Sources:
    digest = hashlib.sha256(json.dumps(program, sort_keys=True).encode()).hexdigest()
    return Sources(evidence={"__main__.py": digest}, digest=digest)


@dataclass
class Stack:
    """A stack's state: of each resource its value and id; what is being done to it; and its output."""

    resources: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    pending: dict[str, str] = field(default_factory=dict[str, str])
    output: str = ""

    def values(self) -> dict[str, str]:
        return {name: value for name, (value, _) in self.resources.items()}


Change = tuple[Op, str | None, str | None]
"""Operation, old value, new value."""


class Observer(Protocol):
    """Is told what an engine sees and does, when it does."""

    def planned(self, process: Process, stack: str, plan: Plan) -> None: ...

    def compared(self, process: Process, stack: str) -> None: ...

    def entered(self, process: Process, stack: str) -> None: ...

    def previewed(self, process: Process, stack: str) -> None: ...

    def changed(self, process: Process, stack: str, name: str, change: Change) -> None: ...

    def left(self, process: Process, stack: str) -> None: ...


@dataclass
class World:
    """The cloud and the states, and what else programs read."""

    states: dict[str, Stack]
    cloud: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    config: dict[str, str] = field(default_factory=dict[str, str])
    looked: dict[str, str] = field(default_factory=dict[str, str])
    made: int = 0

    def resolved(self, stack: str, expression: Expression, ids: Mapping[str, str]) -> str:
        kind, what = expression
        if kind == "config":
            return self.config.get(stack, "c:0")
        if kind == "looked":
            return self.looked.get(stack, "l:0")
        if kind == "of":
            return self.states[what].output or "none"
        if kind == "own":
            return ids.get(what, UNKNOWN_MARK)
        return what

    def new_id(self) -> str:
        self.made += 1
        return f"id:{self.made}"

    def settle(self, stack: str) -> None:
        """As `recover`: what was being done to a resource is as the cloud has it."""
        state, cloud = self.states[stack], self.cloud.setdefault(stack, {})
        for name in [*state.pending]:
            if name in cloud:
                state.resources[name] = (cloud[name], self.new_id())
            else:
                state.resources.pop(name, None)
        state.pending.clear()

    def refresh(self, stack: str) -> None:
        """Make the state as the cloud is."""
        state, cloud = self.states[stack], self.cloud.setdefault(stack, {})
        for name, (_, id_) in [*state.resources.items()]:
            if name in cloud:
                state.resources[name] = (cloud[name], id_)
            else:
                del state.resources[name]


def operation(old: str | None, new: str | None) -> Op:
    """What a resource needs: another one where the part of its value before the colon is another."""
    if old is None:
        return "create"
    if new is None:
        return "delete"
    if old == new:
        return "same"
    return "replace" if old.partition(":")[0] != new.partition(":")[0] else "update"


class Broken(Exception):
    """A provider failed."""


@dataclass
class Engine:
    """See `slipway.engine.interface.Engine`; what the histories do not need is left out."""

    world: World
    processes: Processes
    observer: Observer
    stack: str
    program: Program
    name: str = "fake"

    @property
    def engine(self) -> Engine:
        return self

    @property
    def _process(self) -> Process:
        process = self.processes.process
        assert process is not None
        return process

    @property
    def _state(self) -> Stack:
        return self.world.states[self.stack]

    def plan(
        self,
        *,
        destroy: bool = False,
        targets: Sequence[str] = (),
        imports: str = "",
        key: bytes | None = None,
    ) -> Plan:
        assert not targets, "histories are of whole stacks"
        assert not imports
        self.processes.call(of_engine=True)
        plan = self._plan(Fingerprints(key), {} if destroy else self.program, destroy=destroy)
        self.observer.planned(self._process, self.stack, plan)
        return plan

    def _plan(self, fingerprints: Fingerprints, program: Program, *, destroy: bool) -> Plan:
        steps = [*self._steps(program), *self._references(program)]
        news = {step.name: str(step.new["value"]) for step in steps if step.new}
        outputs = {} if destroy else {"out": self._output(program, news)}
        result = Result(
            "preview", PROJECT, self.stack, self.name, tuple(steps), outputs, secrets_key=fingerprints.key_id
        )
        digest = self.state_digest(fingerprints.key)
        options = fingerprints.digest("options")
        return Plan("destroy" if destroy else "up", result, digest, options, fingerprints.key)

    def _steps(self, program: Program) -> Iterator[Step]:
        ids: dict[str, str] = {}
        present = self._state.resources
        for name, expression in sorted(program.items()):
            step = self._step(name, self.world.resolved(self.stack, expression, ids))
            if step.op in ("same", "update"):
                ids[name] = present[name][1]
            yield step
        for name in sorted(present.keys() - program.keys(), reverse=True):
            yield self._step(name, None)

    def _step(self, name: str, new: str | None) -> Step:
        old = self._state.resources.get(name, (None, ""))[0]
        op = operation(old, new)
        if op == "same":
            return Step(op, urn_of(self.stack, name), TYPE, name)
        before, after = (None if value is None else {"value": value} for value in (old, new))
        kinds = {"create": "add", "delete": "delete"}
        diff = PropertyChange("value", kinds.get(op, "update"), old, new, op == "replace")  # type: ignore[arg-type]
        shown = () if op in kinds else (diff,)
        return Step(op, urn_of(self.stack, name), TYPE, name, shown, old=before, new=after)

    def _references(self, program: Program) -> Iterator[Step]:
        for name in sorted({what for kind, what in program.values() if kind == "of"}):
            yield Step("read", f"urn:pulumi:{self.stack}::ref::{name}", urns.STACK_REFERENCE, name)

    def _output(self, program: Program, news: Mapping[str, str]) -> str:
        """The value of the stack's first resource."""
        first = min(program, default="")
        state = self._state.resources.get(first, ("", ""))[0]
        return news.get(first, state)

    def apply(self, plan: Plan) -> Result:
        """As the real ones: fit, state and a preview of now; then each step is held against the plan."""
        self.processes.call(of_engine=True)
        plans.require_fit(plan, self.name, PROJECT, self.stack)
        plans.require_state(plan, self.state_digest(plan.key))
        process, destroy = self._process, plan.operation == "destroy"
        self.observer.entered(process, self.stack)
        try:
            self.processes.call(of_engine=True)
            program = {} if destroy else self.program
            fresh = self._plan(Fingerprints(plan.key), program, destroy=destroy)
            self.observer.previewed(process, self.stack)
            plans.require_same(plan, fresh)
            self.processes.call(of_engine=True)
            return self._apply(plan, program)
        finally:
            self.observer.left(process, self.stack)

    def _apply(self, plan: Plan, program: Program) -> Result:
        planned, done = plans.steps_by_urn(plan.result), list[Step]()
        result = Result("apply", PROJECT, self.stack, self.name)
        try:
            ids = {name: id_ for name, (_, id_) in self._state.resources.items()}
            for name, expression in sorted(program.items()):
                done.append(self._do(planned, name, self.world.resolved(self.stack, expression, ids)))
                ids[name] = self._state.resources[name][1]
            for name in sorted(self._state.resources.keys() - program.keys(), reverse=True):
                done.append(self._do(planned, name, None))
        except Broken as broken:
            said = (Diagnostic("error", str(broken)),)
            return Result("apply", PROJECT, self.stack, self.name, tuple(done), diagnostics=said, ok=False)
        self.processes.call(of_engine=True)
        self._state.output = self._output(program, {})
        return Result(result.operation, PROJECT, self.stack, self.name, tuple(done))

    def _do(self, planned: Mapping[str, list[Step]], name: str, new: str | None) -> Step:
        step = self._step(name, new)
        if reason := plans.violation(planned.get(step.urn, []), step):
            raise Broken(f"it violates the plan: {reason}")
        if step.op == "same":
            return step
        state, cloud, process = self._state, self.world.cloud.setdefault(self.stack, {}), self._process
        state.pending[name] = step.op
        self.processes.call(of_engine=True)
        if process.breaks is not None:
            process.breaks -= 1
            if process.breaks < 0:
                process.breaks = None
                del state.pending[name]
                raise Broken("the provider failed")
        old = state.resources.get(name, (None, ""))
        self.observer.changed(process, self.stack, name, (step.op, old[0], new))
        if new is None:
            cloud.pop(name, None)
        else:
            cloud[name] = new
        self.processes.call(of_engine=True)
        if new is None:
            del state.resources[name]
        else:
            state.resources[name] = (new, old[1] if step.op == "update" else self.world.new_id())
        del state.pending[name]
        return step

    def export(self) -> dict[str, Any]:
        state = self._state
        resources: list[dict[str, Any]] = [
            {"urn": urn_of(self.stack, name), "type": TYPE, "id": id_, "inputs": {"value": value}}
            for name, (value, id_) in state.resources.items()
        ]
        root = {"urn": f"urn:pulumi:{self.stack}", "type": urns.ROOT_TYPE, "outputs": {"out": state.output}}
        pending = [{"resource": name, "type": op} for name, op in state.pending.items()]
        return {"deployment": {"resources": [root, *resources], "pending_operations": pending}}

    def state_digest(self, key: bytes) -> str:
        return states.digest(self.export()["deployment"], Fingerprints(key))

    def surroundings(self, key: bytes, upstreams: Collection[str] = ()) -> Surroundings:
        self.processes.call()
        self.observer.compared(self._process, self.stack)
        fingerprints = Fingerprints(key)
        outputs = {name: {"out": self.world.states[name].output} for name in upstreams}
        config = {"size": self.world.config.get(self.stack, "c:0")}
        return Surroundings(
            keyed(fingerprints, "config", config), of_upstreams(fingerprints, outputs), {"fake": "1"}, {}
        )
