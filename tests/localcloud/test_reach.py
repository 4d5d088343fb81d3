"""The way to a cluster as the components make it, asked of the routes and rules that stand: by calling."""

import dataclasses
import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pulumi
import pulumi_aws as aws
import pytest

from components.cluster.runner_ingress import RunnerIngress, RunnerIngressArgs
from components.network.network import Network
from components.network.peering import FarNetwork, Peering, PeeringArgs
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence
from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.localcloud.loopback_http import fetch
from slipway.localcloud.providers.aws import AwsProvider
from slipway.platform.addressing import subnets
from slipway.platform.network import NetworkSettings
from slipway.platform.stack import EMBEDDED_ACCOUNT
from tests.components.samples import ACCOUNT, REGION, network_args, network_settings

FLEET, HOME = "10.10.0.0/16", "10.20.0.0/16"
SERVICES = ("cloudwatchlogs", "ec2", "eks", "iam", "logs", "sts")
RUNNER, ELSEWHERE, OFFICE, HOSTED = "10.10.3.7", "10.10.240.9", "198.51.100.20", "203.0.113.9"
ZONES = ("eu-west-1a", "eu-west-1b")
PATIENCE_S = 0.4


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    root = tmp_path_factory.mktemp("cloud")
    yield runtime.start(root)
    runtime.stop(root)


@pytest.fixture(scope="module")
def client(cloud: Cloud) -> Callable[[str], Any]:
    def of(service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, region_name=REGION, endpoint_url=cloud.aws, **keys)

    return of


def settings(cidr: str) -> NetworkSettings:
    return network_settings(cidr=cidr, zones=ZONES)


def program(endpoint: str) -> None:
    """What staging makes of its path to the fleet, beside both networks and a cluster."""
    far_side = aws.Provider(
        "far",
        region=REGION,
        access_key="test",
        secret_key="test",
        endpoints=[aws.ProviderEndpointArgs(**dict.fromkeys(SERVICES, endpoint))],
    )
    fleet = Network(
        "fleet", dataclasses.replace(network_args(), name="slipway-fleet", settings=settings(FLEET))
    )
    home = Network("home", dataclasses.replace(network_args(), name="slipway-home", settings=settings(HOME)))
    role = f"arn:aws:iam::{ACCOUNT}:role/service"
    cluster = aws.eks.Cluster(
        "cluster",
        name="home",
        role_arn=role,
        vpc_config=aws.eks.ClusterVpcConfigArgs(
            subnet_ids=home.private_subnet_ids, endpoint_private_access=True, endpoint_public_access=False
        ),
    )
    blocks = [pair.private for pair in subnets(FLEET, ZONES)]
    group = cluster.vpc_config.apply(lambda found: found.cluster_security_group_id or "")
    RunnerIngress("ingress", RunnerIngressArgs(cluster_security_group_id=group, runner_blocks=blocks))
    far = FarNetwork(
        account=EMBEDDED_ACCOUNT,
        region=REGION,
        cidr=FLEET,
        vpc_id=fleet.vpc_id,
        route_tables=fleet.private_route_tables,
        provider=far_side,
    )
    args = PeeringArgs(
        name="home-fleet",
        region=REGION,
        cidr=HOME,
        vpc_id=home.vpc_id,
        route_tables=home.private_route_tables,
        far=far,
    )
    peering = Peering("peering", args)
    pulumi.export("peering", peering.connection_id)


