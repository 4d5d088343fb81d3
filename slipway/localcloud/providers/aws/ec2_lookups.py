"""The lookups of EC2: the one object that an id or filters match, as the AWS provider tells of it."""

from collections.abc import Mapping
from typing import Any, Final

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import Ec2Kind
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.values import Props, items

_ADDRESS = Ec2Kind("Address", id="AllocationId", plural="Addresses")
_TARGETS: Final = {
    "GatewayId": "gatewayId",
    "NatGatewayId": "natGatewayId",
    "TransitGatewayId": "transitGatewayId",
    "VpcPeeringConnectionId": "vpcPeeringConnectionId",
    "NetworkInterfaceId": "networkInterfaceId",
}


def vpc(call: AwsCall, arguments: Props) -> Props:
    """`getVpc`: with its blocks, and whether it has names."""
    found = _only(call, Ec2Kind("Vpc"), arguments)
    ec2, id_ = call.client("ec2"), found["VpcId"]
    names = {
        name: ec2.describe_vpc_attribute(VpcId=id_, Attribute=name)[f"{name[0].upper()}{name[1:]}"]["Value"]
        for name in ("enableDnsHostnames", "enableDnsSupport")
    }
    blocks = [
        {
            "associationId": one["AssociationId"],
            "cidrBlock": one["CidrBlock"],
            "state": one["CidrBlockState"]["State"],
        }
        for one in items(found.get("CidrBlockAssociationSet"))
    ]
    return {
        "id": id_,
        "cidrBlock": found["CidrBlock"],
        "cidrBlockAssociations": blocks,
        "ownerId": found["OwnerId"],
        "state": found["State"],
        "tags": tags.unpaired(found.get("Tags")),
        **names,
    }


def subnet(call: AwsCall, arguments: Props) -> Props:
    """`getSubnet`."""
    found = _only(call, Ec2Kind("Subnet"), arguments)
    return {
        "id": found["SubnetId"],
        "arn": found["SubnetArn"],
        "vpcId": found["VpcId"],
        "availabilityZone": found["AvailabilityZone"],
        "cidrBlock": found["CidrBlock"],
        "tags": tags.unpaired(found.get("Tags")),
    }


def route_table(call: AwsCall, arguments: Props) -> Props:
    """`getRouteTable`: with its routes, but for those within the VPC."""
    found = _only(call, Ec2Kind("RouteTable"), arguments)
    routes = [_route(one) for one in items(found.get("Routes")) if one.get("GatewayId") != "local"]
    return {"id": found["RouteTableId"], "vpcId": found["VpcId"], "routes": routes}


def _route(found: Mapping[str, Any]) -> Props:
    leads = {ours: found[theirs] for theirs, ours in _TARGETS.items() if found.get(theirs)}
    return {"cidrBlock": found.get("DestinationCidrBlock"), **leads}


def address(call: AwsCall, arguments: Props) -> Props:
    """`getElasticIp`."""
    found = _only(call, _ADDRESS, arguments)
    return {"id": found["AllocationId"], "publicIp": found.get("PublicIp")}


def _only(call: AwsCall, what: Ec2Kind, arguments: Props) -> Props:
    """The one object that an id or filters match.

    Raises:
        ProviderError: none, or several, as the AWS provider says it.
    """
    filters = [
        {"Name": given["name"], "Values": list(given["values"])} for given in items(arguments.get("filters"))
    ]
    which = {f"{what.id_key}s": [arguments["id"]]} if arguments.get("id") else {"Filters": filters}
    listed = what.listed(call, **which)
    if len(listed) != 1:
        raise ProviderError(f"{'no' if not listed else 'multiple'} matching EC2 {what.noun} found")
    return listed[0]
