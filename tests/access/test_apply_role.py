"""The apply role changes the platform, but never its boundary, itself, or a role without the boundary."""

from collections.abc import Callable
from typing import Any

import pytest

from slipway.access import stack_actions
from slipway.access.boundary import boundary_policy
from slipway.access.evaluate import Mode, evaluate
from slipway.access.permissions import permission_policy
from slipway.platform.naming import boundary_arn

ACCOUNT = "333333333333"
OWN = f"arn:aws:iam::{ACCOUNT}:role/slipway/infra/infra-prod-apply"
OWN_POLICY = f"arn:aws:iam::{ACCOUNT}:policy/slipway/infra/infra-prod-apply-policy-1"
OTHER = f"arn:aws:iam::{ACCOUNT}:role/slipway/nodes"
BOUNDARY = boundary_arn(ACCOUNT)
BOUNDED = {"iam:PermissionsBoundary": BOUNDARY}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
ROLE_ACTIONS = (
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PassRole",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
)
POLICY_ACTIONS = (
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:TagPolicy",
    "iam:UntagPolicy",
)


def decide(platform: Any, action: str, resource: str, context: dict[str, Any] | None, mode: Mode) -> bool:
    role = platform.role("infra-prod-apply")
    limit = boundary_policy(ACCOUNT)
    own = {"aws:PrincipalArn": OWN, **(context or {})}
    return evaluate([permission_policy(role)], action, resource, own, boundary=limit, mode=mode).allowed


def can(platform: Any, action: str, resource: str = "*", context: dict[str, Any] | None = None) -> bool:
    return decide(platform, action, resource, context, Mode.REACH)


def might(platform: Any, action: str, resource: str = "*", context: dict[str, Any] | None = None) -> bool:
    return decide(platform, action, resource, context, Mode.ATTACK)


def test_apply_may_do_every_action_in_the_table(platform: Any) -> None:
    here = f"eu-west-1:{ACCOUNT}"
    iam = f"arn:aws:iam::{ACCOUNT}"
    where = {
        "ec2": ("EC2", f"arn:aws:ec2:{here}:vpc/vpc-1"),
        "logs": ("LOGS", f"arn:aws:logs:{here}:log-group:/aws/vpc"),
        "ecr": ("ECR", f"arn:aws:ecr:{here}:repository/app"),
        "kms": ("KMS", f"arn:aws:kms:{here}:key/1"),
        "eks": ("EKS", f"arn:aws:eks:{here}:cluster/prod"),
        "ssm": ("SSM", f"arn:aws:ssm:{here}:parameter/slipway/outputs"),
        "secretsmanager": ("SECRETSMANAGER", f"arn:aws:secretsmanager:{here}:secret:slipway/db-AbCdEf"),
        "s3": ("S3", "arn:aws:s3:::slipway-plans-acme"),
    }
    for table, resource in where.values():
        for action in getattr(stack_actions, table):
            assert can(platform, action, resource), action
    for table, resource, context in (
        (stack_actions.ROLE_UNDER_BOUNDARY, OTHER, BOUNDED),
        (stack_actions.ROLE_BY_PATH, OTHER, {}),
        (stack_actions.POLICY, f"{iam}:policy/slipway/nodes", {}),
        (stack_actions.INSTANCE_PROFILE, f"{iam}:instance-profile/slipway/nodes", {}),
        (stack_actions.OIDC_PROVIDER, f"{iam}:oidc-provider/token.actions.githubusercontent.com", {}),
    ):
        for action in table:
            assert can(platform, action, resource, context), action
    region = {"aws:RequestedRegion": "eu-west-1"}
    assert can(platform, "kms:CreateKey", context=region)
    assert can(platform, "eks:CreateCluster", context=region)
    assert can(platform, "iam:PassRole", OTHER, {"iam:PassedToService": "eks.amazonaws.com"})
    linked = f"{iam}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
    assert can(platform, "iam:CreateServiceLinkedRole", linked, {"iam:AWSServiceName": "eks.amazonaws.com"})


