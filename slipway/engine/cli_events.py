"""Turns the engine events that ``pulumi … --json`` prints, one JSON object per line, into steps."""

from __future__ import annotations

import itertools
import re
import time
from collections import Counter
from dataclasses import replace
from typing import Any, Final, cast

from slipway.engine import cli_messages as messages
from slipway.engine import urn as urns
from slipway.engine.diffs import Reported, compare, mark_forcing, reported, within_sets
from slipway.engine.drift import watched, without_shared
from slipway.engine.interface import (
    CHANGED,
    GONE,
    ChangeKind,
    Diagnostic,
    Op,
    Progress,
    PropertyChange,
    Severity,
    Step,
)
from slipway.engine.values import (
    SECRET_SIG,
    SIG_KEY,
    UNKNOWN,
    UNKNOWN_MARK,
    from_state,
    show_properties,
)
from slipway.platform.masking import MASK
from slipway.platform.property_paths import PropertyPath, covers, parse

_OPS: Final[dict[str, Op]] = {
    "same": "same",
    "create": "create",
    "update": "update",
    "replace": "replace",
    "delete": "delete",
    "read": "read",
    "refresh": "refresh",
    "import": "import",
    "import-replacement": "replace",
}
"""The operations that are shown. Every other one is a part of one of these."""

_SEVERITIES: Final[dict[str, Severity]] = {
    "error": "error",
    "warning": "warning",
    "info": "info",
    "info#err": "info",
}
_COLOURS: Final = re.compile(r"<\{%.*?%\}>")
_LOOKING: Final = frozenset({"refresh", "drift"})


