"""Internet gateways, elastic addresses and NAT gateways."""

from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import Ec2Kind, ec2_object, first
from slipway.localcloud.providers.handler import changed, one_of
from slipway.localcloud.providers.values import Props, items

_INTERNET = Ec2Kind("InternetGateway")
_ADDRESS = Ec2Kind("Address", tag="elastic-ip", id="AllocationId", plural="Addresses")


def _internet(call: AwsCall, gateway: Props, old: Props) -> Props:
    return {"vpcId": first([attachment["VpcId"] for attachment in items(gateway.get("Attachments"))])}


def _attach(call: AwsCall, id_: str, vpc: str | None) -> None:
    """Let the gateway be of `vpc` and of no other."""
    ec2 = call.client("ec2")
    attached = _internet(call, _INTERNET.described(call, id_) or {}, {})["vpcId"]
    if attached and attached != vpc:
        ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=attached)
    if vpc and attached != vpc:
        ec2.attach_internet_gateway(InternetGatewayId=id_, VpcId=vpc)


def _internet_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    if changed(old, new, "vpcId"):
        _attach(call, id_, new.get("vpcId"))


def _internet_delete(call: AwsCall, id_: str, state: Props) -> None:
    _attach(call, id_, None)
    _INTERNET.delete(call, id_, state)


def _allocate(call: AwsCall, inputs: Props) -> str:
    specification = _ADDRESS.specification(call, inputs)
    made = call.client("ec2").allocate_address(Domain="vpc", TagSpecifications=specification)
    return str(made["AllocationId"])


def _address(call: AwsCall, address: Props, old: Props) -> Props:
    return {
        "allocationId": address["AllocationId"],
        "domain": address["Domain"],
        "publicIp": address["PublicIp"],
        "publicDns": f"ec2-{str(address['PublicIp']).replace('.', '-')}.compute-1.amazonaws.com",
        **({"instance": address.get("InstanceId")} if old.get("instance") else {}),
    }


def _release(call: AwsCall, id_: str, state: Props) -> None:
    call.client("ec2").release_address(AllocationId=id_)


def _nat(call: AwsCall, gateway: Props, old: Props) -> Props:
    address: Props = first(items(gateway.get("NatGatewayAddresses"))) or {}
    return {
        "allocationId": address.get("AllocationId"),
        "connectivityType": gateway.get("ConnectivityType", "public"),
        "networkInterfaceId": address.get("NetworkInterfaceId"),
        "privateIp": address.get("PrivateIp"),
        "publicIp": address.get("PublicIp"),
    }


HANDLERS = (
    ec2_object(
        _INTERNET,
        token="aws:ec2/internetGateway:InternetGateway",
        page="internet_gateway",
        state=_internet,
        configure=_internet_configure,
        delete=_internet_delete,
    ),
    ec2_object(
        _ADDRESS,
        token="aws:ec2/eip:Eip",
        page="eip",
        create=_allocate,
        state=_address,
        delete=_release,
        rules=(one_of("domain", "vpc"),),
    ),
    ec2_object(
        Ec2Kind("NatGateway", tag="natgateway"),
        token="aws:ec2/natGateway:NatGateway",
        page="nat_gateway",
        fields={
            "SubnetId": "subnetId",
            "AllocationId": "allocationId",
            "ConnectivityType": "connectivityType",
            "PrivateIpAddress": "privateIp",
        },
        state=_nat,
        # One elastic address serves one gateway at a time.
        natural=("allocationId",),
        defaults={"connectivityType": "public"},
        rules=(one_of("connectivityType", "public", "private"),),
    ),
)
