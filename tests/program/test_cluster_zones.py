"""A cluster stays in its zones: another list is refused with the one that it has, before EKS refuses it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pulumi_aws as aws
import pytest
from botocore.exceptions import ClientError

from infra.cluster_zones import require_zones
from slipway.engine.interface import Engine
from tests.platform.conftest import parse, stack_values
from tests.program.both import ENGINES, endpoint, engine_of
from tests.providers.conftest import REGION, SERVICES, Served, aws_server

__all__ = ["aws_server"]

NAME = "slipway-staging"
ROLE = "arn:aws:iam::123456789012:role/cluster"


@pytest.fixture
def subnets(aws_server: Served) -> Iterator[tuple[Any, list[str]]]:
    """A cluster in two zones, and the subnets of three."""
    eks, ec2 = (
        boto3.client(
            service,
            region_name=REGION,
            endpoint_url=aws_server.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        for service in ("eks", "ec2")
    )
    vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    made = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.77.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")[
            "Subnet"
        ]
        for n, zone in enumerate("abc")
    ]
    ids = [one["SubnetId"] for one in made]
    eks.create_cluster(name=NAME, roleArn=ROLE, resourcesVpcConfig={"subnetIds": ids[:2]})
    yield eks, ids
    eks.delete_cluster(name=NAME)
    for one in ids:
        ec2.delete_subnet(SubnetId=one)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, aws_server: Served, tmp_path: Path) -> Engine:
    return engine_of(request.param, __name__, tmp_path / "project", {"aws": aws_server.url})


def program() -> None:
    values = stack_values("staging")
    values["platform"]["network"]["zones"] = [f"eu-west-1{letter}" for letter in "abc"]
    values["platform"]["cluster"] |= {"name": NAME, "zones": []}
    settings = parse("staging", values)
    provider = aws.Provider(
        "aws",
        region=REGION,
        access_key="x",
        secret_key="x",
        endpoints=[dict.fromkeys(SERVICES, endpoint("aws"))],
    )
    assert settings.platform.cluster
    require_zones(settings, settings.platform.cluster, provider)


def test_a_zone_more_is_refused_with_what_to_write(engine: Engine, subnets: tuple[Any, list[str]]) -> None:
    eks, ids = subnets
    for result in (engine.preview(), engine.up()):
        assert not result.ok
        (error,) = result.errors
        assert f"the cluster is in {REGION}a, {REGION}b and stays there" in error.message
        assert f"write `zones: [{REGION}a, {REGION}b]`" in error.message
    with pytest.raises(ClientError, match="should belong to the exact set of AZs"):
        eks.update_cluster_config(name=NAME, resourcesVpcConfig={"subnetIds": ids})
    eks.update_cluster_config(name=NAME, resourcesVpcConfig={"subnetIds": ids[1::-1]})
