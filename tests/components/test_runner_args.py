"""Settings of a fleet that AWS or GitHub would refuse, or that would let strangers in, are refused first."""

import dataclasses
from typing import Any

import pytest

from components.runners.args import CodeArgs, ImageArgs, RunnerClassArgs
from slipway.errors import SlipwayError
from slipway.platform.runner_classes import RunnerClass
from tests.components.samples_runners import BUILD, CICD, ROOT, fleet_args, runner_class

BAD_CLASSES: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"name": "Standard"}, "cannot be a runner class's name"),
    "long-name": ({"name": "a" * 21}, "cannot be a runner class's name"),
    "reserved-name": ({"name": "runner-x"}, "begins like the fleet's own parts"),
    "no-label": ({"labels": ()}, "as a label"),
    "odd-label": ({"labels": ("two words",)}, "two words"),
    "label-twice": ({"labels": ("Linux", "linux")}, "a label twice"),
    "workflow": ({"workflows": ("deploy.yml",)}, "is no workflow"),
    "no-repository": ({"repositories": {}}, "serves no repository"),
    "no-slug": ({"repositories": {"skill-pool": 1}}, "is no repository"),
    "no-id": ({"repositories": {"acme/skill-pool": 0}}, "is no repository"),
    "no-type": ({"instance_types": ()}, "as instance types"),
    "odd-type": ({"instance_types": ("large",)}, "as instance types"),
    "types": ({"instance_types": tuple(f"m{n}i.large" for n in range(1, 42))}, "as instance types"),
    "arm-on-x86": ({"instance_types": ("m7g.large",)}, "cannot run an image for x86_64"),
    "x86-on-arm": ({"architecture": "arm64"}, "cannot run an image for arm64"),
    "disk": ({"disk_gib": 8}, "a disk of 8 GiB"),
    "minimum": ({"minimum": 11}, "from 11 to 10 instances"),
    "maximum": ({"maximum": 0}, "from 0 to 0 instances"),
    "spares": ({"spares": 11}, "11 spares"),
    "minutes": ({"idle_minutes": 0}, "a time of no minutes"),
    "warm-size": ({"warm_pool": 11}, "a warm pool of 11"),
    "warm-spot": ({"warm_pool": 1, "instance_types": ("m7i.large",)}, "a warm pool with spot"),
    "warm-types": ({"warm_pool": 1, "capacity": "on_demand"}, "a warm pool with spot"),
    "cicd-arn": ({"cicd_role_arn": "arn:aws:iam::111111111111:role/*"}, "no exact role ARN"),
    "cicd-public": ({"cicd_role_arn": CICD, "public": True}, "strangers' jobs could deploy"),
    "cicd-forks": ({"cicd_role_arn": CICD, "forks": True}, "strangers' jobs could deploy"),
}

BAD_FLEETS: dict[str, tuple[dict[str, Any], str]] = {
    "name": ({"fleet": "Automation"}, "cannot be a fleet's name"),
    "account": ({"account": "1"}, "is no AWS account"),
    "region": ({"region": "europe"}, "is no AWS region"),
    "boundary": ({"boundary_arn": "none"}, "is no permissions boundary"),
    "app": ({"app_id": 0}, "the GitHub App has no id"),
    "installation": ({"installation_id": 0}, "the GitHub App has no id"),
    "days": ({"log_days": 31}, "logs cannot be kept for 31 days"),
    "topic": ({"alarm_topic": "alarms"}, "is no SNS topic"),
    "version": ({"minimum_runner_version": "2"}, "is no runner version"),
    "rate": ({"webhook_rate": 0}, "no webhook would be taken"),
    "no-class": ({"classes": ()}, "no class"),
    "class-twice": ({"classes": (runner_class(), runner_class())}, "no class, or one twice"),
    "strangers": (
        {"classes": (runner_class(repositories={"other/app": 1}),)},
        "does not belong to acme",
    ),
    "same-labels": (
        {"classes": (runner_class("a", labels=("x", "Y")), runner_class("b", labels=("y", "X")))},
        "by the same labels",
    ),
}


@pytest.mark.parametrize("case", BAD_CLASSES)
def test_a_class_is_refused_for(case: str) -> None:
    changes, says = BAD_CLASSES[case]
    with pytest.raises(SlipwayError, match=says):
        runner_class(**changes)


@pytest.mark.parametrize("case", BAD_FLEETS)
def test_a_fleet_is_refused_for(case: str) -> None:
    changes, says = BAD_FLEETS[case]
    with pytest.raises(SlipwayError, match=says):
        fleet_args(**changes)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"id": "none"}, "is no image"),
        ({"created": "yesterday"}, "is no day"),
        ({"runner_version": "latest"}, "is no runner version"),
    ],
)
def test_an_image_is_refused_for(changes: dict[str, str], says: str) -> None:
    good = {"id": "ami-0123456789abcdef0", "created": "2026-11-01", "runner_version": "2.330.0"}
    ImageArgs(**good)
    with pytest.raises(SlipwayError, match=says):
        ImageArgs(**{**good, **changes})


def test_functions_by_a_tag_are_refused() -> None:
    with pytest.raises(SlipwayError, match="does not name one image"):
        CodeArgs(root=ROOT, build=BUILD, image_uri="1.dkr.ecr.eu-west-1.amazonaws.com/functions:latest")


def test_two_classes_may_share_labels_for_different_repositories() -> None:
    shared = ("self-hosted", "linux")
    fleet_args(
        classes=(
            runner_class("a", labels=shared, repositories={"acme/a": 1}),
            runner_class("b", labels=shared, repositories={"acme/b": 2}),
        )
    )


def test_the_longest_names_fit_into_an_iam_role() -> None:
    args = fleet_args(fleet="f" * 20, classes=(runner_class("c" * 20),))
    assert len(args.names.instance_role("c" * 20)) <= 64
    assert len(args.names.function("webhook")) <= 64


def test_every_option_of_a_class_can_be_set_in_a_stack_file() -> None:
    options = {field.name for field in dataclasses.fields(RunnerClassArgs)}
    settable = set(RunnerClass.model_fields) - {"cicd"} | {"name", "cicd_role_arn"}
    assert options == settable
