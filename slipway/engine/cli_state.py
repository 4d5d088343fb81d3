"""What is changed in a state as ``pulumi stack export`` prints it: pure edits, each in place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, cast

from slipway.engine.state import INIT_ERRORS, overlaid

Deployment = dict[str, Any]

RAW_STATE: Final = "__pulumi_raw_state_delta"
"""How a bridged provider gets from its outputs to Terraform's state; it fails where it fits them no longer.
Without it the state is built from the outputs. pulumi-terraform-bridge v3.137, pkg/tfbridge/rawstate.go."""


def undone(deployment: Deployment) -> dict[str, list[str]]:
    """By URN, why an update of a resource that is there has not ended."""
    return {one["urn"]: one[INIT_ERRORS] for one in _live(deployment) if one.get(INIT_ERRORS)}


def mark_undone(deployment: Deployment, reasons: Mapping[str, list[str]]) -> bool:
    """Give resources that have none a reason for the next `up` to update them; whether any took one."""
    lost = [one for one in _live(deployment) if one["urn"] in reasons and not one.get(INIT_ERRORS)]
    for resource in lost:
        resource[INIT_ERRORS] = reasons[resource["urn"]]
    return bool(lost)


def overlay(deployment: Deployment, found: Mapping[str, Mapping[str, Any]]) -> None:
    """Put properties, by URN, into inputs and outputs."""
    for resource in _live(deployment):
        if properties := found.get(resource["urn"]):
            resource["inputs"] = overlaid(resource.get("inputs") or {}, properties)
            changed = {**properties, RAW_STATE: None}
            resource["outputs"] = overlaid(resource.get("outputs") or {}, changed)


def forget(deployment: Deployment, gone: Collection[str]) -> None:
    """Take resources out, and out of what the others depend on, as Pulumi's refresh does."""
    deployment["resources"] = [
        one for one in _resources(deployment) if one.get("delete") or one["urn"] not in gone
    ]
    for resource in _resources(deployment):
        if "dependencies" in resource:
            resource["dependencies"] = [urn for urn in resource["dependencies"] if urn not in gone]
        by_property = cast("dict[str, list[str]]", resource.get("propertyDependencies") or {})
        for name, needed in by_property.items():
            by_property[name] = [urn for urn in needed or () if urn not in gone]


def _resources(deployment: Deployment) -> list[dict[str, Any]]:
    return deployment.get("resources") or []


def _live(deployment: Deployment) -> list[dict[str, Any]]:
    """All but those that only wait for their deletion."""
    return [one for one in _resources(deployment) if not one.get("delete")]
