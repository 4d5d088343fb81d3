"""Peerings between VPCs, asked for on one side and accepted on the other, and attachments to transit
gateways."""

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS, Ec2Kind, ec2_object, first
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import Handler, pick
from slipway.localcloud.providers.values import Props

_PEERING = Ec2Kind("VpcPeeringConnection")
_ATTACHMENT = Ec2Kind(
    "TransitGatewayVpcAttachment", tag="transit-gateway-attachment", id="TransitGatewayAttachmentId"
)
_ASKED = {
    "VpcId": "vpcId",
    "PeerVpcId": "peerVpcId",
    "PeerOwnerId": "peerOwnerId",
    "PeerRegion": "peerRegion",
}
_ATTACHED = {"TransitGatewayId": "transitGatewayId", "VpcId": "vpcId", "SubnetIds": "subnetIds"}
_OVER = ("deleted", "deleting", "rejected", "expired", "failed")


def _described(call: AwsCall, id_: str) -> Props | None:
    listed: list[Props] = call.client("ec2").describe_vpc_peering_connections(VpcPeeringConnectionIds=[id_])[
        "VpcPeeringConnections"
    ]
    return first([one for one in listed if one["Status"]["Code"] not in _OVER])


def _sides(found: Props) -> Props:
    asked, accepts = found["RequesterVpcInfo"], found["AccepterVpcInfo"]
    return {
        "vpcId": asked["VpcId"],
        "peerVpcId": accepts["VpcId"],
        "peerOwnerId": accepts["OwnerId"],
        "peerRegion": accepts.get("Region"),
        "acceptStatus": found["Status"]["Code"],
    }


def _ask(call: AwsCall, inputs: Props) -> str:
    made = call.client("ec2").create_vpc_peering_connection(
        **pick(inputs, _ASKED), TagSpecifications=_PEERING.specification(call, inputs)
    )
    return str(made["VpcPeeringConnection"]["VpcPeeringConnectionId"])


def _asked(call: AwsCall, id_: str, old: Props) -> Props | None:
    found = _described(call, id_)
    if found is None:
        return None
    return {**_sides(found), "tagsAll": tags.unpaired(found.get("Tags"))}


def _found(call: AwsCall, inputs: Props) -> str | None:
    """The id of what was made for this URN and still counts."""
    standing = [one for one in _PEERING.stamped(call) if one["Status"]["Code"] not in _OVER]
    return first([one["VpcPeeringConnectionId"] for one in standing])


def _attach(call: AwsCall, inputs: Props) -> str:
    ec2 = call.client("ec2")
    made = ec2.create_transit_gateway_vpc_attachment(**pick(inputs, _ATTACHED))
    id_ = str(made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"])
    # moto leaves the tags of the call itself out.
    for specification in _ATTACHMENT.specification(call, inputs):
        ec2.create_tags(Resources=[id_], Tags=specification["Tags"])
    return id_


def _accept(call: AwsCall, inputs: Props) -> str:
    id_ = str(inputs["vpcPeeringConnectionId"])
    found = _described(call, id_)
    if found is None:
        raise ProviderError(f"AcceptVpcPeeringConnection: InvalidVpcPeeringConnectionID.NotFound: {id_}")
    if found["Status"]["Code"] == "pending-acceptance":
        call.client("ec2").accept_vpc_peering_connection(VpcPeeringConnectionId=id_)
    return id_


def _accepted(call: AwsCall, id_: str, old: Props) -> Props | None:
    found = _described(call, id_)
    if found is None or found["Status"]["Code"] != "active":
        return None
    return {**_sides(found), "vpcPeeringConnectionId": id_, "autoAccept": True}


def _accepted_already(call: AwsCall, inputs: Props) -> str | None:
    id_ = str(inputs["vpcPeeringConnectionId"])
    return id_ if _accepted(call, id_, {}) else None


def _leave(call: AwsCall, id_: str, state: Props) -> None:
    """What was accepted is taken away by whoever asked for it."""


def _attachment(call: AwsCall, found: Props, old: Props) -> Props:
    return {"vpcOwnerId": found.get("VpcOwnerId")}


HANDLERS: tuple[Handler[AwsCall], ...] = (
    ec2_object(
        _PEERING,
        token="aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        page="vpc_peering_connection",
        create=_ask,
        read=_asked,
        find=_found,
    ),
    Handler[AwsCall](
        token="aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
        source=f"{DOCS}/vpc_peering_connection_accepter",
        create=_accept,
        read=_accepted,
        delete=_leave,
        find=_accepted_already,
    ),
    ec2_object(
        _ATTACHMENT,
        token="aws:ec2transitgateway/vpcAttachment:VpcAttachment",
        page="ec2_transit_gateway_vpc_attachment",
        fields=_ATTACHED,
        state=_attachment,
        create=_attach,
    ),
)
