"""The documents of the state bucket and its key. No other part of the platform writes them.

Jobs use both and change neither: what is under `role/slipway/` administers nothing here, whatever its own
policies say, so that no job can lock its successors out of the state or read more of it.
"""

from typing import Any, Final

from slipway.access.statements import Document, Statement, document
from slipway.bootstrap.plan import BootstrapPlan

NONCURRENT_DAYS: Final = 90
"""For how long an overwritten or deleted state can be brought back."""

_ADMINISTER = (
    # KMS Developer Guide, "Allows key administrators to administer the KMS key", without use and grants, and
    # with the one cryptographic operation that shows nobody a key: it seals a stack's secrets key.
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
_LOOK = ("kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags")
_CHANGE_BUCKET = (
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:DeleteObjectVersion",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
)


def key_policy(plan: BootstrapPlan) -> Document:
    """The state key's policy.

    Roles are named by `aws:PrincipalArn`, since a principal must exist when the policy is put and these come
    later (IAM User Guide, "AWS JSON policy elements: Principal"). Whoever may use the bucket opens its
    objects through S3 only, whose encryption context is the bucket's ARN or the object's (S3 User Guide,
    "Using server-side encryption with AWS KMS keys").
    """
    root = {"AWS": f"arn:aws:iam::{plan.account}:root"}
    bucket = f"arn:aws:s3:::{plan.bucket}"
    statements = [
        _key("AccountAdministers", root, _ADMINISTER, {"ArnNotLike": {"aws:PrincipalArn": _jobs(plan)}}),
        _key("AccountLooks", root, _LOOK),
        _key(
            "ThroughTheBucket",
            root,
            ("kms:Decrypt", "kms:GenerateDataKey"),
            {
                "StringEquals": {"kms:ViaService": f"s3.{plan.region}.amazonaws.com"},
                "ArnLike": {"kms:EncryptionContext:aws:s3:arn": [bucket, f"{bucket}/*"]},
            },
        ),
    ]
    for sid, roles, actions in (
        ("Use", plan.key_users, ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")),
        ("Open", plan.key_readers, ("kms:Decrypt",)),
    ):
        if roles:
            statements.append(_key(sid, root, actions, {"ArnEquals": {"aws:PrincipalArn": list(roles)}}))
    return document(statements)


def _key(
    sid: str, principal: dict[str, str], actions: tuple[str, ...], condition: dict[str, Any] | None = None
) -> Statement:
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": list(actions),
        "Resource": "*",
    }
    if condition:
        statement["Condition"] = condition
    return statement


def bucket_policy(plan: BootstrapPlan) -> Document:
    """The state bucket's policy: TLS only, and no job changes the bucket or removes a version."""
    arns = [f"arn:aws:s3:::{plan.bucket}", f"arn:aws:s3:::{plan.bucket}/*"]
    return document(
        [
            _deny("TlsOnly", ["s3:*"], arns, {"Bool": {"aws:SecureTransport": "false"}}),
            _deny("JobsUseOnly", list(_CHANGE_BUCKET), arns, {"ArnLike": {"aws:PrincipalArn": _jobs(plan)}}),
        ]
    )


def _deny(sid: str, actions: list[str], resources: list[str], condition: dict[str, Any]) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": actions,
        "Resource": resources,
        "Condition": condition,
    }


def _jobs(plan: BootstrapPlan) -> str:
    return f"arn:aws:iam::{plan.account}:role/slipway/*"


def lifecycle_rules() -> list[dict[str, Any]]:
    """Versions that were overwritten or deleted stay for `NONCURRENT_DAYS`; the current ones for ever."""
    return [
        {
            "ID": "noncurrent-versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": NONCURRENT_DAYS},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        }
    ]


def encryption_rules(key_arn: str) -> list[dict[str, Any]]:
    """Objects are sealed with the state key, through a bucket key."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    return [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]


PUBLIC_ACCESS: Final = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
OWNERSHIP: Final = [{"ObjectOwnership": "BucketOwnerEnforced"}]
