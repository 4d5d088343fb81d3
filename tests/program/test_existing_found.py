"""What is read of a network and a cluster that are there, and that a run stops at what does not fit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws
import pytest

from infra.existing import require_fit
from infra.found import found_cluster, found_network, found_subnet
from slipway.engine.interface import Engine
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.settings import Settings
from slipway.platform.standing import Route
from tests.platform.conftest import parse, stack_values
from tests.program import existing_ground
from tests.program.both import ENGINES, endpoint, engine_of
from tests.program.existing_ground import CLUSTER, ZONES, Ground
from tests.providers.conftest import REGION, SERVICES, Served, aws_server

__all__ = ["aws_server"]

ADMIN = "arn:aws:iam::123456789012:role/platform-admin"
GIVEN = "slipway:given"
"""The key by which a test tells the program what to do."""


@pytest.fixture(scope="module")
def client(aws_server: Served) -> Callable[[str], Any]:
    def of(service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, region_name=REGION, endpoint_url=aws_server.url, **keys)

    return of


@pytest.fixture(scope="module")
def ground(client: Callable[[str], Any]) -> Ground:
    made = existing_ground.network(client)
    existing_ground.cluster(client, list(made.private.values()))
    return made


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, aws_server: Served, tmp_path: Path) -> Callable[..., Engine]:
    def of(**given: Any) -> Engine:
        return engine_of(
            request.param,
            __name__,
            tmp_path / "project",
            {"aws": aws_server.url},
            config={GIVEN: json.dumps(given)},
        )

    return of


def settings(network: dict[str, Any], cluster: dict[str, Any]) -> Settings:
    values = stack_values("local")
    values["platform"] |= {"network": network, "cluster": cluster}
    return parse("local", values)


def provider() -> aws.Provider:
    endpoints = [dict.fromkeys(SERVICES, endpoint("aws"))]
    return aws.Provider("aws", region=REGION, access_key="x", secret_key="x", endpoints=endpoints)


def program() -> None:
    given = json.loads(pulumi.Config().require("given"))
    there = provider()
    if "network" in given:
        require_fit(settings(given["network"], given["cluster"]), there, None)
        return
    network = found_network(given["vpc"], given["subnets"], there)
    subnets = [found_subnet(one, there) for one in given["subnets"]]
    pulumi.export("read", repr((network, subnets, found_cluster(given["name"], there))))


def test_all_that_is_decided_by_is_read(
    engine: Callable[..., Engine], ground: Ground, client: Callable[[str], Any]
) -> None:
    first = ground.private[ZONES[0]]
    ec2 = client("ec2")
    # A subnet without a table of its own uses the VPC's main one.
    bare = ec2.create_subnet(VpcId=ground.vpc, CidrBlock="10.40.240.0/24", AvailabilityZone=ZONES[0])
    bare_id = bare["Subnet"]["SubnetId"]
    result = engine(vpc=ground.vpc, subnets=[first, bare_id, "subnet-00000000"], name=CLUSTER).up()
    assert result.ok, result.diagnostics
    read = str(result.outputs["read"])
    table = ground.tables[ZONES[0]]
    (tables,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    nat = next(one["NatGatewayId"] for one in tables["Routes"] if one.get("NatGatewayId"))
    assert f"blocks=('{ground.cidr}',), names=True, stack=''" in read
    assert f"table='{table}', routes=({Route('0.0.0.0/0', nat)!r},)" in read
    main = next(
        one["RouteTableId"]
        for one in ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [ground.vpc]}])[
            "RouteTables"
        ]
        if any(link.get("Main") for link in one["Associations"])
    )
    assert f"id='{bare_id}', vpc='{ground.vpc}'" in read
    assert f"table='{main}', routes=()" in read
    assert "subnet-00000000" not in read
    assert f"mode=<AuthenticationMode.API_AND_CONFIG_MAP: 'API_AND_CONFIG_MAP'>, vpc='{ground.vpc}'" in read
    assert "status='ACTIVE', version='1.35', extended=True" in read
    assert "private=True, public=False" in read
    assert AuthenticationMode.API_AND_CONFIG_MAP.has_entries
    ec2.delete_subnet(SubnetId=bare_id)


def test_what_is_not_there_is_nothing_and_no_error(engine: Callable[..., Engine]) -> None:
    result = engine(vpc="vpc-00000000", subnets=["subnet-00000000"], name="nobodys").up()
    assert result.ok, result.diagnostics
    assert result.outputs["read"] == "(None, [None], None)"


def test_a_run_stops_at_everything_that_does_not_fit(
    engine: Callable[..., Engine], ground: Ground, client: Callable[[str], Any]
) -> None:
    cluster = {"existing": CLUSTER, "administrators": [ADMIN]}
    assert engine(network=ground.network(), cluster=cluster).up().ok
    network = ground.network()
    network["private_subnets"][ZONES[0]]["id"] = ground.public[ZONES[0]]
    network["private_subnets"][ZONES[1]]["cidr"] = "10.40.64.0/20"
    broken = engine(network=network, cluster={**cluster, "existing": "nobodys"})
    for result in (broken.preview(), broken.up()):
        assert not result.ok
        (error,) = result.errors
        assert "4 mistakes in Pulumi.local.yaml; nothing was changed" in error.message
        for said in (
            f"network.private_subnets.{ZONES[0]}.cidr: found 10.40.0.0/20; expected the subnet's own block",
            f"network.private_subnets.{ZONES[0]}.id: found {ground.public[ZONES[0]]}, whose default route",
            f"network.private_subnets.{ZONES[1]}.cidr: found 10.40.64.0/20; expected the subnet's own block",
            "cluster.existing: found 'nobodys', which is not there in eu-west-1",
        ):
            assert said in error.message, error.message


def test_a_name_that_somebody_elses_cluster_has_is_refused_at_once(
    engine: Callable[..., Engine], ground: Ground
) -> None:
    made = stack_values("local")["platform"]["cluster"]
    result = engine(network=ground.network(), cluster={**made, "name": CLUSTER}).up()
    assert not result.ok
    assert f"or 'existing: {CLUSTER}', to use that one as it is" in result.errors[0].message
