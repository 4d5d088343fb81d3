"""Mistakes of the cluster: administrators with two purposes, no way to it, add-ons of no version.

Who would be locked out is for `infra/cluster_access.py` to prove.
"""

from collections.abc import Iterator
from typing import get_args

from slipway.platform import naming
from slipway.platform.addon_versions import Addon
from slipway.platform.aws_names import mapped_arn
from slipway.platform.cluster import ClusterSettings, ExistingCluster
from slipway.platform.mistakes import Mistake
from slipway.platform.rules.draft import Draft


def cluster_mistakes(draft: Draft) -> Iterator[Mistake]:
    """EKS takes one entry for a role, aws-auth tells roles by their names alone, and the apply role is in."""
    settings, cluster = draft.settings, draft.settings.platform.cluster
    if cluster is None:
        return
    plan = naming.role_arn(settings.account, naming.plan_role(settings.stack))
    apply = naming.role_arn(settings.account, naming.apply_role(settings.stack))
    made = "applies the stack" if isinstance(cluster, ExistingCluster) else "made the cluster"
    taken = {apply: f"{made}: it is an administrator already", plan: "is the stack's plan role"}
    for service, _, name, _, place in draft.held():
        role = naming.role_arn(settings.account, naming.environment_role(service, name))
        taken[role] = f"is the role of {place}"
    reasons = {mapped_arn(arn): reason for arn, reason in taken.items()}
    for index, role in enumerate(cluster.administrators):
        place = draft.platform / "cluster" / "administrators" / index
        reason = reasons.setdefault(mapped_arn(role), f"has the same name as {place.path}")
        if reason != f"has the same name as {place.path}":
            yield Mistake(place, repr(role), f"the role of a person: this one {reason}")
    if isinstance(cluster, ClusterSettings):
        yield from _addons(draft, cluster)
        yield from _zones(draft, cluster)


def _addons(draft: Draft, cluster: ClusterSettings) -> Iterator[Mistake]:
    """Left alone, an add-on is whatever version is the newest on the day."""
    place = draft.platform / "cluster" / "addon_versions"
    for addon in get_args(Addon):
        if cluster.addon(addon) is None:
            expected = f"its version: Slipway knows none for Kubernetes {cluster.version}"
            yield Mistake(place / addon, "nothing", expected)
    proxy = cluster.addon("kube-proxy")
    if proxy and not proxy.startswith(f"v{cluster.version}."):
        yield Mistake(
            place / "kube-proxy", repr(proxy), f"one of the cluster's own version {cluster.version}"
        )


def _zones(draft: Draft, cluster: ClusterSettings) -> Iterator[Mistake]:
    """EKS wants two at least, and each has a subnet (EKS User Guide, networking requirements)."""
    place, zones = draft.platform / "cluster" / "zones", cluster.zones
    if not zones:
        return
    network = draft.settings.platform.network.zones
    for index, zone in enumerate(zones):
        if zone not in network:
            yield Mistake(place / index, repr(zone), f"one of the network's zones: {', '.join(network)}")
    if len(set(zones)) < max(len(zones), 2):
        yield Mistake(place, ", ".join(zones), "two zones at least, each once")
