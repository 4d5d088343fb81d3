"""One walk through two structures, and one way to write where they differ."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.platform.differences import ABSENT, Comparison
from slipway.platform.property_paths import INSIDE, parse, render

KEYS = st.text(min_size=1, max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(KEYS | st.integers(0, 20), min_size=1, max_size=4))
def test_a_path_is_read_as_it_was_written(segments: list[str | int]) -> None:
    assert parse(render(tuple(segments))) == tuple(segments)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("tags", "team"), "tags.team"),
        (("tags", "a.b", 0), 'tags["a.b"][0]'),
        (("tags", 'a"]b'), 'tags["a\\"]b"]'),
        (("policy", INSIDE, "Statement", 0, "Action"), "policy#Statement[0].Action"),
        (("policy", INSIDE, 1), "policy#[1]"),
        (("#",), '["#"]'),
    ],
)
def test_how_a_path_is_written(path: tuple[str | int, ...], text: str) -> None:
    assert render(path) == text


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    for segment in path:
        try:
            value = value[segment]
        except (KeyError, IndexError):
            return ABSENT
    return value


@given(VALUES, VALUES)
def test_a_difference_says_what_stands_there(old: Any, new: Any) -> None:
    found = list(Comparison().differences(old, new))
    assert len({path for path, *_ in found}) == len(found)
    for path, before, after in found:
        assert (at(old, path), at(new, path)) == (before, after)


@given(VALUES, VALUES)
def test_nothing_differs_exactly_where_all_is_equal_and_truth_is_no_number(old: Any, new: Any) -> None:
    assert (not list(Comparison().differences(old, new))) is (repr(ordered(old)) == repr(ordered(new)))


def ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: ordered(value[key]) for key in sorted(value)}  # type: ignore[arg-type]
    return [ordered(item) for item in value] if isinstance(value, list) else value  # type: ignore[arg-type]
