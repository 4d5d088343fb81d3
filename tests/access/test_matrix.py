"""The matrix is computed from rendered documents, so it shows the mistakes that a declaration cannot have."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from slipway.access.matrix import Matrix, Row, diff, matrix
from slipway.access.render import to_text
from slipway.access.world import RunnerClass, StackRegistrations, World

PROD_DEPLOY = "arn:aws:iam::333333333333:role/slipway/ci/app-production"
CICD = "arn:aws:iam::111111111111:role/slipway/ci/runner-cicd"
RUNNER = "arn:aws:iam::111111111111:role/slipway/runners/large"
Change = Callable[[Any], Any]


def world_of(platform: Any, change: Change = lambda registration: registration, **extra: Any) -> World:
    stacks = [
        StackRegistrations(
            stack=stack.stack,
            account=stack.account,
            registrations=[changed for item in stack.registrations if (changed := change(item)) is not None],
        )
        for stack in platform.stacks(**extra)
    ]
    return World.from_stacks(stacks, repositories=platform.repositories)


@pytest.fixture(scope="module")
def base(platform: Any) -> Matrix:
    return matrix(world_of(platform))


def jobs(found: Matrix) -> list[Row]:
    """The rows of GitHub's tokens, so without those of AWS principals that the stacks do not hold."""
    return [row for row in found.rows if not row.who.startswith("from outside: ")]


def rows(found: Matrix, role: str) -> list[Row]:
    return [row for row in jobs(found) if row.role == role]


def changed(kind: str, name: str, **inputs: Any) -> Change:
    """A change to the inputs of one registration."""

    def change(registration: Any) -> Any:
        if registration.type != kind or registration.name != name:
            return registration
        return replace(registration, inputs={**registration.inputs, **inputs})

    return change


def trust_of(platform: Any, name: str) -> dict[str, Any]:
    stacks = platform.stacks()
    found = (item for stack in stacks for item in stack.registrations if item.name == name)
    return json.loads(
        next(item.inputs["assumeRolePolicy"] for item in found if "assumeRolePolicy" in item.inputs)
    )


def test_every_declared_environment_reaches_its_role_and_no_other(platform: Any, base: Matrix) -> None:
    expected = {
        (job.repository.slug, job.environment, role.arn) for role in platform.roles for job in role.jobs
    }
    assert {(row.who, row.environment, row.role) for row in jobs(base)} == expected
    assert all(row.certain and not row.via for row in jobs(base))
    assert base.unreached == ()
    assert base.problems == ()


def test_a_trusted_role_that_the_stacks_do_not_hold_has_its_row_and_its_chain(base: Matrix) -> None:
    found = [row for row in base.rows if row.who == f"from outside: AWS principal {RUNNER}"]
    assert [(row.role, row.via) for row in found] == [(CICD, ()), (PROD_DEPLOY, (CICD,))]


def test_a_role_that_trusts_nobody_is_listed_as_unreached(platform: Any) -> None:
    nothing = json.dumps({"Version": "2012-10-17", "Statement": []})
    head = matrix(world_of(platform, changed("aws:iam/role:Role", "app-build", assumeRolePolicy=nothing)))
    assert head.unreached == ("arn:aws:iam::111111111111:role/slipway/ci/app-build",)
    assert "Roles that nobody here reaches:" in to_text(head)


def test_refs_and_events_are_those_that_the_environment_admits(base: Matrix) -> None:
    (production,) = rows(base, PROD_DEPLOY)
    assert production.refs == ("tag v*",)
    assert production.events == ("push", "release", "workflow_dispatch")
    (preview,) = rows(base, "arn:aws:iam::222222222222:role/slipway/ci/app-preview")
    assert preview.refs == ("pull request",)
    assert preview.events == ("pull_request",)


def test_a_row_says_what_the_role_can_do(base: Matrix) -> None:
    (production,) = rows(base, PROD_DEPLOY)
    can = {capability.label: capability.resources for capability in production.capabilities}
    assert can["reach clusters"] == ("eks cluster/prod",)
    assert can["write objects"] == ("s3 slipway-state-acme/release/app/production/*",)
    assert "push images" not in can
    assert "create roles" not in can
    assert all(capability.certain for capability in production.capabilities)
    (apply,) = rows(base, "arn:aws:iam::333333333333:role/slipway/infra/infra-prod-apply")
    labels = {capability.label for capability in apply.capabilities}
    assert {
        "create roles",
        "pass roles",
        "change the network",
        "grant access to clusters",
        "read settings",
    } <= labels
    assert not labels & {"change users", "run instances"}
    assert not [label for label in labels if label.startswith("other actions")]


