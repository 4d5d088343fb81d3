"""KMS key policies that say which roles use a key, so that no IAM policy alone can open it.

The account's root stays the key's administrator: a key whose policy names only roles is lost with them
(KMS Developer Guide, "Default key policy"). It administers and does not use. Roles are named by the
condition `aws:PrincipalArn` and not as principals: a principal must exist when the key is made, and is
replaced by a dead id when the role is made anew (IAM User Guide, "AWS JSON policy elements: Principal").
"""

from collections.abc import Sequence
from typing import Any

from slipway.errors import SlipwayError

_ADMINISTER = (
    # KMS Developer Guide, "Allows key administrators to administer the KMS key", without use or grants of it.
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:Delete*",
    "kms:Describe*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:Put*",
    "kms:Revoke*",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
)
_WRITE = ("kms:Encrypt", "kms:GenerateDataKey*")
_READ = ("kms:Decrypt",)


def key_policy(
    account: str,
    *,
    users: Sequence[str] = (),
    writers: Sequence[str] = (),
    readers: Sequence[str] = (),
    granting_services: Sequence[str] = (),
) -> dict[str, Any]:
    """The policy of one key.

    Args:
        account: the key's account, whose root administers it.
        users: ARNs of roles that encrypt and decrypt.
        writers: ARNs of roles that only encrypt.
        readers: ARNs of roles that only decrypt.
        granting_services: such as `ecr.eu-west-1.amazonaws.com`, which take a grant for themselves when a
            caller tells them to use the key.
    """
    statements = [_administration(account)]
    for sid, roles, actions in (
        ("Use", users, (*_READ, *_WRITE, "kms:ReEncrypt*")),
        ("Encrypt", writers, _WRITE),
        ("Decrypt", readers, _READ),
    ):
        if roles:
            statements.append(_roles(sid, roles, (*actions, "kms:DescribeKey")))
    if granting_services:
        statements.append(
            {
                "Sid": "ServiceGrants",
                "Effect": "Allow",
                "Principal": {"AWS": _root(account)},
                "Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
                "Resource": "*",
                "Condition": {"StringEquals": {"kms:ViaService": sorted(set(granting_services))}},
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def _administration(account: str) -> dict[str, Any]:
    return {
        "Sid": "AccountAdministers",
        "Effect": "Allow",
        "Principal": {"AWS": _root(account)},
        "Action": list(_ADMINISTER),
        "Resource": "*",
    }


def _roles(sid: str, roles: Sequence[str], actions: Sequence[str]) -> dict[str, Any]:
    named = sorted(set(roles))
    accounts = sorted({_account_of(role) for role in named})
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": [_root(account) for account in accounts]},
        "Action": sorted(set(actions)),
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:PrincipalArn": named}},
    }


def _root(account: str) -> str:
    return f"arn:aws:iam::{account}:root"


def _account_of(role: str) -> str:
    parts = role.split(":")
    if len(parts) < 6 or not parts[5].startswith("role/") or "*" in role or "?" in role:
        raise SlipwayError(f"{role!r} is not the exact ARN of a role", where="key policy")
    return parts[4]
