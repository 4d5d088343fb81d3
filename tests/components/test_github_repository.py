"""ServiceRepository through a recording monitor: what it declares, and what it never touches."""

from typing import Any

import pulumi
import pytest

from components.github.environment import ServiceEnvironmentArgs
from components.github.labels import Label, delivery_labels
from components.github.rulesets import GITHUB_ACTIONS_APP_ID
from components.github.service_repository import (
    RepositorySettings,
    ServiceRepository,
    ServiceRepositoryArgs,
)
from components.github.variables import environment_variables, repository_variables, role_secrets
from slipway.errors import SlipwayError
from slipway.platform.declaration import Repository
from slipway.platform.github_permissions import PERMISSIONS
from slipway.platform.protection import Enforcement, EnvironmentRules, GithubPlan, Reviewers
from slipway.platform.services import ServiceSettings
from tests.components.recording import Recorded, Recording, run

REPOSITORY = Repository(owner="acme", name="skill-pool", owner_id=11, id=22)
ROLE = "arn:aws:iam::111111111111:role/slipway/ci/skill-pool-production"
APP = 4711

INVOKES = {
    "github:index/getRepository:getRepository": lambda args: {"fullName": args["fullName"], "repoId": 22},
    "github:index/getUser:getUser": lambda args: {"username": args["username"], "id": "101"},
    "github:index/getTeam:getTeam": lambda args: {"slug": args["slug"], "id": "202"},
}


def production(**changes: Any) -> ServiceEnvironmentArgs:
    rules = EnvironmentRules(
        name="production",
        branches=("main",),
        tags=("v*",),
        reviewers=Reviewers(users=("ada",), teams=("release",), user_ids=(7,), team_ids=(8,)),
        wait_minutes=10,
    )
    settings: dict[str, Any] = {
        "repository": REPOSITORY,
        "plan": GithubPlan.ENTERPRISE,
        "rules": rules,
        "variables": environment_variables(
            region="eu-west-1",
            cluster_name="prod",
            namespace="skill-pool",
            hostname="skill-pool.example.com",
            role_arn=ROLE,
        ),
        **changes,
    }
    return ServiceEnvironmentArgs(**settings)


def settings(**changes: Any) -> RepositorySettings:
    values: dict[str, Any] = {
        "variables": repository_variables(
            region="eu-west-1",
            images={"server": "skill-pool/server", "web": "skill-pool/web"},
            release_name="skill-pool",
            role_arn="arn:aws:iam::111111111111:role/slipway/ci/skill-pool-build",
            runs_on={"deploy": ("self-hosted", "cluster")},
        ),
        "app_id": APP,
        "required_checks": ("test",),
        **changes,
    }
    return RepositorySettings(**values)


def declare(invokes: Any = None, **changes: Any) -> Recording:
    args: dict[str, Any] = {
        "repository": REPOSITORY,
        "plan": GithubPlan.ENTERPRISE,
        **changes,
    }
    if "environments" not in args:
        args["environments"] = (production(plan=args["plan"]),)
    return run(lambda: declare_repository(args), invokes=invokes or INVOKES)


def declare_repository(args: dict[str, Any]) -> None:
    ServiceRepository("skill-pool", ServiceRepositoryArgs(**args))


def values(found: list[Recorded]) -> dict[str, Any]:
    return {one.inputs["variableName"]: one.inputs["value"] for one in found}


def test_an_environment_has_reviewers_by_id_a_wait_and_no_way_round() -> None:
    environment = declare().one("RepositoryEnvironment")
    assert environment.inputs == {
        "repository": "skill-pool",
        "environment": "production",
        "canAdminsBypass": False,
        "preventSelfReview": True,
        "waitTimer": 10,
        "reviewers": [{"users": [101, 7], "teams": [202, 8]}],
        "deploymentBranchPolicy": {"protectedBranches": False, "customBranchPolicies": True},
    }


