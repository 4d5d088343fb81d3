"""IAM's operators and elements, case by case, and what becomes of those that are not understood."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.access.evaluate import Decision, Mode, Policy, Principal, Request, decide_access, evaluate
from slipway.access.patterns import arn_matches, glob, resource_matches
from tests.sampling import size

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def policy(*statements: Any, version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def both(
    document: Any, action: str = "s3:GetObject", resource: str = "*", **context: Any
) -> tuple[bool, bool]:
    """What the document allows for certain, and what it might."""
    keys = {key.replace("__", ":"): value for key, value in context.items()}
    return (
        evaluate([document], action, resource, keys, mode=Mode.REACH).allowed,
        evaluate([document], action, resource, keys, mode=Mode.ATTACK).allowed,
    )


YES, NO, DOUBT = (True, True), (False, False), (False, True)


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"StringEquals": {"a:b": "x"}}, {"a__b": "x"}, YES),
        ({"StringEquals": {"a:b": "x"}}, {"a__b": "X"}, NO),
        ({"StringEquals": {"a:b": "x"}}, {}, NO),
        ({"StringEquals": {"A:B": "x"}}, {"a__b": "x"}, YES),
        ({"StringEquals": {"a:b": ["x", "y"]}}, {"a__b": "y"}, YES),
        ({"StringEquals": {"a:b": "x*"}}, {"a__b": "xy"}, NO),
        ({"StringEquals": {"a:b": "x"}}, {"a__b": ["x", "y"]}, DOUBT),
        ({"StringEquals": {"a:b": "x", "a:c": "y"}}, {"a__b": "x"}, NO),
        ({"StringEqualsIfExists": {"a:b": "x"}}, {}, YES),
        ({"StringEqualsIfExists": {"a:b": "x"}}, {"a__b": "y"}, NO),
        ({"StringEqualsIgnoreCase": {"a:b": "x"}}, {"a__b": "X"}, YES),
        ({"StringNotEquals": {"a:b": "x"}}, {"a__b": "y"}, YES),
        ({"StringNotEquals": {"a:b": "x"}}, {"a__b": "x"}, NO),
        ({"StringNotEquals": {"a:b": ["x", "y"]}}, {"a__b": "y"}, NO),
        ({"StringNotEquals": {"a:b": "x"}}, {}, YES),
        ({"StringNotEqualsIgnoreCase": {"a:b": "x"}}, {"a__b": "X"}, NO),
        ({"StringLike": {"a:b": "x*z"}}, {"a__b": "x/y:z"}, YES),
        ({"StringLike": {"a:b": "x?z"}}, {"a__b": "xyyz"}, NO),
        ({"StringLike": {"a:b": "x.z"}}, {"a__b": "xyz"}, NO),
        ({"StringLike": {"a:b": "X*"}}, {"a__b": "xyz"}, NO),
        ({"StringNotLike": {"a:b": "x*"}}, {"a__b": "y"}, YES),
        ({"StringNotLike": {"a:b": "x*"}}, {"a__b": "xy"}, NO),
        ({"ArnLike": {"a:b": "arn:aws:iam::*:role/x*"}}, {"a__b": "arn:aws:iam::1:role/x/y"}, YES),
        ({"ArnEquals": {"a:b": "arn:aws:iam::1:role/*"}}, {"a__b": "arn:aws:iam::1:role/x"}, YES),
        ({"ArnLike": {"a:b": "arn:aws:iam::1:role/x"}}, {"a__b": "arn:aws:iam::12:role/x"}, NO),
        ({"ArnLike": {"a:b": "role/x"}}, {"a__b": "arn:aws:iam::12:role/x"}, DOUBT),
        ({"ArnNotLike": {"a:b": "arn:aws:iam::1:role/*"}}, {"a__b": "arn:aws:iam::2:role/x"}, YES),
        ({"Bool": {"a:b": "true"}}, {"a__b": "true"}, YES),
        ({"Bool": {"a:b": True}}, {"a__b": "True"}, YES),
        ({"Bool": {"a:b": "true"}}, {}, NO),
        ({"BoolIfExists": {"a:b": "true"}}, {}, YES),
        ({"Null": {"a:b": "true"}}, {}, YES),
        ({"Null": {"a:b": "true"}}, {"a__b": "x"}, NO),
        ({"Null": {"a:b": False}}, {"a__b": "x"}, YES),
        ({"Null": {"a:b": "false"}}, {}, NO),
        ({"Null": {"a:b": "maybe"}}, {}, DOUBT),
        ({"ForAllValues:StringEquals": {"a:b": ["x", "y"]}}, {"a__b": ["x", "y"]}, YES),
        ({"ForAllValues:StringEquals": {"a:b": ["x"]}}, {"a__b": ["x", "y"]}, NO),
        ({"ForAllValues:StringEquals": {"a:b": ["x"]}}, {}, YES),
        ({"ForAllValues:StringNotLike": {"a:b": ["x*"]}}, {"a__b": ["y", "xz"]}, NO),
        ({"ForAnyValue:StringEquals": {"a:b": ["x"]}}, {"a__b": ["x", "y"]}, YES),
        ({"ForAnyValue:StringLike": {"a:b": ["x*"]}}, {"a__b": ["y"]}, NO),
        ({"ForAnyValue:StringEquals": {"a:b": ["x"]}}, {}, NO),
        ({"ForAnyValue:StringEqualsIfExists": {"a:b": ["x"]}}, {}, YES),
        ({"ForAnyValue:StringNotEquals": {"a:b": ["x"]}}, {"a__b": ["x", "y"]}, YES),
        ({"StringEquals": {"a:b": "${a:c}"}}, {"a__b": "x", "a__c": "x"}, YES),
        ({"StringEquals": {"a:b": "${a:c}"}}, {"a__b": "x", "a__c": "y"}, NO),
        ({"StringEquals": {"a:b": "${a:c}"}}, {"a__b": "x"}, DOUBT),
        ({"StringEquals": {"a:b": "${a:c, 'z'}"}}, {"a__b": "z"}, YES),
        ({"StringEquals": {"a:b": "${broken"}}, {"a__b": "${broken"}, DOUBT),
        ({"StringLike": {"a:b": "${a:c}-*"}}, {"a__b": "*-1", "a__c": "*"}, YES),
        ({"StringLike": {"a:b": "${a:c}-*"}}, {"a__b": "x-1", "a__c": "*"}, NO),
        ({"StringLike": {"a:b": "x${*}"}}, {"a__b": "x*"}, YES),
        ({"StringLike": {"a:b": "x${*}"}}, {"a__b": "xy"}, NO),
        ({"NumericLessThan": {"a:b": "5"}}, {"a__b": "1"}, DOUBT),
        ({"IpAddress": {"a:b": "10.0.0.0/8"}}, {"a__b": "10.0.0.1"}, DOUBT),
        ({"DateGreaterThan": {"a:b": "2020-01-01"}}, {"a__b": "x"}, DOUBT),
        ({"stringequals": {"a:b": "x"}}, {"a__b": "x"}, DOUBT),
        ({"NullIfExists": {"a:b": "true"}}, {}, DOUBT),
        ({"ForSomeValues:StringEquals": {"a:b": "x"}}, {"a__b": "x"}, DOUBT),
        ({"StringEquals": {"a:b": {"c": "d"}}}, {"a__b": "x"}, DOUBT),
        ({"StringEquals": "x"}, {}, DOUBT),
        ("x", {}, DOUBT),
        ({}, {}, YES),
    ],
)
def test_conditions(condition: Any, context: dict[str, Any], expected: tuple[bool, bool]) -> None:
    assert both(policy({**ALLOW, "Condition": condition}), **context) == expected
    # In a Deny the same doubt must count the other way round for each question.
    denied = policy(ALLOW, {**ALLOW, "Effect": "Deny", "Condition": condition})
    reach, attack = expected
    assert both(denied, **context) == (not attack, not reach)


def test_an_unknown_part_of_a_condition_does_not_hide_one_that_fails() -> None:
    condition = {"NumericLessThan": {"a:b": "5"}, "StringEquals": {"a:c": "x"}}
    assert both(policy({**ALLOW, "Condition": condition}), a__b="1", a__c="y") == NO


@pytest.mark.parametrize(
    ("statement", "action", "resource", "expected"),
    [
        ({"Action": "S3:getobject"}, "s3:GetObject", "*", YES),
        ({"Action": ["s3:Put*", "s3:Get*"]}, "s3:GetObject", "*", YES),
        ({"Action": "*"}, "s3:GetObject", "*", YES),
        ({"Action": "s3:Get"}, "s3:GetObject", "*", NO),
        ({"Action": "s3"}, "s3:GetObject", "*", DOUBT),
        ({"NotAction": "iam:*"}, "s3:GetObject", "*", YES),
        ({"NotAction": ["iam:*", "S3:*"]}, "s3:GetObject", "*", NO),
        ({"Action": "s3:*", "NotAction": "s3:*"}, "s3:GetObject", "*", DOUBT),
        ({}, "s3:GetObject", "*", DOUBT),
        ({"Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}, "s3:GetObject", "arn:aws:s3:::b/x/y", YES),
        ({"Action": "s3:*", "Resource": "arn:aws:s3:::B/*"}, "s3:GetObject", "arn:aws:s3:::b/x", NO),
        ({"Action": "s3:*", "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::b"]}, "s3:X", "arn:aws:s3:::b", YES),
        ({"Action": "s3:*", "Resource": "arn:aws:*"}, "s3:X", "arn:aws:s3:::b", DOUBT),
        ({"Action": "s3:*", "Resource": "arn:aws:s3:::b"}, "s3:X", "*", NO),
        ({"Action": "s3:*", "Resource": "arn:aws:s3:::${a:b}/*"}, "s3:X", "arn:aws:s3:::b/x", DOUBT),
        ({"Action": "s3:*", "NotResource": "arn:aws:s3:::b"}, "s3:X", "arn:aws:s3:::c", YES),
        ({"Action": "s3:*", "NotResource": "arn:aws:s3:::b"}, "s3:X", "arn:aws:s3:::b", NO),
        ({"Action": "s3:*", "Resource": 7.5}, "s3:X", "*", DOUBT),
        ({"Action": "s3:*", "Principal": "*"}, "s3:X", "*", DOUBT),
        ({"Action": "s3:*", "Novelty": "x"}, "s3:X", "*", DOUBT),
        ({"Action": "s3:*", "Effect": "allow"}, "s3:X", "*", DOUBT),
    ],
)
def test_elements(statement: dict[str, Any], action: str, resource: str, expected: tuple[bool, bool]) -> None:
    given = {"Effect": "Allow", **statement}
    if "NotResource" not in given:
        given.setdefault("Resource", "*")
    assert both(policy(given), action, resource) == expected


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "[]",
        "7",
        None,
        object(),
        policy(ALLOW, version="2030-01-01"),
        {**policy(ALLOW), "Extra": 1},
        policy("x"),
    ],
)
def test_a_document_that_cannot_be_read_is_a_doubt(document: Any) -> None:
    assert both(document, "iam:CreateUser") == DOUBT


def test_variables_are_plain_text_in_the_old_language() -> None:
    condition = {"StringEquals": {"a:b": "${a:c}"}}
    old = policy({**ALLOW, "Condition": condition}, version="2008-10-17")
    assert both(old, a__b="x", a__c="x") == NO
    assert both(old, a__b="${a:c}") == YES


def test_one_statement_may_stand_without_a_list() -> None:
    assert both({"Version": "2012-10-17", "Statement": ALLOW}) == YES
    assert both(json.dumps(policy(ALLOW))) == YES


def test_a_deny_anywhere_wins() -> None:
    deny = policy({**ALLOW, "Effect": "Deny"})
    assert evaluate([policy(ALLOW), deny], "s3:GetObject") is Decision.EXPLICIT_DENY
    assert evaluate([policy(ALLOW)], "s3:GetObject", boundary=deny) is Decision.EXPLICIT_DENY
    assert evaluate([], "s3:GetObject") is Decision.IMPLICIT_DENY


def test_a_boundary_grants_nothing_and_limits_everything() -> None:
    everything = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
    assert not evaluate([], "s3:GetObject", boundary=everything).allowed
    assert not evaluate([everything], "iam:CreateUser", boundary=policy(ALLOW)).allowed
    assert evaluate([everything], "s3:GetObject", boundary=policy(ALLOW)).allowed


ROLE = "arn:aws:iam::111111111111:role/x"
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole"}


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"Principal": {"AWS": ROLE}}, True),
        ({"Principal": {"AWS": [ROLE, "arn:aws:iam::222222222222:role/y"]}}, True),
        ({"Principal": {"AWS": "arn:aws:iam::111111111111:role/X"}}, False),
        ({"Principal": {"AWS": "111111111111"}}, True),
        ({"Principal": {"AWS": "arn:aws:iam::111111111111:root"}}, True),
        ({"Principal": {"AWS": "arn:aws:iam::222222222222:root"}}, False),
        ({"Principal": {"AWS": "*"}}, True),
        ({"Principal": "*"}, True),
        ({"Principal": {"Service": "ec2.amazonaws.com"}}, False),
        ({"NotPrincipal": {"AWS": ROLE}}, False),
        ({"NotPrincipal": {"AWS": "arn:aws:iam::222222222222:role/y"}}, True),
        ({"NotPrincipal": "*"}, False),
    ],
)
def test_principals(principal: dict[str, Any], expected: bool) -> None:
    trust = Policy.parse(policy({**TRUST, **principal}), "resource")
    request = Request("sts:AssumeRole", principal=Principal("AWS", ROLE))
    for mode in Mode:
        assert trust.decide(request, mode).allowed is expected


@pytest.mark.parametrize(
    "principal",
    [{"AWS": "arn:aws:iam::111111111111:role/*"}, {"Nobody": "x"}, {"AWS": {"x": "y"}}, 7],
)
def test_a_principal_that_iam_would_not_take_is_a_doubt(principal: Any) -> None:
    trust = Policy.parse(policy({**TRUST, "Principal": principal}), "resource")
    request = Request("sts:AssumeRole", principal=Principal("AWS", ROLE))
    assert not trust.decide(request, Mode.REACH).allowed
    assert trust.decide(request, Mode.ATTACK).allowed


def test_across_accounts_both_sides_must_allow_and_within_one_a_named_role_needs_no_more() -> None:
    named = Policy.parse(policy({**TRUST, "Principal": {"AWS": ROLE}}), "resource")
    whole = Policy.parse(policy({**TRUST, "Principal": {"AWS": "111111111111"}}), "resource")
    may = Policy.parse(policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}))
    nothing = Policy.parse(policy())
    request = Request("sts:AssumeRole", "arn:aws:iam::111111111111:role/y", principal=Principal("AWS", ROLE))

    def decide(
        identity: list[Policy], other: Policy | None, account: str, boundary: Policy | None = None
    ) -> bool:
        return decide_access(
            request, identity=identity, boundary=boundary, resource_policy=other, resource_account=account
        ).allowed

    here, there = "111111111111", "222222222222"
    assert decide([may], named, there)
    assert not decide([], named, there)
    assert not decide([may], nothing, there)
    assert not decide([may], None, there)
    assert decide([], named, here)
    assert not decide([], named, here, boundary=nothing)
    assert not decide([], whole, here)
    assert decide([may], whole, here)
    assert not decide([may], nothing, here)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [("*", "", True), ("a*c", "abbc", True), ("a?c", "abc", True), ("a.c", "abc", False), ("a*", "b", False)],
)
def test_globs(pattern: str, text: str, expected: bool) -> None:
    assert (glob(pattern).fullmatch(text) is not None) is expected


def test_arns_compare_part_by_part() -> None:
    assert arn_matches("arn:aws:s3:::*", "arn:aws:s3:::a:b/c") is True
    assert arn_matches("arn:*:s3:::a", "arn:aws:ec2:x:s3:::a") is False
    assert resource_matches("arn:aws:*:a", "arn:aws:s3:::a") is None


operators = st.sampled_from(
    (
        "StringEquals",
        "StringNotEquals",
        "StringLike",
        "ForAllValues:StringLike",
        "ForAnyValue:StringEquals",
        "StringEqualsIfExists",
        "Null",
        "NumericEquals",
        "Mystery",
    )
)
small = st.sampled_from(("x", "y", "*", "true", "${a:b}", "arn:aws:s3:::x"))
conditions = st.dictionaries(
    operators, st.dictionaries(st.sampled_from(("a:b", "a:c")), small, max_size=2), max_size=2
)
random_statements = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(("Allow", "Deny", "Perhaps")),
        "Action": st.sampled_from(("s3:GetObject", "s3:*", "*", "iam:*", "s3")),
        "Resource": small,
        "Condition": conditions,
    }
)


@settings(max_examples=size(500, 200))
@given(
    identity=st.lists(random_statements, max_size=4),
    limit=st.none() | st.lists(random_statements, max_size=2),
    context=st.dictionaries(st.sampled_from(("a:b", "a:c")), st.lists(small, max_size=2)),
)
def test_what_is_reached_for_certain_is_always_open_to_attack(
    identity: list[Any], limit: list[Any] | None, context: dict[str, list[str]]
) -> None:
    boundary = None if limit is None else policy(*limit)
    ask = {"action": "s3:GetObject", "resource": "arn:aws:s3:::x", "context": context, "boundary": boundary}
    certain = evaluate([policy(*identity)], **ask, mode=Mode.REACH).allowed
    assert not certain or evaluate([policy(*identity)], **ask, mode=Mode.ATTACK).allowed
