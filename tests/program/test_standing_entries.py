"""An access entry that somebody made already: taken over where it is the same, else refused at once."""

import json
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws
import pytest

from components.cluster.access import ClusterAccess, ClusterAccessArgs
from infra.cluster_access import adopted_entries
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence
from slipway.engine.interface import Result
from slipway.localcloud.providers.aws import AwsProvider
from slipway.platform.cluster import ClusterSettings, NodeGroup
from slipway.platform.platform_roles import platform_roles
from tests.platform.conftest import parse, stack_values
from tests.providers.conftest import REGION, SERVICES, Served, aws_server

__all__ = ["aws_server"]

NAME = "adopting"
ENTRY = "aws:eks/accessEntry:AccessEntry"
SETTINGS = parse("staging", stack_values("staging"))
OWN = platform_roles(SETTINGS)
ADMIN = f"arn:aws:iam::{SETTINGS.account}:role/people/platform-admin"
CLUSTER = ClusterSettings(
    name=NAME,
    version="1.33",
    administrators=(ADMIN,),
    reachable_from=("deploy",),
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


@pytest.fixture
def engine(aws_server: Served, tmp_path: Path) -> EmbeddedEngine:
    endpoints = [dict.fromkeys(SERVICES, aws_server.url)]

    def program() -> None:
        tags = aws.ProviderDefaultTagsArgs(tags={"slipway:stack": "staging"})
        provider = aws.Provider("aws", region=REGION, endpoints=endpoints, default_tags=tags)
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

    config = {"aws:region": REGION, "aws:endpoints": json.dumps(endpoints)}
    return EmbeddedEngine(
        program,
        "slipway",
        "staging",
        config,
        tmp_path,
        {"aws": AwsProvider},
        passphrase="test",
        fence=Fence(),
    )


def entry(result: Result) -> str:
    assert result.ok, result.diagnostics
    return next(step.op for step in result.steps if step.type == ENTRY)


def test_an_entry_that_is_the_same_is_taken_over_and_keeps_its_tags(eks: Any, engine: EmbeddedEngine) -> None:
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
    other: dict[str, Any], eks: Any, engine: EmbeddedEngine
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


def test_what_was_changed_by_hand_in_our_own_entries_is_drift_and_is_repaired(
    eks: Any, engine: EmbeddedEngine
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
