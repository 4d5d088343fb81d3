"""What a declaration refuses, and the limits of a trust policy."""

from typing import Any

import pytest

from slipway.access.trust import TRUST_POLICY_LIMIT, rendered, session_name, trust_policy
from slipway.errors import SlipwayError
from slipway.platform.declaration import Job, Repository, RoleDeclaration, SubjectForm

APP = Repository(owner="acme", name="app", owner_id=1, id=2)


def job(**changes: Any) -> Job:
    return Job(**{"name": "deploy", "repository": APP, "environment": "prod", "events": ("push",), **changes})


def role(**changes: Any) -> RoleDeclaration:
    given = {
        "name": "app-prod",
        "account": "1" * 12,
        "region": "eu-west-1",
        "jobs": (job(),),
        "boundary_arn": "arn:aws:iam::111111111111:policy/slipway/slipway-ci-boundary",
    }
    return RoleDeclaration(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"owner": "a/b"}, "owner"),
        ({"owner": "-a"}, "owner"),
        ({"owner": "a@1"}, "owner"),
        ({"name": "a:b"}, "name"),
        ({"name": "a@b"}, "name"),
        ({"name": ".."}, "name"),
        ({"name": ""}, "name"),
        ({"id": 0}, "ids"),
        ({"owner_id": -1}, "ids"),
    ],
)
def test_a_repository_github_could_not_have_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SlipwayError, match=message):
        Repository(**{"owner": "acme", "name": "app", "owner_id": 1, "id": 2, **changes})


@pytest.mark.parametrize(
    "environment", ["Prod", "", " prod", "prod*", "prod?", "${aws:username}", "a\nb", "x" * 256]
)
def test_an_environment_that_could_match_two_ways_is_refused(environment: str) -> None:
    with pytest.raises(SlipwayError):
        job(environment=environment)


def test_a_job_needs_an_event() -> None:
    with pytest.raises(SlipwayError, match="event"):
        job(events=())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "a/b"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"account": "123"}, "account"),
        ({"path": "slipway"}, "path"),
        ({"boundary_arn": ""}, "boundary"),
        ({"jobs": ()}, "assume"),
        ({"jobs": (job(), job(environment="staging"))}, "one environment"),
        ({"trusted_roles": ("*",)}, "exact role ARN"),
        ({"trusted_roles": ("arn:aws:iam::111111111111:root",)}, "exact role ARN"),
        ({"trusted_roles": ("arn:aws:iam::111111111111:role/*",)}, "exact role ARN"),
    ],
)
def test_a_role_that_aws_would_refuse_or_that_trusts_too_much_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(SlipwayError, match=message):
        role(**changes)


def test_a_roles_arn_is_computed() -> None:
    assert role().arn == "arn:aws:iam::111111111111:role/slipway/ci/app-prod"


def test_a_trust_policy_over_its_limit_names_the_role_and_the_size() -> None:
    many = tuple(f"arn:aws:iam::111111111111:role/slipway/ci/a-rather-long-role-name-{n}" for n in range(40))
    with pytest.raises(SlipwayError, match=r"app-prod has [0-9]+ characters; IAM takes 2048"):
        trust_policy(role(trusted_roles=many))


def test_the_longest_names_still_fit_one_trust_policy() -> None:
    long = Repository(owner="o" * 39, name="r" * 100, owner_id=10**9, id=10**10, subject=SubjectForm.BOTH)
    document = trust_policy(role(jobs=(job(repository=long, environment="e" * 255),)))
    assert len(rendered(document)) <= TRUST_POLICY_LIMIT


@pytest.mark.parametrize(
    ("workflow", "expected"),
    [
        ("ci", "gha-ci-7"),
        ("Deploy to prod!", "gha-Deploy-to-prod-7"),
        ("", "gha-workflow-7"),
        ("Ünïcode", "gha-n-code-7"),
    ],
)
def test_a_session_is_named_after_its_workflow_and_run(workflow: str, expected: str) -> None:
    assert session_name(workflow, 7) == expected


def test_a_session_name_never_gets_too_long_nor_loses_its_run() -> None:
    name = session_name("w" * 200, 123456789012)
    assert len(name) == 64
    assert name.endswith("-123456789012")
