"""Who may do what with a key, decided from the rendered policy."""

import dataclasses
from typing import Any

import pytest

from components.state.encryption_key import EncryptionKey, EncryptionKeyArgs
from slipway.access.evaluate import context_of
from slipway.access.policies import Policy, Principal, Request
from slipway.errors import SlipwayError
from tests.components.recording import Recording, run
from tests.components.samples import ACCOUNT, DEPLOY_ROLE, encryption_key_args, registry_key_args

STRANGER = f"arn:aws:iam::{ACCOUNT}:role/slipway/ci/other-production"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/admin"


def declared(args: EncryptionKeyArgs) -> Recording:
    def program() -> None:
        EncryptionKey("key", args)

    return run(program)


def may(args: EncryptionKeyArgs, role: str, action: str, **context: str) -> bool:
    document = Policy.parse(declared(args).one("aws:kms/key:Key").inputs["policy"], "resource")
    request = Request(
        action=action,
        resource="*",
        principal=Principal("AWS", role),
        context=context_of({"aws:PrincipalArn": role, **context}),
    )
    return document.decide(request).allowed


@pytest.mark.parametrize("action", ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"])
def test_only_the_named_role_uses_the_key(action: str) -> None:
    args = encryption_key_args()
    assert may(args, DEPLOY_ROLE, action)
    for other in (STRANGER, ADMIN, DEPLOY_ROLE + "x", DEPLOY_ROLE.replace("/slipway/ci", "")):
        assert not may(args, other, action)


def test_a_role_of_the_same_name_in_another_account_does_not() -> None:
    assert not may(encryption_key_args(), DEPLOY_ROLE.replace(ACCOUNT, "222222222222"), "kms:Decrypt")


def test_writers_never_decrypt_and_readers_never_encrypt() -> None:
    args = dataclasses.replace(encryption_key_args(), users=(), writers=(STRANGER,), readers=(DEPLOY_ROLE,))
    assert may(args, STRANGER, "kms:GenerateDataKey")
    assert not may(args, STRANGER, "kms:Decrypt")
    assert may(args, DEPLOY_ROLE, "kms:Decrypt")
    assert not may(args, DEPLOY_ROLE, "kms:GenerateDataKey")


def test_the_account_administers_so_that_no_key_is_ever_lost() -> None:
    for action in ("kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:EnableKeyRotation"):
        assert may(encryption_key_args(), ADMIN, action)
    assert not may(encryption_key_args(), ADMIN, "kms:CreateGrant")


def test_a_service_takes_grants_for_itself_only() -> None:
    args = registry_key_args()
    assert may(args, ADMIN, "kms:CreateGrant", **{"kms:ViaService": "ecr.eu-west-1.amazonaws.com"})
    assert not may(args, ADMIN, "kms:CreateGrant", **{"kms:ViaService": "ec2.eu-west-1.amazonaws.com"})
    assert not may(args, ADMIN, "kms:CreateGrant")
    assert not may(args, ADMIN, "kms:Decrypt", **{"kms:ViaService": "ecr.eu-west-1.amazonaws.com"})


def test_the_key_rotates_and_is_reached_by_its_alias() -> None:
    recording = declared(encryption_key_args())
    key = recording.one("aws:kms/key:Key")
    assert key.inputs["enableKeyRotation"] is True
    assert recording.one("Alias").inputs["name"] == encryption_key_args().alias
    assert recording.one("Alias").dependencies == (key.urn,)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"alias": "slipway"}, "KMS alias"),
        ({"alias": "alias/aws/s3"}, "KMS alias"),
        ({"users": ()}, "nobody could use"),
        ({"users": (f"arn:aws:iam::{ACCOUNT}:role/*",)}, "no exact role ARN"),
        ({"users": (f"arn:aws:iam::{ACCOUNT}:root",)}, "no exact role ARN"),
    ],
)
def test_a_key_that_kms_or_sense_would_refuse(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SlipwayError, match=said):
        dataclasses.replace(encryption_key_args(), **changes)
