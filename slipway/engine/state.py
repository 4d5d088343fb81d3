"""What a stack consists of, and Pulumi's deployment format (version 3) that records it.

Source of the format: sdk/go/common/apitype/core.go (`DeploymentV3`, `ResourceV3`) and
pkg/resource/deploy/snapshot.go (`VerifyIntegrity`: whatever a resource needs stands before it), v3.260.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, cast

from slipway.engine import urn as urns
from slipway.engine.fingerprints import Fingerprints
from slipway.engine.secrets import Crypter
from slipway.engine.values import Plain, from_state, show, to_state

VERSION = 3
WRITER = "slipway-embedded-1"
INIT_ERRORS: Final = "initErrors"
"""Of a record: what was not done of a resource that exists. The next `up` updates it in any case."""
Properties = dict[str, Plain]


@dataclass(frozen=True)
class ResourceState:
    """One resource as the state file knows it. `rest` keeps fields of Pulumi's that nothing here looks at."""

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: Properties = field(default_factory=dict[str, Plain])
    outputs: Properties = field(default_factory=dict[str, Plain])
    parent: str = ""
    provider: str = ""
    protect: bool = False
    external: bool = False
    delete: bool = False
    retain_on_delete: bool = False
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    additional_secret_outputs: tuple[str, ...] = ()
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    replacement_trigger: Plain = None
    aliases: tuple[str, ...] = ()
    custom_timeouts: dict[str, float] = field(default_factory=dict[str, float])
    import_id: str = ""
    created: str = ""
    modified: str = ""
    rest: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def name(self) -> str:
        return urns.name_of(self.urn)

    def needs(self) -> Iterable[str]:
        """URNs that must exist before, and be deleted after, this resource."""
        if self.parent:
            yield self.parent
        if self.provider:
            yield urns.split_reference(self.provider)[0]
        yield from self.dependencies
        for items in self.property_dependencies.values():
            yield from items


# Field here, key in the file. Only what is not empty is written, as Pulumi does.
_PLAIN_FIELDS = {
    "id": "id",
    "parent": "parent",
    "provider": "provider",
    "protect": "protect",
    "external": "external",
    "delete": "delete",
    "retain_on_delete": "retainOnDelete",
    "custom_timeouts": "customTimeouts",
    "import_id": "importID",
    "created": "created",
    "modified": "modified",
}
_LIST_FIELDS = {
    "dependencies": "dependencies",
    "additional_secret_outputs": "additionalSecretOutputs",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "aliases": "aliases",
}
_TRIGGER = "replacementTrigger"
_KNOWN_KEYS = {
    "urn",
    "type",
    "custom",
    "inputs",
    "outputs",
    "propertyDependencies",
    _TRIGGER,
    *_PLAIN_FIELDS.values(),
    *_LIST_FIELDS.values(),
}


def encode(state: ResourceState, encrypt: Callable[[str], str]) -> dict[str, Any]:
    """A `ResourceState` as JSON, secrets encrypted."""
    record: dict[str, Any] = {"urn": state.urn, "custom": state.custom, "type": state.type}
    for name, key in _PLAIN_FIELDS.items():
        value = getattr(state, name)
        if value:
            record[key] = value
    for name, key in _LIST_FIELDS.items():
        items = getattr(state, name)
        if items:
            record[key] = list(items)
    if state.property_dependencies:
        record["propertyDependencies"] = {k: list(v) for k, v in state.property_dependencies.items()}
    # Pulumi tells "no inputs" from "empty inputs"; every resource of ours has been through check.
    record["inputs"] = to_state(state.inputs, encrypt)
    record["outputs"] = to_state(state.outputs, encrypt)
    if state.replacement_trigger is not None:
        record[_TRIGGER] = to_state(state.replacement_trigger, encrypt)
    record.update(state.rest)
    return record


