"""A node group's size is the autoscaler's: it outlives a change of the bounds, and is no drift."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws
import pytest

from components.cluster.node_groups import node_groups
from infra.in_force import standing_groups
from slipway.engine.interface import Engine, Result
from slipway.platform.authentication import AuthenticationMode
from tests.components.samples_cluster import cluster_settings
from tests.program.both import ENGINES, endpoint, engine_of
from tests.providers.conftest import REGION, SERVICES, Served, aws_server

__all__ = ["aws_server"]

NAME = "slipway-staging"
ROLE = "arn:aws:iam::123456789012:role/nodes"


@pytest.fixture
def eks(aws_server: Served) -> Any:
    client = boto3.client(
        "eks",
        region_name=REGION,
        endpoint_url=aws_server.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_cluster(name=NAME, roleArn=ROLE, resourcesVpcConfig={"subnetIds": []})
    yield client
    for name in client.list_nodegroups(clusterName=NAME)["nodegroups"]:
        client.delete_nodegroup(clusterName=NAME, nodegroupName=name)
    client.delete_cluster(name=NAME)


@pytest.fixture(params=ENGINES)
def engine(
    request: pytest.FixtureRequest, aws_server: Served, tmp_path: Path
) -> Callable[[int, int], Engine]:
    def of(minimum: int, maximum: int) -> Engine:
        sizes = {"group:minimum": str(minimum), "group:maximum": str(maximum)}
        return engine_of(request.param, __name__, tmp_path / "project", {"aws": aws_server.url}, config=sizes)

    return of


def program() -> None:
    sizes = pulumi.Config("group")
    bounds = {name: sizes.require_int(name) for name in ("minimum", "maximum")}
    group = {"instance_types": ("m7i.large",), **bounds}
    settings = cluster_settings(AuthenticationMode.API, node_groups={"default": group})
    endpoints = [dict.fromkeys(SERVICES, endpoint("aws"))]
    provider = aws.Provider("aws", region=REGION, access_key="x", secret_key="x", endpoints=endpoints)
    node_groups(
        "cluster",
        settings,
        standing_groups(settings.name, provider),
        role_arn=ROLE,
        subnet_ids=["subnet-1"],
        opts=pulumi.ResourceOptions(provider=provider),
    )


def group(client: Any) -> tuple[str, dict[str, int]]:
    (name,) = client.list_nodegroups(clusterName=NAME)["nodegroups"]
    found = client.describe_nodegroup(clusterName=NAME, nodegroupName=name)["nodegroup"]
    return name, found["scalingConfig"]


def change(result: Result) -> dict[str, tuple[Any, Any]]:
    assert result.ok, result.diagnostics
    (step,) = [step for step in result.steps if step.type == "aws:eks/nodeGroup:NodeGroup"]
    return {one.path: (one.old, one.new) for one in step.diff}


def test_the_autoscalers_size_outlives_a_change_of_the_bounds(
    eks: Any, engine: Callable[[int, int], Engine]
) -> None:
    assert change(engine(1, 6).up()) == {}
    name, _ = group(eks)
    eks.update_nodegroup_config(clusterName=NAME, nodegroupName=name, scalingConfig={"desiredSize": 4})

    assert change(engine(1, 6).preview()) == {}
    assert change(engine(1, 6).drift()) == {}

    wanted = {"scalingConfig.maxSize": (6, 8), "scalingConfig.desiredSize": (1, 4)}
    assert change(engine(1, 8).preview()) == wanted, "a preview says what is sent"
    assert change(engine(1, 8).up()) == wanted
    assert group(eks) == (name, {"minSize": 1, "maxSize": 8, "desiredSize": 4})

    eks.update_nodegroup_config(clusterName=NAME, nodegroupName=name, scalingConfig={"desiredSize": 2})
    assert change(engine(1, 8).drift()) == {}, "although its size was not ignored the last time"
    assert change(engine(1, 8).preview()) == {}

    assert change(engine(3, 8).up())["scalingConfig.desiredSize"] == (4, 3)
    assert group(eks) == (name, {"minSize": 3, "maxSize": 8, "desiredSize": 3})
    assert change(engine(3, 8).preview()) == {}


def test_bounds_that_somebody_changed_by_hand_are_put_right_and_its_size_is_kept(
    eks: Any, engine: Callable[[int, int], Engine]
) -> None:
    assert change(engine(1, 6).up()) == {}
    name, _ = group(eks)
    by_hand = {"minSize": 1, "maxSize": 9, "desiredSize": 5}
    eks.update_nodegroup_config(clusterName=NAME, nodegroupName=name, scalingConfig=by_hand)
    assert change(engine(1, 6).drift()) == {"scalingConfig.maxSize": (6, 9)}
    assert engine(1, 6).refresh().ok
    assert change(engine(1, 6).up())["scalingConfig.maxSize"] == (9, 6)
    assert group(eks) == (name, {"minSize": 1, "maxSize": 6, "desiredSize": 5})


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"minSize": 3}, "Minimum capacity 3 can't be greater than desired size 1"),
        ({"desiredSize": 7}, "desired capacity 7 can't be greater than max size 6"),
        ({"minSize": 3, "maxSize": 6, "desiredSize": 1}, "Minimum capacity 3"),
    ],
)
def test_the_stand_in_refuses_sizes_that_contradict_each_other(
    sizes: dict[str, int], said: str, eks: Any, engine: Callable[[int, int], Engine]
) -> None:
    assert change(engine(1, 6).up()) == {}
    name, _ = group(eks)
    with pytest.raises(eks.exceptions.InvalidParameterException, match=said):
        eks.update_nodegroup_config(clusterName=NAME, nodegroupName=name, scalingConfig=sizes)
    assert group(eks) == (name, {"minSize": 1, "maxSize": 6, "desiredSize": 1})
