"""The plan bucket's own rules: TLS only, no object written over, and who may put or read what in it."""

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.platform.plan_store import AREAS, Actor

_ENCRYPTION = "s3:x-amz-server-side-encryption"
_IF_ABSENT, _IF_UNCHANGED = "s3:if-none-match", "s3:if-match"


def plan_bucket_policy(bucket: str, roles: Mapping[Actor, Sequence[str]]) -> dict[str, Any]:
    """Refuse plain HTTP, another encryption than the bucket's, and unconditional writes; let the roles in.

    What is written once is written under `If-None-Match`, which S3 knows with `*` alone, and anything else
    under it or `If-Match` (S3 User Guide, "Enforce conditional writes on Amazon S3 buckets"). An upload in
    parts knows neither and is refused with the others.

    A role of another account needs the bucket's leave beside its own policy (IAM User Guide, "Cross-account
    resource access"). Its account is the principal and `aws:PrincipalArn` names the role, for the reasons
    that `key_policy` gives; a role's own policy still says of which stack.

    A negated operator matches a missing header too, hence `Null` (IAM User Guide, "Condition operator to
    check existence of keys").

    Args:
        roles: ARNs of the roles that there are, by what they do.
    """
    arn = f"arn:aws:s3:::{bucket}"
    once = [f"{arn}/{area.name}/*" for area in AREAS if area.once]
    others = [f"{arn}/{area.name}/*" for area in AREAS if not area.once]
    absent = {_IF_ABSENT: "true"}
    statements = [
        _deny("OnlyOverTls", "s3:*", [arn, f"{arn}/*"], {"Bool": {"aws:SecureTransport": "false"}}),
        _deny(
            "OnlyAsTheBucketEncrypts",
            "s3:PutObject",
            [f"{arn}/*"],
            {"Null": {_ENCRYPTION: "false"}, "StringNotEquals": {_ENCRYPTION: "AES256"}},
        ),
        _deny("OnlyOnce", "s3:PutObject", once, {"Null": absent}),
        _deny("OnlyIfUnchanged", "s3:PutObject", others, {"Null": {**absent, _IF_UNCHANGED: "true"}}),
    ]
    for area in AREAS:
        objects, name = [f"{arn}/{area.name}/*"], area.name.capitalize()
        puts, reads = (_roles(roles, actors) for actors in (area.puts, area.reads))
        if puts:
            statements.append(_allow(f"Put{name}", "s3:PutObject", objects, puts))
        if reads:
            statements.append(_allow(f"Read{name}", "s3:GetObject", objects, reads))
            listed = {"StringLike": {"s3:prefix": f"{area.name}/*"}}
            statements.append(_allow(f"List{name}", "s3:ListBucket", [arn], reads, listed))
    return {"Version": "2012-10-17", "Statement": statements}


def _roles(roles: Mapping[Actor, Sequence[str]], actors: frozenset[Actor]) -> list[str]:
    return sorted({role for actor in actors for role in roles.get(actor, ())})


def _allow(
    sid: str,
    action: str,
    resources: list[str],
    roles: list[str],
    condition: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    accounts = sorted({role.split(":")[4] for role in roles})
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]},
        "Action": action,
        "Resource": resources,
        "Condition": {"ArnEquals": {"aws:PrincipalArn": roles}, **(condition or {})},
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
