"""Interfaces that nodes leave behind go while their stack is destroyed, and no others."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import boto3
import pulumi
import pulumi_aws as aws
import pytest
from botocore.exceptions import ClientError

from slipway.access.evaluate import Policy, Request, context_of, decide_identity
from slipway.access.permissions import permission_policy
from slipway.aws import connect
from slipway.cli.session import Session
from slipway.engine.interface import Engine
from slipway.engine.plan import Plan
from slipway.guards.asking import Guards
from slipway.platform.naming import INTERFACE_TAG
from slipway.platform.platform_roles import platform_roles
from slipway.recovery.interfaces import CLUSTER, LeftInterfaces
from tests.platform.conftest import parse, stack_values
from tests.program.both import ENGINES, endpoint, engine_of
from tests.providers.conftest import REGION, SERVICES, Served, aws_server

__all__ = ["aws_server"]

NAME = "leaving"
SHARED = {f"kubernetes.io/cluster/{NAME}": "shared"}
ROLE = "arn:aws:iam::123456789012:role/cluster"


@pytest.fixture
def ec2(aws_server: Served) -> Any:
    return boto3.client(
        "ec2",
        region_name=REGION,
        endpoint_url=aws_server.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, aws_server: Served, tmp_path: Path) -> Iterator[Engine]:
    made = engine_of(request.param, __name__, tmp_path / "project", {"aws": aws_server.url})
    assert made.up().ok
    yield made
    made.destroy()


def program() -> None:
    provider = aws.Provider(
        "aws",
        region=REGION,
        access_key="x",
        secret_key="x",
        endpoints=[dict.fromkeys(SERVICES, endpoint("aws"))],
    )
    child = pulumi.ResourceOptions(provider=provider)
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.66.0.0/16", opts=child)
    group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, opts=child)
    subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block="10.66.0.0/24", tags=SHARED, opts=child)
    network = aws.eks.ClusterVpcConfigArgs(subnet_ids=[subnet.id])
    aws.eks.Cluster("cluster", name=NAME, role_arn=ROLE, vpc_config=network, opts=child)
    pulumi.export("subnet", subnet.id)
    pulumi.export("group", group.id)


def left(ec2: Any, engine: Engine, cluster: str) -> str:
    """The id of an interface as the network plug-in of a cluster leaves it."""
    found = engine.up().outputs
    made = ec2.create_network_interface(
        SubnetId=found["subnet"],
        Groups=[found["group"]],
        TagSpecifications=[
            {"ResourceType": "network-interface", "Tags": [{"Key": INTERFACE_TAG, "Value": cluster}]}
        ],
    )
    return str(made["NetworkInterface"]["NetworkInterfaceId"])


def test_subnets_hold_what_was_left_in_them_until_it_is_taken_away(
    ec2: Any, engine: Engine, aws_server: Served
) -> None:
    left(ec2, engine, NAME)
    held = engine.destroy()
    assert not held.ok
    assert any("DependencyViolation" in error.message for error in held.errors)
    state = engine.export()  # as one that is started again finds it
    assert CLUSTER not in {one["type"] for one in state["deployment"]["resources"]}
    with LeftInterfaces(state, partial(connect, endpoint=aws_server.url), every=0.05) as sweeping:
        for _ in range(200):
            if (done := engine.destroy()).ok:
                break
    assert done.ok, done.errors
    assert not sweeping.problem


@pytest.mark.parametrize("by_plan", [False, True], ids=["at once", "by a plan"])
def test_a_destroy_takes_them_away_at_once_or_by_a_plan(
    ec2: Any, engine: Engine, aws_server: Served, monkeypatch: pytest.MonkeyPatch, *, by_plan: bool
) -> None:
    """The destroy itself is held until a sweep has run, as the subnets of AWS would hold it."""
    left(ec2, engine, NAME)
    monkeypatch.setattr("slipway.cli.session.LeftInterfaces", partial(LeftInterfaces, every=0.02))
    guards = Guards(None, aws=partial(connect, endpoint=aws_server.url))
    session = Session(Path(), "stack", cast(Engine, Slow(engine, ec2)), None, guards)
    done = session.apply(session.plan(destroy=True)) if by_plan else session.destroy()
    assert done.ok, done.errors


class Slow:
    """An engine that deletes nothing for a while, unless nothing is in the way."""

    def __init__(self, engine: Engine, ec2: Any) -> None:
        self.engine, self.ec2 = engine, ec2

    def __getattr__(self, name: str) -> Any:
        return getattr(self.engine, name)

    def destroy(self) -> Any:
        self.wait()
        return self.engine.destroy()

    def apply(self, plan: Plan) -> Any:
        self.wait()
        return self.engine.apply(plan)

    def wait(self) -> None:
        until = time.monotonic() + 5
        while self.ec2.describe_network_interfaces()["NetworkInterfaces"] and time.monotonic() < until:
            time.sleep(0.02)


def test_another_clusters_and_one_that_is_just_made_stay(
    ec2: Any, engine: Engine, aws_server: Served
) -> None:
    ids = {cluster: left(ec2, engine, cluster) for cluster in (NAME, "another")}
    sweeper = LeftInterfaces(engine.export(), partial(connect, endpoint=aws_server.url))
    first = sweeper._look(set())
    assert first == {ids[NAME]}, "nothing goes at the first look"
    there = [one["NetworkInterfaceId"] for one in ec2.describe_network_interfaces()["NetworkInterfaces"]]
    assert set(ids.values()) <= set(there)
    sweeper._look(first)
    there = [one["NetworkInterfaceId"] for one in ec2.describe_network_interfaces()["NetworkInterfaces"]]
    assert ids[NAME] not in there
    assert ids["another"] in there
    ec2.delete_network_interface(NetworkInterfaceId=ids["another"])


class Holding:
    """EC2 with interfaces, of which it does not let one go."""

    def __init__(self, held: str, *others: str) -> None:
        self.held, self.there = held, {held, *others}

    def client(self, _: str) -> "Holding":
        return self

    get_paginator = client

    def paginate(self, **_: object) -> list[dict[str, Any]]:
        return [{"NetworkInterfaces": [{"NetworkInterfaceId": each} for each in sorted(self.there)]}]

    def delete_network_interface(self, *, NetworkInterfaceId: str) -> None:
        if NetworkInterfaceId == self.held:
            raise ClientError({"Error": {"Code": "UnauthorizedOperation"}}, "DeleteNetworkInterface")
        self.there.remove(NetworkInterfaceId)


def test_one_that_cannot_be_deleted_holds_up_no_other() -> None:
    ec2 = Holding("eni-0", "eni-1")
    resources = [
        {"type": "pulumi:providers:aws", "inputs": {"region": REGION}},
        {"type": "aws:ec2/vpc:Vpc", "inputs": {"tags": SHARED}},
    ]
    sweeper = LeftInterfaces({"deployment": {"resources": resources}}, lambda _: cast(Any, ec2))
    seen = sweeper._look(set())
    ec2.there.add("eni-2")
    assert sweeper._look(seen) == {"eni-0", "eni-2"}
    assert ec2.there == {"eni-0", "eni-2"}
    assert "UnauthorizedOperation" in sweeper.problem
    sweeper._look({"eni-0", "eni-2"})
    assert ec2.there == {"eni-0"}


def test_a_cloud_that_does_not_answer_is_a_problem_and_no_failure() -> None:
    state = {
        "deployment": {
            "resources": [
                {"type": "pulumi:providers:aws", "inputs": {"region": REGION}},
                {"type": "aws:eks/cluster:Cluster", "inputs": {"name": NAME}},
            ]
        }
    }
    with LeftInterfaces(state, partial(connect, endpoint="http://127.0.0.1:9"), every=0.01) as sweeping:
        while not sweeping.problem:
            pass
    assert "127.0.0.1:9" in sweeping.problem


@pytest.mark.parametrize(("cluster", "allowed"), [("slipway-prod", True), ("theirs", False), (None, False)])
def test_the_apply_role_deletes_interfaces_of_its_clusters_alone(cluster: str | None, allowed: bool) -> None:
    role = platform_roles(parse("prod", stack_values("prod"))).apply
    context = context_of({f"aws:ResourceTag/{INTERFACE_TAG}": cluster} if cluster else {})
    arn = f"arn:aws:ec2:{role.region}:{role.account}:network-interface/eni-1"
    request = Request("ec2:DeleteNetworkInterface", arn, context)
    assert decide_identity([Policy.parse(permission_policy(role))], None, request).allowed is allowed
