"""The plan bucket: closed, encrypted, expiring, and split between who puts and who reads."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from components.state.plan_store import PlanStore
from slipway.access.evaluate import context_of, evaluate
from slipway.access.permissions import statements_of
from slipway.access.policies import Decision, Policy, Principal, Request
from slipway.access.statements import document
from slipway.engine.project import load_project
from slipway.errors import SlipwayError
from slipway.platform import naming
from slipway.platform.declaration import UsePlanStore
from slipway.platform.plan_store import AREAS, Actor
from tests.components.recording import Recording, run
from tests.components.samples import ACCOUNT, APPLY_ROLE, PLAN_ROLE, PULLER, REGION, plan_store_args

OTHER_PLAN_ROLE = PLAN_ROLE.replace(ACCOUNT, PULLER)
OTHER_APPLY_ROLE = APPLY_ROLE.replace(ACCOUNT, PULLER)
SSE = "s3:x-amz-server-side-encryption"


BUCKET = f"arn:aws:s3:::{plan_store_args().bucket}"
ABSENT, MATCH = {"s3:if-none-match": "*"}, {"s3:if-match": "etag"}


def declared(**changes: Any) -> Recording:
    def program() -> None:
        PlanStore("plans", dataclasses.replace(plan_store_args(), **changes))

    return run(program)


def denied(recording: Recording, action: str, key: str = "plans/slipway/prod/1", **context: str) -> bool:
    document = Policy.parse(recording.one("BucketPolicy").inputs["policy"], "resource")
    request = Request(
        action=action,
        resource=f"{BUCKET}/{key}",
        principal=Principal("AWS", PLAN_ROLE),
        context=context_of({"aws:SecureTransport": "true", **context}),
    )
    return document.decide(request) is Decision.EXPLICIT_DENY


def test_nothing_goes_over_plain_http() -> None:
    recording = declared()
    for action in ("s3:GetObject", "s3:PutObject", "s3:ListBucket"):
        assert denied(recording, action, **ABSENT, **{"aws:SecureTransport": "false"})
        assert not denied(recording, action, **ABSENT)


def test_an_upload_is_encrypted_as_the_bucket_does_or_refused() -> None:
    recording = declared()
    assert not denied(recording, "s3:PutObject", **ABSENT, **{SSE: "AES256"})
    assert denied(recording, "s3:PutObject", **ABSENT, **{SSE: "aws:kms"})
    (rule,) = recording.one("BucketServerSideEncryptionConfiguration").inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


# Area -> (who puts, who reads, whether once), as design and issue have it.
MAIN = {"plan", "gate", "apply", "drift"}
TABLE: dict[str, tuple[set[str], set[str], bool]] = {
    "plans": ({"plan"}, {"apply"}, True),
    "summaries": ({"plan"}, MAIN, True),
    "reviews": ({"pull-request"}, MAIN, True),
    "drift": ({"drift"}, MAIN, False),
    "log": ({"apply"}, MAIN, True),
    "uses": ({"apply"}, MAIN, True),
    "heads": ({"apply"}, MAIN, False),
    "leases": ({"apply"}, MAIN, False),
}
JOBS: tuple[Actor, ...] = ("pull-request", "plan", "gate", "apply", "drift")


def test_the_table_has_no_other_area() -> None:
    assert {area.name for area in AREAS} == set(TABLE)


@pytest.mark.parametrize("area", TABLE)
def test_what_is_written_once_is_never_written_over_and_the_rest_only_where_it_was_read(area: str) -> None:
    """Whoever asks, the bucket's own administrators too."""
    recording, key, once = declared(), f"{area}/slipway/prod/x", TABLE[area][2]
    assert denied(recording, "s3:PutObject", key)
    assert not denied(recording, "s3:PutObject", key, **ABSENT)
    assert denied(recording, "s3:PutObject", key, **MATCH) is once


def role_of(job: str, account: str = PULLER) -> str:
    return f"arn:aws:iam::{account}:role/slipway/ci/infra-prod-{job}"


