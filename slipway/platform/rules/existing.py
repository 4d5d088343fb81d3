"""Mistakes of a network or a cluster that is there already, as far as the files show them.

What AWS has to be asked for is looked at by `slipway/platform/standing.py`.
"""

import ipaddress
from collections.abc import Iterator

from slipway.platform.cluster import ExistingCluster
from slipway.platform.mistakes import Mistake
from slipway.platform.network import ExistingNetwork
from slipway.platform.reach import far_stack, joined_with
from slipway.platform.rules.draft import Draft


def existing_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Every mistake that concerns more than one value of what is there already."""
    if not draft.knows_the_platform:
        return
    platform = draft.settings.platform
    network, cluster = platform.network, platform.cluster
    if isinstance(network, ExistingNetwork):
        yield from _zones(draft, network)
        yield from _blocks(draft, network)
        yield from _each_once(draft, network)
        yield from _route_tables(draft, network)
        yield from _unread(draft, network)
    elif isinstance(cluster, ExistingCluster):
        found = f"'{cluster.existing}' beside a network that this stack makes, which it cannot be in"
        expected = "'vpc' and 'private_subnets' of the network that the cluster is in"
        yield Mistake(draft.platform / "cluster" / "existing", found, expected)
    if draft.knows_the_organization:
        yield from _one_side_alone(draft)


def _zones(draft: Draft, network: ExistingNetwork) -> Iterator[Mistake]:
    region = draft.settings.platform.region
    for key, zones in (("private_subnets", network.zones), ("public_subnets", network.public_subnets)):
        for zone in zones:
            if not zone.startswith(region):
                found, expected = repr(zone), f"a zone of the region {region}"
                yield Mistake(draft.platform / "network" / key / zone, found, expected)


def _blocks(draft: Draft, network: ExistingNetwork) -> Iterator[Mistake]:
    """Routes of the other side lead to `cidr`, so each subnet is in it; a VPC's subnets share no address."""
    place, whole = draft.platform / "network" / "private_subnets", ipaddress.IPv4Network(network.cidr)
    before: dict[str, ipaddress.IPv4Network] = {}
    for zone, subnet in network.private_subnets.items():
        block = ipaddress.IPv4Network(subnet.cidr)
        if not block.subnet_of(whole):
            yield Mistake(place / zone / "cidr", subnet.cidr, f"a block inside of the network's, {whole}")
        for other, taken in before.items():
            if block.overlaps(taken):
                yield Mistake(
                    place / zone / "cidr", subnet.cidr, f"another block than that of {other}, {taken}"
                )
        before[zone] = block


def _each_once(draft: Draft, network: ExistingNetwork) -> Iterator[Mistake]:
    named: dict[str, str] = {}
    places = [(f"private_subnets.{zone}.id", subnet.id) for zone, subnet in network.private_subnets.items()]
    places += [(f"public_subnets.{zone}", name) for zone, name in network.public_subnets.items()]
    for key, name in places:
        first = named.setdefault(name, key)
        if first != key:
            yield Mistake(draft.platform / "network" / key, repr(name), f"another one: it is {first} as well")


def _route_tables(draft: Draft, network: ExistingNetwork) -> Iterator[Mistake]:
    """A way that leads to some of the subnets is none: a name leads to any of a cluster's addresses."""
    without = [zone for zone, subnet in network.private_subnets.items() if subnet.route_table is None]
    for zone in without if network.takes_routes else ():
        expected = "the subnet's route table, as the other zones say it; or none of them"
        place = draft.platform / "network" / "private_subnets" / zone / "route_table"
        yield Mistake(place, "nothing", expected)


def _unread(draft: Draft, network: ExistingNetwork) -> Iterator[Mistake]:
    place, found = draft.platform / "network", "a key that this stack does not read"
    if network.nat_addresses and not draft.settings.platform.runners:
        yield Mistake(place / "nat_addresses", found, "none: only of the network that the runners are in")
    if network.public_subnets and network.image_build_ssh_cidr is None:
        expected = "'image_build_ssh_cidr' beside it, or none: only image builds by SSH use it"
        yield Mistake(place / "public_subnets", found, expected)
    if network.image_build_ssh_cidr is not None and not network.public_subnets:
        expected = "a block of public subnets: image builds are reached by SSH"
        yield Mistake(place / "public_subnets", "nothing", expected)


def _one_side_alone(draft: Draft) -> Iterator[Mistake]:
    """A peering whose routes this platform may make on one side only leads nowhere."""
    settings = draft.settings
    own, far = settings.platform.network, far_stack(settings)
    if far is None or not own.takes_routes or settings.organization.transit_gateway is not None:
        return
    for stack, block in joined_with(settings).items():
        if not block.network.takes_routes:
            yield Mistake(
                draft.platform / "network",
                f"a network to be joined with that of '{stack}', whose file names no 'route_table'",
                f"'route_table' of each private subnet in Pulumi.{stack}.yaml; or 'transit_gateway' in "
                "Pulumi.yaml; or 'vpc' without 'route_table' here, where the organisation has made the whole "
                "way; or 'reach: addresses' of the cluster",
            )
