"""The path between two VPCs: a peering, accepted on the far side, and routes on both."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from slipway.platform import aws_names
from slipway.platform.addressing import check_private


@dataclass(frozen=True, kw_only=True)
class FarNetwork:
    """The network to be joined, of another stack, and who may change its side."""

    account: str
    region: str
    cidr: str
    vpc_id: pulumi.Input[str]
    route_tables: Mapping[str, pulumi.Input[str]]
    """Ids of its private subnets' route tables, by zone."""
    provider: aws.Provider
    """Works in the far account and region, with the rights to accept a peering and to add routes."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for what names no account, region or private block."""
        where = f"the network of {self.account}"
        aws_names.check_account(self.account, where)
        aws_names.check_region(self.region, where)
        check_private(self.cidr, where)


@dataclass(frozen=True, kw_only=True)
class PeeringArgs:
    """A peering. `name` is its tag; the blocks of the two sides share no address."""

    name: str
    region: str
    cidr: str
    vpc_id: pulumi.Input[str]
    route_tables: Mapping[str, pulumi.Input[str]]
    """Ids of this side's private subnets' route tables, by zone."""
    far: FarNetwork

    def __post_init__(self) -> None:
        """Raise SlipwayError for a block that is none, or not private."""
        check_private(self.cidr, f"peering {self.name}")


class Peering(pulumi.ComponentResource):
    """A peering and its routes. Which ports are open to whom is for security groups to say.

    Who uses the path depends on this component. A route to a peering that is not accepted is a black hole
    (VPC Peering Guide, "VPC peering connection lifecycle").
    """

    connection_id: pulumi.Output[str]

    def __init__(self, name: str, args: PeeringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:network:Peering", name, {}, opts)
        far = args.far
        asked = aws.ec2.VpcPeeringConnection(
            name,
            vpc_id=args.vpc_id,
            peer_vpc_id=far.vpc_id,
            peer_owner_id=far.account,
            peer_region=far.region if far.region != args.region else None,
            tags={"Name": args.name},
            opts=pulumi.ResourceOptions(parent=self),
        )
        accepted = aws.ec2.VpcPeeringConnectionAccepter(
            f"{name}-accepted",
            vpc_peering_connection_id=asked.id,
            auto_accept=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=far.provider,
                # In one account both are one object, and the provider reads its tags as this one's, too.
                ignore_changes=["tags", "tagsAll"],
            ),
        )
        for zone, table in args.route_tables.items():
            aws.ec2.Route(
                f"{name}-{zone}",
                route_table_id=table,
                destination_cidr_block=far.cidr,
                vpc_peering_connection_id=asked.id,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[accepted]),
            )
        for zone, table in far.route_tables.items():
            aws.ec2.Route(
                f"{name}-far-{zone}",
                route_table_id=table,
                destination_cidr_block=args.cidr,
                vpc_peering_connection_id=asked.id,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    provider=far.provider,
                    depends_on=[accepted],
                    # By a new route: who may add routes there may not turn one that stands elsewhere.
                    replace_on_changes=["vpcPeeringConnectionId"],
                    delete_before_replace=True,
                ),
            )
        self.connection_id = asked.id
        self.register_outputs({"connectionId": self.connection_id})
