"""How properties are compared: by examples, and by properties that hold for any of them."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pulumi.provider.experimental.provider import PropertyDiffKind

from slipway.localcloud.providers.diffs import (
    Shape,
    canonical,
    differences,
    replaced,
    same_document,
    without_indexes,
)
from slipway.localcloud.providers.values import UNKNOWN, plain, wrap

NAMES = st.text('abc.["]-', min_size=1, max_size=4).filter(lambda name: '"' not in name and "]" not in name)
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.text("xyz", max_size=2)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
PROPS = st.dictionaries(NAMES, VALUES, max_size=4)
PLAIN = Shape()


def kinds(old: Any, new: Any, shape: Shape = PLAIN) -> dict[str, PropertyDiffKind]:
    return {path: one.kind for path, one in differences({"p": old}, {"p": new}, shape).items()}


@given(PROPS)
def test_nothing_differs_from_itself(values: dict[str, Any]) -> None:
    assert not differences(values, copy.deepcopy(values), PLAIN)


@given(PROPS, PROPS)
def test_what_differs_one_way_differs_the_other_way(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert set(differences(old, new, PLAIN)) == set(differences(new, old, PLAIN))


@given(PROPS, st.randoms())
def test_a_change_of_one_value_is_found_there_and_nowhere_else(values: dict[str, Any], random: Any) -> None:
    leaves = list(paths(values))
    if leaves:
        where = random.choice(leaves)
        changed = copy.deepcopy(values)
        holder = changed
        for step in where[:-1]:
            holder = holder[step]
        holder[where[-1]] = "changed"
        assert len(differences(values, changed, PLAIN)) == 1


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every scalar."""
    if isinstance(value, dict | list):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(item, (*at, step))
    else:
        yield at


@given(st.lists(st.text("abc", min_size=1, max_size=2), max_size=5), st.randoms())
def test_order_of_a_set_makes_no_difference(items: list[str], random: Any) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    assert not differences({"p": items}, {"p": shuffled}, Shape(unordered={"p"}))


@given(VALUES)
def test_values_survive_pulumis_form(value: Any) -> None:
    assert plain(wrap(value)) == value


@given(VALUES)
def test_a_document_says_the_same_in_any_layout(value: Any) -> None:
    assert same_document(json.dumps(value), json.dumps(value, indent=3, sort_keys=True))
    assert canonical(canonical(value)) == canonical(value)


def test_paths_are_pulumis() -> None:
    old = {"tags": {"Name": "a", "slipway:stack": "b"}, "rules": [{"x": 1}, {"x": 2}]}
    new = {"tags": {"Name": "b", "slipway:stack": "c"}, "rules": [{"x": 1}, {"x": 3}, {"y": 1}]}
    assert set(differences(old, new, PLAIN)) == {
        "tags.Name",
        'tags["slipway:stack"]',
        "rules[1].x",
        "rules[2]",
    }
    assert without_indexes('a[0].b["c.d"].e') == "a.b.c.d.e"


def test_kinds_say_what_happens() -> None:
    assert kinds(None, "x") == {"p": PropertyDiffKind.ADD}
    assert kinds("x", None) == {"p": PropertyDiffKind.DELETE}
    assert kinds("x", "y") == {"p": PropertyDiffKind.UPDATE}
    assert kinds({"a": 1}, {"a": 2}, Shape(replace={"p"})) == {"p.a": PropertyDiffKind.UPDATE_REPLACE}
    assert kinds("x", UNKNOWN, Shape(replace={"p"})) == {"p": PropertyDiffKind.UPDATE_REPLACE}


def test_what_the_service_decides_is_no_difference_unless_the_program_says_otherwise() -> None:
    shape = Shape(computed={"arn", "vpc.id"})
    assert not differences({"arn": "x", "vpc": {"id": "y", "cidr": "z"}}, {"vpc": {"cidr": "z"}}, shape)
    assert set(differences({"arn": "x"}, {"arn": "y"}, shape)) == {"arn"}


def test_absent_and_empty_are_the_same_and_false_is_not_true() -> None:
    for nothing in (None, "", [], {}, False, 0):
        assert not kinds(None, nothing)
    assert kinds(None, True) == {"p": PropertyDiffKind.ADD}
    assert kinds(1, True) == {"p": PropertyDiffKind.UPDATE}


def test_replacement_is_named_by_the_rule_that_asks_for_it() -> None:
    assert replaced(["accessConfig.mode", "tags.a"], Shape(replace={"accessConfig.mode", "name"})) == [
        "accessConfig.mode"
    ]
    assert replaced(["network[0].cidr"], Shape(replace={"network"})) == ["network"]
    assert replaced(["names"], Shape(replace={"name"})) == []
