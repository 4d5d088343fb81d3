"""VPC endpoints, gateway and interface."""

# ruff: noqa: S106 - a `token` is a Pulumi type token here

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.ec2_network import first
from slipway.localcloud.providers.aws.iam import DOCS
from slipway.localcloud.providers.handler import Handler, changed, names, one_of, pattern, pick
from slipway.localcloud.providers.values import Props, items

_GONE = ("deleted", "deleting")


def _create(call: AwsCall, inputs: Props) -> str:
    given = pick(
        inputs,
        {
            "VpcId": "vpcId",
            "ServiceName": "serviceName",
            "VpcEndpointType": "vpcEndpointType",
            "PolicyDocument": "policy",
            "RouteTableIds": "routeTableIds",
            "SubnetIds": "subnetIds",
            "SecurityGroupIds": "securityGroupIds",
        },
    )
    if inputs["vpcEndpointType"] == "Interface":
        given["PrivateDnsEnabled"] = bool(inputs.get("privateDnsEnabled"))
    made = call.client("ec2").create_vpc_endpoint(
        **given, TagSpecifications=tags.specification(call, "vpc-endpoint", inputs)
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def _read(call: AwsCall, id_: str, old: Props) -> Props | None:
    del old
    listed = call.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[id_])["VpcEndpoints"]
    found: Props | None = first([one for one in listed if str(one["State"]).lower() not in _GONE])
    if found is None:
        return None
    groups = found.get("SecurityGroupIds") or [one["GroupId"] for one in items(found.get("Groups"))]
    return {
        "arn": call.arn("ec2", f"vpc-endpoint/{id_}"),
        "vpcId": found["VpcId"],
        "serviceName": found["ServiceName"],
        "vpcEndpointType": found["VpcEndpointType"],
        "state": found["State"],
        "ownerId": found.get("OwnerId", call.account),
        "policy": found.get("PolicyDocument"),
        "privateDnsEnabled": bool(found.get("PrivateDnsEnabled")),
        "routeTableIds": found.get("RouteTableIds") or None,
        "subnetIds": found.get("SubnetIds") or None,
        "securityGroupIds": groups or None,
        "networkInterfaceIds": items(found.get("NetworkInterfaceIds")),
        "requesterManaged": bool(found.get("RequesterManaged")),
        "dnsEntries": [
            {"dnsName": one.get("DnsName"), "hostedZoneId": one.get("HostedZoneId")}
            for one in items(found.get("DnsEntries"))
        ],
        "tagsAll": tags.unpaired(found.get("Tags")),
    }


_LISTS = (
    ("RouteTableIds", "routeTableIds"),
    ("SubnetIds", "subnetIds"),
    ("SecurityGroupIds", "securityGroupIds"),
)


def _configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    if not old:
        return
    given: Props = {}
    for parameter, name in _LISTS:
        before, after = set(old.get(name) or []), set(new.get(name) or [])
        given[f"Add{parameter}"] = sorted(after - before)
        given[f"Remove{parameter}"] = sorted(before - after)
    if changed(old, new, "policy"):
        given["PolicyDocument"] = new.get("policy")
    if changed(old, new, "privateDnsEnabled") and new["vpcEndpointType"] == "Interface":
        given["PrivateDnsEnabled"] = bool(new.get("privateDnsEnabled"))
    given = {key: value for key, value in given.items() if value not in (None, [])}
    if given:
        call.client("ec2").modify_vpc_endpoint(VpcEndpointId=id_, **given)


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    if _read(call, id_, state) is not None:
        call.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[id_])


def _find(call: AwsCall, inputs: Props) -> str | None:
    del inputs
    found = call.client("ec2").describe_vpc_endpoints(Filters=tags.stamped(call))["VpcEndpoints"]
    return first([one["VpcEndpointId"] for one in found if str(one["State"]).lower() not in _GONE])


HANDLERS = (
    Handler[AwsCall](
        token="aws:ec2/vpcEndpoint:VpcEndpoint",
        source=f"{DOCS}/vpc_endpoint",
        create=_create,
        read=_read,
        configure=_configure,
        delete=_delete,
        find=_find,
        tagger=tags.EC2,
        # A VPC has one gateway endpoint for a service, and one interface endpoint with its private name.
        natural=("vpcId", "serviceName"),
        documents=names("policy"),
        defaults={"vpcEndpointType": "Gateway"},
        rules=(
            one_of("vpcEndpointType", "Gateway", "Interface", "GatewayLoadBalancer"),
            pattern(
                "serviceName",
                r"(com|cn|aws)\.[\w.-]+",
                "must be a service's full name, like com.amazonaws.eu-west-1.s3",
            ),
        ),
    ),
)