def test_a_role_without_an_environment_is_reached_by_nobody_from_outside_it(base: Matrix) -> None:
    assert not [row for row in jobs(base) if row.environment == ""]


def test_a_branch_policy_taken_off_is_newly_allowed(platform: Any, base: Matrix) -> None:
    kind = "github:index/repositoryEnvironment:RepositoryEnvironment"
    head = matrix(world_of(platform, changed(kind, "app-production", deploymentBranchPolicy=None)))
    found = diff(base, head)
    assert [(entry.who, entry.environment, entry.role) for entry in found.newly_allowed] == [
        ("acme/app", "production", PROD_DEPLOY)
    ]
    assert {"any branch", "pull request"} <= set(found.newly_allowed[0].refs)
    assert found.no_longer_allowed == ()


def test_a_wildcard_in_a_subject_lets_strangers_in_and_the_diff_says_who(platform: Any, base: Matrix) -> None:
    document = trust_of(platform, "app-production")
    condition = document["Statement"][0]["Condition"]
    condition.clear()
    condition["StringLike"] = {"token.actions.githubusercontent.com:sub": "repo:acme*"}
    head = matrix(
        world_of(
            platform, changed("aws:iam/role:Role", "app-production", assumeRolePolicy=json.dumps(document))
        )
    )
    new = {entry.who for entry in diff(base, head).newly_allowed if entry.role == PROD_DEPLOY}
    assert "another repository of acme" in new
    assert "app of another owner" in new
    assert "a new repository under the name acme/app" in new
    assert "subject repo:acme*" in new
    assert "acme/old-app" in new


def test_a_subject_of_no_declared_repository_has_a_row(platform: Any) -> None:
    document = trust_of(platform, "app-build")
    condition = document["Statement"][0]["Condition"]["StringEquals"]
    condition["token.actions.githubusercontent.com:sub"] = "repo:else/where:ref:refs/heads/main"
    condition["token.actions.githubusercontent.com:repository_id"] = "5"
    head = matrix(
        world_of(platform, changed("aws:iam/role:Role", "app-build", assumeRolePolicy=json.dumps(document)))
    )
    found = rows(head, "arn:aws:iam::111111111111:role/slipway/ci/app-build")
    assert [row.who for row in found] == ["subject repo:else/where:ref:refs/heads/main"]


def test_an_operator_that_is_not_known_is_shown_as_possible(platform: Any) -> None:
    document = trust_of(platform, "app-build")
    document["Statement"][0]["Condition"] = {
        "StringResembles": {"token.actions.githubusercontent.com:sub": "x"}
    }
    head = matrix(
        world_of(platform, changed("aws:iam/role:Role", "app-build", assumeRolePolicy=json.dumps(document)))
    )
    found = rows(head, "arn:aws:iam::111111111111:role/slipway/ci/app-build")
    assert "another repository of acme" in {row.who for row in found}
    assert not any(row.certain for row in found)


class Unknown:
    """Stands for the engine's own marker of a value that is not known yet."""


def test_what_is_not_known_yet_is_a_problem_and_open_to_anybody(platform: Any) -> None:
    head = matrix(world_of(platform, changed("aws:iam/role:Role", "app-build", assumeRolePolicy=Unknown())))
    assert any("trust policy is not known yet" in problem for problem in head.problems)
    assert len(rows(head, "arn:aws:iam::111111111111:role/slipway/ci/app-build")) > 10
    head = matrix(world_of(platform, changed("aws:iam/rolePolicy:RolePolicy", "app-build", policy=Unknown())))
    (row,) = rows(head, "arn:aws:iam::111111111111:role/slipway/ci/app-build")
    assert [capability.label for capability in row.capabilities] == ["what an unreadable policy allows"]


@pytest.mark.parametrize(
    "text", ["{", json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]})]
)
def test_a_policy_that_cannot_be_read_is_not_passed_over(platform: Any, text: str) -> None:
    head = matrix(world_of(platform, changed("aws:iam/rolePolicy:RolePolicy", "app-build", policy=text)))
    (row,) = rows(head, "arn:aws:iam::111111111111:role/slipway/ci/app-build")
    assert [capability.label for capability in row.capabilities] == ["what an unreadable policy allows"]


