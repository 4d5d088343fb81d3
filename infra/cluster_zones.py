"""A cluster stays in the zones that it was made in, whatever its network gets later.

EKS takes other subnets for a cluster, but only in exactly the zones of the first ones (EKS User Guide,
"View Amazon EKS networking requirements for VPC and subnets", Subnet requirements for clusters).
"""

import pulumi_aws as aws

from infra.in_force import standing_zones
from slipway.errors import SlipwayError
from slipway.platform.cluster import ClusterSettings
from slipway.platform.reading import stack_file
from slipway.platform.settings import Settings


def zones_of(settings: Settings, cluster: ClusterSettings) -> tuple[str, ...]:
    """The zones that a cluster is in, or will be."""
    return cluster.zones or settings.platform.network.zones


def require_zones(settings: Settings, cluster: ClusterSettings, provider: aws.Provider) -> None:
    """Refuse another list of zones for a cluster that stands; nothing is known of one offline.

    Raises:
        SlipwayError: with the list that it has, before anything is registered.
    """
    standing, wanted = standing_zones(cluster.name, provider), zones_of(settings, cluster)
    if standing and standing != frozenset(wanted):
        has = ", ".join(sorted(standing))
        raise SlipwayError(
            f"the cluster is in {has} and stays there; it is declared in {', '.join(wanted)}",
            where=f"cluster {cluster.name} in {stack_file(settings.stack.value)}",
            fix=f"write `zones: [{has}]` into slipway:platform.cluster, and leave the network's as they are",
        )
