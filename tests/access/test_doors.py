"""Whoever a trust policy admits from outside has a row, however its conditions are put."""

import json
from typing import Any

import pytest

from slipway.access.matrix import Row, diff, matrix
from slipway.access.render import diff_to_text, to_text
from tests.access.test_matrix import PROD_DEPLOY, changed, trust_of, world_of

ROLE = "arn:aws:iam::111111111111:role/slipway/ci/app-build"
ROOT = "arn:aws:iam::444444444444:root"
STRANGER = "arn:aws:iam::444444444444:role/x"
ANOTHER = f"from outside: AWS principal {STRANGER}"
ACCOUNT = "from outside: account 444444444444"


def trusting(platform: Any, principal: Any, condition: Any = None, *more: Any) -> Any:
    """app-build's trust policy with one more statement, or several."""
    document = trust_of(platform, "app-build")
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    document["Statement"] += [statement | ({"Condition": condition} if condition else {}), *more]
    return changed("aws:iam/role:Role", "app-build", assumeRolePolicy=json.dumps(document))


def strangers(platform: Any, *trust: Any) -> list[Row]:
    found = matrix(world_of(platform, trusting(platform, *trust)))
    return [
        row for row in found.rows if row.role == ROLE and row.who.startswith("from outside") and not row.via
    ]


@pytest.mark.parametrize(
    ("principal", "condition", "who", "certain"),
    [
        ({"AWS": ROOT}, None, ACCOUNT, True),
        ({"AWS": "444444444444"}, None, ACCOUNT, True),
        ({"AWS": ROOT}, {"StringEquals": {"sts:ExternalId": "secret"}}, ACCOUNT, True),
        ({"AWS": ROOT}, {"StringLike": {"sts:RoleSessionName": "a?c*"}}, ACCOUNT, True),
        ({"AWS": ROOT}, {"StringEquals": {"sts:SourceIdentity": "alice"}}, ACCOUNT, True),
        ({"AWS": ROOT}, {"StringEquals": {"aws:RequestTag/team": "x"}}, ACCOUNT, True),
        ({"AWS": ROOT}, {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, ACCOUNT, False),
        ({"AWS": ROOT}, {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, ACCOUNT, False),
        ({"AWS": ROOT}, {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, ACCOUNT, False),
        ({"AWS": ROOT}, {"ArnEquals": {"aws:PrincipalArn": STRANGER}}, ANOTHER, True),
        ({"AWS": STRANGER}, {"StringEquals": {"sts:ExternalId": "x"}}, ANOTHER, True),
        ("*", {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444444444444:role/x*"}},
         "from outside: AWS principal arn:aws:iam::444444444444:role/x*", True),
        ("*", {"StringEquals": {"aws:PrincipalAccount": "444444444444"}}, ACCOUNT, True),
        ({"AWS": "*"}, {"StringEquals": {"aws:PrincipalAccount": ["444444444444"]}}, ACCOUNT, True),
        ("*", {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, "from outside: anybody in AWS", False),
        ("*", {"StringEquals": {"sts:ExternalId": "x"}}, "from outside: anybody in AWS", True),
        ({"Service": "lambda.amazonaws.com"}, None, "from outside: AWS service lambda.amazonaws.com", True),
        ({"Service": "eks.amazonaws.com"}, {"StringEquals": {"aws:SourceAccount": "444444444444"}},
         "from outside: AWS service eks.amazonaws.com", True),
    ],
)  # fmt: skip
def test_a_door_has_its_row(platform: Any, principal: Any, condition: Any, who: str, certain: bool) -> None:
    (row,) = strangers(platform, principal, condition)
    assert (row.who, row.certain) == (who, certain)
    keys = [key for keys in (condition or {}).values() for key in keys]
    assert row.refs == (f"a call with {keys[0].lower()} that fits" if keys else "any call",)


@pytest.mark.parametrize(
    ("provider", "action", "who"),
    [
        ("saml-provider/okta", "sts:AssumeRoleWithSAML", "SAML provider"),
        ("oidc-provider/gitlab.example.com", "sts:AssumeRoleWithWebIdentity", "identity provider"),
        (
            "oidc-provider/oidc.eks.example.com/id/A",
            "sts:AssumeRoleWithWebIdentity",
            "identity provider",
        ),
    ],
)
def test_another_identity_provider_is_a_door(platform: Any, provider: str, action: str, who: str) -> None:
    arn = f"arn:aws:iam::111111111111:{provider}"
    more = {
        "Effect": "Allow",
        "Principal": {"Federated": arn},
        "Action": action,
        "Condition": {"StringEquals": {"SAML:aud": "x"}},
    }
    document = trust_of(platform, "app-build")
    document["Statement"].append(more)
    change = changed("aws:iam/role:Role", "app-build", assumeRolePolicy=json.dumps(document))
    rows = [row for row in matrix(world_of(platform, change)).rows if row.role == ROLE]
    assert f"from outside: {who} {arn}" in {row.who for row in rows}


@pytest.mark.parametrize(
    ("principal", "condition"),
    [
        ({"AWS": ROOT}, {"StringEquals": {"aws:PrincipalAccount": "555555555555"}}),
        ({"AWS": STRANGER}, {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::444444444444:role/y"}}),
    ],
)
def test_what_no_caller_can_meet_is_no_door(platform: Any, principal: Any, condition: Any) -> None:
    assert strangers(platform, principal, condition) == []


def test_a_door_that_is_shut_again_is_none_and_one_that_may_be_is_possible(platform: Any) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    assert strangers(platform, {"AWS": ROOT}, None, deny) == []
    other = {**deny, "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}
    (row,) = strangers(platform, {"AWS": ROOT}, None, other)
    assert not row.certain


def test_a_new_door_comes_first_in_the_difference(platform: Any) -> None:
    base = matrix(world_of(platform))
    change = trusting(platform, {"AWS": ROOT}, {"StringEquals": {"sts:ExternalId": "x"}})
    head = matrix(world_of(platform, change))
    found = diff(base, head)
    assert found.newly_allowed[0].who == ACCOUNT
    first = f"+ {ACCOUNT} from a call with sts:externalid that fits: app-build in 111111111111"
    assert diff_to_text(found).startswith(first)
    assert "account 444444444444" in to_text(head)


@pytest.mark.parametrize(
    ("condition", "certain"),
    [
        ({"StringEquals": {"sts:ExternalId": "x"}}, True),
        ({"StringLike": {"sts:RoleSessionName": "deploy-*"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/team": "x"}}, False),
    ],
)
def test_a_chain_is_followed_whatever_its_caller_must_fill_in(
    platform: Any, condition: Any, certain: bool
) -> None:
    document = trust_of(platform, "app-production")
    document["Statement"][1]["Condition"] = condition
    change = changed("aws:iam/role:Role", "app-production", assumeRolePolicy=json.dumps(document))
    found = [row for row in matrix(world_of(platform, change)).rows if row.role == PROD_DEPLOY and row.via]
    assert [(row.via[-1].rpartition("/")[2], row.certain) for row in found] == [("runner-cicd", certain)]


def test_a_job_is_followed_whatever_its_session_must_be_called(platform: Any) -> None:
    document = trust_of(platform, "app-build")
    document["Statement"][0]["Condition"]["StringLike"] = {"sts:RoleSessionName": "x?y*"}
    change = changed("aws:iam/role:Role", "app-build", assumeRolePolicy=json.dumps(document))
    assert ROLE not in matrix(world_of(platform, change)).unreached
