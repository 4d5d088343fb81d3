"""What guards something at GitHub is compared with what GitHub says, not with what a provider read."""

from typing import Any

import pytest

from slipway.engine.interface import Result, Step
from slipway.github import Client, GithubError, connect, token
from slipway.guards.asking import ENVIRONMENT, POLICY, Guards
from slipway.guards.findings import Asked
from slipway.guards.results import judged, shown
from slipway.localcloud.providers.base import type_of
from tests.providers.driver import Driver, Made

RULESET = "github:index/repositoryRuleset:RepositoryRuleset"
GROUP = "github:index/actionsRunnerGroup:ActionsRunnerGroup"
SECRET = "github:index/actionsOrganizationSecret:ActionsOrganizationSecret"
GUARDED: dict[str, Any] = {
    "repository": "app",
    "environment": "production",
    "reviewers": [{"users": [11], "teams": [21]}],
    "preventSelfReview": True,
    "canAdminsBypass": False,
    "deploymentBranchPolicy": {"protectedBranches": False, "customBranchPolicies": True},
}


class World:
    """What a stack made at GitHub, and how to change it by hand."""

    def __init__(self, github: Driver) -> None:
        self.github = github
        self.cloud = github.provider.cloud("")
        self.guards = Guards(connect(token("stand-in"), self.cloud.client.url))
        self.made: list[Made] = []

    def make(self, type_: str, **inputs: Any) -> Made:
        self.made.append(self.github.create(type_, inputs, f"it-{len(self.made)}"))
        return self.made[-1]

    def state(self) -> dict[str, Any]:
        """As `pulumi stack export` has it."""
        provider = {"type": "pulumi:providers:github", "urn": "p", "inputs": {"owner": "acme"}}
        held = [
            {
                "urn": one.urn,
                "type": type_of(one.urn),
                "id": one.id,
                "inputs": {**one.inputs, "__defaults": []},
            }
            for one in self.made
        ]
        return {"deployment": {"resources": [provider, *held]}}

    def ask(self) -> Asked:
        return self.guards.ask(self.state())

    def environment(self, **body: Any) -> None:
        """Write one as a person does on the page of its settings."""
        kept = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
        reviewers = [{"type": "User", "id": 11}, {"type": "Team", "id": 21}]
        whole = {**kept, "reviewers": reviewers, "prevent_self_review": True, "can_admins_bypass": False}
        self.cloud.send("PUT", self.cloud.repo("app", "environments", "production"), {**whole, **body})


@pytest.fixture
def world(github: Driver):
    made = World(github)
    yield made
    for one in reversed(made.made):
        github.delete(one)


@pytest.fixture
def production(world: World) -> Made:
    made = world.make(ENVIRONMENT, **GUARDED)
    world.make(POLICY, repository="app", environment="production", branchPattern="main")
    assert world.ask() == Asked()
    return made


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"reviewers": None, "prevent_self_review": False}, ["preventSelfReview", "reviewers"]),
        ({"reviewers": [{"type": "User", "id": 11}]}, ["reviewers"]),
        ({"prevent_self_review": False}, ["preventSelfReview"]),
        ({"can_admins_bypass": True}, ["canAdminsBypass"]),
        ({"deployment_branch_policy": None}, ["deploymentBranchPolicy"]),
        ({"wait_timer": 5}, ["waitTimer"]),
    ],
)
def test_a_guard_taken_off_by_hand_is_found(
    body: dict[str, Any], paths: list[str], world: World, production: Made
) -> None:
    world.environment(**body)
    asked = world.ask()
    assert [(one.urn, one.change.path) for one in asked.findings if one.change] == [
        (production.urn, path) for path in paths
    ]
    assert set(asked.amendments[production.urn]) == set(paths)
    drift = shown(Result("drift", "demo", "prod", "pulumi", (Step("same", production.urn, "t", "n"),)), asked)
    assert [(step.op, [change.path for change in step.diff]) for step in drift.steps] == [("update", paths)]
    up = judged(Result("up", "demo", "prod", "pulumi"), asked)
    assert not up.ok
    assert "slipway up prod --refresh" in up.errors[0].message
    world.environment()


def test_reviewers_that_are_gone_stay_in_the_state_as_the_real_provider_has_it(
    world: World, production: Made
) -> None:
    world.environment(reviewers=None, prevent_self_review=False)
    read = world.github.read(production)
    assert read is not None
    assert not world.github.diff(read, GUARDED).detailed_diff
    amended = {**production.state, **world.ask().amendments[production.urn]}
    production.state.update(amended)
    assert set(world.github.diff(production, GUARDED).detailed_diff) >= {"reviewers"}


