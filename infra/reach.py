"""The way from the fleet's runners to the cluster: in one network, between two, or from named addresses."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pulumi
import pulumi_aws as aws

from components.cluster.ground import ClusterGround
from components.cluster.runner_ingress import RunnerIngress, RunnerIngressArgs
from components.network.ground import Ground
from components.network.peering import FarNetwork, Peering, PeeringArgs
from components.network.transit_attachment import TransitAttachment, TransitAttachmentArgs
from infra.in_force import caller, far_nat_address, far_route_table, far_vpc
from infra.providers import fleet_provider
from slipway.access import fleet_profile
from slipway.errors import SlipwayError
from slipway.platform import naming
from slipway.platform.cluster import ClusterSettings, ExistingCluster, Reach
from slipway.platform.network import ExistingNetwork, NetworkSettings
from slipway.platform.reach import (
    Way,
    far_network,
    far_stack,
    runner_blocks,
    runner_network,
    transit_destinations,
    way,
    without_image,
)
from slipway.platform.reading import stack_file
from slipway.platform.settings import PlatformSettings, Settings


def warn_of_images(settings: Settings) -> None:
    """Say which classes have no image yet: until they have, jobs that reach the cluster wait for a runner."""
    names = without_image(settings)
    if names:
        where = stack_file(far_stack(settings) or settings.stack)
        pulumi.log.warn(
            f"no runner of {', '.join(names)} starts, on which jobs reach the cluster, before the class has "
            f"an image: build one (docs/from-zero.md), and write its block into {where}"
        )


def far_provider(settings: Settings, provider: aws.Provider) -> aws.Provider | None:
    """The provider that works in the fleet's account, where this stack's network is another."""
    far = far_network(settings)
    if far is None:
        return None
    who = caller(provider)
    if who is not None:
        fleet_profile.write(Path(), settings, who)
    return fleet_provider(settings, far.region)


def public_blocks(
    settings: Settings, cluster: ClusterSettings, network: Ground, fleet: aws.Provider | None
) -> pulumi.Input[Sequence[str]] | None:
    """The blocks that the public endpoint answers to, named ones and the fleet's own; None where there is
    none."""
    if cluster.reach is not Reach.ADDRESSES:
        return None
    named = _named(cluster.addresses)
    block = runner_network(settings)
    if not named and not (block and block.network.has_way_out):
        raise SlipwayError(
            "the public endpoint would answer to nobody, which EKS takes for everybody",
            where=f"cluster.addresses in {stack_file(settings.stack)}",
            fix="name the blocks that call it, or give the fleet's network NAT",
        )
    if settings.platform.runners is not None:
        own = network.nat_addresses
    else:
        own = pulumi.Output.all(*_far_addresses(settings, fleet))
    return own.apply(lambda addresses: sorted({*named, *(f"{address}/32" for address in addresses)}))


def callers(settings: Settings, cluster: ExistingCluster, fleet: aws.Provider | None) -> list[str]:
    """Those of the same blocks that are known before anything is registered."""
    own = settings.platform.network
    fleets = _far_addresses(settings, fleet)
    if settings.platform.runners is not None and isinstance(own, ExistingNetwork):
        fleets += own.nat_addresses
    return sorted({*_named(cluster.addresses), *(f"{one}/32" for one in fleets if isinstance(one, str))})


def _named(addresses: Mapping[str, Sequence[str]]) -> list[str]:
    return [block for blocks in addresses.values() for block in blocks]


def _far_addresses(settings: Settings, fleet: aws.Provider | None) -> list[pulumi.Input[str]]:
    far = far_network(settings)
    if far is None or fleet is None:
        return []
    stack = _far(settings)
    if isinstance(far.network, ExistingNetwork):
        return [*far.network.nat_addresses]
    return [
        far_nat_address(naming.nat_address(naming.network(stack), zone), stack, fleet)
        for zone in _nat_zones(far.network)
    ]


def _nat_zones(network: NetworkSettings) -> tuple[str, ...]:
    """The zones of a network that have a NAT gateway."""
    zones = network.zones
    return {"none": (), "one": zones[:1], "one_per_zone": zones}[network.nat]


def way_in(
    settings: Settings,
    cluster: ClusterGround,
    network: Ground,
    fleet: aws.Provider | None,
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Resource]:
    """Declare the way to the private endpoint; what is made inside of the cluster comes after it and goes
    before it."""
    declared = settings.platform.cluster
    if declared is None or declared.reach is not Reach.PRIVATE or runner_network(settings) is None:
        return []
    ingress = RunnerIngress(
        "runner-ingress",
        RunnerIngressArgs(
            cluster_security_group_id=cluster.security_group_id,
            runner_blocks=runner_blocks(settings),
        ),
        opts=opts,
    )
    far = far_network(settings)
    if far is None or fleet is None or way(settings) is not Way.PEERING:
        return [ingress]
    return [ingress, _peering(settings, network, far, fleet, opts)]


def _peering(
    settings: Settings,
    network: Ground,
    far: PlatformSettings,
    fleet: aws.Provider,
    opts: pulumi.ResourceOptions,
) -> Peering:
    vpc, tables = _far_ids(settings, far, fleet)
    return Peering(
        "fleet-peering",
        PeeringArgs(
            name=f"{naming.network(settings.stack)}-fleet",
            region=settings.platform.region,
            cidr=settings.platform.network.cidr,
            vpc_id=network.vpc_id,
            route_tables=network.private_route_tables,
            far=FarNetwork(
                account=settings.organization.accounts.automation,
                region=far.region,
                cidr=far.network.cidr,
                vpc_id=vpc,
                route_tables=tables,
                provider=fleet,
            ),
        ),
        opts=opts,
    )


def _far_ids(
    settings: Settings, far: PlatformSettings, fleet: aws.Provider
) -> tuple[pulumi.Input[str], dict[str, pulumi.Input[str]]]:
    """The VPC and the private route tables of the fleet, found by their names, or named by its file."""
    if isinstance(far.network, ExistingNetwork):
        return far.network.vpc, {**far.network.route_tables}
    name, stack = naming.network(_far(settings)), _far(settings)
    return far_vpc(name, stack, fleet), {
        zone: far_route_table(naming.private_route_table(name, zone), stack, fleet)
        for zone in far.network.zones
    }


def transit(settings: Settings, network: Ground, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """Declare this stack's side of the way over the organisation's transit gateway, where it has one."""
    gateway = settings.organization.transit_gateway
    destinations = transit_destinations(settings)
    if gateway is None or not destinations or way(settings) is not Way.TRANSIT:
        return []
    attachment = TransitAttachment(
        "transit",
        TransitAttachmentArgs(
            name=naming.network(settings.stack),
            transit_gateway_id=gateway,
            vpc_id=network.vpc_id,
            private_subnet_ids=network.private_subnet_ids,
            route_tables=network.private_route_tables,
            destinations=destinations,
        ),
        opts=opts,
    )
    return [attachment]


def _far(settings: Settings) -> str:
    stack = far_stack(settings)
    return stack.value if stack else settings.stack.value
