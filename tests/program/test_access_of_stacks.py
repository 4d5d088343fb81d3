"""Access, computed from the policies that the real stacks render: who gets where, and who does not."""

from typing import Any

import pytest

from slipway.access.matrix import Matrix, matrix
from slipway.cli.access import world_of
from slipway.engine.offline import render_apart
from slipway.engine.recording import Rendered
from tests.program.conftest import ROOT

STACKS = ("automation", "staging", "prod")


@pytest.fixture(scope="module")
def rendered() -> list[Rendered]:
    return [render_apart(ROOT, stack, "") for stack in STACKS]


@pytest.fixture(scope="module")
def access(rendered: list[Rendered]) -> Matrix:
    return matrix(world_of(rendered))


def of_type(rendered: list[Rendered], type_: str) -> list[dict[str, Any]]:
    return [one.inputs for stack in rendered for one in stack.registrations if one.type == type_]


def test_no_role_is_without_the_boundary(rendered: list[Rendered]) -> None:
    roles = of_type(rendered, "aws:iam/role:Role")
    assert len(roles) > 20
    for role in roles:
        assert str(role["permissionsBoundary"]).endswith(":policy/slipway/slipway-ci-boundary"), role["name"]


def test_everything_could_be_read(access: Matrix) -> None:
    assert not access.problems


def test_every_environment_reaches_its_own_role_and_no_other(
    rendered: list[Rendered], access: Matrix
) -> None:
    for stack in rendered:
        roles: Any = stack.outputs["roles"]
        for name, arn in roles.items():
            environment = name.removeprefix("skill-pool-")
            rows = [row for row in access.rows if row.environment == environment and not row.via]
            reached = {row.role for row in rows if row.who == "acme/skill-pool"}
            assert reached == {arn}, name
            assert all(row.certain for row in rows), name


def test_a_pull_request_reaches_only_roles_for_pull_requests(access: Matrix) -> None:
    for row in access.rows:
        if "pull_request" in row.events:
            role = row.role.rpartition("/")[2]
            assert role.removeprefix("skill-pool-") in {"preview", "preview-build", "hotfix", "qa1", "qa2"}, (
                row
            )


def test_production_is_reached_from_releases_and_the_runners_chain_alone(access: Matrix) -> None:
    rows = [row for row in access.rows if row.role.endswith("/skill-pool-production")]
    for row in rows:
        if row.via:
            assert [arn.rpartition("/")[2] for arn in row.via][-1] == "cicd"
        else:
            assert set(row.refs) == {"tag v*", "branch release/*"}, row


def test_only_the_apply_environments_of_the_platform_reach_the_apply_roles(access: Matrix) -> None:
    for row in access.rows:
        if "/slipway/infra/" in row.role:
            assert row.environment == row.role.rpartition("/")[2] or "infra-" in row.who, row
            assert "acme/platform" in row.who or "acme@9001/platform@70000" in row.who, row