@pytest.fixture(scope="module")
def bucket_policy() -> Policy:
    recording = declared(roles={job: (role_of(job),) for job in JOBS})
    return Policy.parse(recording.one("BucketPolicy").inputs["policy"], "resource")


def may(bucket_policy: Policy, job: Actor, action: str, resource: str, **context: str) -> tuple[bool, bool]:
    """What the role's own policy says, for the stack `prod`, and what the bucket's does: both must."""
    given = {"aws:SecureTransport": "true", "aws:PrincipalArn": role_of(job), **context}
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
    grant = UsePlanStore((job,), plan_store_args().bucket, "slipway", "prod", key)
    own = evaluate([document(statements_of(grant))], action, resource, given)
    request = Request(
        action=action, resource=resource, principal=Principal("AWS", role_of(job)), context=context_of(given)
    )
    return own.allowed, bucket_policy.decide(request).allowed


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("area", TABLE)
def test_each_job_does_in_each_area_what_the_table_says(area: str, job: Actor, bucket_policy: Policy) -> None:
    puts, reads, _ = TABLE[area]
    own = f"{BUCKET}/{area}/slipway/prod/7-1"
    assert may(bucket_policy, job, "s3:PutObject", own, **ABSENT) == (job in puts,) * 2
    assert may(bucket_policy, job, "s3:GetObject", own) == (job in reads,) * 2
    prefix = {"s3:prefix": f"{area}/slipway/prod/"}
    assert may(bucket_policy, job, "s3:ListBucket", BUCKET, **prefix) == (job in reads,) * 2
    for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectAcl", "s3:GetObjectVersion"):
        assert may(bucket_policy, job, action, own) == (False, False)
    # Of other stacks a job writes nothing, and reads nothing that is sealed.
    for other in ("slipway/staging", "slipway/prod-2", "other/prod"):
        assert not may(bucket_policy, job, "s3:PutObject", f"{BUCKET}/{area}/{other}/7-1", **ABSENT)[0]
        read = may(bucket_policy, job, "s3:GetObject", f"{BUCKET}/{area}/{other}/7-1")[0]
        assert read is (job in reads and area != "plans")


@pytest.mark.parametrize("job", JOBS)
def test_a_job_lists_no_more_than_it_reads(job: Actor, bucket_policy: Policy) -> None:
    for context in ({}, {"s3:prefix": ""}, {"s3:prefix": "plans"}, {"s3:prefix": "plans/"}):
        assert not may(bucket_policy, job, "s3:ListBucket", BUCKET, **context)[0]


@pytest.mark.parametrize("job", JOBS)
def test_whatever_else_a_job_is_given_the_areas_of_others_stay_closed(job: Actor) -> None:
    grant = UsePlanStore((job,), plan_store_args().bucket, "slipway", "prod", "arn:aws:kms:r:1:key/k")
    own = document(statements_of(grant))
    everything = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    for area, (puts, reads, _) in TABLE.items():
        key = f"{BUCKET}/{area}/slipway/prod/7-1"
        assert evaluate([own, everything], "s3:PutObject", key).allowed is (job in puts)
        assert evaluate([own, everything], "s3:GetObject", key).allowed is (job in reads)
        assert not evaluate([own, everything], "s3:DeleteObject", key).allowed


def test_nobody_else_gets_in(bucket_policy: Policy) -> None:
    for role in (role_of("plan") + "x", role_of("apply", "333333333333")):
        for action in ("s3:GetObject", "s3:PutObject"):
            request = Request(
                action=action,
                resource=f"{BUCKET}/plans/slipway/prod/7-1",
                principal=Principal("AWS", role),
                context=context_of({"aws:SecureTransport": "true", "aws:PrincipalArn": role, **ABSENT}),
            )
            assert not bucket_policy.decide(request).allowed


