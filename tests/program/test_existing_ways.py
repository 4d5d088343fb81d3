"""In a network that the organisation has a stack makes what it may of the way to its cluster, and no more."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.access.evaluate import Request, context_of, decide_identity
from slipway.access.world import World
from slipway.cli.matrices import world_of
from slipway.engine.offline import render_stacks
from slipway.engine.recording import Rendered
from tests.platform import ground
from tests.program.conftest import Project, clone
from tests.program.test_apply_covers import gaps, ours
from tests.program.test_ways_in import INGRESS, PEERING, of, routes

FLEET, OTHERS = "10.10.0.0/16", f"vpc-{'f' * 17}"
FLEETS = {
    "vpc": OTHERS,
    "cidr": FLEET,
    "private_subnets": {
        zone: {"id": f"subnet-{end * 17}", "cidr": block, "route_table": f"rtb-{end * 17}"}
        for zone, end, block in zip(ground.ZONES, "de", ("10.10.0.0/19", "10.10.32.0/19"), strict=True)
    },
}
MADE = (
    "aws:ec2/vpc:Vpc",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/natGateway:NatGateway",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return clone(tmp_path_factory.mktemp("existing") / "clone")


def declared(project: Project, **blocks: dict[str, Any]) -> dict[str, Rendered]:
    """Stacks with blocks of their own; the files are as they were afterwards."""
    before: dict[Path, str] = {}
    try:
        for stack, changes in blocks.items():
            path = project.root / f"Pulumi.{stack}.yaml"
            before[path] = path.read_text()
            values = yaml.safe_load(before[path])
            values["config"]["slipway:platform"] |= changes
            path.write_text(yaml.safe_dump(values, sort_keys=False))
        return {each.stack: each for each in render_stacks(project.root, list(blocks), "")}
    finally:
        for path, text in before.items():
            path.write_text(text)


@pytest.fixture(scope="module")
def both(project: Project) -> dict[str, Rendered]:
    """Both stacks in networks that are there, whose tables may be added to, and a cluster that is there."""
    cluster = {"existing": ground.CLUSTER, "administrators": [ground.ADMIN]}
    return declared(
        project,
        automation={"network": FLEETS},
        staging={"network": ground.network(route_tables=True), "cluster": cluster},
    )


def tables(stack: Rendered) -> set[tuple[str, str]]:
    return {
        (str(item.inputs["routeTableId"]), str(item.inputs["destinationCidrBlock"]))
        for item in of(stack, "aws:ec2/route:Route")
    }


def test_routes_come_into_the_named_tables_and_nothing_else_is_made(both: dict[str, Rendered]) -> None:
    automation, staging = both["automation"], both["staging"]
    for stack in (automation, staging):
        for type_ in (*MADE, "aws:eks/nodeGroup:NodeGroup", "eks:index:Cluster"):
            assert not list(of(stack, type_)), type_
    (peering,) = of(staging, PEERING)
    assert (peering.inputs["vpcId"], peering.inputs["peerVpcId"]) == (ground.VPC, OTHERS)
    assert tables(staging) == {
        *((table, FLEET) for table in ground.TABLES),
        *((f"rtb-{end * 17}", ground.CIDR) for end in "de"),
    }
    assert tables(automation) == set()
    doors = [item for item in staging.registrations if INGRESS in item.urn and "cidrIpv4" in item.inputs]
    assert {item.inputs["cidrIpv4"] for item in doors} == {"10.10.0.0/19", "10.10.32.0/19"}


def test_a_cluster_to_be_made_comes_into_the_subnets_that_are_there(project: Project) -> None:
    staging = declared(project, staging={"network": ground.network()})["staging"]
    (cluster,) = of(staging, "eks:index:Cluster")
    assert cluster.inputs["vpcId"] == ground.VPC
    assert cluster.inputs["privateSubnetIds"] == list(ground.SUBNETS)
    # The way there is somebody else's; the door in the cluster's own group is not.
    assert not list(of(staging, PEERING))
    assert routes(staging) == set()
    assert [item for item in staging.registrations if INGRESS in item.urn]


def test_a_gateway_is_attached_where_tables_may_be_added_to(project: Project) -> None:
    path = project.root / "Pulumi.yaml"
    before = path.read_text()
    path.write_text(
        before.replace("      cicd_chain:", f"      transit_gateway: tgw-{'a' * 17}\n      cicd_chain:")
    )
    try:
        staging = declared(project, staging={"network": ground.network(route_tables=True)})["staging"]
    finally:
        path.write_text(before)
    assert len(list(of(staging, "aws:ec2transitgateway/vpcAttachment:VpcAttachment"))) == 1
    assert tables(staging) == {(table, FLEET) for table in ground.TABLES}


@pytest.fixture(scope="module")
def world(both: dict[str, Rendered]) -> World:
    return world_of(list(both.values()))


@pytest.mark.parametrize("verb", ["plan", "apply"])
@pytest.mark.parametrize("stack", ["automation", "staging"])
def test_what_is_rendered_is_covered(stack: str, verb: str, both: dict[str, Rendered], world: World) -> None:
    # What is changed in the fleet's account is told by its id, which a row's ARN does not know: below.
    items = [item for item in ours(both[stack]) if "::fleet::" not in item.provider]
    assert list(gaps(world, stack, items, verb)) == []


def allowed(world: World, role: str, action: str, arn: str, **context: str) -> bool:
    (found,) = [one for name, one in world.roles.items() if name.endswith(f"/{role}")]
    request = Request(
        action=action, resource=arn, context=context_of({"aws:PrincipalArn": found.arn, **context})
    )
    return decide_identity(found.identity, found.boundary, request).allowed


def test_nobody_may_change_what_is_somebody_elses(world: World) -> None:
    eks = "arn:aws:eks:eu-west-1:222222222222"
    cluster, group = f"{eks}:cluster/{ground.CLUSTER}", f"{eks}:nodegroup/{ground.CLUSTER}/x/y"
    assert allowed(world, "infra-staging-apply", "eks:CreateAccessEntry", cluster)
    for action, arn in (
        ("eks:DeleteCluster", cluster),
        ("eks:UpdateClusterConfig", cluster),
        ("eks:UpdateClusterVersion", cluster),
        ("eks:CreateNodegroup", cluster),
        ("eks:DeleteNodegroup", group),
    ):
        assert not allowed(world, "infra-staging-apply", action, arn), action


def test_who_joins_the_fleets_network_adds_routes_to_the_named_tables_alone(world: World) -> None:
    here = "arn:aws:ec2:eu-west-1:111111111111"
    for action in ("ec2:CreateRoute", "ec2:DeleteRoute"):
        assert allowed(world, "network-staging", action, f"{here}:route-table/rtb-{'d' * 17}")
        assert not allowed(world, "network-staging", action, f"{here}:route-table/rtb-{'0' * 17}")
        assert not allowed(world, "network-staging-read", action, f"{here}:route-table/rtb-{'d' * 17}")
    assert allowed(world, "network-staging", "ec2:AcceptVpcPeeringConnection", f"{here}:vpc/{OTHERS}")
    assert not allowed(
        world, "network-staging", "ec2:AcceptVpcPeeringConnection", f"{here}:vpc/vpc-{'0' * 17}"
    )
