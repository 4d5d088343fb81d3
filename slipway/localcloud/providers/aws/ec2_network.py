"""VPCs and subnets."""

import ipaddress
from typing import Any

from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import Ec2Kind, ec2_object, first
from slipway.localcloud.providers.handler import Rule, changed, one_of, upper_first
from slipway.localcloud.providers.values import Props

CIDR_REASON = "must be an IPv4 network of /16 to /28, like 10.0.0.0/16"


def is_network(value: Any) -> bool:
    """https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""
    try:
        return 16 <= ipaddress.IPv4Network(value).prefixlen <= 28
    except ValueError:
        return False


def _vpc(call: AwsCall, vpc: Props, old: Props) -> Props:
    ec2, id_ = call.client("ec2"), str(vpc["VpcId"])
    inside = [{"Name": "vpc-id", "Values": [id_]}]
    groups = ec2.describe_security_groups(Filters=[*inside, {"Name": "group-name", "Values": ["default"]}])
    tables = ec2.describe_route_tables(Filters=[*inside, {"Name": "association.main", "Values": ["true"]}])
    acls = ec2.describe_network_acls(Filters=[*inside, {"Name": "default", "Values": ["true"]}])
    main_table = first([table["RouteTableId"] for table in tables["RouteTables"]])
    return {
        "dhcpOptionsId": vpc.get("DhcpOptionsId"),
        "enableDnsSupport": _attribute(ec2, id_, "enableDnsSupport"),
        "enableDnsHostnames": _attribute(ec2, id_, "enableDnsHostnames"),
        "defaultSecurityGroupId": first([group["GroupId"] for group in groups["SecurityGroups"]]),
        "defaultRouteTableId": main_table,
        "mainRouteTableId": main_table,
        "defaultNetworkAclId": first([acl["NetworkAclId"] for acl in acls["NetworkAcls"]]),
    }


def _attribute(ec2: Any, vpc: str, name: str) -> bool:
    answer = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=name)
    return bool(answer[upper_first(name)]["Value"])


def _vpc_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    # EC2 takes one attribute a call: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcAttribute.html
    for name in ("enableDnsSupport", "enableDnsHostnames"):
        if changed(old, new, name):
            value = {"Value": bool(new.get(name))}
            call.client("ec2").modify_vpc_attribute(VpcId=id_, **{upper_first(name): value})


def _subnet(call: AwsCall, subnet: Props, old: Props) -> Props:
    return {
        "arn": subnet.get("SubnetArn") or call.arn("ec2", f"subnet/{subnet['SubnetId']}"),
        "mapPublicIpOnLaunch": bool(subnet["MapPublicIpOnLaunch"]),
    }


def _subnet_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    if bool(old.get("mapPublicIpOnLaunch")) != bool(new.get("mapPublicIpOnLaunch")):
        value = {"Value": bool(new.get("mapPublicIpOnLaunch"))}
        call.client("ec2").modify_subnet_attribute(SubnetId=id_, MapPublicIpOnLaunch=value)


_CIDR = Rule(name="cidrBlock", reason=CIDR_REASON, accepts=is_network)

HANDLERS = (
    ec2_object(
        Ec2Kind("Vpc"),
        token="aws:ec2/vpc:Vpc",
        page="vpc",
        fields={"CidrBlock": "cidrBlock", "InstanceTenancy": "instanceTenancy"},
        state=_vpc,
        configure=_vpc_configure,
        defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
        rules=(_CIDR, one_of("instanceTenancy", "default", "dedicated")),
    ),
    ec2_object(
        Ec2Kind("Subnet"),
        token="aws:ec2/subnet:Subnet",
        page="subnet",
        fields={
            "VpcId": "vpcId",
            "CidrBlock": "cidrBlock",
            "AvailabilityZone": "availabilityZone",
            "AvailabilityZoneId": "availabilityZoneId",
        },
        state=_subnet,
        configure=_subnet_configure,
        natural=("vpcId", "cidrBlock"),
        defaults={"mapPublicIpOnLaunch": False},
        rules=(_CIDR,),
    ),
)
