"""The role that builds runner images: one security group, one tag, and no door to anything else."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from components.network.network import Network
from components.runners.image_role import (
    BASE_OWNERS,
    BUILD_SESSION,
    ImageRole,
    ImageRoleArgs,
    image_build,
    image_machine,
)
from slipway.access.evaluate import Mode, evaluate
from slipway.access.statements import is_reading
from slipway.errors import SlipwayError
from slipway.platform import naming
from slipway.platform.declaration import Job, PullImages, RoleDeclaration
from tests.components.recording import run
from tests.components.samples import ACCOUNT, BOUNDARY, REGION, network_args, repository
from tests.components.samples_runners import names

OWN = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
DOCUMENT = image_build(names())
TAGGED = {f"aws:ResourceTag/{naming.BUILD_TAG}": "automation"}
ASKED = {f"aws:RequestTag/{naming.BUILD_TAG}": "automation"}

TEMPLATE = (Path(__file__).parents[2] / "runners/image/runner.pkr.hcl").read_text()
_IMAGE, _LAUNCHED = ("image", "snapshot"), ("instance", "network-interface", "volume")


def declaration(**changes: Any) -> RoleDeclaration:
    job = Job(name="image", repository=repository(), environment="runner-image", events=("schedule",))
    given: dict[str, Any] = {
        "name": "slipway-automation-runner-image",
        "account": ACCOUNT,
        "region": REGION,
        "path": "/slipway/runners/",
        "boundary_arn": BOUNDARY,
        "jobs": (job,),
    }
    return RoleDeclaration(**{**given, **changes})


def may(action: str, resource: str, context: dict[str, str]) -> bool:
    return evaluate([DOCUMENT], _named(action), resource, context, mode=Mode.ATTACK).allowed


def _named(action: str) -> str:
    return action if ":" in action else f"ec2:{action}"


def test_it_launches_only_tagged_instances_with_the_build_group() -> None:
    for kind in ("instance", "network-interface", "volume"):
        assert may("RunInstances", f"{OWN}:{kind}/*", ASKED)
        assert not may("RunInstances", f"{OWN}:{kind}/*", {})
        assert not may("RunInstances", f"{OWN}:{kind}/*", {f"aws:RequestTag/{naming.BUILD_TAG}": "other"})
    group = "aws:ResourceTag/Name"
    assert may(
        "RunInstances", f"{OWN}:security-group/sg-1", {group: "slipway-automation-runners-image-build"}
    )
    assert not may("RunInstances", f"{OWN}:security-group/sg-1", {group: "slipway-automation-runners-run"})
    assert not may("RunInstances", f"{OWN}:security-group/sg-1", {**ASKED, **TAGGED})
    assert not may("CreateTags", f"{OWN}:security-group/sg-1", {**ASKED, **TAGGED})
    assert may("RunInstances", f"{OWN}:key-pair/packer_1", TAGGED)
    assert not may("RunInstances", f"{OWN}:key-pair/admin", {})


def test_it_builds_on_its_suppliers_images_only() -> None:
    image = f"arn:aws:ec2:{REGION}::image/ami-0123456789abcdef0"
    assert may("RunInstances", image, {"ec2:Owner": "099720109477"})
    assert may("RunInstances", image, {"ec2:Owner": "amazon"})
    for owner in (ACCOUNT, "aws-marketplace", "210987654321"):
        assert not may("RunInstances", image, {"ec2:Owner": owner, **TAGGED})
    assert not may("RunInstances", image, {})
    owners = re.search(r'owners += \["(\d+)"\]', TEMPLATE)
    assert owners
    assert set(BASE_OWNERS) == {owners[1], "amazon"}


def test_it_launches_into_the_subnets_of_its_own_stack_s_network_only() -> None:
    args = dataclasses.replace(network_args(), name=names().prefix)
    subnets = run(lambda: Network("network", args) and None).of("aws:ec2/subnet:Subnet")
    assert subnets
    subnet = f"{OWN}:subnet/subnet-1"
    for one in subnets:
        assert may("RunInstances", subnet, {"aws:ResourceTag/Name": one.inputs["tags"]["Name"]})
    for name in ("", "public-a", "slipway-prod-public-a", "slipway-automation-2-public-a"):
        assert not may("RunInstances", subnet, {"aws:ResourceTag/Name": name, **TAGGED})
    assert not may("RunInstances", subnet, {})


def test_an_existing_network_interface_is_not_taken() -> None:
    interface = f"{OWN}:network-interface/eni-1"
    assert not may("RunInstances", interface, {})
    assert not may("RunInstances", interface, TAGGED)


def test_packer_s_calls_are_all_allowed() -> None:
    """In the order of the builder amazon-ebs, each with every resource that EC2 asks about for it."""
    made = f"{OWN}:{{}}/*"
    instance, image, snapshot = f"{OWN}:instance/i-1", *(f"arn:aws:ec2:{REGION}::{kind}/*" for kind in _IMAGE)
    group = {"aws:ResourceTag/Name": names().image_build_group}
    launch = {**ASKED, "ec2:CreateAction": "RunInstances"}
    calls: list[tuple[str, str, dict[str, str]]] = [
        *((f"Describe{what}", "*", {}) for what in ("Images", "Subnets", "SecurityGroups", "Instances")),
        ("CreateKeyPair", made.format("key-pair"), ASKED),
        ("CreateTags", made.format("key-pair"), {**ASKED, "ec2:CreateAction": "CreateKeyPair"}),
        ("RunInstances", f"arn:aws:ec2:{REGION}::image/ami-1", {"ec2:Owner": "amazon"}),
        ("RunInstances", f"{OWN}:subnet/subnet-1", {"aws:ResourceTag/Name": f"{names().prefix}-public-a"}),
        ("RunInstances", f"{OWN}:security-group/sg-1", group),
        ("RunInstances", f"{OWN}:key-pair/packer_1", TAGGED),
        *(("RunInstances", made.format(kind), ASKED) for kind in _LAUNCHED),
        *(("CreateTags", made.format(kind), launch) for kind in _LAUNCHED),
        ("StopInstances", instance, TAGGED),
        ("CreateImage", instance, TAGGED),
        *(("CreateImage", one, ASKED) for one in (image, snapshot)),
        *(("CreateTags", one, {**ASKED, "ec2:CreateAction": "CreateImage"}) for one in (image, snapshot)),
        *(("CreateTags", one, TAGGED) for one in (image, snapshot)),
        ("iam:GetInstanceProfile", names().image_build_profile_arn, {}),
        ("iam:PassRole", names().image_build_role_arn, {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("ssm:GetConnectionStatus", "*", {}),
        ("ssm:StartSession", instance, TAGGED),
        ("ssm:StartSession", f"arn:aws:ssm:{REGION}::document/AWS-StartPortForwardingSession", {}),
        ("ssm:TerminateSession", f"arn:aws:ssm:{REGION}:{ACCOUNT}:session/gha-runner-image-7-0a1b", {}),
        ("TerminateInstances", instance, TAGGED),
        ("DeleteVolume", f"{OWN}:volume/vol-1", TAGGED),
        ("DeleteKeyPair", f"{OWN}:key-pair/packer_1", TAGGED),
    ]
    reach = [
        call
        for call in calls
        if not evaluate([DOCUMENT], _named(call[0]), call[1], call[2], mode=Mode.REACH).allowed
    ]
    assert reach == []


@pytest.mark.parametrize("action", ["TerminateInstances", "StopInstances", "ModifyInstanceAttribute"])
def test_it_changes_only_what_it_made(action: str) -> None:
    instance = f"{OWN}:instance/i-0123456789abcdef0"
    assert may(action, instance, TAGGED)
    assert not may(action, instance, {})
    assert not may(action, instance, {"aws:ResourceTag/slipway:fleet": "automation"})
    assert not may(action, instance, {f"aws:ResourceTag/{naming.BUILD_TAG}": "other"})


def test_it_cannot_tag_what_is_not_its_own() -> None:
    runner = f"{OWN}:instance/i-0123456789abcdef0"
    assert may("CreateTags", runner, {**ASKED, "ec2:CreateAction": "RunInstances"})
    assert not may("CreateTags", runner, ASKED)
    assert not may("CreateTags", runner, {"ec2:CreateAction": "RunInstances"})


def test_of_ec2_it_changes_nothing_without_a_condition_and_of_others_no_more_than_a_session() -> None:
    others: set[str] = set()
    for statement in DOCUMENT["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        for action in actions:
            if action.startswith("ec2:"):
                assert is_reading(action) or "Condition" in statement
            else:
                others.add(action)
    assert others == {
        "iam:GetInstanceProfile",
        "iam:PassRole",
        *(f"ssm:{verb}" for verb in ("GetConnectionStatus", "StartSession", "TerminateSession")),
    }


def test_it_reaches_only_what_it_made_and_only_by_a_forwarded_port() -> None:
    documents = f"arn:aws:ssm:{REGION}::document"
    assert may("ssm:StartSession", f"{OWN}:instance/i-1", TAGGED)
    assert not may("ssm:StartSession", f"{OWN}:instance/i-1", {})
    assert not may("ssm:StartSession", f"{OWN}:instance/i-1", {"aws:ResourceTag/slipway:fleet": "automation"})
    assert may("ssm:StartSession", f"{documents}/AWS-StartPortForwardingSession", {})
    for other in ("AWS-StartInteractiveCommand", "AWS-StartPortForwardingSessionToRemoteHost"):
        assert not may("ssm:StartSession", f"{documents}/{other}", TAGGED)
    assert not may(
        "ssm:StartSession", f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/SSM-SessionManagerRunShell", {}
    )
    assert not may("ssm:TerminateSession", f"arn:aws:ssm:{REGION}:{ACCOUNT}:session/admin-0a1b", {})
    workflow = (Path(__file__).parents[2] / ".github/workflows/runner-image.yml").read_text()
    assert f"role-session-name: {BUILD_SESSION}${{{{" in workflow


def test_it_passes_one_role_to_ec2_alone_and_that_one_is_reached_and_no_more() -> None:
    to_ec2 = {"iam:PassedToService": "ec2.amazonaws.com"}
    assert not may(
        "iam:PassRole", names().image_build_role_arn, {"iam:PassedToService": "lambda.amazonaws.com"}
    )
    for other in ("slipway-automation-runner-image", "slipway-automation-runner-linux"):
        arn = f"arn:aws:iam::{ACCOUNT}:role/slipway/runners/{other}"
        assert not may("iam:PassRole", arn, to_ec2)
    [statement] = image_machine()["Statement"]
    assert {action.partition(":")[0] for action in statement["Action"]} == {"ssm", "ssmmessages"}
    assert "ssm:GetParameters" not in statement["Action"]


def test_the_machine_has_its_role_by_the_name_that_packer_gives() -> None:
    recording = run(
        lambda: ImageRole("image", ImageRoleArgs(names=names(), declaration=declaration())) and None
    )
    profile = recording.one("aws:iam/instanceProfile:InstanceProfile").inputs
    assert profile["name"] == names().image_build_role == "slipway-automation-runner-image-build"
    found = re.search(r'iam_instance_profile += .*session_manager" \? "(.*?)" : ""', TEMPLATE)
    assert found
    assert found[1].replace("${var.fleet}", "automation") == profile["name"]


def test_it_is_a_role_of_its_own_under_the_boundary() -> None:
    args = ImageRoleArgs(names=names(), declaration=declaration())
    recording = run(lambda: ImageRole("image", args) and None)
    role, machine = (one.inputs for one in recording.of("aws:iam/role:Role"))
    assert machine["permissionsBoundary"] == BOUNDARY
    assert (role["name"], role["path"]) == ("slipway-automation-runner-image", "/slipway/runners/")
    assert role["permissionsBoundary"] == BOUNDARY
    policies = [one.inputs for one in recording.of("aws:iam/rolePolicy:RolePolicy")]
    [policy] = [one for one in policies if one["role"] == role["name"]]
    assert json.loads(policy["policy"]) == DOCUMENT


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": "cicd"}, "a name of its own"),
        ({"path": "/slipway/ci/"}, "a name of its own"),
        ({"grants": (PullImages(("app",), ACCOUNT, REGION),)}, "does nothing else"),
    ],
)
def test_another_role_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(SlipwayError, match=says):
        ImageRoleArgs(names=names(), declaration=declaration(**changes))
