"""Lists that are sets are compared as sets: what came and what went, and no item that was only moved."""

import itertools
import json
import random
from typing import Any

import pytest

from slipway.engine.compare import compare as preview
from slipway.engine.diffs import Reported, compare, reported
from slipway.engine.fingerprints import Fingerprints
from slipway.engine.recording import Rendered
from slipway.engine.registration import Registration

GROUP = "aws:autoscaling/group:Group"


def statement(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*", **elements}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": list(statements)})}


def changes(old: dict[str, Any], new: dict[str, Any], token: str = "") -> list[tuple[str, str, Any, Any]]:
    return [(each.kind, each.path, each.old, each.new) for each in compare(old, new, token)]


ROLES = [f"arn:aws:iam::222222222222:role/slipway/ci/{name}" for name in ("skill-pool-dev", "skill-pool-qa1")]
ANOTHER = "arn:aws:iam::222222222222:role/slipway/ci/orders-dev"


def test_one_more_role_in_the_middle_of_others_is_one_more_and_no_rename() -> None:
    old, new = (policy(statement(Resource=names)) for names in (ROLES, [ANOTHER, *ROLES]))
    assert changes(old, new) == [("add", "policy#Statement[0].Resource[0]", None, ANOTHER)]
    assert changes(new, old) == [("delete", "policy#Statement[0].Resource[0]", ANOTHER, None)]
    another = policy(statement(Resource=[ROLES[1], ANOTHER]))
    assert [kind for kind, *_ in changes(old, another)] == ["add", "delete"]


@pytest.mark.parametrize("element", ["Action", "NotAction", "Resource", "NotResource"])
def test_one_text_and_a_list_of_it_are_the_same_in_a_policy(element: str) -> None:
    alone, listed, two = (policy(statement(**{element: what})) for what in ("a:B", ["a:B"], ["c:D", "a:B"]))
    assert changes(alone, listed) == changes(listed, alone) == []
    assert changes(alone, two) == [("add", f"policy#Statement[0].{element}[0]", None, "c:D")]


def test_principals_and_the_values_of_conditions_are_sets() -> None:
    def trust(principals: list[str], subjects: list[str]) -> dict[str, Any]:
        condition = {"StringEquals": {"token.actions.githubusercontent.com:sub": subjects}}
        return policy(statement(Principal={"AWS": principals}, Condition=condition))

    assert changes(trust(["a", "b"], ["x", "y"]), trust(["b", "a"], ["y", "x"])) == []
    assert [path for _, path, *_ in changes(trust(["a"], ["x"]), trust(["b", "a"], ["x"]))] == [
        "policy#Statement[0].Principal.AWS[0]"
    ]


def test_a_statement_before_others_is_one_more_and_a_changed_one_is_found_by_its_sid() -> None:
    old = policy(statement(Sid="Read", Action="s3:GetObject"), statement(Sid="Write", Action="s3:PutObject"))
    new = policy(
        statement(Sid="List", Action="s3:ListBucket"),
        statement(Sid="Write", Action="s3:DeleteObject"),
        statement(Sid="Read", Action="s3:GetObject"),
    )
    assert [(kind, path) for kind, path, *_ in changes(old, new)] == [
        ("add", "policy#Statement[0]"),
        ("update", "policy#Statement[1].Action"),
    ]


def test_a_list_of_which_nobody_says_that_it_is_a_set_keeps_its_order() -> None:
    assert changes({"args": ["a", "b"]}, {"args": ["b", "a"]})
    assert changes({"vpcZoneIdentifiers": ["a", "b"]}, {"vpcZoneIdentifiers": ["b", "a"]})
    other = {"text": json.dumps({"rules": ["a", "b"]})}, {"text": json.dumps({"rules": ["b", "a"]})}
    assert changes(*other)


def test_a_property_that_is_a_set_in_the_table_of_types_is_compared_as_one() -> None:
    old, new = ({"vpcZoneIdentifiers": items} for items in (["a", "b"], ["c", "b", "a"]))
    assert changes(old, new, GROUP) == [("add", "vpcZoneIdentifiers[0]", None, "c")]


def test_the_numbers_of_a_provider_do_not_hide_what_came_into_a_set() -> None:
    old, new = {"vpcZoneIdentifiers": ["a", "b"]}, {"vpcZoneIdentifiers": ["c", "a", "b"]}
    structural = compare(old, new, GROUP)
    said = [Reported(f"vpcZoneIdentifiers[{place}]", "update") for place in range(3)]
    assert reported(said, structural, old, {}, new, token=GROUP) == structural


def test_what_came_and_went_is_all_that_differs_whatever_the_order() -> None:
    generator = random.Random(7)  # noqa: S311 - a repeatable one is meant
    for _ in range(300):
        old, new = ([generator.choice("abcde") for _ in range(generator.randint(0, 5))] for _ in range(2))
        found = changes({"vpcZoneIdentifiers": old}, {"vpcZoneIdentifiers": new}, GROUP)
        kept = list(old)
        for kind, _, before, after in sorted(found, reverse=True):
            assert kind in {"add", "delete"}
            (kept.append(after) if kind == "add" else kept.remove(before))
        assert sorted(kept) == sorted(new)
        assert len(found) == sum(abs(old.count(each) - new.count(each)) for each in "abcde")


def test_two_orders_of_two_statements_are_one() -> None:
    both = [statement(Action=["a:B", "c:D"]), statement(Action="e:F", Resource=["x", "y"])]
    for order in itertools.permutations(both):
        assert changes(policy(*both), policy(*order)) == []


def rendered(inputs: dict[str, Any]) -> Rendered:
    one = Registration(
        f"urn:pulumi:prod::demo::{GROUP}::group", GROUP, "group", "", custom=True, inputs=inputs
    )
    return Rendered("demo", "prod", (one,))


@pytest.mark.parametrize(
    ("subnets", "paths"), [(["b", "a"], []), (["b", "c", "a"], ["vpcZoneIdentifiers[1]"])]
)
def test_a_preview_knows_the_sets_of_each_type(subnets: list[str], paths: list[str]) -> None:
    before, now = (rendered({"vpcZoneIdentifiers": items}) for items in (["a", "b"], subnets))
    result = preview(before, now, Fingerprints())
    assert [change.path for step in result.steps for change in step.diff] == paths
