"""Who gets at the state bucket and its key, decided on the documents themselves."""

import pytest

from slipway.access.policies import Decision, Policy, Principal, Request
from slipway.bootstrap import documents
from tests.bootstrap import samples

DEPLOY = f"arn:aws:iam::{samples.ACCOUNT}:role/slipway/ci/skill-pool-prod"
ADMINISTRATOR = f"arn:aws:iam::{samples.ACCOUNT}:role/aws-reserved/sso.amazonaws.com/administrator"
STRANGER = "arn:aws:iam::999999999999:role/anyone"
OBJECT = f"arn:aws:s3:::{samples.BUCKET}/.pulumi/stacks/slipway/prod.json"
S3 = {
    "kms:viaservice": (f"s3.{samples.REGION}.amazonaws.com",),
    "kms:encryptioncontext:aws:s3:arn": (f"arn:aws:s3:::{samples.BUCKET}",),
}
ELSEWHERE = {**S3, "kms:encryptioncontext:aws:s3:arn": ("arn:aws:s3:::other-bucket",)}


def decided(policy: dict, action: str, who: str, resource: str, context: dict | None = None) -> Decision:
    request = Request(
        action=action,
        resource=resource,
        context={"aws:principalarn": (who,), **(context or {})},
        principal=Principal("AWS", who),
    )
    return Policy.parse(policy, "resource").decide(request)


@pytest.mark.parametrize(
    ("who", "action", "context", "allowed"),
    [
        (samples.APPLY, "kms:Decrypt", {}, True),
        (samples.APPLY, "kms:Encrypt", {}, True),
        (samples.APPLY, "kms:PutKeyPolicy", {}, False),
        (samples.APPLY, "kms:ScheduleKeyDeletion", {}, False),
        (samples.APPLY, "kms:GetKeyPolicy", {}, True),
        (samples.PLAN, "kms:Decrypt", {}, True),
        (samples.PLAN, "kms:Encrypt", {}, False),
        (DEPLOY, "kms:Decrypt", {}, False),
        (DEPLOY, "kms:Decrypt", S3, True),
        (DEPLOY, "kms:GenerateDataKey", S3, True),
        (DEPLOY, "kms:Decrypt", ELSEWHERE, False),
        (DEPLOY, "kms:Encrypt", S3, False),
        (ADMINISTRATOR, "kms:PutKeyPolicy", {}, True),
        (ADMINISTRATOR, "kms:GenerateDataKeyWithoutPlaintext", {}, True),
        (ADMINISTRATOR, "kms:Decrypt", {}, False),
        (ADMINISTRATOR, "kms:GenerateDataKey", {}, False),
        (ADMINISTRATOR, "kms:CreateGrant", {}, False),
        (STRANGER, "kms:Decrypt", S3, False),
        (STRANGER, "kms:DescribeKey", {}, False),
    ],
)
def test_the_key_policy_lets_in_whom_it_must_and_nobody_else(
    who: str, action: str, context: dict, allowed: bool
) -> None:
    policy = documents.key_policy(samples.plan())
    assert decided(policy, action, who, samples.KEY, context).allowed is allowed


@pytest.mark.parametrize(
    ("who", "action", "context", "denied"),
    [
        (samples.APPLY, "s3:GetObject", {"aws:securetransport": ("false",)}, True),
        (ADMINISTRATOR, "s3:GetObject", {"aws:securetransport": ("false",)}, True),
        (samples.APPLY, "s3:GetObject", {"aws:securetransport": ("true",)}, False),
        (samples.APPLY, "s3:DeleteObject", {"aws:securetransport": ("true",)}, False),
        (samples.APPLY, "s3:DeleteObjectVersion", {"aws:securetransport": ("true",)}, True),
        (samples.APPLY, "s3:PutBucketPolicy", {"aws:securetransport": ("true",)}, True),
        (DEPLOY, "s3:PutBucketVersioning", {"aws:securetransport": ("true",)}, True),
        (ADMINISTRATOR, "s3:PutBucketPolicy", {"aws:securetransport": ("true",)}, False),
    ],
)
def test_the_bucket_policy_wants_tls_and_keeps_jobs_from_changing_the_bucket(
    who: str, action: str, context: dict, denied: bool
) -> None:
    policy = documents.bucket_policy(samples.plan())
    assert (decided(policy, action, who, OBJECT, context) is Decision.EXPLICIT_DENY) is denied
