"""What each kind of job may do, and may not, evaluated on the rendered policies."""

from typing import Any

import pytest

from slipway.access.boundary import boundary_policy
from slipway.access.evaluate import Mode, evaluate
from slipway.access.permissions import (
    INLINE_POLICIES_LIMIT,
    MANAGED_POLICY_LIMIT,
    permission_policies,
    permission_policy,
    statements_of,
)
from slipway.access.statements import BARE_STAR, document, is_reading
from slipway.access.trust import rendered
from slipway.errors import SlipwayError
from slipway.platform.declaration import AssumeRoles, RoleDeclaration, UsePlanStore, UseState

REGISTRY = "arn:aws:ecr:eu-west-1:111111111111:repository"
STATE = "arn:aws:s3:::slipway-state-acme"
PLANS = "arn:aws:s3:::slipway-plans-acme"
STATE_KEY = "arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-0000-0000-000000000001"
PLAN_KEY = "arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-0000-0000-000000000002"
GENEROUS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Ask:
    """Asks what a role can do; a yes must be certain, and a no must hold against every doubt."""

    def __init__(self, role: RoleDeclaration) -> None:
        self.policies = [permission_policy(role)]
        self.boundary = boundary_policy(role.account)

    def _decide(self, mode: Mode, action: str, resource: str, context: dict[str, Any]) -> bool:
        return evaluate(self.policies, action, resource, context, boundary=self.boundary, mode=mode).allowed

    def can(self, action: str, resource: str = "*", **context: Any) -> bool:
        return self._decide(Mode.REACH, action, resource, _keys(context))

    def might(self, action: str, resource: str = "*", **context: Any) -> bool:
        return self._decide(Mode.ATTACK, action, resource, _keys(context))


def _keys(context: dict[str, Any]) -> dict[str, Any]:
    return {key.replace("__", ":"): value for key, value in context.items()}


def ask(platform: Any, name: str) -> Ask:
    return Ask(platform.role(name))


