"""What a plan was made from: each part that changed is named, and none of its values."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.stacks.plans.basis import VERSIONS, Basis, changes

KINDS = [item.name for item in fields(Basis)]
NAMES = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["digest-1", "digest-2"]), max_size=3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("before", "after", "how"),
    [
        ({"x": "digest-1"}, {"x": "digest-2"}, ("has changed", "was digest-1, and is digest-2")),
        ({}, {"x": "digest-1"}, ("is new",) * 2),
        ({"x": "digest-1"}, {}, ("is gone",) * 2),
    ],
)
def test_each_part_that_changed_is_named(
    kind: str, before: dict[str, str], after: dict[str, str], how: tuple[str, str]
) -> None:
    (told,) = changes(Basis(**{kind: before}), Basis(**{kind: after}))
    assert told.endswith(f"x {how[kind in VERSIONS]}")


def test_no_digest_is_told() -> None:
    told = list(changes(Basis(config={"x": "digest-1"}), Basis(config={"x": "digest-2"})))
    assert told == ["the configuration's x has changed"]


@given(st.fixed_dictionaries(dict.fromkeys(KINDS, NAMES)), st.fixed_dictionaries(dict.fromkeys(KINDS, NAMES)))
def test_there_is_a_change_where_anything_differs_and_nowhere_else(
    one: dict[str, dict[str, str]], two: dict[str, dict[str, str]]
) -> None:
    differing = sum(
        one[kind].get(name) != two[kind].get(name) for kind in KINDS for name in {*one[kind], *two[kind]}
    )
    assert len(list(changes(Basis(**one), Basis(**two)))) == differing
    assert list(changes(Basis(**one), Basis(**one))) == []
