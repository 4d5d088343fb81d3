"""Access, computed from the policies that the real stacks render: who gets where, and who does not."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from slipway.access.evaluate import Mode, evaluate
from slipway.access.matrix import Matrix, matrix
from slipway.access.permissions import permission_policy
from slipway.cli.matrices import world_of
from slipway.engine.recording import Rendered
from slipway.platform import reading
from slipway.platform.platform_roles import platform_roles
from tests.program.conftest import ROOT

Stacks = Mapping[str, Rendered]


@pytest.fixture(scope="module")
def access(rendered: Stacks) -> Matrix:
    return matrix(world_of(list(rendered.values())))


def of_type(rendered: Stacks, type_: str) -> list[dict[str, Any]]:
    return [item.inputs for stack in rendered.values() for item in stack.registrations if item.type == type_]


def test_no_role_is_without_the_boundary(rendered: Stacks) -> None:
    roles = of_type(rendered, "aws:iam/role:Role")
    assert len(roles) > 20
    for role in roles:
        assert str(role["permissionsBoundary"]).endswith(":policy/slipway/slipway-ci-boundary"), role["name"]


def test_everything_could_be_read(access: Matrix) -> None:
    assert not access.problems


def service_and_environment(role: str) -> tuple[str, str]:
    """The two parts of the name of an environment's role."""
    services = {path.stem for path in (ROOT / "services").glob("*.yaml")}
    service = max((name for name in services if role.startswith(f"{name}-")), key=len)
    return service, role.removeprefix(f"{service}-")


def test_every_environment_reaches_its_own_role_and_no_other(rendered: Stacks, access: Matrix) -> None:
    for stack in rendered.values():
        roles: Any = stack.outputs["roles"]
        for name, arn in roles.items():
            service, environment = service_and_environment(name)
            rows = [row for row in access.rows if row.environment == environment and not row.via]
            reached = {row.role for row in rows if row.who == f"acme/{service}"}
            assert reached == {arn}, name
            assert all(row.certain for row in rows), name


def test_a_pull_request_reaches_only_roles_for_pull_requests(access: Matrix) -> None:
    for row in access.rows:
        if "pull_request" in row.events:
            role = row.role.rpartition("/")[2]
            _, environment = service_and_environment(role)
            assert environment in {"preview", "preview-build", "hotfix", "qa1", "qa2"}, row


def test_production_is_reached_from_releases_alone(access: Matrix) -> None:
    rows = [row for row in access.rows if row.role.endswith("/skill-pool-production")]
    for row in rows:
        assert not row.via, f"{row.who} goes past production's reviewers"
        assert set(row.refs) == {"tag v*", "branch release/*"}, row


def test_only_the_apply_environments_of_the_platform_reach_the_apply_roles(access: Matrix) -> None:
    for row in access.rows:
        if "/slipway/infra/" in row.role:
            assert row.environment == row.role.rpartition("/")[2] or "infra-" in row.who, row
            assert "acme/platform" in row.who or "acme@9001/platform@70000" in row.who, row


IMAGE_ROLE = "arn:aws:iam::111111111111:role/slipway/runners/slipway-automation-runner-image"


def test_only_main_of_the_platform_builds_runner_images_and_what_it_may_do_is_known(access: Matrix) -> None:
    (row,) = [row for row in access.rows if row.role == IMAGE_ROLE]
    assert (row.who, row.environment, row.refs) == ("acme/platform", "runner-image", ("branch main",))
    assert row.certain
    assert not row.via
    assert all(capability.certain for capability in row.capabilities)
    assert "run instances" in {capability.label for capability in row.capabilities}


def test_images_are_built_in_the_group_that_lets_ssh_in(rendered: Stacks) -> None:
    (policy,) = [
        one for one in of_type(rendered, "aws:iam/rolePolicy:RolePolicy") if one.get("name") == "build-images"
    ]
    by_sid = {one["Sid"]: one for one in json.loads(policy["policy"])["Statement"]}
    (name,) = by_sid["LaunchWithGroup"]["Condition"]["StringEquals"].values()
    groups = of_type(rendered, "aws:ec2/securityGroup:SecurityGroup")
    (group,) = [one for one in groups if one.get("tags", {}).get("Name") == name]
    assert group["description"] == "Building the runner image"


def test_the_image_job_is_given_every_variable_that_it_reads(rendered: Stacks) -> None:
    given = {
        one["variableName"]: one["value"]
        for one in of_type(rendered, "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable")
        if one["environment"] == "runner-image"
    }
    read = set(re.findall(r"vars\.(\w+)", (ROOT / ".github/workflows/runner-image.yml").read_text()))
    # The runner is chosen before the job enters its environment, so that one is the repository's.
    assert set(given) == read - {"RUNNER_IMAGE_RUNS_ON"}
    assert given["AWS_ROLE_ARN"] == IMAGE_ROLE


def test_the_apply_role_may_make_the_image_role_and_only_under_the_boundary() -> None:
    own = platform_roles(reading.load(ROOT, "automation"))
    role, apply = own.image, own.apply
    assert role
    assert role.arn == IMAGE_ROLE
    documents = [permission_policy(apply)]
    bounded = {"iam:PermissionsBoundary": role.boundary_arn, "aws:RequestedRegion": "eu-west-1"}
    for action in ("iam:CreateRole", "iam:PutRolePolicy"):
        assert evaluate(documents, action, role.arn, bounded, mode=Mode.REACH).allowed, action
        assert not evaluate(documents, action, role.arn, {}, mode=Mode.ATTACK).allowed, action
