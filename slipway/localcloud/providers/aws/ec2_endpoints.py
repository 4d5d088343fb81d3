"""VPC endpoints, gateway and interface."""

from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import Ec2Kind, ec2_object
from slipway.localcloud.providers.handler import changed, names, one_of, pattern, pick
from slipway.localcloud.providers.values import Props, items

_ENDPOINT = Ec2Kind("VpcEndpoint")
_LISTS = {
    "RouteTableIds": "routeTableIds",
    "SubnetIds": "subnetIds",
    "SecurityGroupIds": "securityGroupIds",
}
_FIELDS = {
    "VpcId": "vpcId",
    "ServiceName": "serviceName",
    "VpcEndpointType": "vpcEndpointType",
    "PolicyDocument": "policy",
    **_LISTS,
}


def _create(call: AwsCall, inputs: Props) -> str:
    given = pick(inputs, _FIELDS)
    if inputs["vpcEndpointType"] == "Interface":
        given["PrivateDnsEnabled"] = bool(inputs.get("privateDnsEnabled"))
    made = call.client("ec2").create_vpc_endpoint(
        **given, TagSpecifications=_ENDPOINT.specification(call, inputs)
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def _state(call: AwsCall, endpoint: Props, old: Props) -> Props:
    groups = endpoint.get("SecurityGroupIds") or [group["GroupId"] for group in items(endpoint.get("Groups"))]
    return {
        "state": endpoint["State"],
        "privateDnsEnabled": bool(endpoint.get("PrivateDnsEnabled")),
        "routeTableIds": endpoint.get("RouteTableIds") or None,
        "subnetIds": endpoint.get("SubnetIds") or None,
        "securityGroupIds": groups or None,
        "networkInterfaceIds": items(endpoint.get("NetworkInterfaceIds")),
        "requesterManaged": bool(endpoint.get("RequesterManaged")),
        "dnsEntries": [
            {"dnsName": entry.get("DnsName"), "hostedZoneId": entry.get("HostedZoneId")}
            for entry in items(endpoint.get("DnsEntries"))
        ],
    }


def _update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    given: Props = {}
    for parameter, name in _LISTS.items():
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
    if _ENDPOINT.described(call, id_) is not None:
        call.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[id_])


HANDLERS = (
    ec2_object(
        _ENDPOINT,
        token="aws:ec2/vpcEndpoint:VpcEndpoint",
        page="vpc_endpoint",
        fields=_FIELDS,
        create=_create,
        state=_state,
        update=_update,
        delete=_delete,
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
