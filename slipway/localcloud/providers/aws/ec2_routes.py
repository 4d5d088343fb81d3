"""Route tables, routes and flow logs."""

import zlib
from typing import Any

from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS, Ec2Kind, ec2_object, first
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import Handler, Rule, names, one_of, pick
from slipway.localcloud.providers.values import Props, items

_TARGETS = {
    "GatewayId": "gatewayId",
    "NatGatewayId": "natGatewayId",
    "NetworkInterfaceId": "networkInterfaceId",
    "TransitGatewayId": "transitGatewayId",
    "VpcPeeringConnectionId": "vpcPeeringConnectionId",
    "VpcEndpointId": "vpcEndpointId",
}
_DESTINATIONS = {
    "DestinationCidrBlock": "destinationCidrBlock",
    "DestinationIpv6CidrBlock": "destinationIpv6CidrBlock",
    "DestinationPrefixListId": "destinationPrefixListId",
}
_FLOW = {
    "TrafficType": "trafficType",
    "LogDestinationType": "logDestinationType",
    "LogDestination": "logDestination",
    "LogFormat": "logFormat",
    "DeliverLogsPermissionArn": "iamRoleArn",
    "MaxAggregationInterval": "maxAggregationInterval",
}
_FLOW_LOG = Ec2Kind("FlowLog", tag="vpc-flow-log")
_TABLE = Ec2Kind("RouteTable")


def _table(call: AwsCall, found: Props, old: Props) -> Props:
    # Only where the program manages them here: routes of their own would show as drift otherwise.
    if not old.get("routes"):
        return {}
    return {"routes": [_inline(one) for one in found["Routes"] if one.get("GatewayId") != "local"]}


def _inline(route: Props) -> Props:
    targets = {name: route[parameter] for parameter, name in _TARGETS.items() if route.get(parameter)}
    return {"cidrBlock": route.get("DestinationCidrBlock"), **targets}


def _table_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    ec2 = call.client("ec2")
    before: dict[str, Props] = {one["cidrBlock"]: one for one in items(old.get("routes"))}
    after: dict[str, Props] = {one["cidrBlock"]: one for one in items(new.get("routes"))}
    for cidr in sorted(set(before) - set(after)):
        ec2.delete_route(RouteTableId=id_, DestinationCidrBlock=cidr)
    for cidr, route in sorted(after.items()):
        if before.get(cidr) != route:
            write = ec2.replace_route if cidr in before else ec2.create_route
            write(RouteTableId=id_, DestinationCidrBlock=cidr, **pick(route, _TARGETS))


def _destination(inputs: Props) -> Props:
    return pick(inputs, _DESTINATIONS)


def _route_id(inputs: Props) -> str:
    """As the AWS provider forms it: the table, and a CRC-32 of the destination."""
    destination = str(next(iter(_destination(inputs).values())))
    return f"r-{inputs['routeTableId']}{zlib.crc32(destination.encode())}"


def _route_create(call: AwsCall, inputs: Props) -> str:
    if _route(call, inputs) is not None:
        # EC2 says so for a route to another target only; the AWS provider looks before it creates.
        raise ProviderError(
            f"CreateRoute: RouteAlreadyExists: {_destination(inputs)} in {inputs['routeTableId']}"
        )
    call.client("ec2").create_route(
        RouteTableId=inputs["routeTableId"], **_destination(inputs), **pick(inputs, _TARGETS)
    )
    return _route_id(inputs)


def _route(call: AwsCall, inputs: Props) -> Props | None:
    wanted = _destination(inputs)
    table = _TABLE.described(call, inputs["routeTableId"]) or {}
    found: list[Props] = items(table.get("Routes"))
    return first([one for one in found if all(one.get(key) == value for key, value in wanted.items())])


def _route_read(call: AwsCall, id_: str, old: Props) -> Props | None:
    known = old or _by_id(call, id_)
    found = _route(call, known) if known else None
    if found is None:
        return None
    state: Props = {name: found.get(parameter) for parameter, name in _TARGETS.items()}
    where = {name: known[name] for name in ("routeTableId", *_DESTINATIONS.values()) if known.get(name)}
    return {**where, **state, "state": found.get("State"), "origin": found.get("Origin")}


def _by_id(call: AwsCall, id_: str) -> Props:
    """Table and destination of a route that is known by its id alone; empty where there is none such."""
    for table in call.client("ec2").describe_route_tables()["RouteTables"]:
        for route in table["Routes"]:
            known = {
                name: route[parameter] for parameter, name in _DESTINATIONS.items() if parameter in route
            }
            inputs: Props = {"routeTableId": table["RouteTableId"], **known}
            if known and _route_id(inputs) == id_:
                return inputs
    return {}


def _route_update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    call.client("ec2").replace_route(
        RouteTableId=new["routeTableId"], **_destination(new), **pick(new, _TARGETS)
    )


def _route_delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("ec2").delete_route(RouteTableId=state["routeTableId"], **_destination(state))


