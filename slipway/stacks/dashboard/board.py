"""What is known of all stacks at one moment, as `dashboard.json` has it. No value of any stack is in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from slipway.engine import documents
from slipway.stacks.log import Event
from slipway.stacks.looks import Look

BOARD_VERSION: Final = 1
"""A higher one may have keys that this code cannot do justice to."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What one run did, from the stack's log; see `slipway.stacks.log.Entry`."""

    __pydantic_config__: ClassVar = documents.STRICT

    event: Event
    operation: str
    run: str
    actor: str
    commit: str
    at: float
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class OpenPlan:
    """A plan that changes something and came after all that was done to its stack.

    Attributes:
        run: what it goes by, as `<id>-<attempt>`.
        link: address of the run; empty where a person planned.
        created: in UTC, `2026-11-29T20:15:00Z`.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    run: str
    link: str
    commit: str
    created: str
    operation: str
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who has the lease, and until when unless it is renewed, in epoch seconds."""

    __pydantic_config__: ClassVar = documents.STRICT

    owner: str
    expires: float


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource that the state has; `id` is empty where the provider gave it none."""

    __pydantic_config__: ClassVar = documents.STRICT

    type: str
    name: str
    id: str = ""


@dataclass(frozen=True, kw_only=True)
class StackFacts:
    """What is known of one stack.

    Attributes:
        declared: whether the work tree has it; None where nobody looked.
        last: what was done last, or begun.
        applied: what was applied last, to its end.
        current: whether what was done last was to apply what the work tree has; None where nobody looked.
        plans: the newest last.
        holder: of the lease; None where nobody has it.
        look: the last one for drift.
        resources: where the state was read; else None.
        problem: why not all of this could be read; empty where it could.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    project: str
    stack: str
    declared: bool | None = None
    last: Done | None = None
    applied: Done | None = None
    current: bool | None = None
    plans: tuple[OpenPlan, ...] = ()
    holder: Holder | None = None
    look: Look | None = None
    resources: tuple[Resource, ...] | None = None
    problem: str = ""

    @property
    def name(self) -> str:
        """`project/stack`."""
        return f"{self.project}/{self.stack}"


@dataclass(frozen=True, kw_only=True)
class WorkflowRun:
    """A run as GitHub tells it.

    Attributes:
        outcome: its conclusion; its status while it has none.
        at: when it began, in UTC, `2026-11-29T20:15:00Z`.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    id: int
    outcome: str
    branch: str
    event: str
    at: str


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """A workflow and its last runs, the newest first."""

    __pydantic_config__: ClassVar = documents.STRICT

    name: str
    runs: tuple[WorkflowRun, ...]


@dataclass(frozen=True, kw_only=True)
class Board:
    """All stacks at one moment.

    Attributes:
        made: epoch seconds; every age is as of then.
        repository: address of the repository for links, without a slash at its end; none if empty.
        commit: what the work tree is of; empty where there is none.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    made: float
    repository: str = ""
    commit: str = ""
    stacks: tuple[StackFacts, ...] = ()
    workflows: tuple[Workflow, ...] = ()

    def to_bytes(self) -> bytes:
        """As a JSON text: `version` beside every attribute under its name."""
        document = {"version": BOARD_VERSION, **documents.dump(self)}
        return (json.dumps(document, separators=(",", ":")) + "\n").encode()
