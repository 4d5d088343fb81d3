"""What all stacks are like now: read from the store, judged, and shown; a hostile name is only text."""

import json
import random
from collections import Counter
from dataclasses import fields, replace
from html.parser import HTMLParser
from typing import Any, ClassVar

import pytest

from slipway.errors import SlipwayError
from slipway.platform.plan_store import HEADS, LOG
from slipway.stacks.dashboard.attention import LONG_UNSEEN_S, Kind, remarks
from slipway.stacks.dashboard.board import BOARD_VERSION, Board, Holder, Resource, StackFacts
from slipway.stacks.dashboard.gathering import gather
from slipway.stacks.dashboard.page import page, rows, totals
from slipway.stacks.looks import keep
from slipway.store import MemoryStore
from tests import sampling
from tests.stacks.boards import DAY, NOW, Recorder, any_board, done, fine, look, plan

SEED = sampling.seed(0)

CASES: dict[Kind, StackFacts] = {
    Kind.UNREADABLE: fine(problem="record 3 of the log is missing"),
    Kind.UNKNOWN: fine(last=done("begun")),
    Kind.FAILED: fine(last=done("failed")),
    Kind.DRIFTED: fine(look=look(counts={"update": 2})),
    Kind.GONE: fine(declared=False),
    Kind.DECLINED: fine(last=done("declined")),
    Kind.UNAPPLIED: fine(current=False),
    Kind.STUCK: fine(holder=Holder(owner="ada", expires=NOW - 600)),
    Kind.LOOK_FAILED: fine(look=look(ok=False)),
    Kind.NEVER: fine(last=None, applied=None, current=None, look=None),
    Kind.OPEN: fine(plans=(plan(),)),
    Kind.WORKING: fine(holder=Holder(owner="ada", expires=NOW + 60)),
    Kind.UNWATCHED: fine(look=look(at=NOW - LONG_UNSEEN_S - 1)),
    Kind.UNRECORDED: fine(last=None, applied=None, look=None, resources=(Resource(type="t", name="n"),)),
    Kind.FINE: fine(),
}


@pytest.mark.parametrize("kind", Kind)
def test_each_thing_to_say_is_said_alone_where_it_is_the_only_one(kind: Kind) -> None:
    assert [remark.kind for remark in remarks(CASES[kind], NOW)] == [kind]


@pytest.mark.parametrize(
    ("facts", "kinds"),
    [
        # Whoever has the lease has begun, and is at it.
        (fine(last=done("begun"), holder=Holder(owner="ada", expires=NOW + 60)), [Kind.WORKING]),
        (
            fine(last=done("begun"), holder=Holder(owner="ada", expires=NOW - 600)),
            [Kind.UNKNOWN, Kind.STUCK],
        ),
        # What was applied after the look was planned in its sight.
        (fine(look=look(at=NOW - 2 * DAY, counts={"update": 1})), [Kind.FINE]),
        # A failed run has not applied what lies here, which goes without saying.
        (fine(last=done("failed"), current=False), [Kind.FAILED]),
        (fine(look=None), [Kind.UNWATCHED]),
        (fine(declared=None, current=None), [Kind.FINE]),
    ],
)
def test_what_follows_from_something_graver_is_not_said_twice(facts: StackFacts, kinds: list[Kind]) -> None:
    assert [remark.kind for remark in remarks(facts, NOW)] == kinds


def test_what_needs_attention_most_comes_first_and_every_stack_is_counted() -> None:
    board = Board(made=NOW, stacks=tuple(replace(CASES[kind], stack=f"s{kind}") for kind in reversed(Kind)))
    shown = rows(board)
    assert [row.remarks[0].kind for row in shown] == [*Kind]
    assert totals(shown) == [(kind, 1) for kind in Kind]


def names_of(found: list[StackFacts]) -> list[str]:
    return [facts.name for facts in found]


def test_what_the_store_knows_of_each_stack() -> None:
    store = MemoryStore()
    Recorder(store, "prod").ran("begun", "applied", run="812-1")
    Recorder(store, "prod").ran("begun", "failed", run="900-1", at=NOW - 60, note="OSError")
    Recorder(store, "staging", evidence="old").ran("begun", "applied", run="812-1")
    Recorder(store, "busy").ran("begun", release=False)
    keep(store, look(stack="staging", counts={"delete": 1}))
    declared = {f"shop/{stack}": "e" * 64 for stack in ("prod", "staging", "busy", "new")}
    found = {one.stack: one for one in gather(store, declared)}
    assert sorted(found) == ["busy", "new", "prod", "staging"]
    prod = found["prod"]
    assert prod.last
    assert prod.applied
    assert (prod.last.event, prod.last.run, prod.last.note) == ("failed", "900-1", "OSError")
    assert (prod.applied.run, prod.applied.at, prod.current) == ("812-1", NOW - DAY + 1, False)
    assert found["staging"].current is False
    assert found["staging"].look == look(stack="staging", counts={"delete": 1})
    assert found["busy"].holder == Holder(owner="acme/shop/runs/9/attempts/1", expires=NOW + 600)
    assert found["new"] == StackFacts(project="shop", stack="new", declared=True)
    kinds = {name: [remark.kind for remark in remarks(facts, NOW)] for name, facts in found.items()}
    assert kinds == {
        "prod": [Kind.FAILED, Kind.UNWATCHED],
        "staging": [Kind.DRIFTED, Kind.UNAPPLIED],
        "busy": [Kind.WORKING],
        "new": [Kind.NEVER],
    }


