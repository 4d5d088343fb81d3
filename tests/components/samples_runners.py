"""A runner fleet with a class of each kind, for every test that looks at what the component declares."""

import dataclasses
import tempfile
from pathlib import Path

import pulumi

from components.runners.args import CodeArgs, RunnerFleetArgs
from components.runners.runner_fleet import RunnerFleet
from slipway.platform.fleet_names import FleetNames
from slipway.platform.runner_classes import RunnerClassSettings, RunnerImage, RunnerSettings
from tests.components.samples import ACCOUNT, BOUNDARY, REGION

ROOT = Path(__file__).parents[2]
BUILD = Path(tempfile.gettempdir()) / "slipway-test-packages"
CICD = f"arn:aws:iam::{ACCOUNT}:role/slipway/ci/cicd-skill-pool"
IMAGE = RunnerImage(id="ami-0123456789abcdef0", built="2026-11-01", runner_version="2.330.0")
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"


def names(fleet: str = "automation") -> FleetNames:
    return FleetNames(fleet=fleet, account=ACCOUNT, region=REGION)


def runner_class(name: str = "standard", **changes: object) -> dict[str, RunnerClassSettings]:
    """A class by its name, so that several are merged with `|`."""
    given: dict[str, object] = {
        "labels": ("self-hosted", "linux", "x64", name),
        "instance_types": ("m7i.large", "m6i.large", "c7i.large"),
        "repositories": tuple(REPOSITORIES),
        "image": IMAGE,
    }
    return {name: RunnerClassSettings.model_validate({**given, **changes})}


REPOSITORIES = {"acme/skill-pool": 70001, "acme/web": 70002}
CLASSES = {
    **runner_class(),
    **runner_class("deploy", cicd=True, workflows=("acme/skill-pool/.github/workflows/deploy.yml@main",)),
    **runner_class("warm", capacity="on_demand", instance_types=("m7i.large",), warm_pool=2),
    **runner_class("arm", architecture="arm64", instance_types=("m7g.large",), capacity="on_demand"),
    **runner_class("coming", image=None),
}


def runners(**changes: object) -> RunnerSettings:
    given: dict[str, object] = {
        "app_id": 1234,
        "installation_id": 5678,
        "classes": CLASSES,
        "alarm_topic": TOPIC,
    }
    return RunnerSettings.model_validate({**given, **changes})


def fleet_args(**changes: object) -> RunnerFleetArgs:
    """A fleet; keys of its settings (`classes`, `app_id`, ...) are changed there, others in the arguments."""
    own = {key: value for key, value in changes.items() if key in RunnerSettings.model_fields}
    args = RunnerFleetArgs(
        fleet="automation",
        account=ACCOUNT,
        region=REGION,
        boundary_arn=BOUNDARY,
        organization="acme",
        runners=runners(**own),
        repository_ids=REPOSITORIES,
        cicd_role_arns={"deploy": CICD},
        subnet_ids=["subnet-a", "subnet-b", "subnet-c"],
        security_group_id="sg-run",
        image_build_security_group_id="sg-build",
        code=CodeArgs(root=ROOT, build=BUILD),
        user_data=lambda name, endpoint: f"#!/bin/sh\n# {name} {endpoint}\n",
        minimum_runner_version="2.329.0",
    )
    return dataclasses.replace(args, **{key: value for key, value in changes.items() if key not in own})  # type: ignore[arg-type]


def declare(**changes: object) -> pulumi.ComponentResource:
    return RunnerFleet("fleet", fleet_args(**changes))
