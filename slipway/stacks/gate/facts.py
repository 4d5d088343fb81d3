"""What the gate judges by: of each stack of a change, what is merged, applied, planned and approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from slipway.stacks.affected import reached
from slipway.stacks.log import Event
from slipway.stacks.summary import Operation

Origin = Literal["main", "change", "elsewhere"]


@dataclass(frozen=True, kw_only=True)
class Last:
    """The newest record of a stack's log.

    Attributes:
        evidence: the digest of what was applied, or was to be.
        commit: of which that was; `run`: which run did it.
        origin: where that commit is: in the history of the base, only in that of the change, or in neither.
    """

    event: Event
    operation: Operation
    evidence: str
    commit: str
    run: str
    origin: Origin = "main"

    @property
    def aim(self) -> str:
        """The digest of what it would have led to; empty where that is no stack."""
        return "" if self.operation == "destroy" else self.evidence


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What the plan of a change says of a stack, by its summary.

    Attributes:
        made: when, in epoch seconds; approvals before that are of something else.
        ok: whether the preview succeeded.
        deletes: resources that it deletes, or replaces with the data in them.
        findings: what mandatory checks say of it.
    """

    made: float
    ok: bool = True
    deletes: int = 0
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StackFacts:
    """What is known of one stack.

    Attributes:
        name: project/stack.
        needs: the stacks that it needs itself, on the base or by the change.
        merged: the digest of what it is made of on the base; empty where it is not there.
        left: likewise where the change left the base.
        proposed: likewise by the change.
        touched: whether it is affected by the change, if only because it needs one that is.
        direct: whether what it is made of changes itself.
        last: None where nothing was ever done to it.
        run_over: whether the run that was to apply the base has ended, so that nothing is awaited any more.
        owners: who approves, as slipway.yaml of the base has it.
        reviewed: whether a pull request gets a plan of it.
        plan: of the change's very commit; None where there is none.
        freezes: why nothing is applied now.
    """

    name: str
    needs: frozenset[str] = frozenset()
    merged: str = ""
    left: str = ""
    proposed: str = ""
    touched: bool = False
    direct: bool = False
    last: Last | None = None
    run_over: bool = False
    owners: tuple[str, ...] = ()
    reviewed: bool = False
    plan: Planned | None = None
    freezes: tuple[str, ...] = ()

    @property
    def applied(self) -> str | None:
        """The digest of what is there; empty where nothing is, None where nobody knows."""
        if self.last is None:
            return ""
        return self.last.aim if self.last.event == "applied" else None


@dataclass(frozen=True, kw_only=True)
class Approval:
    """The standing approval of somebody who may write to the repository, and is not the change's author.

    Attributes:
        by: the login.
        at: when, in epoch seconds.
        speaks_for: the owners, as slipway.yaml names them, that this person is or belongs to.
        covers: the touched stacks of which the change makes the same as when this was said.
    """

    by: str
    at: float
    speaks_for: frozenset[str] = frozenset()
    covers: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that a verdict rests on.

    Attributes:
        stacks: by name those that are touched, and all that they need.
        approvals: None where nobody was asked about people; then nothing is said of them.
    """

    stacks: Mapping[str, StackFacts] = field(default_factory=dict[str, StackFacts])
    approvals: tuple[Approval, ...] | None = None

    @cached_property
    def touched(self) -> tuple[StackFacts, ...]:
        """By name."""
        return tuple(self.stacks[name] for name in sorted(self.stacks) if self.stacks[name].touched)

    def with_upstreams(self, stack: StackFacts) -> tuple[StackFacts, ...]:
        """A stack and all that it needs, however far up, by name."""
        found = reached([stack.name], self._needs)
        return tuple(self.stacks[name] for name in sorted(found & self.stacks.keys()))

    @cached_property
    def _needs(self) -> Mapping[str, frozenset[str]]:
        return {name: each.needs for name, each in self.stacks.items()}