def test_each_ref_pattern_is_one_policy_that_waits_for_its_environment() -> None:
    recording = declare()
    policies = recording.of("RepositoryEnvironmentDeploymentPolicy")
    assert [
        (one.name, one.inputs.get("branchPattern"), one.inputs.get("tagPattern")) for one in policies
    ] == [
        ("skill-pool-production-branch-main", "main", None),
        ("skill-pool-production-tag-v-any", None, "v*"),
    ]
    made = recording.one("RepositoryEnvironment").urn
    waiting = [*policies, *recording.of("ActionsEnvironmentVariable")]
    assert all(made in one.dependencies for one in waiting)


def test_variables_sit_at_the_level_where_their_value_is_the_same_for_all() -> None:
    recording = declare(settings=settings())
    assert values(recording.of("ActionsVariable")) == {
        "AWS_REGION": "eu-west-1",
        "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/slipway/ci/skill-pool-build",
        "DEPLOY_RUNS_ON": '["self-hosted", "cluster"]',
        "ECR_REPO_SERVER": "skill-pool/server",
        "ECR_REPO_WEB": "skill-pool/web",
        "HELM_RELEASE_NAME": "skill-pool",
    }
    assert values(recording.of("ActionsEnvironmentVariable")) == {
        "AWS_REGION": "eu-west-1",
        "AWS_ROLE_ARN": ROLE,
        "EKS_CLUSTER_NAME": "prod",
        "HELM_NAMESPACE": "skill-pool",
        "PUBLIC_HOSTNAME": "skill-pool.example.com",
    }


def test_there_are_no_secrets_unless_declared() -> None:
    recording = declare(settings=settings())
    assert not recording.of("ActionsSecret")
    assert not recording.of("ActionsEnvironmentSecret")


def test_a_declared_secret_stays_secret() -> None:
    def program() -> None:
        environment = production(secrets={"SENTRY_DSN": pulumi.Output.secret("hush")})
        declare_repository(
            {"repository": REPOSITORY, "plan": GithubPlan.ENTERPRISE, "environments": (environment,)}
        )

    secret = run(program, invokes=INVOKES).one("ActionsEnvironmentSecret")
    assert secret.inputs["secretName"] == "SENTRY_DSN"
    assert "value" in secret.secrets


def test_the_role_is_also_a_secret_only_where_that_is_asked_for() -> None:
    block: dict[str, Any] = {
        "repository": "acme/skill-pool",
        "repository_id": 22,
        "images": ("web",),
        "hostname": "skill-pool.example.com",
        "environments": {"production": {}},
    }
    assert not role_secrets(ServiceSettings(**block), ROLE)
    secrets = role_secrets(ServiceSettings(**block, role_arn_as_secret=True), ROLE)
    recording = declare(settings=settings(secrets=secrets), environments=(production(secrets=secrets),))
    assert recording.one("ActionsEnvironmentSecret").inputs["secretName"] == "AWS_ROLE_ARN"
    assert recording.one("ActionsSecret").inputs["secretName"] == "AWS_ROLE_ARN"
    assert values(recording.of("ActionsEnvironmentVariable"))["AWS_ROLE_ARN"] == ROLE


def test_the_repository_is_looked_up_and_never_owned() -> None:
    recording = declare(settings=settings(enforcement=Enforcement.ACTIVE))
    assert not recording.of("Repository")
    assert not recording.of("IssueLabels")
    assert {one.inputs["repository"] for one in recording if one.custom} == {"skill-pool"}
    assert recording.one("ServiceRepository").outputs == {"idChecked": 22, "environments": ["production"]}


def test_a_repository_that_took_over_the_name_stops_the_preview() -> None:
    other = {**INVOKES, "github:index/getRepository:getRepository": lambda _: {"repoId": 23}}
    with pytest.raises(SlipwayError, match="has the id 23, not 22 as declared"):
        declare(invokes=other)


