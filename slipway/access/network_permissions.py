"""What it takes to find another stack's network, and to join it.

Actions, their resources and their condition keys are those of the Service Authorization Reference, "Actions,
resources, and condition keys for Amazon EC2".
"""

from slipway.access.statements import Statement, allow
from slipway.platform import naming
from slipway.platform.declaration import JoinNetwork

ACCEPT = "ec2:AcceptVpcPeeringConnection"
ROUTES = ("ec2:CreateRoute", "ec2:DeleteRoute")
"""EC2 has no condition for a route's destination, so that whoever adds routes to a table may take its
others."""


def read() -> tuple[Statement, ...]:
    """What is there: EC2 cannot be asked for one VPC only."""
    kinds = (
        "Addresses",
        "AddressesAttribute",
        "RouteTables",
        "VpcAttribute",
        "VpcPeeringConnections",
        "Vpcs",
    )
    return (allow("FindNetwork", [f"ec2:Describe{kind}" for kind in kinds], ["*"]),)


def join(grant: JoinNetwork) -> tuple[Statement, ...]:
    """Accept what the other account asks for, into the stack's own VPC, and route to it from its own
    tables."""
    here = f"arn:aws:ec2:{grant.region}:{grant.account}"
    asked = {"ArnLike": {"ec2:RequesterVpc": f"arn:aws:ec2:*:{grant.from_account}:vpc/*"}}
    accept = allow("AcceptPeering", [ACCEPT], [f"{here}:vpc-peering-connection/*"], asked)
    if grant.vpc:
        # What the organisation has carries no tag of the stack's, and is named by its file.
        tables = [f"{here}:route-table/{table}" for table in grant.route_tables]
        return (
            accept,
            allow("IntoOwnNetwork", [ACCEPT], [f"{here}:vpc/{grant.vpc}"]),
            *([allow("RouteOwnSubnets", ROUTES, tables)] if tables else []),
        )
    own = {"StringEquals": {"aws:ResourceTag/slipway:stack": grant.stack}}
    private = {
        "StringLike": {"aws:ResourceTag/Name": naming.private_route_tables(naming.network(grant.stack))}
    }
    return (
        accept,
        allow("IntoOwnNetwork", [ACCEPT], [f"{here}:vpc/*"], own),
        # The tables of private subnets alone: what is public is no runner's.
        allow("RouteOwnSubnets", ROUTES, [f"{here}:route-table/*"], own | private),
    )
