"""Whoever looks for drift may read each object that a real stack makes in its cluster, and no release.

A release's own program looks for its drift, with the rights of the role that deploys: reading one takes
Helm's Secrets, which cannot be narrowed to names (Kubernetes, "Using RBAC Authorization", resourceNames).
"""

from typing import Any

import pytest

from slipway.engine.recording import Rendered
from slipway.engine.registration import Registration

READER = "slipway-reader"
CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"


def inside(stack: Rendered) -> list[Registration]:
    return [item for item in stack.registrations if item.custom and item.type.startswith("kubernetes:")]


def may_get(rules: list[dict[str, Any]], item: Registration) -> bool:
    """Whether rules let somebody read the object (RBAC: groups, resources and names of one rule)."""
    _, group_version, kind = item.type.split(":")
    group = group_version.rpartition("/")[0].removesuffix("core").rstrip("/")
    plural = {"NetworkPolicy": "networkpolicies"}.get(kind, f"{kind.lower()}s")
    name = item.inputs["metadata"]["name"]
    return any(
        group in rule["apiGroups"]
        and plural in rule["resources"]
        and "get" in rule["verbs"]
        and name in (rule.get("resourceNames") or [name])
        for rule in rules
    )


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_drift_reads_what_the_stack_makes(stack: str, rendered: dict[str, Rendered]) -> None:
    objects = inside(rendered[stack])
    (role,) = [
        item for item in objects if item.type == CLUSTER_ROLE and item.inputs["metadata"]["name"] == READER
    ]
    assert len(objects) >= 6
    assert [item.name for item in objects if not may_get(role.inputs["rules"], item)] == []


@pytest.mark.parametrize("stack", ["automation", "staging", "prod"])
def test_a_real_stack_makes_no_release(stack: str, rendered: dict[str, Rendered]) -> None:
    assert not [item.name for item in inside(rendered[stack]) if item.type.startswith("kubernetes:helm.sh")]
