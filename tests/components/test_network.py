"""The network: which ways lead in and out, and who may write its flow logs."""

import dataclasses
import json
from typing import Any

import pytest

from components.network.network import Network
from slipway.errors import SlipwayError
from tests.components.computed import computed_outputs
from tests.components.recording import Recorded, Recording, run
from tests.components.samples import ACCOUNT, BOUNDARY, network_args, network_settings


def declared(**changes: Any) -> Recording:
    args = dataclasses.replace(network_args(), settings=network_settings(**changes))

    def program() -> None:
        Network("network", args)

    return run(program)


def id_of(resource: Recorded) -> str:
    """The id that the recording monitor gave it, as other resources refer to it."""
    return computed_outputs(resource)[0]


def default_route_of(recording: Recording, zone: str) -> Recorded | None:
    table = recording.one("RouteTable", f"network-private-{zone}")
    found = [one for one in recording.of("Route") if one.inputs["routeTableId"] == id_of(table)]
    return found[0] if found else None


def test_each_zone_has_a_public_and_a_private_subnet_that_load_balancers_find() -> None:
    recording = declared()
    by_role = {"kubernetes.io/role/elb": "public", "kubernetes.io/role/internal-elb": "private"}
    for tag, kind in by_role.items():
        tagged = [one for one in recording.of("Subnet") if one.inputs["tags"].get(tag) == "1"]
        assert [one.inputs["availabilityZone"] for one in tagged] == list(network_settings().zones)
        assert all(one.name.startswith(f"network-{kind}-") for one in tagged)
    for one in [*recording.of("Subnet"), recording.one("Vpc")]:
        assert one.inputs["tags"]["kubernetes.io/cluster/staging"] == "shared"


def test_no_subnet_gives_out_public_addresses() -> None:
    assert all(one.inputs["mapPublicIpOnLaunch"] is False for one in declared().of("Subnet"))


def test_only_public_subnets_route_to_the_internet_gateway() -> None:
    recording = declared()
    gateway = recording.one("InternetGateway")
    routes = [one for one in recording.of("Route") if one.inputs.get("gatewayId") == id_of(gateway)]
    public = recording.one("RouteTable", "network-public")
    assert [one.inputs["routeTableId"] for one in routes] == [id_of(public)]
    associated = {
        one.inputs["subnetId"]
        for one in recording.of("RouteTableAssociation")
        if one.inputs["routeTableId"] == id_of(public)
    }
    assert associated == {id_of(one) for one in recording.of("Subnet") if "-public-" in one.name}


@pytest.mark.parametrize(
    ("nat", "gateways", "used"),
    [
        ("none", [], [None, None, None]),
        ("one", ["a"], ["a", "a", "a"]),
        ("one_per_zone", ["a", "b", "c"], ["a", "b", "c"]),
    ],
)
def test_private_subnets_leave_by_the_nat_that_was_asked_for(
    nat: str, gateways: list[str], used: list[str | None]
) -> None:
    recording = declared(nat=nat)
    made = recording.of("NatGateway")
    assert [one.name for one in made] == [f"network-nat-{zone}" for zone in gateways]
    by_id = {id_of(one): one.name[-1] for one in made}
    routes = [default_route_of(recording, zone) for zone in "abc"]
    assert [by_id[route.inputs["natGatewayId"]] if route else None for route in routes] == used
    internet = recording.one("Route", "network-public-internet")
    for gateway in made:
        assert internet.urn in gateway.dependencies
        subnet = recording.one("Subnet", f"network-public-{gateway.name[-1]}")
        assert gateway.inputs["subnetId"] == id_of(subnet)


def test_changing_the_nat_mode_keeps_every_table_and_association() -> None:
    def kept(nat: str) -> list[str]:
        recording = declared(nat=nat)
        return [one.urn for one in [*recording.of("RouteTable"), *recording.of("RouteTableAssociation")]]

    assert kept("none") == kept("one") == kept("one_per_zone")


def test_endpoints_are_reached_over_https_from_the_vpc_and_from_nowhere_else() -> None:
    recording = declared()
    group = recording.one("SecurityGroup")
    (rule,) = recording.of("SecurityGroupIngressRule")
    assert rule.inputs["securityGroupId"] == id_of(group)
    assert (rule.inputs["fromPort"], rule.inputs["toPort"], rule.inputs["ipProtocol"]) == (443, 443, "tcp")
    assert rule.inputs["cidrIpv4"] == recording.one("Vpc").inputs["cidrBlock"]
    assert recording.of("SecurityGroupEgressRule") == []
    interface = [one for one in recording.of("VpcEndpoint") if one.inputs["vpcEndpointType"] == "Interface"]
    assert [one.inputs["serviceName"].removeprefix("com.amazonaws.eu-west-1.") for one in interface] == [
        "ecr.api",
        "ecr.dkr",
        "sts",
    ]
    private = {id_of(one) for one in recording.of("Subnet") if "-private-" in one.name}
    for one in interface:
        assert one.inputs["securityGroupIds"] == [id_of(group)]
        assert set(one.inputs["subnetIds"]) == private
        assert one.inputs["privateDnsEnabled"] is True


def test_s3_is_reached_from_every_route_table() -> None:
    recording = declared()
    endpoint = recording.one("VpcEndpoint", "network-s3")
    assert set(endpoint.inputs["routeTableIds"]) == {id_of(one) for one in recording.of("RouteTable")}


def test_the_default_security_group_has_no_rule() -> None:
    group = declared().one("DefaultSecurityGroup")
    assert set(group.inputs) == {"vpcId"}


def test_flow_logs_are_written_by_a_bounded_role_into_one_group() -> None:
    recording = declared()
    role, group, log = recording.one("Role"), recording.one("LogGroup"), recording.one("FlowLog")
    assert role.inputs["permissionsBoundary"] == BOUNDARY
    assert group.inputs["retentionInDays"] == 90
    assert log.inputs["trafficType"] == "ALL"
    assert recording.one("RolePolicy").urn in log.dependencies
    (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    write, find = json.loads(recording.one("RolePolicy").inputs["policy"])["Statement"]
    arn = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{group.inputs['name']}"
    assert write["Resource"] == [arn, f"{arn}:*"]
    assert find["Action"] == "logs:DescribeLogGroups"
    assert "*" not in (write["Resource"], find["Resource"])


def test_everything_is_a_child_of_the_component() -> None:
    recording = declared()
    network = recording.one("slipway:network:Network")
    assert len(recording.children(network)) == len(recording) - 1
    assert set(network.outputs or {}) == {"vpcId", "privateSubnetIds", "publicSubnetIds", "natAddresses"}
    assert len((network.outputs or {})["privateSubnetIds"]) == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"account": "1111"}, "no AWS account"),
        ({"boundary_arn": ""}, "no permissions boundary"),
        ({"name": "Prod"}, "cannot begin the names"),
    ],
)
def test_what_aws_would_refuse_is_refused_at_construction(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SlipwayError, match=said):
        dataclasses.replace(network_args(), **changes)


def test_the_subnets_of_some_zones_are_those_and_come_after_the_way_out() -> None:
    """So that a zone that the network gets later is nothing to a cluster that is there already."""
    zones = tuple(f"eu-west-1{letter}" for letter in "abc")
    args = dataclasses.replace(network_args(), settings=network_settings(zones=zones))
    found: list[list[str]] = []

    def program() -> None:
        Network("network", args).private_subnets_in(zones[1:]).apply(found.append)

    recording = run(program)
    assert found == [[id_of(recording.one("Subnet", f"network-private-{letter}")) for letter in "bc"]]
