"""The plan bucket: closed, encrypted, expiring, and split between who puts and who reads."""

import dataclasses
from typing import Any

import pytest

from components.state.plan_store import PlanStore
from slipway.access.evaluate import context_of, evaluate
from slipway.access.permissions import statements_of
from slipway.access.policies import Decision, Policy, Principal, Request
from slipway.access.statements import document
from slipway.errors import SlipwayError
from slipway.platform.declaration import PutPlans, ReadPlans
from tests.components.computed import computed_outputs
from tests.components.recording import Recording, run
from tests.components.samples import ACCOUNT, APPLY_ROLE, PLAN_ROLE, PULLER, REGION, plan_store_args

OTHER_PLAN_ROLE = PLAN_ROLE.replace(ACCOUNT, PULLER)
OTHER_APPLY_ROLE = APPLY_ROLE.replace(ACCOUNT, PULLER)
SSE = "s3:x-amz-server-side-encryption"


def declared() -> Recording:
    def program() -> None:
        PlanStore("plans", plan_store_args())

    return run(program)


def key_arn(recording: Recording) -> str:
    return computed_outputs(recording.one("aws:kms/key:Key"))[1]["arn"]


def denied(recording: Recording, action: str, **context: str) -> bool:
    document = Policy.parse(recording.one("BucketPolicy").inputs["policy"], "resource")
    request = Request(
        action=action,
        resource=f"arn:aws:s3:::{plan_store_args().bucket}/plans/prod/1",
        principal=Principal("AWS", PLAN_ROLE),
        context=context_of({"aws:SecureTransport": "true", **context}),
    )
    return document.decide(request) is Decision.EXPLICIT_DENY


def test_nothing_goes_over_plain_http() -> None:
    recording = declared()
    for action in ("s3:GetObject", "s3:PutObject", "s3:ListBucket"):
        assert denied(recording, action, **{"aws:SecureTransport": "false"})
        assert not denied(recording, action)


def test_an_upload_is_encrypted_with_the_stores_own_key_or_refused() -> None:
    recording = declared()
    own = {SSE: "aws:kms", f"{SSE}-aws-kms-key-id": key_arn(recording)}
    assert not denied(recording, "s3:PutObject", **own)
    assert denied(recording, "s3:PutObject", **{SSE: "AES256"})
    foreign = {**own, f"{SSE}-aws-kms-key-id": "arn:aws:kms:eu-west-1:999999999999:key/foreign"}
    assert denied(recording, "s3:PutObject", **foreign)
    (rule,) = recording.one("BucketServerSideEncryptionConfiguration").inputs["rules"]
    default = rule["applyServerSideEncryptionByDefault"]
    assert default == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key_arn(recording)}


def allowed(role: str, action: str, resource: str) -> bool:
    args = dataclasses.replace(
        plan_store_args(), put_roles=(PLAN_ROLE, OTHER_PLAN_ROLE), read_roles=(APPLY_ROLE, OTHER_APPLY_ROLE)
    )

    def program() -> None:
        PlanStore("plans", args)

    document = Policy.parse(run(program).one("BucketPolicy").inputs["policy"], "resource")
    context = context_of({"aws:SecureTransport": "true", "aws:PrincipalArn": role})
    request = Request(action=action, resource=resource, principal=Principal("AWS", role), context=context)
    return document.decide(request).allowed


def test_roles_of_other_accounts_get_through_to_their_side_only() -> None:
    bucket = f"arn:aws:s3:::{plan_store_args().bucket}"
    plan = f"{bucket}/plans/prod/1"
    for role in (PLAN_ROLE, OTHER_PLAN_ROLE):
        assert allowed(role, "s3:PutObject", plan)
        assert not allowed(role, "s3:GetObject", plan)
        assert not allowed(role, "s3:ListBucket", bucket)
    for role in (APPLY_ROLE, OTHER_APPLY_ROLE):
        assert allowed(role, "s3:GetObject", plan)
        assert allowed(role, "s3:ListBucket", bucket)
        assert not allowed(role, "s3:PutObject", plan)
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert not allowed(OTHER_PLAN_ROLE + "x", action, plan)
    assert not allowed(OTHER_APPLY_ROLE, "s3:DeleteObject", plan)


