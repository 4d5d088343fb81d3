"""A runner fleet with a class of each kind, for every test that looks at what the component declares."""

import dataclasses
import tempfile
from pathlib import Path

import pulumi

from components.runners.args import CodeArgs, ImageArgs, RunnerClassArgs, RunnerFleetArgs
from components.runners.runner_fleet import RunnerFleet
from slipway.platform.fleet_names import FleetNames
from tests.components.samples import ACCOUNT, BOUNDARY, REGION

ROOT = Path(__file__).parents[2]
BUILD = Path(tempfile.gettempdir()) / "slipway-test-packages"
CICD = f"arn:aws:iam::{ACCOUNT}:role/slipway/ci/cicd"
IMAGE = ImageArgs(id="ami-0123456789abcdef0", created="2026-11-01", runner_version="2.330.0")
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"


def names(fleet: str = "automation") -> FleetNames:
    return FleetNames(fleet=fleet, account=ACCOUNT, region=REGION)


def runner_class(name: str = "standard", **changes: object) -> RunnerClassArgs:
    given: dict[str, object] = {
        "name": name,
        "labels": ("self-hosted", "linux", "x64", name),
        "instance_types": ("m7i.large", "m6i.large", "c7i.large"),
        "repositories": {"acme/skill-pool": 70001, "acme/web": 70002},
        "image": IMAGE,
    }
    return RunnerClassArgs(**{**given, **changes})  # type: ignore[arg-type]


CLASSES = (
    runner_class(),
    runner_class(
        "deploy", cicd_role_arn=CICD, workflows=("acme/skill-pool/.github/workflows/deploy.yml@main",)
    ),
    runner_class("warm", capacity="on_demand", instance_types=("m7i.large",), warm_pool=2),
    runner_class("arm", architecture="arm64", instance_types=("m7g.large",), capacity="on_demand"),
    runner_class("coming", image=None),
)


def fleet_args(**changes: object) -> RunnerFleetArgs:
    args = RunnerFleetArgs(
        fleet="automation",
        account=ACCOUNT,
        region=REGION,
        boundary_arn=BOUNDARY,
        organization="acme",
        app_id=1234,
        installation_id=5678,
        classes=CLASSES,
        subnet_ids=["subnet-a", "subnet-b", "subnet-c"],
        security_group_id="sg-run",
        image_build_security_group_id="sg-build",
        code=CodeArgs(root=ROOT, build=BUILD),
        user_data=lambda one, endpoint: f"#!/bin/sh\n# {one.name} {endpoint}\n",
        minimum_runner_version="2.329.0",
        alarm_topic=TOPIC,
    )
    return dataclasses.replace(args, **changes)  # type: ignore[arg-type]


def declare(**changes: object) -> pulumi.ComponentResource:
    return RunnerFleet("fleet", fleet_args(**changes))