def test_apply_grants_the_use_of_keys_as_eks_and_ecr_ask_for_it(platform: Any) -> None:
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
    # EKS asks without kms:GrantIsForAWSResource (EKS User Guide, enable-kms), ECR through itself.
    for context in (
        {},
        {"kms:ViaService": "ecr.eu-west-1.amazonaws.com", "kms:GrantIsForAWSResource": "true"},
    ):
        assert can(platform, "kms:CreateGrant", key, context)
        assert can(platform, "kms:DescribeKey", key, context)
    assert not might(platform, "kms:CreateGrant", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1")
    assert not might(platform, "kms:CreateGrant", "arn:aws:kms:eu-west-1:222222222222:key/1")


@pytest.mark.parametrize("context", [{}, BOUNDED, {**BOUNDED, "iam:PassedToService": "ec2.amazonaws.com"}])
def test_apply_does_not_touch_itself(platform: Any, context: dict[str, str]) -> None:
    for action in ROLE_ACTIONS:
        assert not might(platform, action, OWN, context), action
    for action in POLICY_ACTIONS:
        arn = f"arn:aws:iam::{ACCOUNT}:policy/slipway/infra/infra-prod-apply-policy-1"
        assert not might(platform, action, arn, context), action


def test_apply_does_not_touch_the_boundary(platform: Any) -> None:
    for action in POLICY_ACTIONS:
        assert not might(platform, action, BOUNDARY, BOUNDED), action


def test_apply_makes_no_role_without_the_boundary_nor_takes_one_off(platform: Any) -> None:
    elsewhere = f"arn:aws:iam::{ACCOUNT}:role/elsewhere"
    weaker = {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
    for action in (
        "iam:CreateRole",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
    ):
        assert can(platform, action, OTHER, BOUNDED)
        assert not might(platform, action, OTHER, {}), action
        assert not might(platform, action, OTHER, weaker), action
        assert not might(platform, action, elsewhere, BOUNDED), action
    assert not might(platform, "iam:DeleteRolePermissionsBoundary", OTHER, BOUNDED)


def test_apply_passes_roles_only_to_the_services_it_needs(platform: Any) -> None:
    for service in ("lambda.amazonaws.com", "cloudformation.amazonaws.com", "glue.amazonaws.com"):
        assert not might(platform, "iam:PassRole", OTHER, {"iam:PassedToService": service})
    assert not might(platform, "iam:PassRole", OTHER)


def test_apply_stays_in_its_region_and_account(platform: Any) -> None:
    assert not might(platform, "kms:CreateKey", context={"aws:RequestedRegion": "us-east-1"})
    assert not might(platform, "eks:CreateCluster")
    assert not might(platform, "ec2:DeleteVpc", f"arn:aws:ec2:us-east-1:{ACCOUNT}:vpc/vpc-1")
    assert not might(platform, "ec2:DeleteVpc", "arn:aws:ec2:eu-west-1:222222222222:vpc/vpc-1")
    assert not might(platform, "s3:PutBucketPolicy", "arn:aws:s3:::somebody-elses")
    assert not might(
        platform, "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:team/x"
    )
    assert not might(platform, "sts:AssumeRole", OTHER)
    for action in (
        "iam:CreateUser",
        "iam:CreateAccessKey",
        "organizations:LeaveOrganization",
        "ec2:RunInstances",
    ):
        assert not might(platform, action), action


def test_the_apply_roles_own_denials_hold_without_any_boundary(platform: Any) -> None:
    """Even if the boundary were gone and the role were given everything."""
    own = permission_policy(platform.role("infra-prod-apply"))

    def could(action: str, resource: str, context: dict[str, str] | None = None) -> bool:
        return evaluate([own, EVERYTHING], action, resource, context, mode=Mode.ATTACK).allowed

    assert could("iam:PutRolePolicy", OTHER)
    for action in ROLE_ACTIONS:
        assert not could(action, OWN, BOUNDED), action
    for action in POLICY_ACTIONS:
        assert not could(action, BOUNDARY), action
        arn = f"arn:aws:iam::{ACCOUNT}:policy/slipway/infra/infra-prod-apply-policy-2"
        assert not could(action, arn), action
    for action in ("iam:CreateRole", "iam:PutRolePermissionsBoundary"):
        assert not could(action, OTHER), action
        assert could(action, OTHER, BOUNDED), action
    for action in ("iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"):
        assert not could(action, OTHER, BOUNDED), action


def test_each_denial_of_the_apply_role_is_needed(platform: Any) -> None:
    """Without its Deny statements, and without the boundary's, the same role could do each of these."""
    allows = [
        statement
        for statement in permission_policy(platform.role("infra-prod-apply"))["Statement"]
        if statement["Effect"] == "Allow"
    ]
    loose = {"Version": "2012-10-17", "Statement": allows}
    assert evaluate([loose], "iam:UpdateAssumeRolePolicy", OWN).allowed
    assert evaluate([loose], "iam:PutRolePolicy", OWN, BOUNDED).allowed
    assert evaluate([loose], "iam:CreatePolicyVersion", BOUNDARY).allowed


MADE = f"arn:aws:iam::{ACCOUNT}:role/slipway/ci/made-by-apply"


def test_a_role_made_by_apply_can_do_what_the_platforms_roles_need() -> None:
    """Whatever policy such a role is given, the boundary holds it."""
    here = f"eu-west-1:{ACCOUNT}"
    could = _whoever(MADE)
    for action, resource in (
        ("s3:GetObject", "arn:aws:s3:::slipway-state-acme/releases/x"),
        ("ecr:PutImage", f"arn:aws:ecr:{here}:repository/app"),
        ("lambda:InvokeFunction", f"arn:aws:lambda:{here}:function:slipway-automation-runner-planner"),
        ("sts:AssumeRole", "arn:aws:iam::222222222222:role/slipway/ci/app-staging"),
    ):
        assert could(action, resource), action


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        *((action, f"arn:aws:iam::{ACCOUNT}:role/admin") for action in ROLE_ACTIONS),
        *((action, OTHER) for action in ROLE_ACTIONS),
        *((action, OWN) for action in ROLE_ACTIONS),
        *((action, BOUNDARY) for action in POLICY_ACTIONS),
        *((action, OWN_POLICY) for action in POLICY_ACTIONS),
        *((action, f"arn:aws:iam::{ACCOUNT}:policy/admins") for action in POLICY_ACTIONS),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin"),
        ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/slipway/infra/infra-prod-apply"),
        ("lambda:UpdateFunctionCode", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:billing"),
        (
            "lambda:UpdateFunctionCode",
            f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:slipway-prod-x",
        ),
        ("lambda:InvokeFunction", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:billing"),
        ("ssm:SendCommand", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"),
        ("ssm:StartSession", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"),
        ("ec2:ModifyInstanceAttribute", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"),
        ("ec2:CreateTags", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1"),
        ("s3:GetObject", "arn:aws:s3:::payroll/x"),
        ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:payroll"),
        ("kms:PutKeyPolicy", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"),
        ("eks:CreateAccessEntry", f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/slipway-prod"),
        ("eks:AssociateAccessPolicy", f"arn:aws:eks:eu-west-1:{ACCOUNT}:access-entry/slipway-prod/x"),
    ],
)
def test_a_role_made_by_apply_becomes_nobody_else(action: str, resource: str) -> None:
    could = _whoever(MADE)
    for context in ({}, BOUNDED, {**BOUNDED, "iam:PassedToService": "ec2.amazonaws.com"}):
        assert not could(action, resource, context)


@pytest.mark.parametrize("role", [MADE, OWN])
def test_no_role_under_the_boundary_may_do_this_whatever_it_is_given(role: str) -> None:
    could = _whoever(role)
    weaker = {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}
    for action in ROLE_ACTIONS:
        assert not could(action, OWN, BOUNDED), action
    for action in POLICY_ACTIONS:
        assert not could(action, BOUNDARY), action
        assert not could(action, OWN_POLICY), action
    for action in (
        "iam:CreateRole",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
    ):
        assert not could(action, OTHER), action
        assert not could(action, OTHER, weaker), action
    for action in (
        "iam:AddUserToGroup",
        "iam:AttachUserPolicy",
        "iam:CreateAccessKey",
        "iam:CreateLoginProfile",
        "iam:CreateSAMLProvider",
        "iam:CreateUser",
        "iam:DeleteRolePermissionsBoundary",
        "iam:DeleteUserPermissionsBoundary",
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:PutGroupPolicy",
        "iam:UpdateLoginProfile",
        "account:CloseAccount",
        "cloudtrail:StopLogging",
        "guardduty:DeleteDetector",
        "organizations:LeaveOrganization",
    ):
        assert not could(action, "*"), action
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider"
    assert could("iam:CreateOpenIDConnectProvider", f"{provider}/token.actions.githubusercontent.com") is (
        role == OWN
    )
    assert not could("iam:CreateOpenIDConnectProvider", f"{provider}/evil.example.com")


def _whoever(role: str) -> Callable[..., bool]:
    """What a role could do that is given everything, within the boundary."""
    limit = boundary_policy(ACCOUNT)

    def could(action: str, resource: str, context: dict[str, Any] | None = None) -> bool:
        given = {"aws:PrincipalArn": role, **(context or {})}
        return evaluate([EVERYTHING], action, resource, given, boundary=limit, mode=Mode.ATTACK).allowed

    return could
