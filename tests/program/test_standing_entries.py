"""An access entry that somebody made already: taken over where it is the same, else refused at once."""

from functools import partial
from pathlib import Path
from typing import Any, cast

import boto3
import pulumi
import pulumi_aws as aws
import pytest

from components.cluster.access import ClusterAccess, ClusterAccessArgs
from infra.cluster_access import adopted_entries
from slipway.aws import connect
from slipway.engine.interface import Engine, Result
from slipway.guards import entries
from slipway.guards.asking import Guards
from slipway.guards.findings import Asked
from slipway.guards.results import judged, shown
from slipway.platform.cluster import ClusterSettings, NodeGroup
from slipway.platform.platform_roles import platform_roles
from tests.platform.conftest import parse, stack_values
from tests.program.both import ENGINES, endpoint, engine_of
from tests.providers.conftest import REGION, SERVICES, Served, aws_server

__all__ = ["aws_server"]

NAME = "adopting"
ENTRY = "aws:eks/accessEntry:AccessEntry"
SETTINGS = parse("staging", stack_values("staging"))
OWN = platform_roles(SETTINGS)
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
ADMIN = f"arn:aws:iam::{SETTINGS.account}:role/people/platform-admin"
CLUSTER = ClusterSettings(
    name=NAME,
    version="1.33",
    administrators=(ADMIN,),
    node_groups={"default": NodeGroup(instance_types=("m7i.large",))},
)


@pytest.fixture
def eks(aws_server: Served) -> Any:
    client = boto3.client(
        "eks",
        region_name=REGION,
        endpoint_url=aws_server.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_cluster(
        name=NAME,
        roleArn=ADMIN,
        resourcesVpcConfig={"subnetIds": []},
        accessConfig={"authenticationMode": "API"},
    )
    yield client
    client.delete_cluster(name=NAME)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, aws_server: Served, tmp_path: Path) -> Engine:
    return engine_of(
        request.param, __name__, tmp_path / "project", {"aws": aws_server.url}, stack=SETTINGS.stack.value
    )


def program() -> None:
    tags = aws.ProviderDefaultTagsArgs(tags={"slipway:stack": SETTINGS.stack.value})
    endpoints = [dict.fromkeys(SERVICES, endpoint("aws"))]
    provider = aws.Provider(
        "aws", region=REGION, access_key="x", secret_key="x", endpoints=endpoints, default_tags=tags
    )
    adopted = adopted_entries(SETTINGS, CLUSTER, (), OWN, provider)
    ClusterAccess(
        "access",
        ClusterAccessArgs(
            cluster_name=NAME,
            authentication_mode=CLUSTER.authentication_mode,
            administrators=CLUSTER.administrators,
            apply_principal=OWN.apply.arn,
            node_role_arn=f"arn:aws:iam::{SETTINGS.account}:role/nodes",
            adopted=adopted,
        ),
        opts=pulumi.ResourceOptions(providers=[provider]),
    )


def entry(result: Result) -> str:
    assert result.ok, result.diagnostics
    return next(step.op for step in result.steps if step.type == ENTRY)


def test_an_entry_that_is_the_same_is_taken_over_and_keeps_its_tags(eks: Any, engine: Engine) -> None:
    made = eks.create_access_entry(clusterName=NAME, principalArn=ADMIN, tags={"made": "by hand"})
    assert entry(engine.preview()) == "import"
    assert entry(engine.up()) == "import"
    found = eks.describe_access_entry(clusterName=NAME, principalArn=ADMIN)["accessEntry"]
    assert found["accessEntryArn"] == made["accessEntry"]["accessEntryArn"]
    assert found["tags"] == {"made": "by hand"}
    assert entry(engine.up()) == "same"
    assert not engine.drift().changed
    assert engine.destroy().ok
    assert ADMIN not in eks.list_access_entries(clusterName=NAME)["accessEntries"]


@pytest.mark.parametrize(
    "other",
    [{"kubernetesGroups": ["viewers"]}, {"username": "somebody"}, {"type": "EC2_LINUX"}],
    ids=["groups", "user", "type"],
)
def test_another_entry_of_the_same_role_is_a_mistake_before_anything_is_made(
    other: dict[str, Any], eks: Any, engine: Engine
) -> None:
    eks.create_access_entry(clusterName=NAME, principalArn=ADMIN, **other)
    before = eks.describe_access_entry(clusterName=NAME, principalArn=ADMIN)["accessEntry"]
    for result in (engine.preview(), engine.up()):
        assert not result.ok
        assert not [step for step in result.steps if step.type.startswith("aws:")]
        (error,) = result.errors
        assert ADMIN in error.message
        assert "delete-access-entry" in error.message
    assert eks.describe_access_entry(clusterName=NAME, principalArn=ADMIN)["accessEntry"] == before