def test_a_role_without_a_boundary_is_a_problem(platform: Any) -> None:
    head = matrix(world_of(platform, changed("aws:iam/role:Role", "app-build", permissionsBoundary=None)))
    assert any(problem.endswith("no permissions boundary") for problem in head.problems)


def test_a_boundary_that_denies_takes_capabilities_away(platform: Any, base: Matrix) -> None:
    nothing = json.dumps({"Version": "2012-10-17", "Statement": []})

    def change(registration: Any) -> Any:
        return changed("aws:iam/policy:Policy", "boundary", policy=nothing)(registration)

    head = matrix(world_of(platform, change))
    assert all(row.capabilities == () for row in head.rows)
    gone = diff(base, head).no_longer_allowed
    assert len({entry.role for entry in gone}) == len({row.role for row in base.rows})


def test_a_generous_policy_is_shown_as_far_as_the_boundary_lets_it(platform: Any) -> None:
    generous = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["iam:*", "s3:GetObject"], "Resource": "*"}],
    }
    change = changed("aws:iam/rolePolicy:RolePolicy", "app-build", policy=json.dumps(generous))
    (row,) = rows(matrix(world_of(platform, change)), "arn:aws:iam::111111111111:role/slipway/ci/app-build")
    users = ", ".join(f"iam:*{kind}*" for kind in ("AccessKey", "Group", "LoginProfile", "MFADevice"))
    assert [str(capability) for capability in row.capabilities] == [
        "create roles: iam role/aws-service-role/* in 111111111111 "
        "if iam:AWSServiceName is elasticloadbalancing.amazonaws.com",
        "pass roles: iam role/slipway/runners/*-image-build in * except on iam role/slipway/infra/* in "
        "111111111111 if iam:PassedToService is ec2.amazonaws.com",
        "read objects: s3 slipway-*",
        f"read settings: * except {users}, iam:*SAMLProvider*, iam:*User*",
    ]


def test_a_provider_with_other_clients_lets_nobody_in(platform: Any) -> None:
    kind = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    head = matrix(world_of(platform, changed(kind, "github", clientIdLists=["https://github.com/acme"])))
    assert jobs(head) == []


def test_chains_are_followed_across_accounts(platform: Any) -> None:
    from_runner = _runner_registrations(platform)
    stacks = platform.stacks(automation=from_runner)
    runner = RunnerClass(name="large", role_arn=RUNNER, repositories=("acme/app",))
    world = World.from_stacks(stacks, repositories=platform.repositories, runner_classes=[runner])
    found = [row for row in matrix(world).rows if row.who.startswith("runner class")]
    assert [(row.role, row.via) for row in found] == [
        (CICD, (RUNNER,)),
        (RUNNER, ()),
        (PROD_DEPLOY, (RUNNER, CICD)),
    ]


def test_a_chain_breaks_where_either_side_does_not_allow_it(platform: Any) -> None:
    runner = RunnerClass(name="large", role_arn=RUNNER, repositories=())
    registrations = _runner_registrations(platform)
    kept = copy.deepcopy(registrations)
    kept[1].inputs["policy"] = json.dumps({"Version": "2012-10-17", "Statement": []})
    untrusting = trust_of(platform, "app-production")
    del untrusting["Statement"][1]
    for extra, change, expected in (
        # Within one account the CICD role's trust, which names the runner's role, is enough by itself.
        (kept, lambda item: item, {RUNNER, CICD, PROD_DEPLOY}),
        (
            registrations,
            changed("aws:iam/rolePolicy:RolePolicy", "runner-cicd", policy=kept[1].inputs["policy"]),
            {RUNNER, CICD},
        ),
        (
            registrations,
            changed("aws:iam/role:Role", "app-production", assumeRolePolicy=json.dumps(untrusting)),
            {RUNNER, CICD},
        ),
    ):
        world = world_of(platform, change, automation=extra)
        world.runner_classes = (runner,)
        found = {row.role for row in matrix(world).rows if row.who.startswith("runner class")}
        assert found == expected