class Events:
    """Collects the events of one command and tells the progress as they come.

    Args:
        operation: the name of the `Result`. Of ``apply`` the preview that precedes the update is not told.
    """

    def __init__(self, operation: str, progress: Progress) -> None:
        self._operation = operation
        self._progress = progress
        self._began: dict[str, float] = {}
        self._steps: dict[int, Step] = {}
        self._number: dict[str, int] = {}
        self._numbers = itertools.count()
        self._preludes = 0
        self._diagnostics: list[Diagnostic] = []
        self._reading: set[str] = set()
        self.outputs: dict[str, Any] = {}
        self.read: list[Step] = []
        """What was read before a preview or an update; none of their own steps."""
        self.apart: list[messages.Unknown | messages.Unreadable] = []
        """Events that could not be understood."""

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(self._steps.values())

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The messages, and what there is to say about events that could not be understood."""
        return (*self._diagnostics, *self.about_apart)

    def line(self, text: str) -> None:
        """One line of output. What is no event (a stray message of a tool) is kept as information."""
        event = messages.parse(text)
        match event:
            case messages.Began():
                self._begin()
            case messages.Started():
                self._started(event)
            case messages.Finished():
                self._finished(event)
            case messages.Failed():
                self._failed(event.metadata)
            case messages.Unknown() | messages.Unreadable():
                self.apart.append(event)
            case None | messages.Aside() | messages.Ended():
                pass
            case _:
                self._say(event)

    def _begin(self) -> None:
        # An update whose preview is kept says everything twice; what was really done counts.
        self._preludes += 1
        if self._preludes > 1:
            self._steps.clear()
            self._number.clear()
            self.read.clear()
            self._diagnostics.clear()

    def _quiet(self, planning: bool) -> bool:
        return planning and self._operation == "apply"

    def _started(self, event: messages.Started) -> None:
        metadata = event.metadata
        op = _OPS.get(metadata.op)
        if op is None or _hidden(metadata):
            return
        if op == "refresh" and self._operation not in _LOOKING:
            self._reading.add(metadata.urn)
            return
        # Not every step has an event for its end: a component has one only if it registers outputs.
        number = next(self._numbers)
        self._steps[number] = self._step(op, metadata)
        self._number[metadata.urn] = number
        self._began[metadata.urn] = time.monotonic()
        if not self._quiet(event.planning):
            self._progress.started(op, metadata.urn)

    def _finished(self, event: messages.Finished) -> None:
        metadata = event.metadata
        if metadata.urn in self._reading:
            self._reading.discard(metadata.urn)
            if (found := _OPS.get(metadata.op)) is not None:
                self.read.append(_refreshed(self._step(found, metadata), metadata))
            return
        if metadata.type == urns.ROOT_TYPE and metadata.new is not None:
            self.outputs = show_properties(_plain(metadata.new.outputs))
        number = self._number.get(metadata.urn)
        op = _OPS.get(metadata.op)
        if number is None or op is None:
            return
        if self._operation in _LOOKING:
            # Only at the end of a read is it known what the world has.
            self._steps[number] = _refreshed(self._step(op, metadata), metadata)
        began = self._began.pop(metadata.urn, None)
        if began is not None and not self._quiet(event.planning):
            self._progress.finished(self._steps[number], time.monotonic() - began)

    def _failed(self, metadata: messages.Metadata) -> None:
        number = self._number.get(metadata.urn)
        if number is not None:
            self._steps.pop(number, None)
        self._progress.failed(metadata.urn, f"{metadata.op} failed")

    def _say(
        self,
        event: messages.Message
        | messages.Printed
        | messages.Internal
        | messages.Policy
        | messages.Remediation
        | messages.Stray,
    ) -> None:
        diagnostic = _diagnostic(event)
        if diagnostic is not None and diagnostic.message:
            self._diagnostics.append(diagnostic)

    @property
    def about_apart(self) -> list[Diagnostic]:
        """A warning for each kind that is not known; an error for each event that cannot be read."""
        said: list[Diagnostic] = []
        for item, number in Counter(self.apart).items():
            if isinstance(item, messages.Unreadable):
                text = f"pulumi sent {number} events that cannot be read: {item.kind}: {item.reason}"
                said.append(Diagnostic("error", text))
            else:
                text = f"pulumi sent {number} events of a kind that is not known: {item.kind}"
                said.append(Diagnostic("warning", text))
        return said

    def _step(self, op: Op, metadata: messages.Metadata) -> Step:
        old, new = metadata.old or messages.State(), metadata.new or messages.State()
        before, after = _plain(old.inputs), _plain(new.inputs)
        diff = _changes(op, metadata, before, after) if op in ("update", "replace", "refresh") else []
        if metadata.old and metadata.new and old.protect != new.protect:
            diff.append(PropertyChange("protect", "update", old.protect, new.protect))
        if op == "refresh":
            op = "update" if diff else "same"
        return Step(
            op,
            metadata.urn,
            metadata.type,
            urns.name_of(metadata.urn),
            tuple(diff),
            parent=(metadata.new or old).parent,
            old=show_properties(before) if op in ("update", "replace", "delete") else None,
            new=show_properties(after) if op in ("create", "update", "replace", "import") else None,
        )


def _diagnostic(event: Any) -> Diagnostic | None:
    match event:
        case messages.Message():
            severity = None if event.ephemeral else _SEVERITIES.get(event.severity)
            return severity and Diagnostic(severity, _text(event.message), event.urn)
        case messages.Policy():
            severity = "error" if event.enforcement_level == "mandatory" else "warning"
            return Diagnostic(severity, f"{_policy(event)}: {_text(event.message)}", event.resource_urn)
        case messages.Remediation():
            changed = "changed what the program asks for"
            return Diagnostic("warning", f"{_policy(event)} {changed}", event.resource_urn)
        case messages.Internal():
            return Diagnostic("error", f"the engine of pulumi failed: {_text(event.error)}")
        case _:
            return Diagnostic("info", _text(event.message))


def _policy(event: messages.Policy | messages.Remediation) -> str:
    return f"policy {event.policy_pack_name}/{event.policy_name}"


def _text(message: str) -> str:
    return _COLOURS.sub("", message).strip()


def _refreshed(step: Step, metadata: messages.Metadata) -> Step:
    if step.op == "delete":
        return replace(step, note=GONE)
    if step.op not in ("same", "update"):
        return step
    old, new = (_plain(side.outputs) if side else {} for side in (metadata.old, metadata.new))
    diff = (*without_shared(step.type, step.diff), *watched(step.type, old, new))
    if step.op == "same" and diff == step.diff:
        return step
    if not diff:
        # Outputs that differ while every input is as it was: the world moves, nobody changed it.
        return replace(step, op="same", old=None, new=None, diff=())
    return replace(step, op="update", diff=diff, note=CHANGED)


def _hidden(metadata: messages.Metadata) -> bool:
    return urns.is_provider(metadata.type) and urns.name_of(metadata.urn).startswith("default")


def _changes(
    op: Op, metadata: messages.Metadata, before: dict[str, Any], after: dict[str, Any]
) -> list[PropertyChange]:
    changes = compare(before, after, metadata.type)
    shown = [within_sets(metadata.type, parse(change.path)) for change in changes]
    detailed = metadata.detailed_diff or {}
    forced = [path for path, item in detailed.items() if item.diff_kind.endswith("-replace")]
    # A secret looks the same before and after; only the provider's own list tells that it changed.
    items = [
        Reported(path, cast(ChangeKind, item.diff_kind.removesuffix("-replace")))
        for path, item in detailed.items()
        if item.input_diff and not _among(within_sets(metadata.type, parse(path)), shown)
    ]
    changes.extend(reported(items, [], before, {}, after, token=metadata.type))
    return mark_forcing(changes, [*forced, *((metadata.keys or []) if op == "replace" else [])])


def _among(segments: PropertyPath, shown: list[PropertyPath]) -> bool:
    return any(covers(segments, other) or covers(other, segments) for other in shown)


def _plain(values: dict[str, Any] | None) -> dict[str, Any]:
    plain = from_state(_blinded(values or {}), None)
    return {key: UNKNOWN if item == UNKNOWN_MARK else item for key, item in plain.items()}


def _blinded(value: Any) -> Any:
    """Events carry secrets masked, but some still in the envelope of an encrypted one."""
    if isinstance(value, dict):
        fields = cast(dict[str, Any], value)
        if fields.get(SIG_KEY) == SECRET_SIG:
            return MASK
        return {key: _blinded(item) for key, item in fields.items()}
    return [_blinded(item) for item in cast(list[Any], value)] if isinstance(value, list) else value