def test_nothing_is_enforced_until_it_is_switched_on() -> None:
    recording = declare(settings=settings())
    for kind in ("RepositoryRuleset", "WorkflowRepositoryPermissions", "ActionsRepositoryPermissions"):
        assert not recording.of(kind)


def test_evaluation_registers_rules_and_touches_no_permission() -> None:
    recording = declare(settings=settings(enforcement=Enforcement.EVALUATE))
    assert {one.inputs["enforcement"] for one in recording.of("RepositoryRuleset")} == {"evaluate"}
    assert not recording.of("WorkflowRepositoryPermissions")
    assert not recording.of("ActionsRepositoryPermissions")


def test_active_rules_guard_branches_and_tags_with_the_app_as_bypass() -> None:
    recording = declare(settings=settings(enforcement=Enforcement.ACTIVE, release_teams=("release",)))
    found = {one.name.removeprefix("skill-pool-ruleset-"): one for one in recording.of("RepositoryRuleset")}
    assert set(found) == {"default-branch", "release-branches", "version-tags-creation", "version-tags"}
    app = {"actorType": "Integration", "actorId": APP, "bypassMode": "always"}
    assert found["default-branch"].inputs["bypassActors"] == [{**app, "bypassMode": "pull_request"}]
    assert found["release-branches"].inputs["bypassActors"] == [app]
    assert found["version-tags"].inputs["bypassActors"] == [app]
    team = {"actorType": "Team", "actorId": 202, "bypassMode": "always"}
    assert found["version-tags-creation"].inputs["bypassActors"] == [app, team]
    assert found["version-tags"].inputs["rules"] == {"update": True, "deletion": True, "nonFastForward": True}
    assert found["version-tags-creation"].inputs["rules"] == {"creation": True}
    assert found["version-tags"].inputs["conditions"]["refName"]["includes"] == ["refs/tags/v*"]
    rules = found["default-branch"].inputs["rules"]
    assert rules["pullRequest"] == {
        "requiredApprovingReviewCount": 1,
        "requireCodeOwnerReview": True,
        "requireLastPushApproval": True,
        "dismissStaleReviewsOnPush": True,
        "requiredReviewThreadResolution": True,
    }
    assert rules["requiredStatusChecks"]["requiredChecks"] == [
        {"context": "test", "integrationId": GITHUB_ACTIONS_APP_ID}
    ]
    assert (rules["creation"], rules["deletion"], rules["nonFastForward"]) == (False, True, True)
    assert found["release-branches"].inputs["rules"]["creation"] is True


def test_a_check_of_the_app_is_green_by_the_app_alone() -> None:
    given = settings(enforcement=Enforcement.ACTIVE, required_checks=(), app_checks=("slipway/gate",))
    for one in declare(settings=given).of("RepositoryRuleset"):
        if one.inputs["target"] == "branch":
            required = one.inputs["rules"]["requiredStatusChecks"]["requiredChecks"]
            assert required == [{"context": "slipway/gate", "integrationId": APP}]


def test_active_enforcement_makes_tokens_read_only_and_pins_actions() -> None:
    recording = declare(settings=settings(enforcement=Enforcement.ACTIVE))
    assert recording.one("WorkflowRepositoryPermissions").inputs == {
        "repository": "skill-pool",
        "defaultWorkflowPermissions": "read",
        "canApprovePullRequestReviews": False,
    }
    actions = recording.one("ActionsRepositoryPermissions").inputs
    assert actions["shaPinningRequired"] is True
    assert actions["allowedActions"] == "all"


def test_labels_are_added_one_by_one_and_outlive_us() -> None:
    recording = declare(settings=settings(labels=delivery_labels(qa_slots=2)))
    labels = recording.of("IssueLabel")
    names = [one.inputs["name"] for one in labels]
    assert len(names) == len(set(names))
    assert {name for name in names if name.startswith(("deploy", "hot"))} == {
        "deploy",
        "deploy/qa1",
        "deploy/qa2",
        "hotfix",
    }
    assert {"major", "minor", "patch", "feature", "bugfix", "documentation", "no-changelog"} <= set(names)
    assert all(one.retain_on_delete for one in labels)
    assert not any(one.read_id for one in labels)


