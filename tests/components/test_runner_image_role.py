"""The role that builds runner images: one security group, one tag, and no door to anything else."""

import json
from typing import Any

import pytest

from components.runners.image_role import BUILD_TAG, ImageRole, ImageRoleArgs, image_build
from slipway.access.evaluate import Mode, evaluate
from slipway.access.model import Job, PullImages, RoleDeclaration
from slipway.access.statements import is_reading
from slipway.errors import SlipwayError
from tests.components.recording import run
from tests.components.samples import ACCOUNT, BOUNDARY, REGION, repository
from tests.components.samples_runners import names

OWN = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
DOCUMENT = image_build(names())
TAGGED = {f"aws:ResourceTag/{BUILD_TAG}": "automation"}
ASKED = {f"aws:RequestTag/{BUILD_TAG}": "automation"}


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
    return evaluate([DOCUMENT], f"ec2:{action}", resource, context, mode=Mode.ATTACK).allowed


def test_it_launches_only_tagged_instances_with_the_build_group() -> None:
    for kind in ("instance", "volume"):
        assert may("RunInstances", f"{OWN}:{kind}/*", ASKED)
        assert not may("RunInstances", f"{OWN}:{kind}/*", {})
        assert not may("RunInstances", f"{OWN}:{kind}/*", {f"aws:RequestTag/{BUILD_TAG}": "other"})
    group = "aws:ResourceTag/Name"
    assert may(
        "RunInstances", f"{OWN}:security-group/sg-1", {group: "slipway-automation-runners-image-build"}
    )
    assert not may("RunInstances", f"{OWN}:security-group/sg-1", {group: "slipway-automation-runners-run"})
    assert not may("RunInstances", f"{OWN}:security-group/sg-1", {**ASKED, **TAGGED})
    assert not may("CreateTags", f"{OWN}:security-group/sg-1", {**ASKED, **TAGGED})
    assert may("RunInstances", f"{OWN}:key-pair/packer_1", TAGGED)
    assert not may("RunInstances", f"{OWN}:key-pair/admin", {})


@pytest.mark.parametrize("action", ["TerminateInstances", "StopInstances", "ModifyInstanceAttribute"])
def test_it_changes_only_what_it_made(action: str) -> None:
    instance = f"{OWN}:instance/i-0123456789abcdef0"
    assert may(action, instance, TAGGED)
    assert not may(action, instance, {})
    assert not may(action, instance, {"aws:ResourceTag/slipway:fleet": "automation"})
    assert not may(action, instance, {f"aws:ResourceTag/{BUILD_TAG}": "other"})


def test_it_cannot_tag_what_is_not_its_own() -> None:
    runner = f"{OWN}:instance/i-0123456789abcdef0"
    assert may("CreateTags", runner, {**ASKED, "ec2:CreateAction": "RunInstances"})
    assert not may("CreateTags", runner, ASKED)
    assert not may("CreateTags", runner, {"ec2:CreateAction": "RunInstances"})


def test_it_has_no_other_service_and_changes_nothing_without_a_condition() -> None:
    for statement in DOCUMENT["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        for action in actions:
            assert action.startswith("ec2:")
            assert is_reading(action) or "Condition" in statement or statement["Sid"] == "LaunchWith"


def test_it_is_a_role_of_its_own_under_the_boundary() -> None:
    args = ImageRoleArgs(names=names(), declaration=declaration())
    recording = run(lambda: ImageRole("image", args) and None)
    role = recording.one("aws:iam/role:Role").inputs
    assert (role["name"], role["path"]) == ("slipway-automation-runner-image", "/slipway/runners/")
    assert role["permissionsBoundary"] == BOUNDARY
    policy = recording.one("aws:iam/rolePolicy:RolePolicy").inputs
    assert policy["role"] == role["name"]
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