def decode(record: dict[str, Any], decrypt: Callable[[str], str]) -> ResourceState:
    """The opposite of `encode`; also reads what the Pulumi CLI wrote."""
    fields: dict[str, Any] = {name: record[key] for name, key in _PLAIN_FIELDS.items() if key in record}
    fields.update({name: tuple(record[key]) for name, key in _LIST_FIELDS.items() if record.get(key)})
    dependencies = cast(dict[str, list[str]], record.get("propertyDependencies") or {})
    return ResourceState(
        urn=record["urn"],
        type=record["type"],
        custom=record.get("custom", False),
        inputs=from_state(record.get("inputs") or {}, decrypt),
        outputs=from_state(record.get("outputs") or {}, decrypt),
        replacement_trigger=from_state(record.get(_TRIGGER), decrypt),
        property_dependencies={key: tuple(items) for key, items in dependencies.items()},
        rest={key: value for key, value in record.items() if key not in _KNOWN_KEYS},
        **fields,
    )


@dataclass
class Snapshot:
    """All resources of a stack.

    Attributes:
        live: by URN, in the order in which they were first made.
        condemned: replaced resources that are still to be deleted, by URN and id.
        pending: creations that began and of which nobody knows whether they ended, by URN.
    """

    live: dict[str, ResourceState] = field(default_factory=dict[str, ResourceState])
    condemned: dict[tuple[str, str], ResourceState] = field(
        default_factory=dict[tuple[str, str], ResourceState]
    )
    pending: dict[str, ResourceState] = field(default_factory=dict[str, ResourceState])

    def put(self, state: ResourceState, was: str = "", condemn: bool = False) -> None:
        """Record `state` as what its URN means from now on.

        Args:
            state: the resource as it is now.
            was: the URN it had before, where an alias led here.
            condemn: whether the former holder of the URN still has to be deleted.
        """
        old = self.live.pop(was, None) if was and was != state.urn else self.live.get(state.urn)
        if condemn and old is not None:
            self.condemned[old.urn, old.id] = replace(old, delete=True)
        self.live[state.urn] = state
        self.pending.pop(state.urn, None)

    def forget(self, urn: str, id_: str, condemned: bool) -> None:
        """Record that a resource is gone."""
        if condemned:
            self.condemned.pop((urn, id_), None)
        else:
            self.live.pop(urn, None)

    def ordered(self) -> list[ResourceState]:
        """Live and condemned resources, each after all that it needs, otherwise in the order they have."""
        return in_order([*self.live.values(), *self.condemned.values()])


def in_order(states: Iterable[ResourceState]) -> list[ResourceState]:
    """Sort so that what a resource needs stands before it; stable otherwise. A cycle is left as it is."""
    by_urn: dict[str, list[ResourceState]] = {}
    for state in states:
        by_urn.setdefault(state.urn, []).append(state)
    done: set[str] = set()
    result: list[ResourceState] = []
    for root in list(by_urn):
        stack: list[tuple[str, bool]] = [(root, False)]
        while stack:
            urn, expanded = stack.pop()
            if expanded:
                result.extend(by_urn[urn])
                continue
            if urn in done:
                continue
            done.add(urn)
            stack.append((urn, True))
            needs = [need for state in by_urn[urn] for need in state.needs()]
            stack.extend((need, False) for need in reversed(needs) if need in by_urn and need not in done)
    return result


def settle_aliases(states: list[ResourceState]) -> list[ResourceState]:
    """Point references at the URNs of today where what they name was renamed by an alias."""
    alive = {state.urn for state in states}
    renamed = {old: state.urn for state in states for old in state.aliases if old not in alive}
    if not renamed:
        return states

    def now(urn: str) -> str:
        return renamed.get(urn, urn)

    def provider_now(reference: str) -> str:
        urn, id_ = urns.split_reference(reference)
        return f"{now(urn)}::{id_}"

    return [
        replace(
            state,
            parent=now(state.parent),
            provider=provider_now(state.provider) if state.provider else "",
            dependencies=tuple(map(now, state.dependencies)),
            property_dependencies={k: tuple(map(now, v)) for k, v in state.property_dependencies.items()},
        )
        for state in states
    ]


