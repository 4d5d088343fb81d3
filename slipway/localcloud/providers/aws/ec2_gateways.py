"""Internet gateways, elastic addresses and NAT gateways."""

# ruff: noqa: S106 - a `token` is a Pulumi type token here

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.ec2_network import first
from slipway.localcloud.providers.aws.iam import DOCS
from slipway.localcloud.providers.handler import Handler, changed, one_of, pick
from slipway.localcloud.providers.values import Props, items


def _internet_create(call: AwsCall, inputs: Props) -> str:
    specification = tags.specification(call, "internet-gateway", inputs)
    made = call.client("ec2").create_internet_gateway(TagSpecifications=specification)
    return str(made["InternetGateway"]["InternetGatewayId"])


def _internet_read(call: AwsCall, id_: str, old: Props) -> Props:
    del old
    found: Props = call.client("ec2").describe_internet_gateways(InternetGatewayIds=[id_])[
        "InternetGateways"
    ][0]
    return {
        "arn": call.arn("ec2", f"internet-gateway/{id_}"),
        "ownerId": found.get("OwnerId", call.account),
        "vpcId": first([one["VpcId"] for one in items(found.get("Attachments"))]),
        "tagsAll": tags.unpaired(found.get("Tags")),
    }


def _internet_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    if not changed(old, new, "vpcId"):
        return
    ec2 = call.client("ec2")
    attached = _internet_read(call, id_, old)["vpcId"]
    if attached and attached != new.get("vpcId"):
        ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=attached)
    if new.get("vpcId") and attached != new["vpcId"]:
        ec2.attach_internet_gateway(InternetGatewayId=id_, VpcId=new["vpcId"])


def _internet_delete(call: AwsCall, id_: str, state: Props) -> None:
    ec2 = call.client("ec2")
    attached = _internet_read(call, id_, state)["vpcId"]
    if attached:
        ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=attached)
    ec2.delete_internet_gateway(InternetGatewayId=id_)


def _internet_find(call: AwsCall, inputs: Props) -> str | None:
    del inputs
    found = call.client("ec2").describe_internet_gateways(Filters=tags.stamped(call))["InternetGateways"]
    return first([one["InternetGatewayId"] for one in found])


def _eip_create(call: AwsCall, inputs: Props) -> str:
    specification = tags.specification(call, "elastic-ip", inputs)
    made = call.client("ec2").allocate_address(Domain="vpc", TagSpecifications=specification)
    return str(made["AllocationId"])


def _eip_read(call: AwsCall, id_: str, old: Props) -> Props:
    found: Props = call.client("ec2").describe_addresses(AllocationIds=[id_])["Addresses"][0]
    state: Props = {
        "allocationId": found["AllocationId"],
        "arn": call.arn("ec2", f"elastic-ip/{id_}"),
        "domain": found["Domain"],
        "publicIp": found["PublicIp"],
        "publicDns": f"ec2-{str(found['PublicIp']).replace('.', '-')}.compute-1.amazonaws.com",
        "tagsAll": tags.unpaired(found.get("Tags")),
    }
    if old.get("instance"):
        state["instance"] = found.get("InstanceId")
    return state


def _eip_delete(call: AwsCall, id_: str, state: Props) -> None:
    del state
    call.client("ec2").release_address(AllocationId=id_)


def _eip_find(call: AwsCall, inputs: Props) -> str | None:
    del inputs
    found = call.client("ec2").describe_addresses(Filters=tags.stamped(call))["Addresses"]
    return first([one["AllocationId"] for one in found])


def _nat_create(call: AwsCall, inputs: Props) -> str:
    given = pick(
        inputs,
        {
            "SubnetId": "subnetId",
            "AllocationId": "allocationId",
            "ConnectivityType": "connectivityType",
            "PrivateIpAddress": "privateIp",
        },
    )
    made = call.client("ec2").create_nat_gateway(
        **given, TagSpecifications=tags.specification(call, "natgateway", inputs)
    )
    return str(made["NatGateway"]["NatGatewayId"])


def _nat_read(call: AwsCall, id_: str, old: Props) -> Props | None:
    del old
    listed = call.client("ec2").describe_nat_gateways(NatGatewayIds=[id_])["NatGateways"]
    found: Props | None = first([one for one in listed if one["State"] not in ("deleted", "deleting")])
    if found is None:
        return None
    address: Props = first(items(found.get("NatGatewayAddresses"))) or {}
    return {
        "subnetId": found["SubnetId"],
        "allocationId": address.get("AllocationId"),
        "connectivityType": found.get("ConnectivityType", "public"),
        "networkInterfaceId": address.get("NetworkInterfaceId"),
        "privateIp": address.get("PrivateIp"),
        "publicIp": address.get("PublicIp"),
        "tagsAll": tags.unpaired(found.get("Tags")),
    }


def _nat_delete(call: AwsCall, id_: str, state: Props) -> None:
    if _nat_read(call, id_, state) is not None:
        call.client("ec2").delete_nat_gateway(NatGatewayId=id_)


def _nat_find(call: AwsCall, inputs: Props) -> str | None:
    del inputs
    found = call.client("ec2").describe_nat_gateways(Filters=tags.stamped(call))["NatGateways"]
    return first([one["NatGatewayId"] for one in found if one["State"] not in ("deleted", "deleting")])


HANDLERS = (
    Handler[AwsCall](
        token="aws:ec2/internetGateway:InternetGateway",
        source=f"{DOCS}/internet_gateway",
        create=_internet_create,
        read=_internet_read,
        configure=_internet_configure,
        delete=_internet_delete,
        find=_internet_find,
        tagger=tags.EC2,
    ),
    Handler[AwsCall](
        token="aws:ec2/eip:Eip",
        source=f"{DOCS}/eip",
        create=_eip_create,
        read=_eip_read,
        delete=_eip_delete,
        find=_eip_find,
        tagger=tags.EC2,
        rules=(one_of("domain", "vpc"),),
    ),
    Handler[AwsCall](
        token="aws:ec2/natGateway:NatGateway",
        source=f"{DOCS}/nat_gateway",
        create=_nat_create,
        read=_nat_read,
        delete=_nat_delete,
        find=_nat_find,
        tagger=tags.EC2,
        # One elastic address serves one gateway at a time.
        natural=("allocationId",),
        defaults={"connectivityType": "public"},
        rules=(one_of("connectivityType", "public", "private"),),
    ),
)