def test_of_plans_those_are_open_that_change_something_and_came_after_the_last_run() -> None:
    store = MemoryStore()
    prod = Recorder(store, "prod")
    prod.planned("98-1", "2026-11-20T08:00:00Z")
    prod.planned("812-1", "2026-11-28T08:00:00Z")
    # As a job does that runs again: its second attempt applies what its first has planned.
    prod.ran("begun", "applied", run="812-2", at=NOW - DAY)
    prod.planned("900-1", "2026-11-30T08:00:00Z", 0)  # nothing changes
    prod.planned("1000-1", "2026-12-30T08:00:00Z")
    prod.planned("1000-2", "2026-12-30T09:00:00Z", 3)
    (facts,) = gather(store, {"shop/prod": "e" * 64})
    assert [each.run for each in facts.plans] == ["1000-1", "1000-2"]
    assert sum(facts.plans[1].counts.values()) == 3


def test_a_stack_that_was_destroyed_is_over_and_one_that_is_only_undeclared_is_not() -> None:
    store = MemoryStore()
    Recorder(store, "gone").ran("begun", "applied", operation="destroy")
    Recorder(store, "left").ran("begun", "applied")
    assert names_of(gather(store, {})) == ["shop/left"]
    assert names_of(gather(store, {"shop/gone": "e"})) == ["shop/gone", "shop/left"]
    assert names_of(gather(store, None)) == ["shop/gone", "shop/left"]
    assert names_of(gather(store, {}, ["shop/gone"])) == ["shop/gone"]


def test_what_cannot_be_read_of_one_stack_is_told_of_that_one_alone() -> None:
    store = MemoryStore()
    Recorder(store, "prod").ran("begun", "applied")
    Recorder(store, "test").ran("begun", "applied")
    objects: dict[str, bytes] = store._objects  # pyright: ignore[reportPrivateUsage]
    del objects[f"{LOG.of('shop', 'test')}/00000002.json"]
    prod, test = gather(store, None)
    assert (prod.problem, test.problem) == ("", "record 2 of the log is missing at the end")
    objects[f"{HEADS.of('shop', 'prod')}/head.json"] = b"what"
    assert gather(store, None)[0].problem


def test_a_store_that_cannot_be_listed_is_no_empty_one() -> None:
    class Down(MemoryStore):
        def list(self, prefix: str) -> list[str]:
            raise SlipwayError(f"{prefix} cannot be listed")

    with pytest.raises(SlipwayError, match="listed"):
        gather(Down(), {"shop/prod": "e"})


def test_it_takes_four_lists_and_five_reads_a_stack() -> None:
    class Counting(MemoryStore):
        calls: ClassVar[Counter[str]] = Counter()

        def get(self, key: str) -> Any:
            self.calls["get"] += 1
            return super().get(key)

        def list(self, prefix: str) -> list[str]:
            self.calls["list"] += 1
            return super().list(prefix)

    store = Counting()
    for number in range(50):
        Recorder(store, f"s{number}").ran("begun", "applied")
        keep(store, look(stack=f"s{number}"))
    store.calls.clear()
    assert len(gather(store, None)) == 50
    assert store.calls == {"list": 4, "get": 50 * 5}


class Reader(HTMLParser):
    """Elements, attributes and texts of a page. Raises AssertionError where elements do not nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in {"meta", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & {*self.open}:
            self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_hostile_names_are_text_and_every_stack_is_shown() -> None:
    board = any_board(SEED, 60)
    found, plain = read(page(board)), read(page(any_board(SEED, 60, nasty=False)))
    assert set(found.tags) <= set(plain.tags)
    assert (found.tags["script"], found.tags["style"], found.tags["meta"]) == (1, 1, 5)
    assert {name for _, name, _ in found.attributes} <= {name for _, name, _ in plain.attributes}
    for facts in board.stacks:
        shown = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in facts.name)
        assert shown in found.text
    for tag, name, value in found.attributes:
        if name in {"href", "src"}:
            assert tag == "a"
            assert value.startswith(("https://github.com/", "#")) or value == "dashboard.json"
        assert not name.startswith("on")


def test_an_address_that_runs_a_script_is_no_link() -> None:
    stack = fine(plans=(plan(link="javascript:alert(1)", run="x"),))
    board = Board(made=NOW, repository="javascript:alert(1)", stacks=(stack,))
    assert 'href="javascript' not in page(board)
    assert read(page(board)).tags["a"] == 2


def test_every_column_has_a_header_and_headings_are_in_order() -> None:
    found = read(page(any_board(SEED, 30)))
    assert found.tags["h1"] == found.tags["main"] == found.tags["title"] == 1
    scopes = [value for tag, name, value in found.attributes if (tag, name) == ("th", "scope")]
    assert len(scopes) == found.tags["th"]
    assert ("html", "lang", "en") in found.attributes


def test_the_json_has_every_fact_and_says_its_version() -> None:
    board = any_board(SEED, 20)
    told = json.loads(board.to_bytes())
    assert told["version"] == BOARD_VERSION
    assert [f"{each['project']}/{each['stack']}" for each in told["stacks"]] == names_of([*board.stacks])
    assert set(told["stacks"][0]) == {field.name for field in fields(StackFacts)}


def test_rows_say_what_is_known() -> None:
    draw = random.Random(SEED)  # noqa: S311
    number = draw.randint(1, 9)
    text = read(page(Board(made=NOW, stacks=(fine(look=look(counts={"update": number})),)))).text
    for said in ("shop/prod", "drift", f"{number} update", "by ada", "looked 1 h before"):
        assert said in text
