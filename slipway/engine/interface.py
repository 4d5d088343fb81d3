"""What both engines promise: their methods, and the shape of what they return."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Op = Literal["same", "create", "update", "replace", "delete", "read", "refresh", "import"]
ChangeKind = Literal["add", "delete", "update"]
Severity = Literal["info", "warning", "error"]

QUIET: frozenset[str] = frozenset({"same", "read", "refresh"})
"""Operations that change nothing; Pulumi's own list for ``--expect-no-changes``."""


@dataclass(frozen=True)
class PropertyChange:
    """One property that differs.

    Attributes:
        path: Pulumi's property path, ``tags.team`` or ``rules[0].port``; a JSON document inside a string goes
            on after ``#``: ``policy#Statement[0].Action``.
        old: the value before, masked for display; None for an addition.
        new: the value after, masked for display; None for a deletion.
        forces_replace: whether this property makes the resource be replaced.
    """

    path: str
    kind: ChangeKind
    old: Any = None
    new: Any = None
    forces_replace: bool = False


@dataclass
class Step:
    """What happens, or happened, to one resource."""

    op: Op
    urn: str
    type: str
    name: str
    diff: list[PropertyChange] = field(default_factory=list[PropertyChange])
    note: str = ""
    parent: str = ""


@dataclass(frozen=True)
class Diagnostic:
    """A message for the person who ran the command; `urn` is empty where it concerns the whole run."""

    severity: Severity
    message: str
    urn: str = ""


@dataclass
class Result:
    """One run. Secrets in `outputs` and in diffs are masked already."""

    operation: str
    project: str
    stack: str
    engine: str
    steps: list[Step] = field(default_factory=list[Step])
    outputs: dict[str, Any] = field(default_factory=dict[str, Any])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    ok: bool = True
    cancelled: bool = False
    seconds: float = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """How many steps of each operation, in a fixed order."""
        seen = Counter(step.op for step in self.steps)
        order: tuple[Op, ...] = (
            "create",
            "import",
            "update",
            "replace",
            "delete",
            "refresh",
            "read",
            "same",
        )
        return {op: seen[op] for op in order if seen[op]}

    @property
    def changed(self) -> bool:
        """Whether anything differs or was changed."""
        return any(step.op not in QUIET for step in self.steps)

    @property
    def errors(self) -> list[Diagnostic]:
        return [item for item in self.diagnostics if item.severity == "error"]


class Progress(Protocol):
    """Told about each step as it starts and ends, from any thread. Must not raise and must be quick."""

    def started(self, op: Op, urn: str) -> None: ...

    def finished(self, step: Step, seconds: float) -> None: ...

    def failed(self, urn: str, reason: str) -> None: ...

    def message(self, text: str) -> None: ...


class Silent:
    """A `Progress` that says nothing."""

    def started(self, op: Op, urn: str) -> None:
        """Nothing to say."""

    def finished(self, step: Step, seconds: float) -> None:
        """Nothing to say."""

    def failed(self, urn: str, reason: str) -> None:
        """Nothing to say."""

    def message(self, text: str) -> None:
        """Nothing to say."""


class Engine(Protocol):
    """One stack of one program. Methods return a `Result`; only unusable input raises `SlipwayError`."""

    name: str

    def preview(self) -> Result:
        """What `up` would do. Writes nothing."""
        ...

    def up(self) -> Result:
        """Make the world as the program says."""
        ...

    def refresh(self) -> Result:
        """Make the state as the world is."""
        ...

    def drift(self) -> Result:
        """What `refresh` would find, on inputs alone. Writes nothing."""
        ...

    def destroy(self) -> Result:
        """Delete everything in the state. Does not run the program."""
        ...

    def outputs(self) -> Mapping[str, Any]:
        """The stack's outputs, secrets masked."""
        ...
