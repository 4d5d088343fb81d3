"""The foundation of an account: provider, boundary, roles; read from what would be sent to AWS."""

import json
from typing import Any

import pytest

from components.identity.ci_role import CiRole, CiRoleArgs
from components.identity.oidc_provider import GithubOidcProvider, GithubOidcProviderArgs
from components.identity.origin import Origin
from components.identity.permissions_boundary import PermissionsBoundary, PermissionsBoundaryArgs
from components.identity.runner_chain import CicdRole, CicdRoleArgs
from slipway.errors import SlipwayError
from slipway.platform.declaration import (
    ApplyStack,
    AssumeRoles,
    DescribeCluster,
    Job,
    Repository,
    RoleDeclaration,
)
from tests.components.recording import run

ACCOUNT = "111111111111"
REGION = "eu-west-1"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/slipway/slipway-ci-boundary"
REPOSITORY = Repository(owner="acme", name="skill-pool", owner_id=9001, id=70001)


def job(**changes: Any) -> Job:
    values: dict[str, Any] = {
        "name": "deploy",
        "repository": REPOSITORY,
        "environment": "production",
        "events": ("push",),
        "tags": ("v*",),
        "grants": (DescribeCluster("prod", ACCOUNT, REGION),),
    }
    return Job(**{**values, **changes})


def declaration(**changes: Any) -> RoleDeclaration:
    values: dict[str, Any] = {
        "name": "skill-pool-production",
        "account": ACCOUNT,
        "region": REGION,
        "jobs": (job(),),
        "boundary_arn": BOUNDARY,
    }
    return RoleDeclaration(**{**values, **changes})


def test_the_provider_trusts_one_audience_and_no_thumbprint() -> None:
    made = run(lambda: _keep(GithubOidcProvider("github", GithubOidcProviderArgs(account=ACCOUNT))))
    inputs = made.one("OpenIdConnectProvider").inputs
    assert inputs["url"] == "https://token.actions.githubusercontent.com"
    assert inputs["clientIdLists"] == ["sts.amazonaws.com"]
    assert not inputs.get("thumbprintLists")


def test_somebody_elses_provider_is_read_and_never_registered() -> None:
    args = GithubOidcProviderArgs(account=ACCOUNT, origin=Origin.USE)
    made = run(lambda: _keep(GithubOidcProvider("github", args)))
    provider = made.one("OpenIdConnectProvider")
    assert provider.read_id == f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    assert "url" not in provider.inputs


def test_what_bootstrap_made_is_imported_and_outlives_the_stack() -> None:
    def program() -> None:
        GithubOidcProvider("github", GithubOidcProviderArgs(account=ACCOUNT, origin=Origin.IMPORT))
        PermissionsBoundary(
            "boundary", PermissionsBoundaryArgs(account=ACCOUNT, arn=BOUNDARY, origin=Origin.IMPORT)
        )
        CiRole("apply", CiRoleArgs(declaration=apply_role(), origin=Origin.IMPORT))

    made = run(program)
    for resource in (one for one in made if one.type.startswith("aws:")):
        assert resource.read_id, resource.name
        assert resource.retain_on_delete, resource.name


def apply_role() -> RoleDeclaration:
    own = f"arn:aws:iam::{ACCOUNT}:role/slipway/infra/infra-prod-apply"
    grant = ApplyStack("prod", ACCOUNT, REGION, BOUNDARY, "/slipway/ci/", own)
    return declaration(
        name="infra-prod-apply",
        path="/slipway/infra/",
        jobs=(job(name="infra-apply", environment="infra-prod-apply", grants=(grant,)),),
    )


def test_every_role_carries_the_boundary_and_one_hour() -> None:
    def program() -> None:
        CiRole("deploy", CiRoleArgs(declaration=declaration()))
        CiRole("apply", CiRoleArgs(declaration=apply_role()))
        CicdRole("cicd", cicd_args())

    roles = run(program).of("aws:iam/role:Role")
    assert len(roles) == 3
    for role in roles:
        assert role.inputs["permissionsBoundary"] == BOUNDARY, role.name
        assert role.inputs["maxSessionDuration"] == 3600, role.name


def test_a_large_policy_is_split_into_managed_ones_that_iam_takes() -> None:
    made = run(lambda: _keep(CiRole("apply", CiRoleArgs(declaration=apply_role()))))
    managed = made.of("aws:iam/policy:Policy")
    inline = made.of("aws:iam/rolePolicy:RolePolicy")
    assert managed or inline
    for policy in managed:
        assert len(policy.inputs["policy"]) <= 6144
    assert len(made.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")) == len(managed)


INSTANCE = f"arn:aws:iam::{ACCOUNT}:role/slipway/runners/runner-automation-deploy"


def cicd_args(**changes: Any) -> CicdRoleArgs:
    deploy = "arn:aws:iam::333333333333:role/slipway/ci/skill-pool-production"
    chain = {
        "name": "cicd",
        "jobs": (),
        "trusted_roles": (INSTANCE,),
        "grants": (AssumeRoles((deploy,)),),
    }
    return CicdRoleArgs(declaration=declaration(**{**chain, **changes}))


def test_instances_alone_assume_the_cicd_role_and_it_leads_to_deploy_roles_alone() -> None:
    made = run(lambda: _keep(CicdRole("cicd", cicd_args())))
    (role,) = made.of("aws:iam/role:Role")
    (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"AWS": INSTANCE}
    (policy,) = made.of("aws:iam/rolePolicy:RolePolicy")
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert statement["Action"] == "sts:AssumeRole"
    assert statement["Resource"] == "arn:aws:iam::333333333333:role/slipway/ci/skill-pool-production"


@pytest.mark.parametrize(
    "changes",
    [
        {"jobs": (job(),)},
        {"trusted_roles": ()},
        {"trusted_roles": (f"arn:aws:iam::{ACCOUNT}:role/other",)},
        {"trusted_roles": (INSTANCE, f"arn:aws:iam::{ACCOUNT}:role/slipway/runners/local-webhook")},
        {"trusted_roles": (INSTANCE.replace(ACCOUNT, "333333333333"),)},
        {"trusted_roles": (f"arn:aws:iam::{ACCOUNT}:root",)},
        {"grants": (DescribeCluster("prod", ACCOUNT, REGION),)},
    ],
)
def test_nobody_else_enters_the_chain_and_it_leads_nowhere_else(changes: dict[str, Any]) -> None:
    with pytest.raises(SlipwayError):
        cicd_args(**changes)


def _keep(resource: object) -> None:
    """Programs return nothing."""
    del resource