def _route_find(call: AwsCall, inputs: Props) -> str | None:
    return _route_id(inputs) if _route(call, inputs) else None


def _association_create(call: AwsCall, inputs: Props) -> str:
    given = pick(inputs, {"RouteTableId": "routeTableId", "SubnetId": "subnetId", "GatewayId": "gatewayId"})
    return str(call.client("ec2").associate_route_table(**given)["AssociationId"])


def _associations(call: AwsCall, filters: list[Props]) -> list[Props]:
    tables = call.client("ec2").describe_route_tables(Filters=filters)["RouteTables"]
    return [
        {**one, "RouteTableId": table["RouteTableId"]} for table in tables for one in table["Associations"]
    ]


def _association_read(call: AwsCall, id_: str, old: Props) -> Props | None:
    filters = [{"Name": "association.route-table-association-id", "Values": [id_]}]
    listed = _associations(call, filters)
    found = first([one for one in listed if one["RouteTableAssociationId"] == id_])
    if found is None:
        return None
    return {
        "routeTableId": found["RouteTableId"],
        "subnetId": found.get("SubnetId"),
        "gatewayId": found.get("GatewayId"),
    }


def _association_delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("ec2").disassociate_route_table(AssociationId=id_)


def _association_find(call: AwsCall, inputs: Props) -> str | None:
    listed = _associations(call, [{"Name": "route-table-id", "Values": [inputs["routeTableId"]]}])
    for one in listed:
        for parameter, name in (("SubnetId", "subnetId"), ("GatewayId", "gatewayId")):
            if inputs.get(name) and one.get(parameter) == inputs[name]:
                return str(one["RouteTableAssociationId"])
    return None


def _flow_create(call: AwsCall, inputs: Props) -> str:
    resource, kind = next(
        (inputs[name], kind)
        for name, kind in (("vpcId", "VPC"), ("subnetId", "Subnet"), ("eniId", "NetworkInterface"))
        if inputs.get(name)
    )
    made: Any = call.client("ec2").create_flow_logs(
        ResourceIds=[resource],
        ResourceType=kind,
        **pick(inputs, _FLOW),
        TagSpecifications=_FLOW_LOG.specification(call, inputs),
    )
    if made.get("Unsuccessful"):
        error = made["Unsuccessful"][0]["Error"]
        raise ProviderError(f"CreateFlowLogs: {error['Code']}: {error['Message']}")
    return str(made["FlowLogIds"][0])


def _flow(call: AwsCall, found: Props, old: Props) -> Props:
    resource = str(found["ResourceId"])
    kind = resource.partition("-")[0]
    return {
        {"vpc": "vpcId", "subnet": "subnetId"}.get(kind, "eniId"): resource,
        "maxAggregationInterval": int(found.get("MaxAggregationInterval") or 600),
        # moto gives CloudWatch as a name where the request had an ARN; the recorded one is the same place.
        "logDestination": found.get("LogDestination") or old.get("logDestination"),
    }


def _flow_delete(call: AwsCall, id_: str, state: Props) -> None:
    if _FLOW_LOG.described(call, id_) is not None:
        call.client("ec2").delete_flow_logs(FlowLogIds=[id_])


HANDLERS = (
    ec2_object(
        _TABLE,
        token="aws:ec2/routeTable:RouteTable",
        page="route_table",
        fields={"VpcId": "vpcId"},
        state=_table,
        configure=_table_configure,
    ),
    Handler[AwsCall](
        token="aws:ec2/route:Route",
        source=f"{DOCS}/route",
        create=_route_create,
        read=_route_read,
        update=_route_update,
        delete=_route_delete,
        find=_route_find,
        natural=(
            "routeTableId",
            "destinationCidrBlock",
            "destinationIpv6CidrBlock",
            "destinationPrefixListId",
        ),
        rules=(
            Rule(
                name="routeTableId",
                reason="must be a route table's id",
                accepts=lambda v: str(v).startswith("rtb-"),
            ),
        ),
    ),
    Handler[AwsCall](
        token="aws:ec2/routeTableAssociation:RouteTableAssociation",
        source=f"{DOCS}/route_table_association",
        create=_association_create,
        read=_association_read,
        delete=_association_delete,
        find=_association_find,
        # EC2 refuses a second table for a subnet, so the old association has to go first.
        natural=("subnetId", "gatewayId"),
        # The service gives a replaced association another id, and an id is for a resource's life here.
        replaces_here=names("routeTableId"),
    ),
    ec2_object(
        _FLOW_LOG,
        token="aws:ec2/flowLog:FlowLog",
        page="flow_log",
        fields=_FLOW,
        create=_flow_create,
        state=_flow,
        delete=_flow_delete,
        natural=("vpcId", "subnetId", "eniId", "logDestination"),
        defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
        rules=(
            one_of("trafficType", "ACCEPT", "REJECT", "ALL"),
            one_of("logDestinationType", "cloud-watch-logs", "s3", "kinesis-data-firehose"),
            one_of("maxAggregationInterval", 60, 600),
        ),
    ),
)
