"""Looks at the network and the cluster that an organisation has, and refuses what does not fit.

They are never registered: what is read here is all that the program has of them. A preview without a
credential sees none of it, and goes by the file alone.
"""

import datetime
from collections.abc import Iterable, Iterator
from pathlib import Path

import pulumi
import pulumi_aws as aws

from infra.found import found_cluster, found_network, named_routes, routes_of
from infra.in_force import caller, published
from infra.reach import callers
from slipway.platform import naming
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.cluster import AnyCluster, ClusterSettings, ExistingCluster, Reach
from slipway.platform.mistakes import Mistake, SettingsError
from slipway.platform.network import ExistingNetwork
from slipway.platform.reach import Way, far_network, far_stack, way
from slipway.platform.reading import sources, stack_file
from slipway.platform.settings import Settings
from slipway.platform.standing import (
    FoundNetwork,
    FoundSubnet,
    network_mistakes,
    network_warnings,
    way_mistakes,
)
from slipway.platform.standing_cluster import (
    FoundCluster,
    cluster_mistakes,
    cluster_warnings,
    taken_name,
)


def require_fit(
    settings: Settings, provider: aws.Provider, fleet: aws.Provider | None
) -> FoundCluster | None:
    """The cluster that there is already, where this stack is to use one; None offline, and where it makes its
    own.

    Args:
        settings: of the stack.
        provider: of its account.
        fleet: of the account of the runners, where their network is another one.

    Raises:
        SettingsError: with every way in which what is there does not fit, before anything is registered.
    """
    cluster = settings.platform.cluster
    if cluster is None and not isinstance(settings.platform.network, ExistingNetwork):
        return None
    if caller(provider) is None:
        return None
    there = found_cluster(cluster.name, provider) if cluster else None
    network = _network(settings, there, provider)
    found = list(_mistakes(settings, there, network, provider, fleet))
    if found:
        file = stack_file(settings.stack)
        raise SettingsError(file, found, sources(Path(), settings.stack).documents.values())
    if isinstance(settings.platform.network, ExistingNetwork) and network:
        _warn(network_warnings(settings, settings.platform.network, network))
    if not isinstance(cluster, ExistingCluster) or there is None:
        return None
    _warn(cluster_warnings(settings, there, datetime.datetime.now(datetime.UTC).date()))
    return there


def mode_of(cluster: AnyCluster, there: FoundCluster | None) -> AuthenticationMode:
    """How a cluster tells who is calling: as it is declared, or as it is found; offline, by entries."""
    if isinstance(cluster, ClusterSettings):
        return cluster.authentication_mode
    return there.mode if there else AuthenticationMode.API


def _network(settings: Settings, there: FoundCluster | None, provider: aws.Provider) -> FoundNetwork | None:
    network = settings.platform.network
    if not isinstance(network, ExistingNetwork):
        return None
    named = [subnet.id for subnet in network.private_subnets.values()]
    named += [*network.public_subnets.values(), *(there.subnets if there else ())]
    return found_network(network.vpc, dict.fromkeys(named), provider)


def _mistakes(
    settings: Settings,
    there: FoundCluster | None,
    found: FoundNetwork | None,
    provider: aws.Provider,
    fleet: aws.Provider | None,
) -> Iterator[Mistake]:
    network, cluster = settings.platform.network, settings.platform.cluster
    if isinstance(network, ExistingNetwork):
        yield from network_mistakes(settings, network, found)
        if found and cluster and cluster.reach is Reach.PRIVATE:
            named = (subnet.id for subnet in network.private_subnets.values())
            ends = dict.fromkeys([*named, *(there.subnets if there else ())])
            there_are = [found.subnets[one] for one in ends if one in found.subnets]
            yield from way_mistakes(settings, network, there_are, _far(settings, fleet))
    if isinstance(cluster, ExistingCluster):
        yield from cluster_mistakes(settings, cluster, there, callers(settings, cluster, fleet))
    elif cluster and there and published(settings.stack.value, "cluster", provider, "") != cluster.name:
        yield from taken_name(settings, cluster.name, there)


def _far(settings: Settings, fleet: aws.Provider | None) -> list[FoundSubnet]:
    """The runners' subnets with their routes, where somebody else has made the way to them."""
    far, stack = far_network(settings), far_stack(settings)
    if far is None or stack is None or fleet is None or way(settings) is not Way.ORGANIZATION:
        return []
    network, found = far.network, list[FoundSubnet]()
    for zone, block in zip(network.zones, network.private_blocks, strict=True):
        name = naming.private_route_table(naming.network(stack), zone)
        if isinstance(network, ExistingNetwork):
            name = network.private_subnets[zone].id
            table, routes = routes_of(name, network.vpc, fleet)
        else:
            table, routes = named_routes(name, stack.value, fleet)
        found.append(FoundSubnet(id=name, vpc="", zone=zone, cidr=block, table=table, routes=routes))
    return found


def _warn(messages: Iterable[str]) -> None:
    for message in messages:
        pulumi.log.warn(message)
