"""Every component through the embedded engine and cloud: up, up again without a change, drift, down."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from components.network.network import Network
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence
from slipway.engine.interface import Result
from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.localcloud.providers.aws import AwsProvider
from tests.components.samples import ACCOUNT, REGION, SAMPLES, Sample, network_args, network_settings

SERVICES = ("cloudwatchlogs", "ec2", "ecr", "eks", "iam", "kms", "logs", "s3", "secretsmanager", "ssm", "sts")
NEEDS_KUBERNETES = ("database-secret",)
AWS_ONLY = [sample for sample in SAMPLES if sample.name not in NEEDS_KUBERNETES]

each = pytest.mark.parametrize("sample", AWS_ONLY, ids=[sample.name for sample in AWS_ONLY])


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    root = tmp_path_factory.mktemp("cloud")
    yield runtime.start(root)
    runtime.stop(root)


@pytest.fixture
def engine(cloud: Cloud, tmp_path: Path) -> Callable[[Sample], EmbeddedEngine]:
    config = {
        "aws:region": REGION,
        "aws:accessKey": "test",
        "aws:secretKey": "test",
        "aws:endpoints": json.dumps([dict.fromkeys(SERVICES, cloud.aws)]),
    }

    def of(sample: Sample) -> EmbeddedEngine:
        def program() -> None:
            sample.declare()

        return EmbeddedEngine(
            program,
            "slipway",
            "local",
            config,
            tmp_path,
            {"aws": AwsProvider},
            passphrase="test",
            fence=Fence(),
        )

    return of


def operations(result: Result) -> set[str]:
    assert result.ok, result.diagnostics
    return {step.op for step in result.steps if not step.type.startswith("pulumi:")}


def world(cloud: Cloud) -> dict[str, list[str]]:
    """What an ordinary client finds in the cloud, beyond what every account has from the start."""

    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=cloud.aws,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    ec2, iam, kms = client("ec2"), client("iam"), client("kms")
    vpcs = [one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"] if not one["IsDefault"]]
    mine = [{"Name": "vpc-id", "Values": vpcs or ["none"]}]
    groups = ec2.describe_security_groups(Filters=mine)["SecurityGroups"]
    keys = [kms.describe_key(KeyId=one["KeyId"])["KeyMetadata"] for one in kms.list_keys()["Keys"]]
    found = {
        "vpcs": vpcs,
        "subnets": [one["CidrBlock"] for one in ec2.describe_subnets(Filters=mine)["Subnets"]],
        "groups": [one["GroupName"] for one in groups if one["GroupName"] != "default"],
        "addresses": [one["AllocationId"] for one in ec2.describe_addresses()["Addresses"]],
        "logs": [one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]],
        "roles": [one["RoleName"] for one in iam.list_roles(PathPrefix="/slipway/")["Roles"]],
        "policies": [one["PolicyName"] for one in iam.list_policies(Scope="Local")["Policies"]],
        "profiles": [one["InstanceProfileName"] for one in iam.list_instance_profiles()["InstanceProfiles"]],
        "providers": [
            one["Arn"].rpartition("/")[2]
            for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        ],
        "images": [one["repositoryName"] for one in client("ecr").describe_repositories()["repositories"]],
        "keys": [one["KeyId"] for one in keys if one["KeyState"] == "Enabled"],
        "buckets": [one["Name"] for one in client("s3").list_buckets()["Buckets"]],
        "parameters": [one["Name"] for one in client("ssm").describe_parameters()["Parameters"]],
    }
    return {kind: sorted(names) for kind, names in found.items() if names}


MADE: dict[str, dict[str, list[str]]] = {
    "oidc-provider": {"providers": ["token.actions.githubusercontent.com"]},
    "boundary": {"policies": ["slipway-ci-boundary"]},
    "build-role": {"roles": ["skill-pool-build"], "policies": ["slipway-ci-boundary"]},
    "deploy-role": {"roles": ["skill-pool-production"]},
    "cicd-role": {"roles": ["cicd", "runner-local-deploy"]},
    "network": {
        "subnets": [
            "10.20.0.0/19",
            "10.20.224.0/22",
            "10.20.228.0/22",
            "10.20.232.0/22",
            "10.20.32.0/19",
            "10.20.64.0/19",
        ],
        "groups": ["staging-endpoints"],
        "logs": ["/slipway/staging/flow-logs"],
        "roles": ["staging-flow-logs"],
    },
    "runner-security": {"groups": ["runners-image-build", "runners-run", "staging-endpoints"]},
    "image-repository": {"images": ["skill-pool/server"]},
    "preview-repository": {"images": ["skill-pool/preview/server"]},
    "plan-store": {"buckets": [f"slipway-plans-{ACCOUNT}-{REGION}"]},
    "helm-values": {"parameters": ["skill-pool-service-helm-values"]},
    "platform-parameters": {"parameters": ["/slipway/prod/cluster/name", "/slipway/prod/vpc-id"]},
}
"""What must be found after `up`, beside what else a component needs."""


@each
def test_a_component_comes_up_stays_and_goes(
    sample: Sample, cloud: Cloud, engine: Callable[[Sample], EmbeddedEngine]
) -> None:
    before = world(cloud)
    assert operations(engine(sample).up()) == {"create"}
    try:
        found = world(cloud)
        assert {kind: found.get(kind) for kind in MADE.get(sample.name, {})} == MADE.get(sample.name, {})
        assert found != before
        again = engine(sample).up()
        assert operations(again) == {"same"}, [(s.name, s.diff) for s in again.steps if s.op != "same"]
        drift = engine(sample).drift()
        assert not drift.changed, [(s.name, s.op, s.diff) for s in drift.steps if s.diff]
    finally:
        down = engine(sample).destroy()
    assert operations(down) == {"delete"}
    assert world(cloud) == before


def test_a_zone_added_at_the_end_touches_no_subnet_of_the_others(
    engine: Callable[[Sample], EmbeddedEngine],
) -> None:
    def network(*letters: str) -> Sample:
        zones = tuple(f"{REGION}{letter}" for letter in letters)
        args = dataclasses.replace(network_args(), settings=network_settings(zones=zones))
        return Sample("network", lambda: Network("network", args))

    try:
        assert operations(engine(network("a", "b")).up()) == {"create"}
        grown = engine(network("a", "b", "c")).up()
        changed = {step.name: step.op for step in grown.steps if step.op not in ("same", "create")}
        # The S3 gateway takes one more route table, the interface endpoints one more subnet.
        assert set(changed.values()) == {"update"}
        assert set(changed) == {"network-s3", "network-ecr-api", "network-ecr-dkr", "network-sts"}
        created = {step.name for step in grown.steps if step.op == "create"}
        assert all("-c" in name for name in created), created
    finally:
        engine(network("a", "b", "c")).destroy()


def test_the_nat_can_be_changed_without_replacing_a_table(
    engine: Callable[[Sample], EmbeddedEngine],
) -> None:
    def network(nat: str) -> Sample:
        args = dataclasses.replace(network_args(), settings=network_settings(nat=nat))
        return Sample("network", lambda: Network("network", args))

    try:
        engine(network("one")).up()
        changed = engine(network("one_per_zone")).up()
        assert changed.ok, changed.diagnostics
        assert {step.op for step in changed.steps if "routeTable:" in step.type} == {"same"}
        rerouted = {step.name for step in changed.steps if step.op == "update"}
        assert rerouted == {"network-private-b-nat", "network-private-c-nat"}
    finally:
        engine(network("one_per_zone")).destroy()