@pytest.mark.parametrize("adopted", [True, False], ids=["taken over", "our own"])
def test_a_policy_that_nobody_declares_is_named_with_the_way_to_take_it_off(
    adopted: bool, eks: Any, engine: Engine, aws_server: Served
) -> None:
    guards = Guards(None, partial(connect, endpoint=aws_server.url))
    named = {"clusterName": NAME, "principalArn": ADMIN}
    by_hand = {**named, "policyArn": VIEW, "accessScope": {"type": "namespace", "namespaces": ["app", "web"]}}
    if adopted:
        eks.create_access_entry(**named)
        eks.associate_access_policy(**by_hand)
    assert entry(engine.up()) == ("import" if adopted else "create")
    if not adopted:
        assert guards.ask(engine.export()) == Asked()
        eks.associate_access_policy(**by_hand)

    assert not engine.drift().changed, "the provider does not read it"
    asked = guards.ask(engine.export())
    (step,) = [one for one in shown(engine.drift(), asked).steps if not one.quiet]
    assert (step.op, step.type) == ("update", ENTRY)
    assert [(one.path, one.new) for one in step.diff] == [("policy AmazonEKSViewPolicy", "in app, web")]
    up = judged(engine.up(), asked)
    assert not up.ok
    assert f"disassociate-access-policy --cluster-name {NAME} --principal-arn {ADMIN}" in up.errors[0].message

    eks.disassociate_access_policy(**named, policyArn=VIEW)
    assert guards.ask(engine.export()) == Asked()
    assert len(eks.list_associated_access_policies(**named)["associatedAccessPolicies"]) == 1, "ours is known"
    assert engine.destroy().ok


def test_eks_that_does_not_answer_is_a_problem_and_no_drift(eks: Any, engine: Engine) -> None:
    assert engine.up().ok
    asked = Guards(None, partial(connect, endpoint="http://127.0.0.1:9")).ask(engine.export())
    assert (asked.findings, asked.gone) == ((), frozenset())
    assert "access-administrator-platform-admin" in asked.problems[0]
    assert engine.destroy().ok


def test_what_was_changed_by_hand_in_our_own_entries_is_drift_and_is_repaired(
    eks: Any, engine: Engine
) -> None:
    assert entry(engine.up()) == "create"
    named = {"clusterName": NAME, "principalArn": ADMIN}
    eks.update_access_entry(**named, kubernetesGroups=["viewers"])
    (policy,) = eks.list_associated_access_policies(**named)["associatedAccessPolicies"]
    eks.disassociate_access_policy(**named, policyArn=policy["policyArn"])
    drift = engine.drift()
    changed = {step.type.rpartition(":")[2]: step.op for step in drift.steps if not step.quiet}
    assert changed == {"AccessEntry": "update", "AccessPolicyAssociation": "delete"}
    assert engine.refresh().ok
    assert entry(engine.up()) == "update"
    assert not eks.describe_access_entry(**named)["accessEntry"]["kubernetesGroups"]
    assert len(eks.list_associated_access_policies(**named)["associatedAccessPolicies"]) == 1
    assert engine.destroy().ok


class Associated:
    """EKS with one entry, which has one policy."""

    def client(self, _: str) -> "Associated":
        return self

    get_paginator = client

    def paginate(self, **_: object) -> list[dict[str, Any]]:
        return [{"associatedAccessPolicies": [{"policyArn": VIEW, "accessScope": {}}]}]


def asked_of(association: dict[str, Any], region: dict[str, str]) -> Asked:
    whose = {"clusterName": NAME, "principalArn": ADMIN}
    urn = f"urn:pulumi:staging::demo::{ENTRY}::admin"
    resources = [
        {"type": "pulumi:providers:aws", "inputs": region},
        {"type": ENTRY, "urn": urn, "inputs": whose},
        {"type": entries.ASSOCIATION, "inputs": {**whose, "policyArn": VIEW}, **association},
    ]
    return entries.ask(resources, lambda _: cast(Any, Associated()))


def test_an_association_that_waits_for_deletion_declares_nothing() -> None:
    assert asked_of({}, {"region": REGION}) == Asked()
    (found,) = asked_of({"delete": True}, {"region": REGION}).findings
    assert "nothing here declares it" in found.remedy


def test_a_state_that_lacks_what_is_needed_to_ask_is_a_problem_and_no_failure() -> None:
    for asked, lacking in (
        (asked_of({}, {}), "region"),
        (asked_of({"inputs": {"clusterName": NAME, "principalArn": ADMIN}}, {"region": REGION}), "policyArn"),
    ):
        assert lacking in asked.problems[0]
        assert not asked.findings
