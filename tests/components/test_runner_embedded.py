"""A runner fleet through the embedded engine and cloud: up, up again without a change, drift, down."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from components.runners.args import RunnerFleetArgs
from components.runners.runner_fleet import RunnerFleet
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence
from slipway.engine.interface import Result
from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.localcloud.providers.aws import AwsProvider
from slipway.localcloud.providers.github import GitHubProvider
from tests.components.samples import REGION
from tests.components.samples_runners import IMAGE, fleet_args, names, runner_class, runners

SERVICES = (
    "apigatewayv2",
    "autoscaling",
    "cloudwatch",
    "cloudwatchlogs",
    "dynamodb",
    "ec2",
    "iam",
    "kms",
    "lambda",
    "logs",
    "scheduler",
    "secretsmanager",
    "sqs",
    "sts",
)
CLASSES = {**runner_class(), **runner_class("coming", image=None)}
Engine = Callable[[RunnerFleetArgs], EmbeddedEngine]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    root = tmp_path_factory.mktemp("cloud")
    made = runtime.start(root)
    runtime.seed(
        made,
        {
            "organizations": [{"login": "acme", "id": 9001}],
            "repositories": [
                {"owner": "acme", "name": "skill-pool", "id": 70001},
                {"owner": "acme", "name": "web", "id": 70002},
            ],
        },
    )
    yield made
    runtime.stop(root)


def client(cloud: Cloud, service: str) -> Any:
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=cloud.aws,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.fixture
def network(cloud: Cloud) -> dict[str, Any]:
    """Two subnets and a security group, as the network component would hand them over."""
    ec2 = client(cloud, "ec2")
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]][:2]
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    mine = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    group = ec2.describe_security_groups(Filters=mine)["SecurityGroups"][0]["GroupId"]
    return {"subnet_ids": subnets, "security_group_id": group, "image_build_security_group_id": group}


@pytest.fixture
def engine(cloud: Cloud, tmp_path: Path) -> Engine:
    config = {
        "aws:region": REGION,
        "aws:accessKey": "test",
        "aws:secretKey": "test",
        "aws:endpoints": json.dumps([dict.fromkeys(SERVICES, cloud.aws)]),
        "github:baseUrl": f"{cloud.github}/",
        "github:owner": "acme",
        "github:token": "stand-in",
    }

    def of(args: RunnerFleetArgs) -> EmbeddedEngine:
        providers: Any = {"aws": AwsProvider, "github": GitHubProvider}
        return EmbeddedEngine(
            lambda: RunnerFleet("fleet", args) and None,
            "slipway",
            "local",
            config,
            tmp_path,
            providers,
            passphrase="test",
            fence=Fence(),
        )

    return of


@pytest.fixture
def fleet(cloud: Cloud, network: dict[str, Any]) -> RunnerFleetArgs:
    return fleet_args(
        **network,
        classes=CLASSES,
        protect_table=False,
        function_endpoint=cloud.aws,
        github_api_url=cloud.github,
    )


@pytest.fixture
def up(engine: Engine, fleet: RunnerFleetArgs) -> Iterator[Result]:
    made = engine(fleet).up()
    yield made
    down = engine(fleet).destroy()
    assert down.ok, down.diagnostics


def operations(result: Result) -> set[str]:
    assert result.ok, result.diagnostics
    return {step.op for step in result.steps if not step.type.startswith("pulumi:")}


def test_a_fleet_comes_up_and_stays(cloud: Cloud, engine: Engine, fleet: RunnerFleetArgs, up: Result) -> None:
    assert operations(up) == {"create"}
    own = names()
    described = client(cloud, "autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    groups = {one["AutoScalingGroupName"]: one for one in described}
    assert set(groups) == {own.group("standard"), own.group("coming")}
    assert (groups[own.group("standard")]["MinSize"], groups[own.group("standard")]["MaxSize"]) == (0, 10)
    assert groups[own.group("coming")]["MaxSize"] == 0
    lambdas = client(cloud, "lambda").list_functions()["Functions"]
    assert {one["FunctionName"] for one in lambdas} == {
        own.function(area) for area in ("webhook", "planner", "claim", "finish")
    }
    item = client(cloud, "dynamodb").get_item(TableName=own.table, Key={"pk": {"S": "config"}})["Item"]
    assert set(json.loads(item["body"]["S"])["classes"]) == {"standard", "coming"}
    again = engine(fleet).up()
    assert operations(again) == {"same"}, [(s.name, s.diff) for s in again.steps if s.op != "same"]
    drift = engine(fleet).drift()
    assert not drift.changed, [(s.name, s.op, s.diff) for s in drift.steps if s.diff]


def test_what_the_planner_sets_is_neither_drift_nor_undone(
    cloud: Cloud, engine: Engine, fleet: RunnerFleetArgs, up: Result
) -> None:
    scaling, group = client(cloud, "autoscaling"), names().group("standard")
    image = client(cloud, "ec2").describe_images()["Images"][0]["ImageId"]
    running = IMAGE.model_copy(update={"id": image})
    fleet = dataclasses.replace(fleet, runners=runners(classes=CLASSES | runner_class(image=running)))
    assert "update" in operations(engine(fleet).up())
    scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=2)
    again = engine(fleet).up()
    assert operations(again) == {"same"}, [(s.name, s.diff) for s in again.steps if s.op != "same"]
    (found,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    assert found["DesiredCapacity"] == 2
    assert {one["ProtectedFromScaleIn"] for one in found["Instances"]} == {True}
    scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=0)


def test_a_new_image_is_a_new_version_that_the_group_takes(
    cloud: Cloud, engine: Engine, fleet: RunnerFleetArgs, up: Result
) -> None:
    newer = IMAGE.model_copy(update={"id": "ami-0fedcba9876543210"})
    changed = dataclasses.replace(fleet, runners=runners(classes=CLASSES | runner_class(image=newer)))
    result = engine(changed).up()
    assert operations(result) == {"same", "update"}
    updated = {step.name for step in result.steps if step.op == "update"}
    assert updated == {"fleet-standard-template", "fleet-standard-group", "fleet-settings"}
    described = client(cloud, "autoscaling").describe_auto_scaling_groups(
        AutoScalingGroupNames=[names().group("standard")]
    )["AutoScalingGroups"]
    mixed = described[0]["MixedInstancesPolicy"]["LaunchTemplate"]["LaunchTemplateSpecification"]
    assert mixed["Version"] == "2"


def test_a_class_comes_and_goes_without_touching_the_others(
    engine: Engine, fleet: RunnerFleetArgs, up: Result
) -> None:
    big = runner_class("big", labels=("self-hosted", "linux", "big"))
    more = dataclasses.replace(fleet, runners=runners(classes=CLASSES | big))
    added = engine(more).up()
    assert added.ok, added.diagnostics
    changed = {step.name: step.op for step in added.steps if step.op != "same"}
    assert all("-big" in name for name, op in changed.items() if op == "create")
    # The functions' rights name the groups, the settings the classes, the dashboard both.
    assert {name for name, op in changed.items() if op == "update"} == {
        "fleet-dashboard",
        "fleet-finish-policy",
        "fleet-planner-policy",
        "fleet-settings",
    }
    gone = engine(fleet).up()
    assert gone.ok, gone.diagnostics
    assert {step.op for step in gone.steps if "-big" in step.name} == {"delete"}