def test_a_team_that_cannot_read_the_repository_is_found_out(world: World) -> None:
    outsiders = {"organization": "acme", "slug": "outsiders", "id": 77, "repositories": ["web"]}
    world.cloud.send("POST", "/slipway/seed", {"teams": [outsiders]})
    made = world.make(ENVIRONMENT, **{**GUARDED, "reviewers": [{"teams": [21, 77]}]})
    (finding,) = world.ask().findings
    assert (finding.urn, finding.change.path, finding.change.new) == (
        made.urn,
        "reviewers",
        [{"teams": [21]}],
    )
    (error,) = judged(Result("up", "demo", "prod", "pulumi"), world.ask()).errors
    assert "cannot read the repository" in error.message


def test_a_ref_that_somebody_let_in_is_found_with_the_way_to_shut_it_out(
    world: World, production: Made
) -> None:
    place = world.cloud.repo("app", "environments", "production", "deployment-branch-policies")
    made = world.cloud.send("POST", place, {"name": "*", "type": "branch"})
    (finding,) = world.ask().findings
    assert (finding.urn, finding.change.path) == (production.urn, "branch *")
    assert f"gh api --method DELETE {place}/{made['id']}" in finding.remedy
    assert not world.ask().amendments
    assert not judged(Result("up", "demo", "prod", "pulumi"), world.ask()).ok


def test_rules_and_who_may_pass_them_are_asked_for(world: World) -> None:
    actors = [{"actorId": 5, "actorType": "Integration", "bypassMode": "always"}]
    made = world.make(
        RULESET,
        repository="app",
        name="main",
        target="branch",
        enforcement="active",
        bypassActors=actors,
        conditions={"refName": {"includes": ["~DEFAULT_BRANCH"], "excludes": []}},
        rules={"deletion": True, "nonFastForward": True},
    )
    assert world.ask() == Asked()
    more = [*({"actor_id": 5, "actor_type": "Integration", "bypass_mode": "always"},)]
    more.append({"actor_id": 1, "actor_type": "OrganizationAdmin", "bypass_mode": "always"})
    place = world.cloud.repo("app", "rulesets", made.id)
    world.cloud.send("PUT", place, {"bypass_actors": more, "enforcement": "disabled", "rules": []})
    assert [one.change.path for one in world.ask().findings] == ["bypassActors", "enforcement", "rules"]


def test_a_runner_group_that_is_gone_is_found(world: World) -> None:
    made = world.make(GROUP, name="builders", visibility="selected", selectedRepositoryIds=[31])
    world.cloud.send("DELETE", world.cloud.org("actions", "runner-groups", made.id))
    (finding,) = world.ask().findings
    assert finding.change is None
    assert world.ask().gone == {made.urn}
    (error,) = judged(Result("up", "demo", "prod", "pulumi"), world.ask()).errors
    assert "slipway up prod --refresh" in error.message
    drift = shown(Result("drift", "demo", "prod", "pulumi", (Step("same", made.urn, "t", "n"),)), world.ask())
    assert [step.op for step in drift.steps] == ["delete"]


def test_a_runner_group_that_the_token_may_not_see_is_not_taken_for_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.make(GROUP, name="builders", visibility="selected", selectedRepositoryIds=[31])

    def hidden(*_: Any, **__: Any) -> Any:
        raise GithubError("GitHub answered 404: Not Found", status=404)

    monkeypatch.setattr(Client, "every", hidden)
    asked = world.ask()
    assert (asked.findings, asked.gone) == ((), frozenset())
    assert "404" in asked.problems[0]


def test_who_may_read_the_organisations_secret_is_asked_for_and_its_value_is_not(world: World) -> None:
    inputs = {"secretName": "KEY", "visibility": "selected", "value": "hush-hush"}
    made = world.make(SECRET, **inputs, selectedRepositoryIds=[31])
    assert world.ask() == Asked()
    other = {**inputs, "value": "other", "selectedRepositoryIds": [31, 32]}
    world.github.create(SECRET, other, "by-hand")
    (finding,) = world.ask().findings
    assert (finding.urn, finding.change.path) == (made.urn, "selectedRepositoryIds")
    assert "hush-hush" not in str(world.ask())


def test_what_cannot_be_asked_is_said(world: World, production: Made) -> None:
    asked = Guards(None).ask(world.state())
    assert not asked.findings
    assert "GITHUB_TOKEN is not set" in asked.problems[0]
    drift = shown(Result("drift", "demo", "prod", "pulumi"), asked)
    assert (drift.ok, [one.severity for one in drift.diagnostics]) == (True, ["warning"])
    asked = Guards(connect(token("nobody"), world.cloud.client.url)).ask(world.state())
    assert "401" in asked.problems[0]
    assert Guards(None).ask({"deployment": {"resources": []}}) == Asked()