def test_build_pushes_its_own_images_and_nothing_else(platform: Any) -> None:
    build = ask(platform, "app-build")
    assert build.can("ecr:GetAuthorizationToken")
    for action in ("PutImage", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"):
        assert build.can(f"ecr:{action}", f"{REGISTRY}/app")
        assert build.can(f"ecr:{action}", f"{REGISTRY}/app-web")
        for other in ("old-app", "app-preview", "app/web", "ap", "apps"):
            assert not build.might(f"ecr:{action}", f"{REGISTRY}/{other}")
    for action in ("ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy", "ecr:PutLifecyclePolicy"):
        assert not build.might(action, f"{REGISTRY}/app")
    assert not build.might("eks:DescribeCluster", "arn:aws:eks:eu-west-1:333333333333:cluster/prod")


def test_a_push_has_exactly_the_actions_that_aws_lists_and_the_caches_one(platform: Any) -> None:
    token, push = statements_of(platform.role("app-build").jobs[0].grants[0])
    assert token["Action"] == "ecr:GetAuthorizationToken"
    assert token["Resource"] == "*"
    assert set(push["Action"]) == {
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    }


def test_a_preview_pushes_only_preview_images(platform: Any) -> None:
    preview = ask(platform, "app-preview")
    assert preview.can("ecr:PutImage", f"{REGISTRY}/app-preview")
    assert not preview.might("ecr:PutImage", f"{REGISTRY}/app")
    assert not preview.might("s3:GetObject", f"{STATE}/release/app/production/x")


def test_deploy_finds_one_cluster_and_reads_its_parameters(platform: Any) -> None:
    deploy = ask(platform, "app-production")
    here = "eu-west-1:333333333333"
    assert deploy.can("eks:DescribeCluster", f"arn:aws:eks:{here}:cluster/prod")
    assert not deploy.might("eks:DescribeCluster", f"arn:aws:eks:{here}:cluster/prod2")
    assert not deploy.might("eks:ListClusters")
    assert deploy.can("ssm:GetParameter", f"arn:aws:ssm:{here}:parameter/app-service-helm-values")
    assert deploy.can("ssm:GetParameter", f"arn:aws:ssm:{here}:parameter/slipway/outputs")
    assert not deploy.might("ssm:GetParameter", f"arn:aws:ssm:{here}:parameter/old-app-service-helm-values")
    assert not deploy.might("ssm:PutParameter", f"arn:aws:ssm:{here}:parameter/app-service-helm-values")


def test_deploy_opens_its_own_state_and_no_other(platform: Any) -> None:
    deploy = ask(platform, "app-production")
    own = f"{STATE}/release/app/production/.pulumi/stacks/x.json"
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert deploy.can(action, own)
        for other in (
            "release/app/staging/.pulumi/x",
            "release/app/production-evil/x",
            "release/app/x",
            "release/old-app/production/x",
            "platform/prod/x",
            "x",
        ):
            assert not deploy.might(action, f"{STATE}/{other}")
    assert deploy.can("s3:ListBucket", STATE, s3__prefix="release/app/production/.pulumi/")
    assert not deploy.might("s3:ListBucket", STATE, s3__prefix="release/")
    assert not deploy.might("s3:ListBucket", STATE)
    assert deploy.can("kms:Decrypt", STATE_KEY)
    assert not deploy.might("kms:Decrypt", STATE_KEY[:-1] + "9")


def test_the_buckets_key_opens_only_by_way_of_s3_and_only_own_objects(platform: Any) -> None:
    deploy = ask(platform, "app-production")
    via = {"kms__ViaService": "s3.eu-west-1.amazonaws.com"}
    own = {"kms__EncryptionContext__aws__s3__arn": f"{STATE}/release/app/production/x"}
    assert deploy.can("kms:Decrypt", PLAN_KEY, **via, **own)
    assert not deploy.might("kms:Decrypt", PLAN_KEY, **own)
    assert not deploy.might("kms:Decrypt", PLAN_KEY, **via)
    assert not deploy.might(
        "kms:Decrypt", PLAN_KEY, **via, kms__EncryptionContext__aws__s3__arn=f"{STATE}/release/app/staging/x"
    )


def test_plan_puts_and_never_reads_a_plan_and_apply_reads_and_never_puts(platform: Any) -> None:
    sealed = f"{PLANS}/plans/slipway/prod/7-1"
    context = {
        "kms__EncryptionContext__slipway__project": "slipway",
        "kms__EncryptionContext__slipway__stack": "prod",
    }
    other = {**context, "kms__EncryptionContext__slipway__stack": "staging"}
    plan, apply = ask(platform, "infra-prod-plan"), ask(platform, "infra-prod-apply")
    assert plan.can("s3:PutObject", sealed)
    assert plan.can("kms:GenerateDataKey", PLAN_KEY, **context)
    assert apply.can("s3:GetObject", sealed)
    assert apply.can("kms:Decrypt", PLAN_KEY, **context)
    for action in ("s3:GetObject", "s3:GetObjectVersion", "s3:DeleteObject"):
        assert not plan.might(action, sealed)
    assert not plan.might("kms:Decrypt", PLAN_KEY, **context)
    for action in ("s3:PutObject", "s3:PutObjectAcl", "s3:DeleteObject", "s3:DeleteObjectVersion"):
        assert not apply.might(action, sealed)
    for elsewhere in (context, other, {}):
        assert not apply.might("kms:GenerateDataKey", PLAN_KEY, **elsewhere)
    for elsewhere in (other, {}):
        assert not plan.might("kms:GenerateDataKey", PLAN_KEY, **elsewhere)
        assert not apply.might("kms:Decrypt", PLAN_KEY, **elsewhere)
    assert not plan.might("s3:PutObject", f"{PLANS}/plans/slipway/staging/7-1")
    assert not apply.might("s3:GetObject", f"{PLANS}/plans/slipway/staging/7-1")


def test_a_plan_put_only_is_denied_even_where_another_policy_would_let_it_read(platform: Any) -> None:
    role = platform.role("infra-prod-plan")
    sealed = f"{PLANS}/plans/slipway/prod/7-1"
    assert not evaluate([permission_policy(role), GENEROUS], "s3:GetObject", sealed, mode=Mode.ATTACK).allowed
    assert evaluate([permission_policy(role), GENEROUS], "s3:GetObject", f"{PLANS}/x").allowed


def test_plan_reads_settings_but_no_secret_and_no_foreign_object(platform: Any) -> None:
    plan = ask(platform, "infra-prod-plan")
    here = "eu-west-1:333333333333"
    for action in (
        "ec2:DescribeVpcs",
        "iam:GetRole",
        "iam:ListRolePolicies",
        "eks:DescribeCluster",
        "kms:DescribeKey",
    ):
        assert plan.can(action)
    assert plan.can("s3:GetBucketPolicy", PLANS)
    assert plan.can("s3:GetObject", f"{STATE}/platform/prod/.pulumi/stacks/prod.json")
    assert plan.can("ssm:GetParameter", f"arn:aws:ssm:{here}:parameter/slipway/outputs")
    secret = f"arn:aws:secretsmanager:{here}:secret:slipway/app-db"
    for action, resource in (
        ("secretsmanager:GetSecretValue", secret),
        ("secretsmanager:BatchGetSecretValue", "*"),
        ("ssm:GetParameter", f"arn:aws:ssm:{here}:parameter/team/password"),
        ("ssm:GetParametersByPath", f"arn:aws:ssm:{here}:parameter/slipway"),
        ("s3:GetObject", f"{STATE}/release/app/production/x"),
        ("s3:PutObject", f"{STATE}/platform/prod/.pulumi/stacks/prod.json"),
        ("ec2:GetPasswordData", f"arn:aws:ec2:{here}:instance/i-1"),
        ("kms:Decrypt", f"arn:aws:kms:{here}:key/another"),
        ("lambda:GetFunction", f"arn:aws:lambda:{here}:function:x"),
        ("iam:CreateRole", "arn:aws:iam::333333333333:role/slipway/x"),
    ):
        assert not plan.might(action, resource), action
    assert not plan.might("kms:Decrypt", STATE_KEY, kms__ViaService="ssm.eu-west-1.amazonaws.com")
    assert plan.can("kms:Decrypt", STATE_KEY)


def test_a_role_in_the_middle_of_a_chain_assumes_the_next_and_nothing_else(platform: Any) -> None:
    cicd = ask(platform, "runner-cicd")
    assert cicd.can("sts:AssumeRole", "arn:aws:iam::333333333333:role/slipway/ci/app-production")
    assert not cicd.might("sts:AssumeRole", "arn:aws:iam::333333333333:role/slipway/infra/infra-prod-apply")
    assert not cicd.might("s3:GetObject", f"{STATE}/x")


def test_nothing_but_the_written_exceptions_changes_anything_on_a_bare_star(platform: Any) -> None:
    seen: set[str] = set()
    for role in platform.roles:
        for statement in permission_policy(role)["Statement"]:
            assert "NotAction" not in statement
            assert "NotResource" not in statement
            resources = _list(statement["Resource"])
            if statement["Effect"] == "Deny":
                continue
            for action in _list(statement["Action"]):
                assert is_reading(action) or "*" not in action, f"{role.name}: {action}"
                assert action != "*"
                if "*" not in resources or (is_reading(action) and action not in BARE_STAR):
                    continue
                rule = BARE_STAR[action]
                keys = {key for block in statement.get("Condition", {}).values() for key in block}
                assert set(rule.conditions) <= keys, f"{role.name}: {action} without {rule.conditions}"
                assert rule.source
                seen.add(action)
    assert seen == set(BARE_STAR)


@pytest.mark.parametrize(
    ("action", "reading"),
    [
        ("ec2:Describe*", True),
        ("iam:Get*", True),
        ("s3:GetBucket*", True),
        ("s3:*", False),
        ("*", False),
        ("ec2:D*", False),
        ("iam:PassRole", False),
        ("ec2:RunInstances", False),
        ("ecr:BatchGetImage", True),
        ("ecr:BatchDeleteImage", False),
    ],
)
def test_reading_is_told_from_changing(action: str, reading: bool) -> None:
    assert is_reading(action) is reading


def test_every_policy_fits_its_limit(platform: Any) -> None:
    for role in platform.roles:
        policies = permission_policies(role)
        inline = [len(rendered(policy.document)) for policy in policies if policy.kind == "inline"]
        managed = [len(rendered(policy.document)) for policy in policies if policy.kind == "managed"]
        assert sum(inline) <= INLINE_POLICIES_LIMIT
        assert all(size <= MANAGED_POLICY_LIMIT for size in managed)
        assert not (inline and managed)
        split = [statement for policy in policies for statement in policy.document["Statement"]]
        assert split == permission_policy(role)["Statement"]
    for account in ("111111111111", "333333333333"):
        text = rendered(boundary_policy(account))
        assert len(text) <= MANAGED_POLICY_LIMIT


def test_a_role_too_large_for_one_policy_gets_several_and_then_an_error(platform: Any) -> None:
    def role(count: int) -> RoleDeclaration:
        states = tuple(UseState("bucket", f"prefix-number-{n}", f"{STATE_KEY}{n}") for n in range(count))
        return RoleDeclaration(
            name="big",
            account="1" * 12,
            region="r",
            boundary_arn="arn:aws:iam::111111111111:policy/slipway/slipway-ci-boundary",
            trusted_roles=(platform.roles[0].arn,),
            grants=states,
        )

    policies = permission_policies(role(30))
    assert [policy.name for policy in policies][:2] == ["big-policy-1", "big-policy-2"]
    assert {policy.kind for policy in policies} == {"managed"}
    with pytest.raises(SlipwayError, match="big may do does not fit"):
        permission_policies(role(300))


def test_statement_ids_are_unique_in_a_policy(platform: Any) -> None:
    for role in platform.roles:
        ids = [statement["Sid"] for statement in permission_policy(role)["Statement"]]
        assert len(ids) == len(set(ids))
        assert all(sid.isalnum() for sid in ids)


def test_a_key_named_by_its_alias_opens_through_that_alias_alone() -> None:
    alias = "arn:aws:kms:eu-west-1:111111111111:alias/slipway/app"
    role = RoleDeclaration(
        name="x",
        account="1" * 12,
        region="eu-west-1",
        boundary_arn="arn:aws:iam::111111111111:policy/slipway/slipway-ci-boundary",
        trusted_roles=("arn:aws:iam::111111111111:role/y",),
        grants=(UseState("bucket", "prefix", alias),),
    )
    who = Ask(role)
    assert who.can("kms:Decrypt", STATE_KEY, kms__ResourceAliases=["alias/slipway/app", "alias/other"])
    assert not who.might("kms:Decrypt", STATE_KEY, kms__ResourceAliases=["alias/other"])
    assert not who.might("kms:Decrypt", STATE_KEY)


def test_who_opens_a_key_by_its_alias_cannot_move_the_alias() -> None:
    alias = "arn:aws:kms:eu-west-1:111111111111:alias/slipway/app"
    own = document(statements_of(UseState("bucket", "prefix", alias)))
    for action in ("kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"):
        assert not evaluate([own, GENEROUS], action, alias, mode=Mode.ATTACK).allowed
        assert evaluate([own, GENEROUS], action, f"{alias}2").allowed


def test_the_plan_roles_denials_hold_whatever_else_it_is_given(platform: Any) -> None:
    own = permission_policy(platform.role("infra-prod-plan"))
    for action in ("secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"):
        assert not evaluate([own, GENEROUS], action, mode=Mode.ATTACK).allowed
    for service in ("ssm", "secretsmanager"):
        via = {"kms:ViaService": f"{service}.eu-west-1.amazonaws.com"}
        assert not evaluate([own, GENEROUS], "kms:Decrypt", STATE_KEY, via, mode=Mode.ATTACK).allowed


@pytest.mark.parametrize("prefix", ["", "/", "*", "a*", "a?b"])
def test_a_prefix_that_opens_more_than_one_is_refused(prefix: str) -> None:
    with pytest.raises(SlipwayError, match="prefix"):
        statements_of(UseState("bucket", prefix, STATE_KEY))


@pytest.mark.parametrize("name", ["", "/", "*", "a*", "a?b"])
def test_a_plan_store_is_opened_for_one_stack_of_one_project(name: str) -> None:
    for project, stack in ((name, "prod"), ("slipway", name)):
        with pytest.raises(SlipwayError, match="one project or stack"):
            statements_of(UsePlanStore(("plan",), "bucket", project, stack, PLAN_KEY))


def test_a_role_without_grants_has_no_policy() -> None:
    role = RoleDeclaration(
        name="x",
        account="1" * 12,
        region="r",
        boundary_arn="arn:aws:iam::111111111111:policy/slipway/slipway-ci-boundary",
        trusted_roles=("arn:aws:iam::111111111111:role/y",),
    )
    assert permission_policies(role) == ()
    assert AssumeRoles(("arn",)) not in role.all_grants


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
