"""The plan bucket's own rules: TLS only, only its own KMS key, and who may put or read from which account."""

from collections.abc import Sequence
from typing import Any

_HEADER = "s3:x-amz-server-side-encryption"
_KEY_HEADER = f"{_HEADER}-aws-kms-key-id"


def plan_bucket_policy(
    bucket: str, key_arn: str, *, put_roles: Sequence[str], read_roles: Sequence[str]
) -> dict[str, Any]:
    """Refuse plain HTTP and an upload that asks for any encryption but this key's; let the roles in.

    A role of another account needs the bucket's leave beside its own policy (IAM User Guide, "Cross-account
    resource access"). Its account is the principal and `aws:PrincipalArn` names the role, for the reasons
    that `key_policy` gives; a role's own policy still says which prefix it may use.

    An upload that asks for none gets the bucket's default, which is this key; a negated operator matches a
    missing header too, hence `Null` (IAM User Guide, "Condition operator to check existence of keys").
    """
    arn = f"arn:aws:s3:::{bucket}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            _deny("OnlyOverTls", "s3:*", [arn, f"{arn}/*"], {"Bool": {"aws:SecureTransport": "false"}}),
            _deny(
                "OnlyWithKms",
                "s3:PutObject",
                [f"{arn}/*"],
                {"Null": {_HEADER: "false"}, "StringNotEquals": {_HEADER: "aws:kms"}},
            ),
            _deny(
                "OnlyWithOwnKey",
                "s3:PutObject",
                [f"{arn}/*"],
                {"Null": {_KEY_HEADER: "false"}, "ArnNotEquals": {_KEY_HEADER: key_arn}},
            ),
            _allow("Put", ["s3:PutObject"], [f"{arn}/*"], put_roles),
            _allow("Read", ["s3:GetObject", "s3:GetObjectVersion"], [f"{arn}/*"], read_roles),
            _allow("List", ["s3:ListBucket"], [arn], read_roles),
        ],
    }


def _allow(sid: str, actions: list[str], resources: list[str], roles: Sequence[str]) -> dict[str, Any]:
    named = sorted(set(roles))
    accounts = sorted({role.split(":")[4] for role in named})
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]},
        "Action": actions,
        "Resource": resources,
        "Condition": {"ArnEquals": {"aws:PrincipalArn": named}},
    }


def _deny(sid: str, action: str, resources: list[str], condition: dict[str, Any]) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resources,
        "Condition": condition,
    }
