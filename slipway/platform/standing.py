"""What AWS says of a network that is there already, compared with what a stack's file says of it.

Everything here is told before anything is registered, as a mistake of the file: what was found, and what to
write or to have changed by whoever owns the network.
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from slipway.platform.mistakes import Mistake, Place
from slipway.platform.network import ExistingNetwork, ExistingSubnet
from slipway.platform.reach import Way, joined_with, way
from slipway.platform.reading import PREFIX, stack_file
from slipway.platform.settings import Settings

ANYWHERE = "0.0.0.0/0"
INTERNAL_ROLE = "kubernetes.io/role/internal-elb"
"""The tag by which load balancer controllers find the private subnets (EKS User Guide, "Route internet
traffic with ALBs")."""

_WAYS_OUT = ("nat-", "tgw-", "eni-", "vpce-")
"""What a default route of a private subnet may lead to: a NAT gateway, a network that has one, a firewall."""
_WAYS_ACROSS = ("tgw-", "pcx-", "vgw-", "eni-", "vpce-")
"""What a route to another private network may lead to."""


@dataclass(frozen=True)
class Route:
    """A route of a table."""

    destination: str
    """A block, or the id of a prefix list, whose blocks are not looked at."""
    target: str
    """The id of what it leads to, which says by its beginning what that is."""


@dataclass(frozen=True, kw_only=True)
class FoundSubnet:
    """A subnet as EC2 describes it, with the table that it uses."""

    id: str
    vpc: str
    zone: str
    cidr: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    table: str
    routes: tuple[Route, ...]

    def target(self, block: str) -> str:
        """What the most exact route leads to that has a whole block; empty where none has."""
        wanted = ipaddress.IPv4Network(block)
        fitting = [
            (ipaddress.IPv4Network(route.destination).prefixlen, route.target)
            for route in self.routes
            if "/" in route.destination and wanted.subnet_of(ipaddress.IPv4Network(route.destination))
        ]
        return max(fitting)[1] if fitting else ""

    def leads_across(self, block: str) -> bool:
        """Whether a packet to a block of another private network leaves on a way that may end there."""
        by_list = [route.target for route in self.routes if "/" not in route.destination]
        return any(target.startswith(_WAYS_ACROSS) for target in (self.target(block), *by_list))


@dataclass(frozen=True, kw_only=True)
class FoundNetwork:
    """A VPC as EC2 describes it. Subnets are by id, without those that are not there."""

    owner: str
    """The account that has it."""
    blocks: tuple[str, ...]
    names: bool
    """Whether it resolves and gives out DNS names."""
    stack: str
    """The stack that it is tagged with, empty for one that is not Slipway's."""
    subnets: Mapping[str, FoundSubnet]


def network_place(settings: Settings) -> Place:
    """Where the block of the stack's network stands."""
    return Place(stack_file(settings.stack), f"{PREFIX}platform.network")


def network_mistakes(
    settings: Settings, network: ExistingNetwork, found: FoundNetwork | None
) -> Iterator[Mistake]:
    """Every way in which a network is not what the file says, or not fit for what is to be in it.

    Args:
        settings: of the stack.
        network: as its file says.
        found: as AWS says; None where there is no such VPC.
    """
    place = network_place(settings)
    if found is None:
        yield Mistake(
            place / "vpc",
            f"{network.vpc}, which is not there in {settings.platform.region} of account {settings.account}",
            f"the id of a VPC there: aws ec2 describe-vpcs --region {settings.platform.region}",
        )
        return
    yield from _vpc(settings, network, found)
    for zone, subnet in network.private_subnets.items():
        where = place / "private_subnets" / zone
        there = found.subnets.get(subnet.id)
        if there is None:
            yield _absent(where / "id", subnet.id, network)
            continue
        yield from _belongs(where / "id", there, network, zone)
        yield from _private(where, there, subnet)
    for zone, name in network.public_subnets.items():
        where = place / "public_subnets" / zone
        there = found.subnets.get(name)
        if there is None:
            yield _absent(where, name, network)
            continue
        yield from _belongs(where, there, network, zone)
        if not there.target(ANYWHERE).startswith("igw-"):
            expected = "a public subnet: one whose default route leads to an internet gateway"
            yield Mistake(where, f"{name}, which has no route to an internet gateway", expected)


def _vpc(settings: Settings, network: ExistingNetwork, found: FoundNetwork) -> Iterator[Mistake]:
    place = network_place(settings)
    if found.stack:
        expected = "no 'vpc' here: the stack makes it, 'cidr' and 'zones' say how"
        if found.stack != settings.stack.value:
            expected = "the VPC of somebody else: what one stack makes, another stack must not rely on"
        yield Mistake(place / "vpc", f"{network.vpc}, which the stack '{found.stack}' has made", expected)
    if found.owner != settings.account:
        yield Mistake(
            place / "vpc",
            f"{network.vpc}, which is shared by account {found.owner}",
            "a VPC of the stack's own account: of a shared one neither tags nor routes can be seen here "
            '(Amazon VPC User Guide, "Share your VPC subnets with other accounts")',
        )
    if network.cidr not in found.blocks:
        yield Mistake(place / "cidr", network.cidr, f"one of the VPC's blocks: {', '.join(found.blocks)}")
    if not found.names:
        yield Mistake(
            place / "vpc",
            f"{network.vpc}, which has no DNS hostnames, or no DNS resolution",
            'both, or no node finds its cluster (EKS User Guide, "VPC requirements"): aws ec2 '
            f"modify-vpc-attribute --vpc-id {network.vpc} --enable-dns-hostnames",
        )
    for stack, block in joined_with(settings).items():
        for own in found.blocks:
            # The file's own block is compared when the file is read.
            if own != network.cidr and _overlap(own, block.network.cidr):
                yield Mistake(
                    place / "vpc",
                    f"{network.vpc}, whose block {own} overlaps {block.network.cidr} of '{stack}'",
                    "networks without a common address, or 'reach: addresses' of the cluster",
                )


def _absent(where: Place, name: str, network: ExistingNetwork) -> Mistake:
    asked = f"aws ec2 describe-subnets --filters Name=vpc-id,Values={network.vpc}"
    return Mistake(where, f"{name}, which is not there", f"a subnet of {network.vpc}: {asked}")


def _belongs(where: Place, there: FoundSubnet, network: ExistingNetwork, zone: str) -> Iterator[Mistake]:
    if there.vpc != network.vpc:
        yield Mistake(where, f"{there.id}, which is in {there.vpc}", f"a subnet of {network.vpc}")
    if there.zone != zone:
        yield Mistake(where, f"{there.id}, which is in {there.zone}", f"it under its own zone, {there.zone}")


def _private(where: Place, there: FoundSubnet, subnet: ExistingSubnet) -> Iterator[Mistake]:
    if there.cidr != subnet.cidr:
        yield Mistake(where / "cidr", subnet.cidr, f"the subnet's own block, {there.cidr}")
    out = there.target(ANYWHERE)
    if out.startswith("igw-"):
        expected = "a private subnet: nodes and runners get no public address"
        yield Mistake(where / "id", f"{there.id}, whose default route leads to the internet, {out}", expected)
    elif not out.startswith(_WAYS_OUT):
        yield Mistake(
            where / "id",
            f"{there.id}, whose table {there.table} has no default route to a NAT gateway",
            "a subnet with one, or with a transit gateway or a firewall in its place: nodes would never "
            "join, and no runner would get a job",
        )
    if subnet.route_table is not None and subnet.route_table != there.table:
        yield Mistake(
            where / "route_table", subnet.route_table, f"the table that the subnet uses, {there.table}"
        )


def way_mistakes(
    settings: Settings,
    network: ExistingNetwork,
    subnets: Sequence[FoundSubnet],
    far: Sequence[FoundSubnet],
) -> Iterator[Mistake]:
    """What is missing of a way between this network and the runners that somebody else made, and what is
    in the way of one that is to be made.

    Args:
        settings: of a stack whose cluster has a private endpoint alone.
        network: this stack's.
        subnets: those that must be reached: its private ones, and a standing cluster's.
        far: the private ones of the runners' network, as far as they can be seen.
    """
    place = network_place(settings) / "private_subnets"
    zones = {subnet.id: zone for zone, subnet in network.private_subnets.items()}
    for stack, block in joined_with(settings).items():
        for subnet in subnets:
            where = place / zones[subnet.id] / "id" if subnet.id in zones else place
            if way(settings) is Way.ORGANIZATION:
                missing = [cidr for cidr in block.network.private_blocks if not subnet.leads_across(cidr)]
                if missing:
                    yield _no_way(where, subnet, missing, f"the runners of '{stack}'")
            elif subnet.table not in network.route_tables.values():
                expected = "a subnet that uses one of the tables named as 'route_table'"
                yield Mistake(where, f"{subnet.id}, which uses {subnet.table}", expected)
            else:
                yield from _taken(where, subnet, block.network.cidr)
        for subnet in far if way(settings) is Way.ORGANIZATION else ():
            if not subnet.leads_across(network.cidr):
                yield _no_way(place, subnet, [network.cidr], f"this network, from '{stack}'")


def _no_way(where: Place, subnet: FoundSubnet, blocks: Sequence[str], to: str) -> Mistake:
    return Mistake(
        where,
        f"{subnet.id}, whose table {subnet.table} leads nowhere for {', '.join(blocks)}: to {to}",
        "a route over a peering or a transit gateway from whoever owns the network; or 'route_table' beside "
        "each 'id', and Slipway makes the way; or 'reach: addresses' of the cluster",
    )


def _taken(where: Place, subnet: FoundSubnet, block: str) -> Iterator[Mistake]:
    """A table has one route to a block. One over a peering or a gateway may be this stack's own."""
    for route in subnet.routes:
        if route.destination == block and not route.target.startswith(("pcx-", "tgw-")):
            found = f"{subnet.id}, whose table {subnet.table} leads {block} to {route.target} already"
            yield Mistake(where, found, "a table without that route, in which Slipway makes its own")


def network_warnings(settings: Settings, network: ExistingNetwork, found: FoundNetwork) -> Iterator[str]:
    """What works, and yet may not be what was meant."""
    for zone, subnet in network.private_subnets.items():
        there = found.subnets.get(subnet.id)
        if settings.platform.cluster and there and there.tags.get(INTERNAL_ROLE) != "1":
            yield (
                f"no load balancer controller finds {subnet.id} in {zone} by itself: it lacks the tag "
                f"{INTERNAL_ROLE}=1, which whoever owns the network gives it "
                f"({stack_file(settings.stack)})"
            )


def _overlap(one: str, other: str) -> bool:
    return ipaddress.IPv4Network(one).overlaps(ipaddress.IPv4Network(other))
