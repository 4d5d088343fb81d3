"""EKS makes the log group of a deleted cluster again: the next one of the name takes it over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws
import pytest

from components.cluster.logs import LOG_DAYS, control_plane_logs
from infra.in_force import remade_logs
from slipway.engine.interface import Engine, Result
from slipway.platform import naming
from tests.program.both import ENGINES, endpoint, engine_of
from tests.providers.conftest import REGION, SERVICES, Served, aws_server

__all__ = ["aws_server"]

NAME, STACK = "logging", "staging"
GROUP = "aws:cloudwatch/logGroup:LogGroup"
ROLE = "arn:aws:iam::123456789012:role/cluster"


@pytest.fixture
def client(aws_server: Served) -> Iterator[Any]:
    def of(service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=aws_server.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    yield of
    of("ssm").delete_parameters(Names=[naming.output_parameter(STACK, "cluster")])


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, aws_server: Served, tmp_path: Path) -> Engine:
    return engine_of(request.param, __name__, tmp_path / "project", {"aws": aws_server.url}, stack=STACK)


def program() -> None:
    tags = aws.ProviderDefaultTagsArgs(tags={"slipway:stack": STACK})
    endpoints = [dict.fromkeys(SERVICES, endpoint("aws"))]
    provider = aws.Provider(
        "aws", region=REGION, access_key="x", secret_key="x", endpoints=endpoints, default_tags=tags
    )
    remade = remade_logs(STACK, NAME, provider)
    control_plane_logs("cluster", NAME, remade=remade, opts=pulumi.ResourceOptions(provider=provider))


def group(result: Result) -> str:
    assert result.ok, result.diagnostics
    return next(step.op for step in result.steps if step.type == GROUP)


def described(client: Any) -> dict[str, Any]:
    (found,) = client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/eks/{NAME}/")["logGroups"]
    return found


def test_the_group_of_a_cluster_that_is_gone_is_taken_over_and_then_kept_as_ours(
    client: Any, engine: Engine
) -> None:
    eks, logs, ssm = client("eks"), client("logs"), client("ssm")
    published = naming.output_parameter(STACK, "cluster")
    assert group(engine.up()) == "create"
    logging = {"clusterLogging": [{"types": ["audit"], "enabled": True}]}
    eks.create_cluster(name=NAME, roleArn=ROLE, resourcesVpcConfig={"subnetIds": []}, logging=logging)
    eks.delete_cluster(name=NAME)
    assert engine.destroy().ok
    assert "retentionInDays" not in described(client), "the stand-in does as EKS"

    assert group(engine.preview()) == "import"
    assert group(engine.up()) == "import"
    assert group(engine.up()) == "same", "cut off before the cluster was published"
    ssm.put_parameter(Name=published, Type="String", Value=NAME)
    assert group(engine.up()) == "update"
    assert described(client)["retentionInDays"] == LOG_DAYS
    assert logs.list_tags_for_resource(resourceArn=described(client)["logGroupArn"])["tags"]
    assert group(engine.up()) == "same"
    assert not engine.drift().changed
    assert engine.destroy().ok
    assert not logs.describe_log_groups(logGroupNamePrefix=f"/aws/eks/{NAME}/")["logGroups"]


def test_a_group_that_a_killed_run_began_to_make_is_no_import(client: Any, engine: Engine) -> None:
    """Made, with our tag, and not yet given its days: an import would leave it so until the run after."""
    group_name = naming.cluster_log_group(NAME)
    client("logs").create_log_group(logGroupName=group_name, tags={"slipway:stack": STACK})
    try:
        assert group(engine.preview()) == "create"
    finally:
        client("logs").delete_log_group(logGroupName=group_name)
