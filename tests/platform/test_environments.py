"""What the declaration of access says for the committed stack files."""

from typing import Any

import pytest

from slipway.platform.declaration import (
    DescribeCluster,
    MarkImages,
    PushImages,
    ReadParameters,
    RoleDeclaration,
)
from slipway.platform.environments import environments
from slipway.platform.platform_roles import platform_roles
from slipway.platform.services import JobKind
from slipway.platform.settings import Settings

from .conftest import parse, stack_values, without_fleet


def image_role_of(settings: Settings) -> RoleDeclaration | None:
    return platform_roles(settings).image


@pytest.mark.parametrize("stack", ["automation", "staging", "prod", "local"])
def test_every_role_carries_the_boundary_and_its_own_name(stack: str) -> None:
    settings = parse(stack, stack_values(stack))
    own = platform_roles(settings)
    roles = [environment.role for environment in environments(settings)]
    roles += [role for role in (own.plan, own.apply, own.gate, own.image, *own.cicd.values()) if role]
    assert len({role.arn for role in roles}) == len(roles)
    assert all(role.boundary_arn.startswith(f"arn:aws:iam::{settings.account}:policy/") for role in roles)


def test_only_build_environments_push_and_only_to_their_own_repositories(local: dict[str, Any]) -> None:
    settings = parse("local", local)
    pushes = {
        environment.name: grant.repositories
        for environment in environments(settings)
        for grant in environment.role.all_grants
        if isinstance(grant, PushImages)
    }
    assert pushes == {
        "build": ("skill-pool/server", "skill-pool/web"),
        "chart": ("skill-pool/chart",),
        "preview-build": ("skill-pool/preview/server", "skill-pool/preview/web"),
    }


@pytest.mark.parametrize("stack", ["automation", "staging", "prod", "local"])
def test_a_pull_request_reaches_no_repository_that_is_promoted(stack: str) -> None:
    for environment in environments(parse(stack, stack_values(stack))):
        if any("refs/pull" in branch for branch in environment.rules.branches):
            for grant in environment.role.all_grants:
                assert not isinstance(grant, MarkImages)
                assert not isinstance(grant, PushImages) or all("/preview/" in r for r in grant.repositories)


def test_only_the_job_that_promotes_gives_tags_to_images_that_are_there() -> None:
    for stack in ("automation", "staging", "prod"):
        marking = {
            environment.name: grant
            for environment in environments(parse(stack, stack_values(stack)))
            for grant in environment.role.all_grants
            if isinstance(grant, MarkImages)
        }
        if stack != "automation":
            assert not marking, "who deploys pushes nowhere"
        else:
            images = ("skill-pool/server", "skill-pool/web")
            assert marking == {"promote": MarkImages(images, "111111111111", "eu-west-1")}


def test_migrations_and_deploys_see_one_cluster(prod: dict[str, Any]) -> None:
    for environment in environments(parse("prod", prod)):
        clusters = [g.cluster for g in environment.role.all_grants if isinstance(g, DescribeCluster)]
        assert clusters == ["slipway-prod"]


def test_prod_is_always_reviewed(prod: dict[str, Any]) -> None:
    for environment in environments(parse("prod", prod)):
        assert environment.rules.reviewers.teams == ("release-managers",)


def test_an_environment_that_github_cannot_protect_holds_no_role(prod: dict[str, Any]) -> None:
    prod["organization"]["github"]["plan"] = "free"
    for environment in environments(parse("prod", prod)):
        assert not environment.holds_role
        assert "gets no deploy role" in environment.protection.reason


@pytest.mark.parametrize("stack", ["automation", "local"])
def test_a_stack_with_a_fleet_builds_images_from_main_and_grants_that_job_nothing_else(stack: str) -> None:
    values = stack_values(stack)
    role = image_role_of(parse(stack, values))
    assert role
    (job,) = role.jobs
    assert (job.repository.slug, job.environment, job.branches) == (
        "acme/platform",
        "runner-image",
        ("main",),
    )
    assert not role.all_grants
    without_fleet(values)
    assert image_role_of(parse(stack, values)) is None


def test_images_are_built_by_no_role_where_any_branch_could_take_it(automation: dict[str, Any]) -> None:
    automation["organization"]["github"]["plan"] = "free"
    automation["services"]["skill-pool"]["enforce"] = False
    assert image_role_of(parse("automation", automation)) is None
    assert platform_roles(parse("automation", automation)).gate is None
    automation["organization"]["github"]["visibility"] = "public"
    assert image_role_of(parse("automation", automation))
    assert platform_roles(parse("automation", automation)).gate


def test_a_block_overrides_what_its_name_says(prod: dict[str, Any]) -> None:
    prod["organization"]["limits"] = {"environments": {"production": {"jobs": ["migrate"]}}}
    prod["organization"]["cicd_chain"] = {}
    prod["services"]["skill-pool"]["environments"] = {
        "production": {
            "jobs": ["deploy", "migrate"],
            "tags": ["v1.*"],
            "branches": [],
            "namespace": "skill-pool-eu",
        }
    }
    (environment,) = environments(parse("prod", prod))
    assert environment.jobs == (JobKind.DEPLOY, JobKind.MIGRATE)
    assert (environment.rules.branches, environment.rules.tags) == ((), ("v1.*",))
    assert [placement.namespace for placement in environment.placements] == ["skill-pool-eu"]


@pytest.mark.parametrize(
    ("prod", "names"),
    [
        (
            "333333333333",
            {"staging": "skill-pool-service-helm-values", "prod": "skill-pool-service-helm-values"},
        ),
        (
            "222222222222",
            {
                "staging": "skill-pool-staging-service-helm-values",
                "prod": "skill-pool-prod-service-helm-values",
            },
        ),
    ],
)
def test_staging_and_production_never_share_the_values_of_a_release(prod: str, names: dict[str, str]) -> None:
    for stack, name in names.items():
        values = stack_values(stack)
        values["organization"]["accounts"]["prod"] = prod
        settings = parse(stack, values)
        assert settings.helm_values_parameter("skill-pool") == name
        read = {
            parameter
            for environment in environments(settings)
            for grant in environment.role.all_grants
            if isinstance(grant, ReadParameters)
            for parameter in grant.names
        }
        assert read == {name}
