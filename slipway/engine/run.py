"""The books of one run: what was claimed, done, failed and still to be said. Safe to use from any thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Final, Literal, Protocol

from slipway.engine import urn as urns
from slipway.engine.fingerprints import Fingerprints
from slipway.engine.interface import Diagnostic, Op, Progress, PropertyChange, Step
from slipway.engine.plan import violation
from slipway.engine.plugins import ResourceRefused, redact
from slipway.engine.state import Properties, ResourceState, Snapshot
from slipway.errors import SlipwayError

_BOOKKEEPING = {"created", "modified"}
_WITH_OLD: Final = frozenset({"update", "replace", "delete", "refresh"})
_WITH_NEW: Final = frozenset({"create", "update", "replace", "refresh", "import"})
_COMPARED = tuple(item.name for item in fields(ResourceState) if item.name not in _BOOKKEEPING)


class Ledger(Protocol):
    """Where changes of the snapshot are written: `slipway.engine.store.Journal` or `Rehearsal`."""

    snapshot: Snapshot

    def put(self, state: ResourceState, was: str = "", condemn: bool = False) -> None: ...

    def forget(self, state: ResourceState) -> None: ...

    def pending(self, state: ResourceState) -> None: ...

    def settled(self, urn: str) -> None: ...

    def close(self) -> None: ...


class Cancelled(SlipwayError):
    """The person at the keyboard asked to stop."""

    def __init__(self) -> None:
        super().__init__("cancelled", fix="run the command again; it goes on from where it was")


@dataclass(frozen=True)
class Outcome:
    """What the program gets to know of a resource. Of a failed or skipped one, everything is unknown."""

    urn: str
    id: str = ""
    outputs: Properties = field(default_factory=dict)  # pyright: ignore[reportUnknownVariableType]
    status: Literal["ok", "failed", "skipped"] = "ok"


class Run:
    """One preview, up, refresh or destroy of one stack.

    Args:
        ledger: the snapshot and where its changes go.
        fingerprints: what stands for secrets in the steps.
        sensitive: values with secrets that the state may not have, for `redacted`.
        preview: whether providers only rehearse.
        planned: the only steps that may be made, by URN; None for any.
    """

    def __init__(
        self,
        project: str,
        stack: str,
        ledger: Ledger,
        progress: Progress,
        fingerprints: Fingerprints,
        *,
        sensitive: Properties,
        preview: bool,
        planned: Mapping[str, list[Step]] | None = None,
    ) -> None:
        self.project = project
        self.stack = stack
        self.ledger = ledger
        self.progress = progress
        self.fingerprints = fingerprints
        self.preview = preview
        self._sensitive = sensitive
        self._planned = planned
        self.steps: list[Step] = []
        self.diagnostics: list[Diagnostic] = []
        self.failed: set[str] = set()
        self.aliases: dict[str, str] = {}
        """URN of today -> the URN under which the state had it, where they differ."""
        self.replaced_with: dict[str, ResourceState] = {}
        """Deleted because something they need is replaced; made again when they register."""
        self._registered: set[str] = set()
        self._claimed: set[str] = set()
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._changed: set[str] = set()

    @property
    def snapshot(self) -> Snapshot:
        return self.ledger.snapshot

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    @property
    def ok(self) -> bool:
        return not self.cancelled and all(item.severity != "error" for item in self.diagnostics)

    def cancel(self) -> None:
        self._cancelled.set()

    def check_cancelled(self) -> None:
        if self.cancelled:
            raise Cancelled

    def claim(self, urn: str) -> None:
        """Take a URN for a resource that registers.

        Raises:
            ResourceRefused: another one has it.
        """
        with self._lock:
            if urn in self._registered:
                raise ResourceRefused(
                    "two resources have this type, name and parent; every one needs a name of its own"
                )
            self._registered.add(urn)

    def registered(self, urn: str) -> bool:
        return urn in self._registered

    def old(self, urn: str, aliases: list[str]) -> ResourceState | None:
        """The resource as the state has it, under its URN or a former one. It then belongs to `urn`."""
        with self._lock:
            for candidate in (urn, *aliases):
                state = self.snapshot.live.get(candidate)
                if state is not None and candidate not in self._claimed:
                    self._claimed.add(candidate)
                    if candidate != urn:
                        self.aliases[urn] = candidate
                    return state
        return None

    def unclaimed(self) -> list[ResourceState]:
        """Live resources that the program did not register."""
        kept = self._claimed | self._registered
        return [state for urn, state in self.snapshot.live.items() if urn not in kept]

    def blocked_by(self, needs: set[str]) -> str:
        """The first of `needs` that failed or was skipped, or nothing."""
        return min(needs & self.failed, default="") if self.failed else ""

    def put_same(self, state: ResourceState, old: ResourceState, was: str) -> None:
        """Record a resource that did not change, if anything about its record did."""
        if any(getattr(state, name) != getattr(old, name) for name in _COMPARED):
            self.ledger.put(state, was)

    def step(
        self,
        op: Op,
        state: ResourceState,
        diff: Iterable[PropertyChange] = (),
        note: str = "",
        old: ResourceState | None = None,
    ) -> Step:
        """A step about a resource, ready for `perform`. `old`: what the state had, where it had something."""
        before = state if op == "delete" else old
        if op != "delete" and old is not None and old.protect != state.protect:
            diff = [*diff, PropertyChange("protect", "update", old.protect, state.protect)]
        values = {
            "old": self.fingerprints.show(before.inputs) if before and op in _WITH_OLD else None,
            "new": self.fingerprints.show(state.inputs) if op in _WITH_NEW else None,
        }
        return Step(op, state.urn, state.type, state.name, tuple(diff), note, state.parent, **values)

    def perform(self, step: Step, work: Callable[[], None]) -> None:
        """Do one step and put it on the list. A default provider is Pulumi's own affair and stays off it."""
        hidden = urns.is_provider(step.type) and step.name.startswith("default")
        if not hidden:
            self.verify(step)
            self.progress.started(step.op, step.urn)
        began = time.monotonic()
        work()
        if not hidden:
            with self._lock:
                self.steps.append(step)
            self.progress.finished(step, time.monotonic() - began)

    def verify(self, step: Step) -> None:
        """Hold a step against the plan that is applied, before it is made.

        Raises:
            ResourceRefused: it is not in it.
        """
        if self._planned is not None and (reason := violation(self._planned.get(step.urn, []), step)):
            raise ResourceRefused(f"it violates the plan: {reason}")

    def fail(self, urn: str, reason: str) -> None:
        """Record that a resource failed; what needs it will be skipped."""
        reason = self.redacted(reason)
        with self._lock:
            self.failed.add(urn)
            self.diagnostics.append(Diagnostic("error", reason, urn))
        self.progress.failed(urn, reason)

    def redacted(self, text: str) -> str:
        """`text` without any secret: a provider, or the program, may tell of another resource's."""
        states = list(self.snapshot.live.values())
        held = [item for one in states for item in (one.inputs, one.outputs)]
        names = [name for one in states for name in (one.urn, one.id)]
        return redact(text, [self._sensitive, *held], [one.inputs for one in states], *names)

    def skip(self, urn: str, because: str) -> None:
        """Record that a resource was left alone because one it needs failed."""
        with self._lock:
            self.failed.add(urn)
            self.diagnostics.append(Diagnostic("info", f"skipped, because {because} failed", urn))

    def log(self, diagnostic: Diagnostic) -> None:
        """Record what the program says. An error makes the run a failed one, as with Pulumi's own engine."""
        message = self.redacted(diagnostic.message)
        with self._lock:
            self.diagnostics.append(Diagnostic(diagnostic.severity, message, diagnostic.urn))

    def warn(self, message: str, urn: str = "") -> None:
        with self._lock:
            self.diagnostics.append(Diagnostic("warning", message, urn))


def now() -> str:
    """The time as Pulumi's state writes it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
