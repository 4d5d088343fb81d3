"""A stack in a network and on a cluster that somebody else has: up, again, drift, down, and nothing of them
is another."""

import json
from typing import Any

import pytest
import yaml

from slipway.platform.naming import output_parameter
from tests.program.conftest import Project
from tests.program.existing_ground import CLUSTER, Ground, cluster, network, seen

ACCOUNT = "arn:aws:iam::123456789012:role"
ADMIN, OWNER = f"{ACCOUNT}/platform-admin", f"{ACCOUNT}/owner"
APPLY = f"{ACCOUNT}/slipway/infra/infra-local-apply"
PLAN = f"{ACCOUNT}/slipway/ci/infra-local-plan"

pytestmark = pytest.mark.slow


def written(project: Project, change: Any) -> None:
    """Let the stack's file say something else."""
    path = project.root / "Pulumi.local.yaml"
    values = yaml.safe_load(path.read_text())
    change(values["config"]["slipway:platform"])
    path.write_text(yaml.safe_dump(values, sort_keys=False))


def use(project: Project, ground: Ground) -> None:
    def change(platform: dict[str, Any]) -> None:
        platform["network"] = ground.network()
        platform["cluster"] = {"existing": CLUSTER, "administrators": [ADMIN, OWNER]}

    written(project, change)


def test_what_is_there_is_used_and_left_as_it_was(cloud: Project) -> None:
    ground = network(cloud.client)
    cluster(cloud.client, list(ground.private.values()))
    eks, ssm = cloud.client("eks"), cloud.client("ssm")
    eks.create_access_entry(clusterName=CLUSTER, principalArn=OWNER, tags={"made": "by hand"})
    before = seen(cloud.client, ground)
    use(cloud, ground)

    first = cloud.result("up", "local", "--yes")
    assert first["ok"], first["diagnostics"]
    made = {step["type"] for step in first["steps"] if step["op"] not in ("read", "same")}
    assert not made & {
        *("aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route"),
        *("aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "aws:eks/addon:Addon"),
        *("slipway:network:Network", "slipway:cluster:Cluster"),
    }
    after = seen(cloud.client, ground)
    for part in ("vpc", "subnets", "tables", "cluster", "node groups"):
        assert after[part] == before[part], part
    # What was let in stays so, and whoever applies the stack is let in beside them, for good.
    assert {key: after["entries"][key] for key in before["entries"]} == before["entries"]
    ours = set(after["entries"]) - set(before["entries"])
    assert {ADMIN, APPLY, PLAN} <= ours
    (policy,) = after["entries"][APPLY][1]
    assert policy["policyArn"].endswith("AmazonEKSClusterAdminPolicy")
    # Jobs and the fleet find the same under the same names.
    found = {
        key: ssm.get_parameter(Name=output_parameter("local", key))["Parameter"]["Value"]
        for key in ("cluster", "region", "registry", "cluster-access")
    }
    assert found["cluster"] == CLUSTER
    assert json.loads(found["cluster-access"])["mode"] == "API_AND_CONFIG_MAP"
    counts = json.loads(cloud.ok("cloud", "status", "--json"))["counts"]
    assert counts["kubernetes"]["Namespace"] if "Namespace" in counts["kubernetes"] else counts["kubernetes"]

    again = cloud.result("up", "local", "--yes")
    assert again["ok"]
    assert not again["changed"], [step for step in again["steps"] if step["op"] not in ("same", "read")]
    assert cloud.ended("drift", "local")[1].returncode == 0

    destroyed = cloud.result("destroy", "local", "--yes")
    assert destroyed["ok"], destroyed["diagnostics"]
    left = seen(cloud.client, ground)
    assert left == before
