"""Stacks are worked on in the order of their needs, side by side, and a failure keeps back only its cone."""

import random
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.errors import SlipwayError
from slipway.stacks.sequence import Outcome, run


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Stacks, each of which may need any before it, named so that no order is given away."""
    names = draw(st.lists(st.text("abcxyz", min_size=1, max_size=3), unique=True, max_size=9))
    return {
        name: [need for need in names[:place] if draw(st.booleans())] for place, name in enumerate(names)
    } | {}


def cone(needs: dict[str, list[str]], failing: set[str]) -> set[str]:
    """What needs one of these, however far, by the definition."""
    found = set[str]()
    while more := {name for name, its in needs.items() if {*its} & (failing | found)} - found:
        found |= more
    return found


@settings(deadline=None)
@given(graphs(), st.data())
def test_upstreams_first_and_exactly_the_cone_of_a_failure_is_left_out(
    needs: dict[str, list[str]], data: st.DataObject
) -> None:
    failing = {name for name in needs if data.draw(st.booleans())}
    done: list[str] = []
    lock = threading.Lock()

    def work(name: str) -> bool:
        with lock:
            assert {*needs[name]} <= {*done}
            if name not in failing:
                done.append(name)
        return name not in failing

    outcomes = run(needs, work, failed=lambda ok: not ok, side_by_side=3)
    assert {each.stack for each in outcomes} == {*needs}
    left_out = cone(needs, failing)
    assert {each.stack for each in outcomes if each.answer is None} == left_out
    assert {*done} == {*needs} - failing - left_out
    for each in outcomes:
        expected = {*needs[each.stack]} & (failing | left_out)
        assert {*each.waited_for} == (expected if each.answer is None else set())
    places = {each.stack: place for place, each in enumerate(outcomes)}
    assert all(places[need] < places[name] for name, its in needs.items() for need in its)


def test_what_is_not_asked_for_counts_as_done() -> None:
    assert run({"b": ["a"]}, str.upper, failed=lambda _: False) == [Outcome("b", "B")]


def test_never_more_at_once_than_asked() -> None:
    now, most, lock = 0, 0, threading.Lock()

    def work(_: str) -> bool:
        nonlocal now, most
        with lock:
            now, most = now + 1, max(most, now + 1)
        time.sleep(0.005)
        with lock:
            now -= 1
        return True

    run({str(name): () for name in range(30)}, work, failed=lambda _: False, side_by_side=4)
    assert most == 4


def test_a_long_way_begins_before_what_nothing_needs() -> None:
    """With one at a time, the order that was begun in is the order of the ways."""
    needs = {"a": (), "b": (), "z": (), "y": ("z",), "x": ("y",)}
    begun: list[str] = []
    run(needs, begun.append, failed=lambda _: False, side_by_side=1)
    assert begun[0] == "z"


def test_what_the_work_raises_is_raised_once_all_has_ended() -> None:
    ended: list[str] = []

    def work(name: str) -> None:
        if name == "bad":
            raise SlipwayError("no")
        time.sleep(0.02)
        ended.append(name)

    with pytest.raises(SlipwayError, match="no"):
        run({"bad": (), "good": (), "later": ("good",)}, work, failed=lambda _: False)
    assert ended == ["good"]


def test_a_circle_is_refused_before_anything_begins() -> None:
    with pytest.raises(SlipwayError, match="circle"):
        run({"a": ("b",), "b": ("a",)}, pytest.fail, failed=lambda _: False)


def test_what_can_begin_does_not_wait_for_what_it_does_not_need() -> None:
    """No rounds, in which everybody waits for the slowest of each: that ends here when the last one began."""
    last = threading.Event()

    def work(name: str) -> bool:
        if name == "slow":
            return last.wait(timeout=30)
        if name == "c":
            last.set()
        return True

    needs = {"slow": (), "a": (), "b": ("a",), "c": ("b",), "after": ("slow", "c")}
    outcomes = run(needs, work, failed=lambda ok: not ok, side_by_side=2)
    assert [each.answer for each in outcomes] == [True] * 5


def test_it_takes_no_longer_than_the_longest_way() -> None:
    draw = random.Random(1)  # noqa: S311 - a repeatable one is meant
    names = [f"s{number}" for number in range(40)]
    needs = {name: draw.sample(names[:place], min(place, 2)) for place, name in enumerate(names)}
    seconds = {name: draw.uniform(0.01, 0.05) for name in names}
    longest: dict[str, float] = {}
    for name in names:
        longest[name] = seconds[name] + max((longest[need] for need in needs[name]), default=0.0)

    def work(name: str) -> None:
        time.sleep(seconds[name])

    began = time.monotonic()
    run(needs, work, failed=lambda _: False, side_by_side=40)
    taken = time.monotonic() - began
    assert taken < 1.5 * max(longest.values()) + 0.2
