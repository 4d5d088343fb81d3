"""Reads the engine events that ``pulumi ... --json`` prints, one JSON object per line.

Source: sdk/go/common/apitype/events.go (v3.260).
"""

from __future__ import annotations

import json
import re
import time
from typing import Any, Final, cast

from slipway.engine import urn as urns
from slipway.engine.diffs import compare, mark_forcing, masked
from slipway.engine.interface import (
    ChangeKind,
    Diagnostic,
    Op,
    Progress,
    PropertyChange,
    Result,
    Severity,
    Step,
)
from slipway.engine.values import MASK, SECRET_SIG, SIG_KEY, UNKNOWN, UNKNOWN_MARK, from_state
from slipway.platform.property_paths import covers, parse

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
_SEVERITIES: Final[dict[str, Severity]] = {
    "error": "error",
    "warning": "warning",
    "info": "info",
    "info#err": "info",
}
_COLOURS: Final = re.compile(r"<\{%.*?%\}>")


class Events:
    """Collects events into a `Result` and tells the progress as they come.

    Args:
        result: filled in place.
    """

    def __init__(self, result: Result, progress: Progress) -> None:
        self._result = result
        self._progress = progress
        self._began: dict[str, float] = {}
        self._steps: dict[str, Step] = {}

    def line(self, text: str) -> None:
        """One line of output. What is no event (a stray message of a tool) is kept as information."""
        try:
            event = json.loads(text)
        except ValueError:
            if text.strip():
                self._result.diagnostics.append(Diagnostic("info", text.strip()))
            return
        if not isinstance(event, dict):
            return
        fields = cast(dict[str, Any], event)
        if "resourcePreEvent" in fields:
            self._started(fields["resourcePreEvent"]["metadata"])
        elif "resOutputsEvent" in fields:
            self._finished(fields["resOutputsEvent"]["metadata"])
        elif "resOpFailedEvent" in fields:
            self._failed(fields["resOpFailedEvent"]["metadata"])
        elif "diagnosticEvent" in fields:
            self._diagnostic(fields["diagnosticEvent"])

    def _started(self, metadata: dict[str, Any]) -> None:
        op = _OPS.get(metadata["op"])
        if op is None or _hidden(metadata):
            return
        # Not every step has an event for its end: a component has one only if it registers outputs.
        step = _step(op, metadata)
        self._steps[step.urn] = step
        self._result.steps.append(step)
        self._began[step.urn] = time.monotonic()
        self._progress.started(op, step.urn)

    def _finished(self, metadata: dict[str, Any]) -> None:
        step = self._steps.get(metadata["urn"])
        op = _OPS.get(metadata["op"])
        if step is None or op is None:
            return
        if self._result.operation in ("refresh", "drift"):
            # Only at the end of a read is it known what the world has.
            vars(step).update(vars(_refreshed(_step(op, metadata))))
        began = self._began.pop(step.urn, None)
        if began is not None:
            self._progress.finished(step, time.monotonic() - began)

    def _failed(self, metadata: dict[str, Any]) -> None:
        step = self._steps.pop(metadata["urn"], None)
        if step is not None:
            self._result.steps.remove(step)
        self._progress.failed(metadata["urn"], f"{metadata['op']} failed")

    def _diagnostic(self, event: dict[str, Any]) -> None:
        severity = _SEVERITIES.get(event.get("severity", ""))
        if severity is None or event.get("ephemeral"):
            return
        message = _COLOURS.sub("", event.get("message", "")).strip()
        if message:
            self._result.diagnostics.append(Diagnostic(severity, message, event.get("urn", "")))


def _refreshed(step: Step) -> Step:
    if step.op == "update" and not step.diff:
        # Outputs that differ while every input is as it was: the world moves, nobody changed it.
        step.op = "same"
    elif step.op == "delete":
        step.note = "it is gone"
    return step


def _hidden(metadata: dict[str, Any]) -> bool:
    urn = metadata["urn"]
    return urns.is_provider(metadata["type"]) and urns.name_of(urn).startswith("default")


def _step(op: Op, metadata: dict[str, Any]) -> Step:
    urn = metadata["urn"]
    old = cast(dict[str, Any], metadata.get("old") or {})
    new = cast(dict[str, Any], metadata.get("new") or {})
    parent = (new or old).get("parent", "")
    diff = _changes(op, metadata, old, new) if op in ("update", "replace", "refresh") else []
    if op == "refresh":
        op = "update" if diff else "same"
    return Step(op, urn, metadata["type"], urns.name_of(urn), diff, parent=parent)


def _changes(
    op: Op, metadata: dict[str, Any], old: dict[str, Any], new: dict[str, Any]
) -> list[PropertyChange]:
    before, after = _plain(old.get("inputs")), _plain(new.get("inputs"))
    changes = compare(before, after)
    shown = [parse(change.path) for change in changes]
    detailed = cast(dict[str, dict[str, Any]], metadata.get("detailedDiff") or {})
    forced = [path for path, item in detailed.items() if item["diffKind"].endswith("-replace")]
    for path, item in detailed.items():
        # A secret looks the same before and after; only the provider's own list tells that it changed.
        segments = parse(path)
        if item.get("inputDiff") and not any(covers(segments, one) or covers(one, segments) for one in shown):
            kind = cast(ChangeKind, item["diffKind"].removesuffix("-replace"))
            changes.append(PropertyChange(path, kind, masked(before, segments), masked(after, segments)))
    keys = cast(list[str], metadata.get("keys") or []) if op == "replace" else []
    return mark_forcing(changes, [*forced, *keys])


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
