from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.engine import diffs
from slipway.engine.properties import from_properties, to_properties
from slipway.engine.registration import seconds
from slipway.engine.values import (
    UNKNOWN,
    Archive,
    Asset,
    ResourceRef,
    Secret,
    from_state,
    from_struct,
    reveal,
    show,
    to_state,
    to_struct,
)
from slipway.errors import SlipwayError
from slipway.platform.property_paths import parse

numbers = st.integers(-(2**50), 2**50) | st.floats(allow_nan=False, allow_infinity=False, width=32).filter(
    lambda number: not number.is_integer()
)
leaves = (
    st.none()
    | st.booleans()
    | numbers
    | st.text(max_size=8)
    | st.just(UNKNOWN)
    | st.builds(Asset, st.sampled_from(["path", "text", "uri"]), st.text(min_size=1, max_size=5))
    | st.builds(ResourceRef, st.just("urn:pulumi:s::p::t::n"), st.none() | st.text(min_size=1, max_size=5))
)
plain = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
values = st.dictionaries(st.text(min_size=1, max_size=5), plain | st.builds(Secret, plain), max_size=4)


@given(values)
def test_every_form_keeps_every_value(value):
    assert from_struct(to_struct(value)) == value
    assert from_properties(to_properties(value)) == value
    assert from_state(json.loads(json.dumps(to_state(value, lambda t: t[::-1]))), lambda t: t[::-1]) == value


@given(values)
def test_a_value_does_not_differ_from_itself(value):
    assert diffs.compare(value, value) == []


@given(values, values)
def test_a_difference_is_seen_and_secrets_are_not(old, new):
    changes = diffs.compare(old, new)
    if not changes:
        assert _present(reveal(old)) == _present(reveal(new))
    for change in changes:
        for side, shown in ((old, change.old), (new, change.new)):
            key = parse(change.path)
            if key and isinstance(side.get(str(key[0])), Secret):
                assert shown == "[secret]"


def test_a_path_ends_where_a_document_in_a_string_begins():
    assert parse('value["#"].x#Statement[0]') == ("value", "#", "x")


def _present(value):
    """Null and missing are the same; JSON texts that mean the same are the same."""
    if isinstance(value, dict):
        return {k: _present(v) for k, v in value.items() if v is not None and not k.startswith("__")}
    return [_present(v) for v in value] if isinstance(value, list) else value


def test_an_archive_of_assets_survives():
    value = {"code": Archive("assets", {"a": Asset("text", "x"), "b": Archive("path", "./b")})}
    assert from_struct(to_struct(value)) == value
    assert from_properties(to_properties(value)) == value
    assert show(value) == {"code": "archive assets"}


def test_durations():
    assert (seconds("90s"), seconds("1h30m"), seconds("1.5m")) == (90, 5400, 90)
    with pytest.raises(SlipwayError, match="not a duration"):
        seconds("soon")
