"""The network of an account, as a stack file describes it: to be made, or there already."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from slipway.platform.addressing import subnets
from slipway.platform.model import EXISTING, MADE, Model, form_of
from slipway.platform.values import (
    PrivateCidr,
    PublicAddress,
    RouteTableId,
    SshCidr,
    SubnetId,
    VpcCidr,
    VpcId,
    Zone,
)


class NetworkSettings(Model):
    """The VPC of the account, which this stack makes."""

    cidr: VpcCidr
    """Its addresses: a private block, /16 to /28, cut into a public and a private subnet for each zone."""
    zones: Annotated[
        tuple[Zone, ...], Field(min_length=2, max_length=6, examples=[["eu-west-1a", "eu-west-1b"]])
    ]
    """New ones go to the end: subnets are numbered in this order."""
    nat: Literal["none", "one", "one_per_zone"] = "one"
    """How private subnets reach the internet: not at all, through one gateway, or one in each zone."""
    flow_log_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 90
    """How many days the flow logs are kept (CloudWatch Logs API, PutRetentionPolicy)."""
    image_build_ssh_cidr: SshCidr | None = None
    """Where image builds are reached from by SSH; nobody unless this is set. Only where images are built."""

    @property
    def private_blocks(self) -> tuple[str, ...]:
        """The blocks of its private subnets, in the order of the zones."""
        return tuple(pair.private for pair in subnets(self.cidr, self.zones))

    @property
    def has_way_out(self) -> bool:
        """Whether its private subnets are seen outside, with addresses that are known."""
        return self.nat != "none"

    @property
    def takes_routes(self) -> bool:
        """Whether its route tables are this platform's to add routes to."""
        return True


class ExistingSubnet(Model):
    """A private subnet that is there."""

    id: SubnetId
    """Its id, of a subnet in that zone."""
    cidr: PrivateCidr
    """Its block, which is compared with what AWS says."""
    route_table: RouteTableId | None = None
    """The table that it uses, where Slipway may add its own routes to it: those of the way between the
    runners and the clusters. Without it, whoever owns the network has made that way."""


class ExistingNetwork(Model):
    """A VPC that the organisation has: looked up, compared with this, and never changed."""

    vpc: VpcId
    """Its id."""
    cidr: PrivateCidr
    """The one of its blocks that the subnets below are in. Previews without a credential know no other."""
    private_subnets: Annotated[dict[Zone, ExistingSubnet], Field(min_length=2, max_length=6)]
    """By zone: where nodes and runners are. Each has a way out, by NAT or over a transit gateway."""
    public_subnets: dict[Zone, SubnetId] = Field(default_factory=dict[str, str])
    """By zone, with a route to an internet gateway. Only for image builds by SSH."""
    nat_addresses: tuple[PublicAddress, ...] = ()
    """What its private subnets are seen with outside. Only for runners that come to `reach: addresses`."""
    image_build_ssh_cidr: SshCidr | None = None
    """Where image builds are reached from by SSH; nobody unless this is set. Only where images are built."""

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones that it has private subnets in."""
        return tuple(self.private_subnets)

    @property
    def private_blocks(self) -> tuple[str, ...]:
        """The blocks of its private subnets, in the order of the zones."""
        return tuple(subnet.cidr for subnet in self.private_subnets.values())

    @property
    def has_way_out(self) -> bool:
        """Whether its private subnets are seen outside, with addresses that are known."""
        return bool(self.nat_addresses)

    @property
    def takes_routes(self) -> bool:
        """Whether its route tables are this platform's to add routes to."""
        return bool(self.route_tables)

    @property
    def route_tables(self) -> dict[str, str]:
        """The tables that may be added to, by the first zone that uses each."""
        found: dict[str, str] = {}
        for zone, subnet in self.private_subnets.items():
            if subnet.route_table is not None and subnet.route_table not in found.values():
                found[zone] = subnet.route_table
        return found


def _network(value: object) -> str:
    return form_of(value, "vpc", ExistingNetwork)


AnyNetwork = Annotated[
    Annotated[NetworkSettings, Tag(MADE)] | Annotated[ExistingNetwork, Tag(EXISTING)],
    Discriminator(_network),
]
"""Told apart by `vpc`."""
