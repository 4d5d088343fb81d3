"""What a stack's runs depend on beside program, state and world: told without asking a provider."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, cast

from slipway.engine.fingerprints import Fingerprints
from slipway.engine.interface import Step
from slipway.engine.urn import STACK_REFERENCE
from slipway.engine.values import Plain, to_state

_SDK = "pulumi"


@dataclass(frozen=True)
class Surroundings:
    """Digests and versions by name.

    Attributes:
        config: of each key of the stack's configuration, keyed; however secrets are encrypted.
        upstreams: of each output of other stacks, as `stack: output`, keyed; likewise.
        tools: versions of the engine and what runs the program.
        plugins: versions of what the program's resources are made with.
    """

    config: Mapping[str, str] = field(default_factory=dict[str, str])
    upstreams: Mapping[str, str] = field(default_factory=dict[str, str])
    tools: Mapping[str, str] = field(default_factory=dict[str, str])
    plugins: Mapping[str, str] = field(default_factory=dict[str, str])


def keyed(fingerprints: Fingerprints, kind: str, values: Mapping[str, Plain]) -> dict[str, str]:
    """A digest of each value. Equal values have others in another kind, and under another name."""
    return {
        name: fingerprints.digest(json.dumps([kind, name, to_state(value, str)], sort_keys=True))
        for name, value in values.items()
    }


def of_upstreams(fingerprints: Fingerprints, outputs: Mapping[str, Mapping[str, Plain]]) -> dict[str, str]:
    """A digest of each output of each stack."""
    return {
        name: digest
        for stack, values in outputs.items()
        for name, digest in keyed(
            fingerprints, "output", {f"{stack}: {output}": value for output, value in values.items()}
        ).items()
    }


def referred(steps: Iterable[Step], deployment: Mapping[str, Any]) -> list[str]:
    """The stacks that a program refers to, as it names them: those of a run, by what the state knows of them.

    A reference that the state does not know yet is taken to be called like the stack, as they mostly are.
    """
    resources = cast(list[dict[str, Any]], deployment.get("resources") or [])
    known = {item["urn"]: _named(item) for item in resources if item.get("type") == STACK_REFERENCE}
    seen = {step.urn: step.name for step in steps if step.type == STACK_REFERENCE and step.op != "delete"}
    return sorted({known.get(urn) or name for urn, name in seen.items()})


def _named(reference: Mapping[str, Any]) -> str:
    for kind in ("outputs", "inputs"):
        values = cast(dict[str, Any], reference.get(kind) or {})
        if name := values.get("name"):
            return str(name)
    return ""


def sdk_version() -> dict[str, str]:
    """Of Pulumi's SDK, which runs a Python program."""
    return {"the Pulumi SDK": metadata.version(_SDK)}