def to_deployment(snapshot: Snapshot, crypter: Crypter) -> dict[str, Any]:
    """The document that ``pulumi stack export`` would print for this snapshot."""
    deployment: dict[str, Any] = {
        "manifest": {
            "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            # Pulumi's integrity check compares this with the hash of the version beside it.
            "magic": hashlib.sha256(WRITER.encode()).hexdigest(),
            "version": WRITER,
        },
    }
    records = to_records(snapshot, crypter.encrypt)
    if crypter.salt:  # made by the first secret
        deployment["secrets_providers"] = {"type": "passphrase", "state": {"salt": crypter.salt}}
    return {"version": VERSION, "deployment": {**deployment, **records}}


def to_records(snapshot: Snapshot, encrypt: Callable[[str], str]) -> dict[str, Any]:
    """The part of a deployment that says what the stack consists of."""
    resources = [encode(state, encrypt) for state in settle_aliases(snapshot.ordered())]
    pending = [
        {"resource": encode(state, encrypt), "type": "creating"} for state in snapshot.pending.values()
    ]
    return {"resources": resources, **({"pending_operations": pending} if pending else {})}


def from_deployment(document: dict[str, Any], crypter: Crypter) -> Snapshot:
    """Read a deployment document. A resource deleted for a replacement that never came is left out."""
    deployment = cast(dict[str, Any], document["deployment"])
    snapshot = Snapshot()
    for record in cast(list[dict[str, Any]], deployment.get("resources") or []):
        if record.get("pendingReplacement"):
            continue
        state = decode(record, crypter.decrypt)
        if state.delete:
            snapshot.condemned[state.urn, state.id] = state
        else:
            snapshot.live[state.urn] = state
    for operation in cast(list[dict[str, Any]], deployment.get("pending_operations") or []):
        if operation["type"] == "creating":
            state = decode(operation["resource"], crypter.decrypt)
            snapshot.pending[state.urn] = state
    return snapshot


_VOLATILE: Final = frozenset({"created", "modified", "sourcePosition", "stackTrace", "importID"})
"""Of a record: when, from which line and by which option for its taking over it was written; a run that
changes nothing may change these."""


def overlaid(values: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Properties with those that were found instead; None removes one."""
    return {key: value for key, value in {**values, **found}.items() if found.get(key, value) is not None}


def digest(deployment: dict[str, Any], fingerprints: Fingerprints) -> str:
    """Of what a stack consists of, from a deployment document whose secrets are readable.

    How secrets are encrypted, the order of resources, and times make no difference.
    """
    kinds = ("resources", "pending_operations")
    records = [cast(list[dict[str, Any]], deployment.get(kind) or []) for kind in kinds]
    texts = [sorted(map(_settled, items)) for items in records]
    return fingerprints.digest(json.dumps(texts))


def _settled(record: dict[str, Any]) -> str:
    return json.dumps({key: item for key, item in record.items() if key not in _VOLATILE}, sort_keys=True)


def options_digest(states: Iterable[ResourceState], fingerprints: Fingerprints) -> str:
    """Of what a program asks for beside inputs, from a rehearsal's states."""
    asked = [
        [getattr(state, name) for name in _OPTIONS]
        + [urns.split_reference(state.provider)[0] if state.provider else ""]
        + [show(state.replacement_trigger, fingerprints.of)]
        for state in sorted(states, key=lambda state: state.urn)
    ]
    return fingerprints.digest(json.dumps(asked))


_OPTIONS: Final = (
    "urn",
    "type",
    "custom",
    "parent",
    "protect",
    "retain_on_delete",
    "dependencies",
    "property_dependencies",
    "additional_secret_outputs",
    "ignore_changes",
    "replace_on_changes",
    "aliases",
    "custom_timeouts",
    "import_id",
)


def salt_of(document: dict[str, Any]) -> str:
    """The passphrase salt's record that a deployment document carries, or nothing."""
    provider = cast(dict[str, Any], document["deployment"].get("secrets_providers") or {})
    state = cast(dict[str, Any], provider.get("state") or {})
    return state.get("salt", "") if provider.get("type") == "passphrase" else ""
