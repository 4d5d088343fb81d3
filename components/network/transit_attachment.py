"""The path to other networks over a transit gateway that the organisation has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from slipway.platform.addressing import check_private


@dataclass(frozen=True, kw_only=True)
class TransitAttachmentArgs:
    """One VPC's side: its attachment, and routes from its private subnets to `destinations`."""

    name: str
    transit_gateway_id: str
    vpc_id: pulumi.Input[str]
    private_subnet_ids: pulumi.Input[Sequence[str]]
    route_tables: Mapping[str, pulumi.Input[str]]
    """Ids of the private subnets' route tables, by zone."""
    destinations: Mapping[str, str]
    """Blocks of the other networks, by the stack that has each."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for a destination that is no private block."""
        for stack, block in self.destinations.items():
            check_private(block, f"the network of {stack}")


class TransitAttachment(pulumi.ComponentResource):
    """An attachment and its routes.

    The gateway is the organisation's: it must be shared with the account, accept the attachment, and
    propagate its routes to the others (Amazon VPC Transit Gateways, "Transit gateway attachments to a VPC").
    """

    def __init__(
        self, name: str, args: TransitAttachmentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:network:TransitAttachment", name, {}, opts)
        attachment = aws.ec2transitgateway.VpcAttachment(
            name,
            transit_gateway_id=args.transit_gateway_id,
            vpc_id=args.vpc_id,
            subnet_ids=args.private_subnet_ids,
            tags={"Name": args.name},
            opts=pulumi.ResourceOptions(parent=self),
        )
        for stack, block in args.destinations.items():
            for zone, table in args.route_tables.items():
                aws.ec2.Route(
                    f"{name}-{stack}-{zone}",
                    route_table_id=table,
                    destination_cidr_block=block,
                    transit_gateway_id=args.transit_gateway_id,
                    # A route to a gateway that the VPC is not attached to is refused.
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment]),
                )
        self.register_outputs({})
