"""The plan bucket's own rules, which no IAM policy can loosen: TLS only, and only its own KMS key."""

from typing import Any

_HEADER = "s3:x-amz-server-side-encryption"
_KEY_HEADER = f"{_HEADER}-aws-kms-key-id"


def plan_bucket_policy(bucket: str, key_arn: str) -> dict[str, Any]:
    """Refuse plain HTTP, and an upload that asks for any encryption but this key's.

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
        ],
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
