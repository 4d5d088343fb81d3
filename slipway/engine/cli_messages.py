"""The engine events of Pulumi, as the CLI prints them: typed, and told apart from what is not known here.

Source: sdk/go/common/apitype/events.go (v3.260). A field that is missing or of another kind makes the event
unreadable; fields that are not named here are left aside, since each version of Pulumi adds some.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, cast

from slipway.engine import documents

StepOp = Literal[
    "same",
    "create",
    "update",
    "delete",
    "replace",
    "create-replacement",
    "delete-replaced",
    "read",
    "read-replacement",
    "refresh",
    "discard",
    "discard-replaced",
    "remove-pending-replace",
    "import",
    "import-replacement",
    "diff",
    "extend-parameterize",
]
"""Source: pkg/resource/deploy/step.go (v3.260)."""


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


_NAMES: Final = {"alias_generator": _camel}


@dataclass(frozen=True)
class State:
    """A resource before or after a step. Secrets are masked by Pulumi already."""

    id: str = ""
    parent: str = ""
    protect: bool = False
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] | None = None


@dataclass(frozen=True)
class PropertyDiff:
    """A property in the list of the provider."""

    __pydantic_config__: ClassVar = _NAMES

    diff_kind: Literal["add", "add-replace", "delete", "delete-replace", "update", "update-replace"]
    input_diff: bool = False


@dataclass(frozen=True)
class Metadata:
    """What a step does to one resource."""

    __pydantic_config__: ClassVar = _NAMES

    op: StepOp
    urn: str
    type: str
    old: State | None = None
    new: State | None = None
    keys: list[str] | None = None
    detailed_diff: dict[str, PropertyDiff] | None = None


@dataclass(frozen=True)
class Started:
    """``resourcePreEvent``. `planning`: of a preview, or of the preview that precedes an update."""

    metadata: Metadata
    planning: bool = False


@dataclass(frozen=True)
class Finished:
    """``resOutputsEvent``."""

    metadata: Metadata
    planning: bool = False


@dataclass(frozen=True)
class Failed:
    """``resOpFailedEvent``."""

    metadata: Metadata


@dataclass(frozen=True)
class Message:
    """``diagnosticEvent``: of the engine, a provider or the program."""

    message: str
    severity: Literal["debug", "info", "info#err", "warning", "error"]
    urn: str = ""
    ephemeral: bool = False


@dataclass(frozen=True)
class Printed:
    """``stdoutEvent``."""

    message: str


@dataclass(frozen=True)
class Internal:
    """``errorEvent``: the engine itself is broken."""

    error: str


@dataclass(frozen=True)
class Policy:
    """``policyEvent``: a resource, or the stack, violates a policy."""

    __pydantic_config__: ClassVar = _NAMES

    message: str
    policy_name: str
    policy_pack_name: str
    enforcement_level: str
    resource_urn: str = ""


@dataclass(frozen=True)
class Remediation:
    """``policyRemediationEvent``: a policy changed what the program asked for."""

    __pydantic_config__: ClassVar = _NAMES

    policy_name: str
    policy_pack_name: str
    resource_urn: str = ""


@dataclass(frozen=True)
class Began:
    """``preludeEvent``: a preview or an update begins. An update whose preview is kept has two of them."""

    config: dict[str, str] | None = None


@dataclass(frozen=True)
class Ended:
    """``summaryEvent``."""

    __pydantic_config__: ClassVar = _NAMES

    resource_changes: dict[str, int] | None = None
    is_preview: bool = False
    result: str = ""


@dataclass(frozen=True)
class Aside:
    """An event of a kind that says nothing about resources."""

    kind: str


@dataclass(frozen=True)
class Unknown:
    """An event of a kind that this code does not know."""

    kind: str


@dataclass(frozen=True)
class Unreadable:
    """An event of a known kind that is not as it should be; `reason` quotes no value."""

    kind: str
    reason: str


@dataclass(frozen=True)
class Stray:
    """A line that is no event: a message of a tool."""

    message: str


Event = (
    Started
    | Finished
    | Failed
    | Message
    | Printed
    | Internal
    | Policy
    | Remediation
    | Began
    | Ended
    | Aside
    | Unknown
    | Unreadable
    | Stray
)

_KINDS: Final[Mapping[str, Callable[..., Event]]] = {
    "resourcePreEvent": Started,
    "resOutputsEvent": Finished,
    "resOpFailedEvent": Failed,
    "diagnosticEvent": Message,
    "stdoutEvent": Printed,
    "errorEvent": Internal,
    "policyEvent": Policy,
    "policyRemediationEvent": Remediation,
    "preludeEvent": Began,
    "summaryEvent": Ended,
}
_ASIDE: Final = frozenset(
    {
        "cancelEvent",
        "policyLoadEvent",
        "policyAnalyzeSummaryEvent",
        "policyRemediateSummaryEvent",
        "policyAnalyzeStackSummaryEvent",
        "startDebuggingEvent",
        "progressEvent",
    }
)
_ENVELOPE: Final = frozenset({"sequence", "timestamp"})


def parse(line: str) -> Event | None:
    """One line of ``pulumi … --json``; None for an empty one."""
    if not line.strip():
        return None
    try:
        document = json.loads(line)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return Stray(line.strip())
    fields = cast(dict[str, Any], document)
    kinds = [key for key in fields if key not in _ENVELOPE]
    return _event(kinds[0], fields[kinds[0]]) if len(kinds) == 1 else Unknown("+".join(kinds) or "none")


def _event(kind: str, body: Any) -> Event:
    if kind in _ASIDE:
        return Aside(kind)
    shape = _KINDS.get(kind)
    if shape is None:
        return Unknown(kind)
    try:
        return documents.parse(cast(type[Any], shape), body)
    except ValueError as error:
        return Unreadable(kind, str(error))
