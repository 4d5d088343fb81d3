"""A stack in a network that somebody else has, and what AWS says of that network and of a cluster in it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from slipway.platform.authentication import AuthenticationMode
from slipway.platform.network import ExistingNetwork
from slipway.platform.settings import Settings
from slipway.platform.standing import INTERNAL_ROLE, FoundNetwork, FoundSubnet, Route
from slipway.platform.standing_cluster import FoundCluster

from .conftest import parse, stack_values

VPC, OTHER_VPC = f"vpc-{'a' * 17}", f"vpc-{'b' * 17}"
ZONES = ("eu-west-1a", "eu-west-1b")
CIDR, BLOCKS = "10.40.0.0/16", ("10.40.0.0/20", "10.40.16.0/20")
SUBNETS = tuple(f"subnet-{letter * 17}" for letter in "ab")
TABLES = tuple(f"rtb-{letter * 17}" for letter in "ab")
PUBLIC = f"subnet-{'c' * 17}"
NAT, GATEWAY, PEERING = "nat-1", "tgw-1", "pcx-1"
ADMIN = "arn:aws:iam::222222222222:role/platform-admin"
CLUSTER = "shared"


def network(*, route_tables: bool = False) -> dict[str, Any]:
    """The block `network`, as a file has it."""
    rows = zip(ZONES, SUBNETS, BLOCKS, TABLES, strict=True)
    return {
        "vpc": VPC,
        "cidr": CIDR,
        "private_subnets": {
            zone: {"id": subnet, "cidr": block, **({"route_table": table} if route_tables else {})}
            for zone, subnet, block, table in rows
        },
    }


def values(*, existing_cluster: bool = False, route_tables: bool = False, **changes: Any) -> dict[str, Any]:
    """What the files say of `staging` in that network."""
    given = stack_values("staging")
    given["platform"]["network"] = network(route_tables=route_tables)
    if existing_cluster:
        given["platform"]["cluster"] = {"existing": CLUSTER, "administrators": [ADMIN]}
    given["platform"]["cluster"] |= changes
    return given


def settings(**changes: Any) -> Settings:
    """The settings of `staging` in that network."""
    return parse("staging", values(**changes))


def network_of(given: Settings) -> ExistingNetwork:
    found = given.platform.network
    assert isinstance(found, ExistingNetwork)
    return found


def subnet(index: int, *routes: tuple[str, str], **changes: Any) -> FoundSubnet:
    """A private subnet as it should be, with routes besides the one out."""
    return dataclasses.replace(
        FoundSubnet(
            id=SUBNETS[index],
            vpc=VPC,
            zone=ZONES[index],
            cidr=BLOCKS[index],
            tags={INTERNAL_ROLE: "1"},
            table=TABLES[index],
            routes=(Route("0.0.0.0/0", NAT), *(Route(*one) for one in routes)),
        ),
        **changes,
    )


def found_network(subnets: Mapping[str, FoundSubnet] | None = None, **changes: Any) -> FoundNetwork:
    """The network as it should be; `subnets` in place of those with these ids."""
    private = {SUBNETS[index]: subnet(index) for index in range(len(SUBNETS))}
    whole = FoundNetwork(
        owner="222222222222", blocks=(CIDR,), names=True, stack="", subnets={**private, **(subnets or {})}
    )
    return dataclasses.replace(whole, **changes)


def found_cluster(**changes: Any) -> FoundCluster:
    """The cluster as it should be."""
    whole = FoundCluster(
        name=CLUSTER,
        status="ACTIVE",
        version="1.35",
        extended=True,
        mode=AuthenticationMode.API,
        vpc=VPC,
        subnets=SUBNETS,
        security_group="sg-1",
        private=True,
        public=False,
        public_blocks=(),
        endpoint="https://0123.gr7.eu-west-1.eks.amazonaws.com",
        authority="Q0E=",
        issuer="https://oidc.eks.eu-west-1.amazonaws.com/id/0123",
        stack="",
    )
    return dataclasses.replace(whole, **changes)