def test_access_entries_are_capabilities(platform: Any) -> None:
    entry = _registration(
        platform,
        "aws:eks/accessEntry:AccessEntry",
        "app-production",
        {"clusterName": "prod", "principalArn": PROD_DEPLOY, "kubernetesGroups": ["slipway:app-production"]},
    )
    policy = _registration(
        platform,
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "app-production",
        {
            "clusterName": "prod",
            "principalArn": PROD_DEPLOY,
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
            "accessScope": {"type": "cluster"},
        },
    )
    (row,) = rows(matrix(world_of(platform, prod=[entry, policy])), PROD_DEPLOY)
    texts = [str(capability) for capability in row.capabilities]
    assert "in Kubernetes: prod: groups slipway:app-production" in texts
    assert "in Kubernetes: prod: AmazonEKSClusterAdminPolicy in cluster" in texts


def test_a_policy_of_aws_own_is_shown_as_what_it_is(platform: Any) -> None:
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    extra = _registration(
        platform,
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "too-much",
        {"role": "app-production", "policyArn": arn},
    )
    (row,) = rows(matrix(world_of(platform, prod=[extra])), PROD_DEPLOY)
    assert any("AdministratorAccess" in str(capability) for capability in row.capabilities)


def test_a_policy_whose_role_is_not_known_belongs_to_the_role_beside_it(platform: Any) -> None:
    def change(registration: Any) -> Any:
        if registration.name != "app-build" or not registration.type.startswith("aws:iam/"):
            return registration
        inputs = dict(registration.inputs)
        if "role" in inputs:
            inputs["role"] = Unknown()
        return replace(registration, inputs=inputs, parent="urn:build")

    (row,) = rows(matrix(world_of(platform, change)), "arn:aws:iam::111111111111:role/slipway/ci/app-build")
    assert "push images" in {capability.label for capability in row.capabilities}


def test_an_unknown_arn_is_found_by_what_it_comes_from(platform: Any) -> None:
    """As in a preview, where a policy that is not made yet has no ARN and a role no name."""
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
    }
    managed = _registration(
        platform, "aws:iam/policy:Policy", "managed", {"name": "managed", "policy": json.dumps(policy)}
    )
    stack = next(stack for stack in platform.stacks() if stack.stack == "prod")
    role = next(
        item for item in stack.registrations if item.name == "app-production" and item.type.endswith(":Role")
    )
    attachment = replace(
        _registration(
            platform,
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            "managed",
            {"role": Unknown(), "policyArn": Unknown()},
        ),
        property_dependencies={"role": (role.urn,), "policyArn": (managed.urn,)},
    )
    entry = replace(
        _registration(
            platform,
            "aws:eks/accessEntry:AccessEntry",
            "x",
            {"clusterName": "prod", "principalArn": Unknown(), "kubernetesGroups": ["g"]},
        ),
        property_dependencies={"principalArn": (role.urn,)},
    )
    head = matrix(world_of(platform, prod=[managed, attachment, entry]))
    (row,) = rows(head, PROD_DEPLOY)
    can = {capability.label: capability.resources for capability in row.capabilities}
    assert "s3 slipway-*" in can["read objects"]
    assert can["in Kubernetes"] == ("prod: groups g",)
    assert head.problems == ()


def test_an_undeclared_repository_is_a_problem(platform: Any) -> None:
    extra = _registration(
        platform,
        "github:index/repositoryEnvironment:RepositoryEnvironment",
        "x",
        {"repository": "unheard-of", "environment": "prod"},
    )
    head = matrix(world_of(platform, prod=[extra]))
    assert any("unheard-of" in problem for problem in head.problems)


def _registration(platform: Any, kind: str, name: str, inputs: dict[str, Any]) -> Any:
    model = platform.stacks()[0].registrations[0]
    return type(model)(kind, name, inputs)


def _runner_registrations(platform: Any) -> list[Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    chain = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": CICD}
    return [
        _registration(
            platform,
            "aws:iam/role:Role",
            "large",
            {
                "name": "large",
                "path": "/slipway/runners/",
                "assumeRolePolicy": json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
                "permissionsBoundary": "arn:aws:iam::111111111111:policy/slipway/slipway-ci-boundary",
            },
        ),
        _registration(
            platform,
            "aws:iam/rolePolicy:RolePolicy",
            "large",
            {"role": "large", "policy": json.dumps({"Version": "2012-10-17", "Statement": [chain]})},
        ),
    ]
