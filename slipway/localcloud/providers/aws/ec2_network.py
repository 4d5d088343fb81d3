"""VPCs and subnets."""

# ruff: noqa: S106 - a `token` is a Pulumi type token here

import ipaddress
from typing import Any

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.iam import DOCS
from slipway.localcloud.providers.handler import Handler, Rule, changed, one_of, pick
from slipway.localcloud.providers.values import Props

CIDR_REASON = "must be an IPv4 network of /16 to /28, like 10.0.0.0/16"


def is_network(value: Any) -> bool:
    """https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""
    try:
        return 16 <= ipaddress.IPv4Network(value).prefixlen <= 28
    except ValueError:
        return False


def first(listed: list[Any]) -> Any:
    return listed[0] if listed else None


def _vpc_create(call: AwsCall, inputs: Props) -> str:
    given = pick(inputs, {"CidrBlock": "cidrBlock", "InstanceTenancy": "instanceTenancy"})
    made = call.client("ec2").create_vpc(**given, TagSpecifications=tags.specification(call, "vpc", inputs))
    return str(made["Vpc"]["VpcId"])


def _vpc_read(call: AwsCall, id_: str, old: Props) -> Props:
    del old
    ec2 = call.client("ec2")
    found: Props = ec2.describe_vpcs(VpcIds=[id_])["Vpcs"][0]
    inside = [{"Name": "vpc-id", "Values": [id_]}]
    groups = ec2.describe_security_groups(Filters=[*inside, {"Name": "group-name", "Values": ["default"]}])
    tables = ec2.describe_route_tables(Filters=[*inside, {"Name": "association.main", "Values": ["true"]}])
    acls = ec2.describe_network_acls(Filters=[*inside, {"Name": "default", "Values": ["true"]}])
    table = first([one["RouteTableId"] for one in tables["RouteTables"]])
    return {
        "arn": call.arn("ec2", f"vpc/{id_}"),
        "cidrBlock": found["CidrBlock"],
        "instanceTenancy": found["InstanceTenancy"],
        "ownerId": found.get("OwnerId", call.account),
        "dhcpOptionsId": found.get("DhcpOptionsId"),
        "enableDnsSupport": _attribute(ec2, id_, "enableDnsSupport"),
        "enableDnsHostnames": _attribute(ec2, id_, "enableDnsHostnames"),
        "defaultSecurityGroupId": first([one["GroupId"] for one in groups["SecurityGroups"]]),
        "defaultRouteTableId": table,
        "mainRouteTableId": table,
        "defaultNetworkAclId": first([one["NetworkAclId"] for one in acls["NetworkAcls"]]),
        "tagsAll": tags.unpaired(found.get("Tags")),
    }


def _attribute(ec2: Any, vpc: str, name: str) -> bool:
    found = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)
    return bool(found[f"{name[:1].upper()}{name[1:]}"]["Value"])


def _vpc_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    # EC2 takes one attribute a call: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcAttribute.html
    for name, parameter in (
        ("enableDnsSupport", "EnableDnsSupport"),
        ("enableDnsHostnames", "EnableDnsHostnames"),
    ):
        if changed(old, new, name):
            value = {"Value": bool(new.get(name))}
            call.client("ec2").modify_vpc_attribute(VpcId=id_, **{parameter: value})


def _vpc_delete(call: AwsCall, id_: str, state: Props) -> None:
    del state
    call.client("ec2").delete_vpc(VpcId=id_)


def _vpc_find(call: AwsCall, inputs: Props) -> str | None:
    del inputs
    found = call.client("ec2").describe_vpcs(Filters=tags.stamped(call))["Vpcs"]
    return first([one["VpcId"] for one in found])


def _subnet_create(call: AwsCall, inputs: Props) -> str:
    given = pick(
        inputs,
        {
            "VpcId": "vpcId",
            "CidrBlock": "cidrBlock",
            "AvailabilityZone": "availabilityZone",
            "AvailabilityZoneId": "availabilityZoneId",
        },
    )
    made = call.client("ec2").create_subnet(
        **given, TagSpecifications=tags.specification(call, "subnet", inputs)
    )
    return str(made["Subnet"]["SubnetId"])


def _subnet_read(call: AwsCall, id_: str, old: Props) -> Props:
    del old
    found: Props = call.client("ec2").describe_subnets(SubnetIds=[id_])["Subnets"][0]
    return {
        "arn": found.get("SubnetArn") or call.arn("ec2", f"subnet/{id_}"),
        "vpcId": found["VpcId"],
        "cidrBlock": found["CidrBlock"],
        "availabilityZone": found["AvailabilityZone"],
        "availabilityZoneId": found.get("AvailabilityZoneId"),
        "mapPublicIpOnLaunch": bool(found["MapPublicIpOnLaunch"]),
        "ownerId": found.get("OwnerId"),
        "tagsAll": tags.unpaired(found.get("Tags")),
    }


def _subnet_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    if bool(old.get("mapPublicIpOnLaunch")) != bool(new.get("mapPublicIpOnLaunch")):
        value = {"Value": bool(new.get("mapPublicIpOnLaunch"))}
        call.client("ec2").modify_subnet_attribute(SubnetId=id_, MapPublicIpOnLaunch=value)


def _subnet_delete(call: AwsCall, id_: str, state: Props) -> None:
    del state
    call.client("ec2").delete_subnet(SubnetId=id_)


def _subnet_find(call: AwsCall, inputs: Props) -> str | None:
    del inputs
    found = call.client("ec2").describe_subnets(Filters=tags.stamped(call))["Subnets"]
    return first([one["SubnetId"] for one in found])


_CIDR = Rule(name="cidrBlock", reason=CIDR_REASON, accepts=is_network)

HANDLERS = (
    Handler[AwsCall](
        token="aws:ec2/vpc:Vpc",
        source=f"{DOCS}/vpc",
        create=_vpc_create,
        read=_vpc_read,
        configure=_vpc_configure,
        delete=_vpc_delete,
        find=_vpc_find,
        tagger=tags.EC2,
        defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
        rules=(_CIDR, one_of("instanceTenancy", "default", "dedicated")),
    ),
    Handler[AwsCall](
        token="aws:ec2/subnet:Subnet",
        source=f"{DOCS}/subnet",
        create=_subnet_create,
        read=_subnet_read,
        configure=_subnet_configure,
        delete=_subnet_delete,
        find=_subnet_find,
        tagger=tags.EC2,
        natural=("vpcId", "cidrBlock"),
        defaults={"mapPublicIpOnLaunch": False},
        rules=(_CIDR,),
    ),
)
