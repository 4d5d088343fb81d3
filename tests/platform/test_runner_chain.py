"""The runners' chain: it leads to one service's environments, and says where it goes past reviewers."""

from typing import Any

import pytest

from slipway.platform.declaration import AssumeRoles, PushImages
from slipway.platform.environments import environments
from slipway.platform.platform_roles import platform_roles

from .conftest import mistakes, parse, stack_values

CHAIN = "slipway:organization.cicd_chain"
CLASSES = "slipway:platform.runners.classes"


def orders(**changes: Any) -> dict[str, Any]:
    return {
        "repository": "acme/orders",
        "repository_id": 70009,
        "images": ["server"],
        "hostname": "orders.example.com",
        "environments": {name: {} for name in ("build", "staging", "prod", "production")},
        **changes,
    }


def with_orders(values: dict[str, Any], **chain: Any) -> dict[str, Any]:
    """A second service, with a class of its own for its chain."""
    values["services"]["orders"] = orders()
    classes = values["platform"]["runners"]["classes"]
    labels = ["self-hosted", "deploy-orders"]
    classes["orders"] = {**classes["deploy"], "labels": labels, "repositories": ["acme/orders"]}
    values["organization"]["cicd_chain"]["orders"] = chain or {"environments": ["staging"]}
    return values


@pytest.mark.parametrize("stack", ["automation", "local"])
def test_a_chain_leads_to_its_own_service_and_to_no_role_that_nobody_makes(stack: str) -> None:
    settings = parse(stack, with_orders(stack_values(stack)))
    accounts, roles = settings.organization.accounts, platform_roles(settings).cicd
    # An embedded stack brings up a few environments only, and `dev` is not among them.
    reached = {"skill-pool": ["skill-pool-dev", "skill-pool-staging"], "orders": ["orders-staging"]}
    if stack == "local":
        reached["skill-pool"].remove("skill-pool-dev")
    assert set(roles) == set(reached)
    for service, names in reached.items():
        (grant,) = roles[service].all_grants
        assert grant == AssumeRoles(
            tuple(f"arn:aws:iam::{accounts.staging}:role/slipway/ci/{n}" for n in names)
        )
        runner_class = "orders" if service == "orders" else "deploy"
        (trusted,) = roles[service].trusted_roles
        assert trusted.endswith(f":role/slipway/runners/runner-{stack}-{runner_class}")


def test_both_ends_of_a_chain_name_each_other(staging: dict[str, Any]) -> None:
    staging["services"]["orders"] = orders()
    staging["organization"]["cicd_chain"]["orders"] = {"environments": ["staging"]}
    trusting = {e.role.name: e.role.trusted_roles for e in environments(parse("staging", staging))}
    cicd = "arn:aws:iam::111111111111:role/slipway/ci/cicd-"
    assert {name: roles for name, roles in trusting.items() if roles} == {
        "skill-pool-dev": (f"{cicd}skill-pool",),
        "skill-pool-staging": (f"{cicd}skill-pool",),
        "orders-staging": (f"{cicd}orders",),
    }


def test_a_chain_to_what_builds_gives_its_rights_and_those_alone(automation: dict[str, Any]) -> None:
    automation["organization"]["cicd_chain"]["skill-pool"] = {"environments": ["build"]}
    (grant,) = platform_roles(parse("automation", automation)).cicd["skill-pool"].all_grants
    assert grant == PushImages(("skill-pool/server", "skill-pool/web"), "111111111111", "eu-west-1")


def test_an_explicit_word_leads_past_reviewers(prod: dict[str, Any]) -> None:
    prod["organization"]["cicd_chain"]["skill-pool"] = {"without_review": ["production"]}
    trusting = {e.name for e in environments(parse("prod", prod)) if e.role.trusted_roles}
    assert trusting == {"production"}


@pytest.mark.parametrize(
    ("chain", "where", "says"),
    [
        (
            {"environments": ["dve"]},
            "environments.0",
            "found 'dve'; expected an environment of services/skill-pool.yaml (build, chart,",
        ),
        (
            {"environments": ["production"]},
            "environments.0",
            "it under 'without_review': team:release-managers must approve it, and are not asked",
        ),
        ({"without_review": ["dev"]}, "without_review.0", "it under 'environments': nobody reviews it"),
        ({"without_review": ["prod"]}, "without_review.0", "an environment that builds or deploys"),
        ({"environments": ["preview"]}, "environments.0", "an environment that builds or deploys"),
        ({"environments": ["dev", "dev"]}, "environments.1", "each environment once"),
    ],
)
@pytest.mark.parametrize("stack", ["automation", "staging"])
def test_a_chain_is_refused(stack: str, chain: dict[str, Any], where: str, says: str) -> None:
    values = stack_values(stack)
    values["organization"]["cicd_chain"]["skill-pool"] = chain
    assert says in mistakes(stack, values)[f"{CHAIN}.skill-pool.{where}"]


def test_a_chain_of_no_service_is_refused(staging: dict[str, Any]) -> None:
    staging["organization"]["cicd_chain"] = {"skil-pool": {"environments": ["dev"]}}
    told = mistakes("staging", staging)[f"{CHAIN}.skil-pool"]
    assert "found 'skil-pool'; expected a service (skill-pool)" in told


def test_a_reviewer_of_an_ordinary_environment_is_not_gone_past_either(staging: dict[str, Any]) -> None:
    staging["services"]["skill-pool"]["environments"] = {"dev": {"reviewers": ["user:jane"]}, "staging": {}}
    assert "user:jane must approve it" in mistakes("staging", staging)[f"{CHAIN}.skill-pool.environments.0"]


def test_a_class_of_two_repositories_leads_nowhere(automation: dict[str, Any]) -> None:
    with_orders(automation)["platform"]["runners"]["classes"]["orders"]["repositories"].append(
        "acme/skill-pool"
    )
    told = mistakes("automation", automation)
    assert "jobs of each could deploy the others' services" in told[f"{CLASSES}.orders.repositories"]


def test_a_class_needs_a_chain_and_a_chain_needs_a_class(automation: dict[str, Any]) -> None:
    with_orders(automation)["organization"]["cicd_chain"].pop("orders")
    told = mistakes("automation", automation)
    assert "expected false, or 'orders' in 'cicd_chain'" in told[f"{CLASSES}.orders.cicd"]
    automation["platform"]["runners"]["classes"].pop("orders")
    automation["organization"]["cicd_chain"]["orders"] = {"environments": ["staging"]}
    told = mistakes("automation", automation)
    assert "found a chain that no runner class enters" in told[f"{CHAIN}.orders"]


def test_the_platforms_own_jobs_enter_no_chain(automation: dict[str, Any]) -> None:
    automation["platform"]["runners"]["classes"]["deploy"]["repositories"] = ["acme/platform"]
    told = mistakes("automation", automation)
    assert "expected false, or the repository of a service" in told[f"{CLASSES}.deploy.cicd"]
