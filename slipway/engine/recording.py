"""The recorder behind an offline preview: writes down what a program registers, and knows no cloud."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, cast

from slipway.engine import urn as urns
from slipway.engine.fingerprints import Fingerprints
from slipway.engine.interface import Diagnostic
from slipway.engine.registration import AliasSpec, Registration
from slipway.engine.run import Outcome
from slipway.engine.values import Plain, from_state, to_state
from slipway.errors import SlipwayError

_TRIGGER = "replacement_trigger"


@dataclass(frozen=True)
class Rendered:
    """A program's declarations for one stack.

    Attributes:
        registrations: in the order of their URNs; components and lookups included, the root stack not.
        outputs: the stack's outputs, plain values.
        component_outputs: what each component puts out, by URN.
        diagnostics: what the program logged, in the order of the URNs that it concerns; of the whole first.
    """

    project: str
    stack: str
    registrations: tuple[Registration, ...] = ()
    outputs: dict[str, Plain] = field(default_factory=dict[str, Plain])
    component_outputs: dict[str, dict[str, Plain]] = field(default_factory=dict[str, dict[str, Plain]])
    diagnostics: tuple[Diagnostic, ...] = ()


class Recorder:
    """Implements `slipway.engine.monitor.Backend`: inputs are known, everything else is not."""

    def __init__(self) -> None:
        self.registrations: dict[str, Registration] = {}
        self.outputs: dict[str, dict[str, Plain]] = {}
        self.diagnostics: list[Diagnostic] = []
        self._lock = threading.Lock()

    def register(self, registration: Registration) -> Outcome:
        with self._lock:
            if registration.urn in self.registrations:
                raise SlipwayError(
                    "two resources have this type, name and parent; every one needs a name of its own",
                    where=registration.urn,
                )
            self.registrations[registration.urn] = registration
        return Outcome(registration.urn, outputs={} if registration.remote else registration.inputs)

    def read(self, registration: Registration, id_: str) -> Outcome:
        with self._lock:
            self.registrations.setdefault(registration.urn, registration)
        return Outcome(registration.urn)

    def set_outputs(self, urn: str, outputs: dict[str, Plain]) -> None:
        self.outputs[urn] = outputs

    def invoke(
        self, token: str, args: dict[str, Plain], provider: str, version: str
    ) -> dict[str, Plain] | None:
        return None

    def construct(self, registration: Registration) -> tuple[Outcome, dict[str, set[str]]]:
        return self.register(registration), {}

    def log(self, diagnostic: Diagnostic) -> None:
        with self._lock:
            self.diagnostics.append(diagnostic)

    def rendered(self, project: str, stack: str) -> Rendered:
        root = urns.make(stack, project, "", urns.ROOT_TYPE, f"{project}-{stack}")
        return Rendered(
            project,
            stack,
            tuple(item for urn, item in sorted(self.registrations.items()) if urn != root),
            self.outputs.get(root, {}),
            {urn: items for urn, items in sorted(self.outputs.items()) if urn != root},
            # Those about a resource come when its URN is known, which is in another order each time.
            tuple(sorted(self.diagnostics, key=lambda item: item.urn)),
        )


def dump(rendered: Rendered, key: bytes) -> str:
    """As JSON for another process. In the place of a secret stands its keyed digest: enough to see that it
    changed, and useless without the key.
    """

    fingerprints = Fingerprints(key)

    def seal(text: str) -> str:
        return json.dumps(fingerprints.digest(text))

    document = {
        "project": rendered.project,
        "stack": rendered.stack,
        "registrations": [_dump_registration(item, seal) for item in rendered.registrations],
        "outputs": to_state(rendered.outputs, seal),
        "component_outputs": to_state(rendered.component_outputs, seal),
        "diagnostics": [vars(item) for item in rendered.diagnostics],
    }
    return json.dumps(document)


def _dump_registration(item: Registration, seal: Any) -> dict[str, Any]:
    record = {entry.name: getattr(item, entry.name) for entry in fields(item)}
    options = {**item.options, "aliases": [_dump_alias(alias) for alias in item.options.get("aliases", ())]}
    if _TRIGGER in options:
        options[_TRIGGER] = to_state(options[_TRIGGER], seal)
    return {**record, "inputs": to_state(item.inputs, seal), "options": options}


def _dump_alias(alias: str | AliasSpec) -> Any:
    return alias if isinstance(alias, str) else vars(alias)


def load(text: str) -> Rendered:
    """The opposite of `dump`."""
    document = json.loads(text)
    return Rendered(
        document["project"],
        document["stack"],
        tuple(_load_registration(item) for item in document["registrations"]),
        from_state(document["outputs"], None),
        from_state(document["component_outputs"], None),
        tuple(Diagnostic(**item) for item in document["diagnostics"]),
    )


def _load_registration(record: dict[str, Any]) -> Registration:
    options = cast(dict[str, Any], record["options"])
    aliases = tuple(
        alias if isinstance(alias, str) else AliasSpec(**alias) for alias in options.pop("aliases")
    )
    options = {
        key: tuple(cast(list[Any], item)) if isinstance(item, list) else item for key, item in options.items()
    }
    if aliases:
        options["aliases"] = aliases
    if _TRIGGER in options:
        options[_TRIGGER] = from_state(cast(dict[str, Any], record["options"])[_TRIGGER], None)
    needs = cast(Mapping[str, list[str]], record["property_dependencies"])
    fields_: dict[str, Any] = {
        **record,
        "inputs": from_state(record["inputs"], None),
        "options": options,
        "dependencies": tuple(record["dependencies"]),
        "property_dependencies": {key: tuple(items) for key, items in needs.items()},
    }
    return Registration(**fields_)
