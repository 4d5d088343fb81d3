"""Order that only a dependency gives: what runs in private subnets comes after their way out and goes first.

Pulumi destroys in the reverse order of dependencies, so that this is about nodes that still drain, too.
"""

from collections.abc import Iterator, Mapping

import pytest

from slipway.engine.recording import Rendered
from slipway.engine.registration import Registration

SUBNET = "aws:ec2/subnet:Subnet"
WAYS = (
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
)
NETWORK = "slipway:network:Network"


def needed(start: Registration, by_urn: Mapping[str, Registration]) -> set[str]:
    """URNs of everything that must be there before a resource."""
    found: set[str] = set()
    waiting = [start.urn]
    while waiting:
        item = by_urn[waiting.pop()]
        asked = {*item.dependencies, *(urn for urns in item.property_dependencies.values() for urn in urns)}
        # A component's children are made beneath it, so they wait for what it waits for.
        asked |= {item.parent} & set(by_urn)
        waiting += asked - found
        found |= asked
    return found


def users(rendered: Rendered, by_urn: Mapping[str, Registration]) -> Iterator[Registration]:
    """Resources outside of the network that stand in a private subnet."""
    for item in rendered.registrations:
        direct = {urn for urns in item.property_dependencies.values() for urn in urns}
        private = [
            urn for urn in direct if urn.split("::")[2].endswith(SUBNET) and "private" in by_urn[urn].name
        ]
        if private and NETWORK not in item.urn.split("::")[2]:
            yield item


@pytest.mark.parametrize("stack", ["automation", "staging", "prod"])
def test_what_runs_in_private_subnets_waits_for_their_way_out(
    stack: str, rendered: Mapping[str, Rendered]
) -> None:
    by_urn = {item.urn: item for item in rendered[stack].registrations}
    ways = {item.urn for item in by_urn.values() if item.type in WAYS and NETWORK in item.urn.split("::")[2]}
    private = {urn for urn in ways if "public" not in by_urn[urn].name}
    inside = list(users(rendered[stack], by_urn))
    assert {item.type for item in inside} >= (
        {"aws:autoscaling/group:Group"} if stack == "automation" else {"aws:eks/nodeGroup:NodeGroup"}
    )
    for item in inside:
        missing = private - needed(item, by_urn)
        assert not missing, f"{item.name} may come before {sorted(by_urn[urn].name for urn in missing)}"


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_what_is_made_inside_the_cluster_waits_for_the_way_to_it(
    stack: str, rendered: Mapping[str, Rendered]
) -> None:
    """Made before, an apply on the fleet would hang; and removed before, a destroy could not reach what is
    left."""
    by_urn = {item.urn: item for item in rendered[stack].registrations}
    parts = ("slipway:network:Peering", "slipway:cluster:RunnerIngress")
    way = {
        item.urn
        for item in by_urn.values()
        if item.urn.split("::")[2].startswith(tuple(f"{one}$" for one in parts))
    }
    assert {by_urn[urn].type for urn in way} == {
        "aws:ec2/route:Route",
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    }
    inside = [item for item in by_urn.values() if item.type.startswith("kubernetes:")]
    assert inside
    for item in inside:
        assert way <= needed(item, by_urn), item.name
