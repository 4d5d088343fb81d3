"""Who gets at a stack's state: the policies of its bucket and key.

`slipway bootstrap` puts them and the stack that adopts both declares them. Jobs use both and change neither:
what is under `role/slipway/` administers nothing here, whatever its own policies say, so that no job can lock
its successors out of the state or read more of it.
"""

from collections.abc import Sequence
from typing import Any, Final

from slipway.access.statements import Document, Statement, document

NONCURRENT_DAYS: Final = 90
"""For how long an overwritten or deleted state can be brought back."""

ABORT_DAYS: Final = 7
"""After how long the parts of an upload that nobody finished are gone."""

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


def state_key_description(stack: str) -> str:
    """What a stack's state key says of itself."""
    return f"Pulumi state and secrets of the stack {stack}"


def state_key_policy(
    *, account: str, region: str, bucket: str, users: Sequence[str], readers: Sequence[str]
) -> Document:
    """The state key's policy.

    Roles are named by `aws:PrincipalArn`, since a principal must exist when the policy is put and these come
    later (IAM User Guide, "AWS JSON policy elements: Principal"). Whoever may use the bucket opens its
    objects through S3 only, whose encryption context is the bucket's ARN or the object's (S3 User Guide,
    "Using server-side encryption with AWS KMS keys").

    Args:
        account: the key's account.
        region: the key's and the bucket's region.
        bucket: the state bucket's name.
        users: ARNs of the roles that use the key directly, for a stack's secrets.
        readers: ARNs of the roles that only decrypt with it.
    """
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    arn = f"arn:aws:s3:::{bucket}"
    statements = [
        _key("AccountAdministers", root, _ADMINISTER, {"ArnNotLike": {"aws:PrincipalArn": _jobs(account)}}),
        _key("AccountLooks", root, _LOOK),
        _key(
            "ThroughTheBucket",
            root,
            ("kms:Decrypt", "kms:GenerateDataKey"),
            {
                "StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"},
                "ArnLike": {"kms:EncryptionContext:aws:s3:arn": [arn, f"{arn}/*"]},
            },
        ),
    ]
    for sid, roles, actions in (
        ("Use", users, ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")),
        ("Open", readers, ("kms:Decrypt",)),
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


def state_bucket_policy(*, account: str, bucket: str) -> Document:
    """The state bucket's policy: TLS only, and no job changes the bucket or removes a version."""
    arns = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return document(
        [
            _deny("TlsOnly", ["s3:*"], arns, {"Bool": {"aws:SecureTransport": "false"}}),
            _deny(
                "JobsUseOnly", list(_CHANGE_BUCKET), arns, {"ArnLike": {"aws:PrincipalArn": _jobs(account)}}
            ),
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


def _jobs(account: str) -> str:
    return f"arn:aws:iam::{account}:role/slipway/*"
