"""What there is already where this run works, looked at and proven before it registers anything."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_aws as aws

from components.cluster.lockout import AccessDeclaration
from infra.cluster_access import access_declaration, adopted_entries, require_way_in, used_entries
from infra.cluster_zones import require_zones
from infra.existing import mode_of, require_fit
from slipway.platform.cluster import ExistingCluster
from slipway.platform.environments import Environment
from slipway.platform.platform_roles import PlatformRoles
from slipway.platform.settings import Settings
from slipway.platform.standing_cluster import FoundCluster


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What there is of a stack's cluster."""

    cluster: FoundCluster | None
    """The one that somebody else made; None offline, and where the stack makes its own."""
    access: AccessDeclaration
    """Who gets in once this run is done, which is proven to lock nobody out."""
    adopted: frozenset[str] = frozenset()
    """Roles whose entries are taken over."""
    used: frozenset[str] = frozenset()
    """Roles whose entries are somebody else's, and stay so."""


def standing_of(
    settings: Settings,
    environments: Sequence[Environment],
    own: PlatformRoles,
    provider: aws.Provider,
    fleet: aws.Provider | None,
) -> Standing | None:
    """Look, and prove; None for a stack without a cluster.

    Raises:
        SlipwayError: what is there does not fit, or somebody would be locked out of a cluster.
    """
    found = require_fit(settings, provider, fleet)
    cluster = settings.platform.cluster
    if cluster is None:
        return None
    access = access_declaration(settings, cluster, mode_of(cluster, found), environments, own)
    require_way_in(settings, access, provider)
    if isinstance(cluster, ExistingCluster):
        used = used_entries(settings, cluster, environments, own, provider)
        return Standing(cluster=found, access=access, used=used)
    require_zones(settings, cluster, provider)
    adopted = adopted_entries(settings, cluster, environments, own, provider)
    return Standing(cluster=None, access=access, adopted=adopted)
