"""The rights that an administrator needs to run bootstrap for one stack, and no more."""

from typing import Any

from slipway.access.stack_permissions import own_policy_prefix
from slipway.access.statements import Document, Statement, allow, document
from slipway.bootstrap.plan import BootstrapPlan

_BUCKET = (
    "s3:CreateBucket",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:ListBucket",  # HeadBucket
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:TagResource",  # CreateBucket with tags
)
_POLICY = (
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicyVersion",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListPolicyVersions",
    "iam:TagPolicy",
)
_ROLE = (
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:TagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
)
_ROLE_UNDER_BOUNDARY = (
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
)
_PROVIDER = ("iam:CreateOpenIDConnectProvider", "iam:TagOpenIDConnectProvider")


def administrator_policy(plan: BootstrapPlan) -> Document:
    """An identity policy for whoever runs bootstrap. `sts:GetCallerIdentity` needs no right.

    Actions, resources and condition keys: Service Authorization Reference, the pages of KMS, S3 and IAM.
    """
    bounded = {"StringEquals": {"iam:PermissionsBoundary": plan.boundary.arn}}
    # Any number of them: into how many the role's rights are split is known only once the key is there.
    managed = f"arn:aws:iam::{plan.account}:policy{plan.role.path}{own_policy_prefix(plan.role.name)}*"
    own_only = {**bounded, "ArnLike": {"iam:PolicyARN": managed}}
    statements = [
        *_key(plan),
        allow("StateBucket", _BUCKET, [f"arn:aws:s3:::{plan.bucket}"]),
        allow("LookAtProvider", ["iam:GetOpenIDConnectProvider"], [plan.provider.arn]),
        allow("Policies", _POLICY, [plan.boundary.arn, managed]),
        allow("ApplyRole", _ROLE, [plan.role.arn]),
        allow("ApplyRoleUnderBoundary", _ROLE_UNDER_BOUNDARY, [plan.role.arn], bounded),
        allow("AttachOwnPolicies", ["iam:AttachRolePolicy"], [plan.role.arn], own_only),
    ]
    if not plan.provider.adopted:
        statements.append(allow("GitHubProvider", _PROVIDER, [plan.provider.arn]))
    return document(statements)


def _key(plan: BootstrapPlan) -> list[Statement]:
    kms = f"arn:aws:kms:{plan.region}:{plan.account}"
    marked: dict[str, Any] = {f"aws:RequestTag/{key}": value for key, value in plan.tags.items()}
    own: dict[str, Any] = {f"aws:ResourceTag/{key}": value for key, value in plan.tags.items()}
    region = {"aws:RequestedRegion": plan.region}
    return [
        allow("MakeStateKey", ["kms:CreateKey"], ["*"], {"StringEquals": {**marked, **region}}),
        allow("MarkStateKey", ["kms:TagResource"], [f"{kms}:key/*"], {"StringEquals": marked}),
        allow("FindKeys", ["kms:ListKeys"], ["*"], {"StringEquals": region}),
        allow("LookAtKeys", ["kms:DescribeKey", "kms:ListResourceTags"], [f"{kms}:key/*"]),
        allow(
            "StateKey",
            [
                "kms:CreateAlias",
                "kms:EnableKeyRotation",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:GetKeyPolicy",
                "kms:GetKeyRotationStatus",
                "kms:PutKeyPolicy",
            ],
            [f"{kms}:key/*"],
            {"StringEquals": own},
        ),
        allow("StateKeyAlias", ["kms:CreateAlias"], [f"{kms}:{plan.key_alias}"]),
    ]