def test_the_bucket_is_closed_to_the_public_and_to_acls() -> None:
    recording = declared()
    block = recording.one("BucketPublicAccessBlock").inputs
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert all(block[flag] is True for flag in flags)
    ownership = recording.one("BucketOwnershipControls").inputs["rule"]
    assert ownership == {"objectOwnership": "BucketOwnerEnforced"}


def test_plans_expire_in_every_version() -> None:
    recording = declared()
    (rule,) = recording.one("BucketLifecycleConfiguration").inputs["rules"]
    assert rule["status"] == "Enabled"
    assert rule["expiration"] == {"days": 30}
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    versions = recording.one("BucketVersioning")
    assert versions.inputs["versioningConfiguration"] == {"status": "Enabled"}
    assert versions.urn in recording.one("BucketLifecycleConfiguration").dependencies


def test_the_key_lets_the_plan_role_seal_and_the_apply_role_open() -> None:
    policy = Policy.parse(declared().one("aws:kms/key:Key").inputs["policy"], "resource")

    def may(role: str, action: str) -> bool:
        request = Request(
            action=action,
            resource="*",
            principal=Principal("AWS", role),
            context=context_of({"aws:PrincipalArn": role}),
        )
        return policy.decide(request).allowed

    assert may(PLAN_ROLE, "kms:GenerateDataKey")
    assert not may(PLAN_ROLE, "kms:Decrypt")
    assert may(APPLY_ROLE, "kms:Decrypt")
    assert not may(APPLY_ROLE, "kms:GenerateDataKey")


def test_a_role_of_another_account_uses_the_key_by_its_alias() -> None:
    """Both must allow it: the role's own policy, which knows the key's alias alone, and the key's policy."""
    args = dataclasses.replace(
        plan_store_args(), put_roles=(OTHER_PLAN_ROLE,), read_roles=(OTHER_APPLY_ROLE,)
    )

    def program() -> None:
        PlanStore("plans", args)

    keys = Policy.parse(run(program).one("aws:kms/key:Key").inputs["policy"], "resource")
    alias = f"arn:aws:kms:{REGION}:{ACCOUNT}:{args.key_alias}"
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
    through = {
        "kms:ViaService": f"s3.{REGION}.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{args.bucket}",
    }

    def may(role: str, grant: PutPlans | ReadPlans, action: str, aliases: tuple[str, ...]) -> bool:
        context = {**through, "kms:ResourceAliases": aliases, "aws:PrincipalArn": role}
        request = Request(
            action=action, resource=key, principal=Principal("AWS", role), context=context_of(context)
        )
        own = evaluate([document(statements_of(grant))], action, key, context)
        return own.allowed and keys.decide(request).allowed

    put, read = PutPlans(args.bucket, "prod/", alias), ReadPlans(args.bucket, "prod/", alias)
    known = (args.key_alias, "alias/another")
    assert may(OTHER_PLAN_ROLE, put, "kms:GenerateDataKey", known)
    assert may(OTHER_APPLY_ROLE, read, "kms:Decrypt", known)
    assert not may(OTHER_PLAN_ROLE, put, "kms:GenerateDataKey", ("alias/another",))
    assert not may(OTHER_PLAN_ROLE, put, "kms:GenerateDataKey", ())
    assert not may(OTHER_PLAN_ROLE + "x", put, "kms:GenerateDataKey", known)
    assert not may(OTHER_PLAN_ROLE, read, "kms:Decrypt", known)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bucket": "Plans"}, "S3 bucket name"),
        ({"bucket": "a.b.c"}, "S3 bucket name"),
        ({"read_roles": (PLAN_ROLE,)}, "could approve its own"),
        ({"put_roles": ()}, "nobody puts"),
        ({"put_roles": ("arn:aws:iam::1:role/*",)}, "no exact role ARN"),
    ],
)
def test_a_store_that_would_not_hold_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SlipwayError, match=said):
        dataclasses.replace(plan_store_args(), **changes)
