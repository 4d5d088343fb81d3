"""What patterns have in common is found by guessing or by searching, and both say the same."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.access.overlaps import common
from slipway.access.patterns import Pattern, glob, written

PATTERNS = st.text("ab*?", max_size=4)
TEXTS = ["".join(letters) for length in range(6) for letters in itertools.product("abx", repeat=length)]


def of(*texts: str) -> tuple[Pattern, ...]:
    return tuple(map(written, texts))


@given(st.lists(PATTERNS, min_size=1, max_size=3), st.lists(PATTERNS, max_size=3))
def test_there_is_a_text_exactly_if_one_is_found_by_trying_all(wanted: list[str], without: list[str]) -> None:
    def fits(text: str) -> bool:
        inside = all(glob(one).fullmatch(text) for one in wanted)
        return inside and not any(glob(one).fullmatch(text) for one in without)

    found = common(of(*wanted), of(*without))
    assert fits(found) if found is not None else not any(map(fits, TEXTS))


@pytest.mark.parametrize("character", ["*", "?"])
def test_a_literal_wildcard_leaves_out_itself_alone(character: str) -> None:
    # Not the shortest, which is left out, too.
    left = common(of("iam:*"), (*of("iam:"), (("iam:", False), (character, True))))
    assert left is not None
    assert re.fullmatch(r"iam:[^*?]+", left)
    only = (((f"iam:{character}", True),),)
    assert common(only, of("iam:*")) is None