@pytest.fixture(scope="module")
def engine(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> EmbeddedEngine:
    config = {
        "aws:region": REGION,
        "aws:accessKey": "test",
        "aws:secretKey": "test",
        "aws:endpoints": json.dumps([dict.fromkeys(SERVICES, cloud.aws)]),
    }
    root: Path = tmp_path_factory.mktemp("project")
    providers = {"aws": AwsProvider}
    return EmbeddedEngine(
        lambda: program(cloud.aws),
        "slipway",
        "local",
        config,
        root,
        providers,
        passphrase="test",
        fence=Fence(),
    )


@pytest.fixture(scope="module", autouse=True)
def standing(engine: EmbeddedEngine) -> None:
    result = engine.up()
    assert result.ok, result.diagnostics
    again = engine.up()
    assert {step.op for step in again.steps} == {"same"}


def answered(cloud: Cloud, address: str) -> bool:
    """Whether a host with this address gets an answer of the cluster's API server."""
    place = f"127.0.7.{sum(map(int, address.split('.'))) % 250 + 2}"
    record = json.dumps({"address": address}).encode()
    assert fetch("PUT", f"{cloud.console}/slipway/records/place/{place}", record, timeout_s=10).status in (
        200,
        201,
    )
    url = urlsplit(cloud.kubernetes)
    connection = http.client.HTTPConnection(
        url.hostname or "", url.port, timeout=PATIENCE_S, source_address=(place, 0)
    )
    try:
        connection.request("GET", "/version")
        return connection.getresponse().status == 200
    except TimeoutError:
        return False
    finally:
        connection.close()


def test_runners_and_nobody_else_reach_a_private_endpoint(cloud: Cloud) -> None:
    assert answered(cloud, RUNNER)
    # Of the fleet's own network, but no runner: a public subnet's host.
    assert not answered(cloud, ELSEWHERE)
    assert not answered(cloud, HOSTED)


def test_a_place_that_nobody_named_gets_no_answer(cloud: Cloud) -> None:
    url = urlsplit(cloud.kubernetes)
    connection = http.client.HTTPConnection(
        url.hostname or "", url.port, timeout=PATIENCE_S, source_address=("127.0.9.9", 0)
    )
    with pytest.raises(TimeoutError):
        connection.request("GET", "/version") or connection.getresponse()
    connection.close()


def route_of(ec2: Any, table_name: str, destination: str) -> dict[str, str]:
    filters = [{"Name": "tag:Name", "Values": [table_name]}]
    (table,) = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    assert any(route.get("DestinationCidrBlock") == destination for route in table["Routes"])
    return {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": destination}


@pytest.mark.parametrize(
    ("table", "destination"),
    [
        ("slipway-fleet-private-a", HOME),
        ("slipway-home-private-a", FLEET),
        ("slipway-home-private-b", FLEET),
    ],
)
def test_without_a_route_nothing_answers(
    cloud: Cloud, client: Callable[[str], Any], table: str, destination: str
) -> None:
    ec2 = client("ec2")
    (peering,) = active_peerings(ec2)
    route = route_of(ec2, table, destination)
    ec2.delete_route(**route)
    assert not answered(cloud, RUNNER)
    ec2.create_route(**route, VpcPeeringConnectionId=peering)
    assert answered(cloud, RUNNER)


def active_peerings(ec2: Any) -> list[str]:
    found = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
    return [one["VpcPeeringConnectionId"] for one in found if one["Status"]["Code"] == "active"]


def test_without_the_rule_nothing_answers(
    cloud: Cloud, client: Callable[[str], Any], engine: EmbeddedEngine
) -> None:
    ec2, cluster = client("ec2"), client("eks").describe_cluster(name="home")["cluster"]
    group = cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    ours = [
        rule["SecurityGroupRuleId"]
        for rule in found["SecurityGroupRules"]
        if rule.get("CidrIpv4", "").startswith("10.")
    ]
    assert len(ours) == len(ZONES)
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=ours)
    assert not answered(cloud, RUNNER)
    assert engine.refresh().ok
    assert engine.up().ok
    assert answered(cloud, RUNNER)


def test_without_the_peering_nothing_answers(
    cloud: Cloud, client: Callable[[str], Any], engine: EmbeddedEngine
) -> None:
    ec2 = client("ec2")
    (peering,) = active_peerings(ec2)
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)
    assert not answered(cloud, RUNNER)
    assert engine.refresh().ok
    assert engine.up().ok
    assert answered(cloud, RUNNER)


def test_a_public_endpoint_answers_to_named_addresses_and_the_fleets_own(
    cloud: Cloud, client: Callable[[str], Any]
) -> None:
    eks, ec2 = client("eks"), client("ec2")
    named = [{"Name": "tag:Name", "Values": ["slipway-fleet-nat-a"]}]
    (address,) = ec2.describe_addresses(Filters=named)["Addresses"]
    open_to = ["198.51.100.16/28", f"{address['PublicIp']}/32"]
    eks.update_cluster_config(
        name="home", resourcesVpcConfig={"endpointPublicAccess": True, "publicAccessCidrs": open_to}
    )
    assert [answered(cloud, host) for host in (RUNNER, OFFICE, HOSTED)] == [True, True, False]
    eks.update_cluster_config(name="home", resourcesVpcConfig={"publicAccessCidrs": open_to[:1]})
    assert [answered(cloud, host) for host in (RUNNER, OFFICE, HOSTED)] == [False, True, False]
