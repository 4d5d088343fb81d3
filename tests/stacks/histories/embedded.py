"""Histories on the embedded engine, with its own states and a toy cloud, in the place of the small one.

Nothing comes between the steps of one of its runs; before and after them everything does. What it did is held
against what was shown once it is done.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pytest

from slipway.engine import embedded
from slipway.engine import urn as urns
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence
from slipway.engine.interface import Result, Step
from slipway.engine.plan import Plan
from slipway.engine.provider_resources import Config
from slipway.engine.surroundings import Surroundings
from slipway.stacks.plans.keys import FileKeys
from tests.engine.toy import Thing, ToyProvider
from tests.engine.toy import World as Toys
from tests.stacks.histories.history import History
from tests.stacks.histories.processes import Process
from tests.stacks.histories.world import PROJECT, TYPE, Change, Expression, Program


@dataclass
class Real:
    """An embedded engine of a stack, which is told about as the small one tells of itself."""

    history: EmbeddedHistory
    stack: str
    program: Program
    name: str = "embedded"

    @property
    def engine(self) -> Real:
        return self

    @property
    def _process(self) -> Process:
        process = self.history.processes.process
        assert process is not None
        return process

    def _inner(self) -> EmbeddedEngine:
        return EmbeddedEngine(
            self._declare,
            PROJECT,
            self.stack,
            Config({"shop:size": self.history.world.config.get(self.stack, "c:0")}, frozenset()),
            self.history.folder,
            {"toy": ToyProvider(self.history.toys[self.stack])},
            passphrase="correct horse",
            fence=Fence(),
        )

    def _declare(self) -> None:
        made: dict[str, Thing] = {}
        named = sorted({what for kind, what in self.program.values() if kind == "of"})
        others = {name: pulumi.StackReference(name).get_output("out") for name in named}
        for name, expression in sorted(self.program.items()):
            value = pulumi.Output.from_input(self._resolved(expression, made, others))
            fixed = value.apply(lambda text: str(text).partition(":")[0])
            made[name] = Thing(name, value=value, fixed=fixed)
        if made:
            pulumi.export("out", made[min(made)].value)

    def _resolved(self, expression: Expression, made: dict[str, Thing], others: dict[str, Any]) -> Any:
        kind, what = expression
        if kind == "config":
            return pulumi.Config().require("size")
        if kind == "of":
            return others[what].apply(lambda value: value or "none")
        if kind == "own" and what in made:
            return made[what].made.apply(lambda id_: id_.replace("-", ":"))
        return self.history.world.resolved(self.stack, expression, {})

    def plan(
        self,
        *,
        destroy: bool = False,
        targets: Sequence[str] = (),
        imports: str = "",
        key: bytes | None = None,
    ) -> Plan:
        self.history.processes.call(of_engine=True)
        plan = self._inner().plan(destroy=destroy, targets=targets, imports=imports, key=key)
        self.history.oracle.planned(self._process, self.stack, plain(plan))
        return plan

    def apply(self, plan: Plan) -> Result:
        self.history.processes.call(of_engine=True)
        process, toys = self._process, self.history.toys[self.stack]
        toys.fail = breaking(process)
        with self._told(process):
            try:
                result = self._inner().apply(plan)
            finally:
                toys.fail = lambda _, __: None
            # As far as the oracle goes, the world is still as it was before.
            for step in changing(result.steps):
                self.history.oracle.changed(process, self.stack, step.name, change(step))
            self.history.look(self.stack)
        self.history.processes.call(of_engine=True)
        return result

    @contextmanager
    def _told(self, process: Process) -> Generator[None]:
        """The oracle sees the moments at which the engine compares."""
        oracle, stack = self.history.oracle, self.stack

        def before(name: str, tell: Callable[[], None], *, after: bool) -> Callable[..., None]:
            compares = getattr(embedded, name)

            def told(*arguments: Any) -> None:
                if not after:
                    tell()
                compares(*arguments)
                if after:
                    tell()

            return told

        with pytest.MonkeyPatch.context() as patch:
            entered = before("require_state", lambda: oracle.entered(process, stack), after=True)
            previewed = before("require_same", lambda: oracle.previewed(process, stack), after=False)
            patch.setattr(embedded, "require_state", entered)
            patch.setattr(embedded, "require_same", previewed)
            try:
                yield
            finally:
                oracle.left(process, stack)

    def up(self) -> None:
        result = self._inner().up()
        assert result.ok, result.diagnostics

    def export(self) -> dict[str, Any]:
        return self._inner().export()

    def state_digest(self, key: bytes) -> str:
        return self._inner().state_digest(key)

    def surroundings(self, key: bytes, upstreams: Collection[str] = ()) -> Surroundings:
        self.history.processes.call()
        self.history.oracle.compared(self._process, self.stack)
        return self._inner().surroundings(key, upstreams)


def plain(plan: Plan) -> Any:
    """A plan with one step of each resource, of those that the oracle knows."""
    return _Plan(_Result(changing(plan.result.steps)))


@dataclass
class _Result:
    steps: list[Step]


@dataclass
class _Plan:
    result: _Result


def changing(steps: Iterable[Step]) -> list[Step]:
    """What changes a thing. That one which was replaced is deleted is no change of its own."""
    things = [step for step in steps if step.type == TYPE]
    there = {step.name for step in things if step.op != "delete"}
    return [step for step in things if not step.quiet and (step.op != "delete" or step.name not in there)]


def change(step: Step) -> Change:
    return step.op, (step.old or {}).get("value"), (step.new or {}).get("value")


def breaking(process: Process) -> Callable[[str, str], str | None]:
    """A provider that fails at one of the things that it is to do."""

    def fail(operation: str, _: str) -> str | None:
        if operation == "read" or process.breaks is None:
            return None
        process.breaks -= 1
        if process.breaks >= 0:
            return None
        process.breaks = None
        return "the provider failed"

    return fail


class EmbeddedHistory(History):
    """See `History`."""

    def __init__(self, seed: int, keys: FileKeys, folder: Path) -> None:
        self.folder = folder
        self.toys: dict[str, Toys] = {}
        super().__init__(seed, keys)
        self.oracle.replaced_in_parts = True

    def engine(self, stack: str, program: Program) -> Any:
        return Real(self, stack, program)

    def by_hand(self, stack: str, program: Program) -> None:
        self.toys.setdefault(stack, Toys())
        Real(self, stack, program).up()
        self.look(stack)

    def undo(self, stack: str, draw: random.Random) -> None:
        """There is no way back to a former state here."""
        self.by_hand(stack, draw.choice(self.commits).get(stack, {}))

    def on_outside(self, draw: random.Random) -> None:
        super().on_outside(draw)
        for stack in self.needs:
            self.look(stack)

    def look(self, stack: str) -> None:
        """What the oracle knows of a stack, from its state and its cloud."""
        document = Real(self, stack, {}).export()["deployment"]
        # What was replaced, and could not be deleted yet, is still on record.
        things = [each for each in document["resources"] if each["type"] == TYPE and not each.get("delete")]
        roots = [each for each in document["resources"] if each["type"] == urns.ROOT_TYPE]
        state = self.world.states[stack]
        state.resources = {
            each["urn"].rpartition("::")[2]: (each["inputs"]["value"], each["id"].replace("-", ":"))
            for each in things
        }
        state.output = next((str(each.get("outputs", {}).get("out", "")) for each in roots), "")
        self.world.cloud[stack] = {}
        for item in self.toys[stack].objects.values():
            name = item["urn"].rpartition("::")[2]
            former = self.world.cloud[stack].pop(name, None)
            self.world.cloud[stack] |= {name: item["value"]} | (
                {} if former is None else {f"{name}, twice": former}
            )