def test_a_label_that_the_repository_has_already_is_taken_over() -> None:
    standing = frozenset({"documentation", "bug"})
    labels = declare(settings=settings(standing_labels=standing)).of("IssueLabel")
    assert {one.read_id for one in labels} == {"", "skill-pool:documentation"}


def test_a_plan_without_approvals_is_not_asked_for_them() -> None:
    environment = declare(plan=GithubPlan.TEAM).one("RepositoryEnvironment")
    assert set(environment.inputs) == {"repository", "environment", "deploymentBranchPolicy"}


def test_a_plan_without_environments_makes_none_and_no_variable_of_theirs() -> None:
    without_role = production(plan=GithubPlan.FREE, variables=environment_variables(region="eu-west-1"))
    recording = declare(plan=GithubPlan.FREE, environments=(without_role,))
    assert [one.type for one in recording if one.custom] == []


@pytest.mark.parametrize("plan", [GithubPlan.FREE])
def test_a_role_for_an_environment_that_nothing_guards_is_refused(plan: GithubPlan) -> None:
    with pytest.raises(SlipwayError, match="so it gets no deploy role"):
        declare(plan=plan)


def test_a_role_for_an_environment_open_to_every_branch_is_refused() -> None:
    with pytest.raises(SlipwayError, match="names no branch and no tag"):
        ServiceEnvironmentArgs(
            repository=REPOSITORY,
            plan=GithubPlan.ENTERPRISE,
            rules=EnvironmentRules(name="dev"),
            variables={"AWS_ROLE_ARN": ROLE},
        )


@pytest.mark.parametrize(
    ("plan", "visibility", "enforcement", "app", "message"),
    [
        ("free", "private", "active", APP, "rulesets need a public repository or a paid plan"),
        ("team", "private", "evaluate", APP, "needs GitHub Enterprise"),
        ("team", "private", "active", None, "must be named as bypass"),
    ],
)
def test_rules_that_cannot_be_kept_are_refused(
    plan: str, visibility: Any, enforcement: str, app: int | None, message: str
) -> None:
    repository = Repository(owner="acme", name="x", owner_id=1, id=2, visibility=visibility)
    with pytest.raises(SlipwayError, match=message):
        ServiceRepositoryArgs(
            repository=repository,
            plan=GithubPlan(plan),
            settings=settings(enforcement=Enforcement(enforcement), app_id=app),
        )


def test_two_environments_of_one_name_are_refused() -> None:
    with pytest.raises(SlipwayError, match="given twice"):
        declare(environments=(production(), production()))


def test_an_environment_of_another_repository_or_plan_is_refused() -> None:
    other = Repository(owner="acme", name="invoices", owner_id=11, id=23)
    for environment in (production(repository=other), production(plan=GithubPlan.TEAM)):
        with pytest.raises(SlipwayError, match="environment 'production' is one of acme/"):
            declare(environments=(environment,))


def test_labels_github_would_refuse_are_refused() -> None:
    for name, color, description in (("", "aabbcc", ""), ("x", "#abc", ""), ("x", "aabbcc", "d" * 101)):
        with pytest.raises(SlipwayError):
            Label(name=name, color=color, description=description)
    with pytest.raises(SlipwayError):
        delivery_labels(qa_slots=21)


def test_every_resource_used_has_its_permission_recorded() -> None:
    everything = declare(
        settings=settings(enforcement=Enforcement.ACTIVE, secrets={"TOKEN": "x"}),
        environments=(production(secrets={"TOKEN": "x"}),),
    )
    assert {one.type for one in everything if one.custom} <= set(PERMISSIONS)
    assert set(INVOKES) <= set(PERMISSIONS)