def test_the_bucket_is_closed_to_the_public_and_to_acls() -> None:
    recording = declared()
    block = recording.one("BucketPublicAccessBlock").inputs
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert all(block[flag] is True for flag in flags)
    ownership = recording.one("BucketOwnershipControls").inputs["rule"]
    assert ownership == {"objectOwnership": "BucketOwnerEnforced"}


def test_plans_and_summaries_expire_and_records_never() -> None:
    recording = declared()
    rules = {
        rule["filter"]["prefix"]: rule
        for rule in recording.one("BucketLifecycleConfiguration").inputs["rules"]
    }
    days = {prefix: rule.get("expiration", {}).get("days") for prefix, rule in rules.items()}
    assert days == {
        "plans/": 30, "summaries/": 90, "reviews/": 90, "uses/": 60,
        "drift/": None, "heads/": None, "leases/": None,
    }  # fmt: skip
    assert all(rule["status"] == "Enabled" for rule in rules.values())
    assert all(rule["noncurrentVersionExpiration"] == {"noncurrentDays": 7} for rule in rules.values())
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


def test_a_role_of_another_account_uses_the_key_by_its_alias_for_its_own_stack() -> None:
    """Both must allow it: the role's own policy, which knows the key's alias alone, and the key's policy."""
    args = plan_store_args()
    roles = {"plan": (OTHER_PLAN_ROLE,), "apply": (OTHER_APPLY_ROLE,)}
    keys = Policy.parse(declared(roles=roles).one("aws:kms/key:Key").inputs["policy"], "resource")
    alias = f"arn:aws:kms:{REGION}:{ACCOUNT}:{args.key_alias}"
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"

    def may(role: str, job: Actor, action: str, aliases: tuple[str, ...], stack: str = "prod") -> bool:
        context = {
            "kms:EncryptionContext:slipway:project": "slipway",
            "kms:EncryptionContext:slipway:stack": stack,
            "kms:ResourceAliases": aliases,
            "aws:PrincipalArn": role,
        }
        request = Request(
            action=action, resource=key, principal=Principal("AWS", role), context=context_of(context)
        )
        grant = UsePlanStore((job,), args.bucket, "slipway", "prod", alias)
        own = evaluate([document(statements_of(grant))], action, key, context)
        return own.allowed and keys.decide(request).allowed

    known = (args.key_alias, "alias/another")
    assert may(OTHER_PLAN_ROLE, "plan", "kms:GenerateDataKey", known)
    assert may(OTHER_APPLY_ROLE, "apply", "kms:Decrypt", known)
    assert not may(OTHER_PLAN_ROLE, "plan", "kms:GenerateDataKey", known, stack="staging")
    assert not may(OTHER_APPLY_ROLE, "apply", "kms:Decrypt", known, stack="staging")
    assert not may(OTHER_PLAN_ROLE, "plan", "kms:GenerateDataKey", ("alias/another",))
    assert not may(OTHER_PLAN_ROLE, "plan", "kms:GenerateDataKey", ())
    assert not may(OTHER_PLAN_ROLE + "x", "plan", "kms:GenerateDataKey", known)
    assert not may(OTHER_PLAN_ROLE, "apply", "kms:Decrypt", known)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bucket": "Plans"}, "S3 bucket name"),
        ({"bucket": "a.b.c"}, "S3 bucket name"),
        ({"roles": {"plan": (PLAN_ROLE,), "apply": (PLAN_ROLE,)}}, "could approve its own"),
        ({"roles": {"apply": (APPLY_ROLE,)}}, "nobody puts"),
        ({"roles": {"plan": (PLAN_ROLE,)}}, "nobody reads"),
        ({"roles": {"plan": ("arn:aws:iam::1:role/*",), "apply": (APPLY_ROLE,)}}, "no exact role ARN"),
    ],
)
def test_a_store_that_would_not_hold_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SlipwayError, match=said):
        dataclasses.replace(plan_store_args(), **changes)


def test_the_policies_name_the_project_as_pulumi_does() -> None:
    """Keys of the store begin with it, and policies hold roles to it."""
    assert load_project(Path(__file__).parents[2]).name == naming.PROJECT
