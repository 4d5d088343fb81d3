"""What a plan's summary says and keeps: all that changes, lists as sets, and no secret."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.engine import interface, secrets
from slipway.engine.diffs import compare
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence
from slipway.engine.interface import PropertyChange, Result
from slipway.errors import SlipwayError
from slipway.stacks.listed import as_sets
from slipway.stacks.summaries import MAX_VALUE, summarize
from slipway.stacks.summary import Access, Finding, Message, Property, Risk, Step, Summary
from tests.engine.toy import Thing, ToyProvider, World
from tests.sampling import size

URN = "urn:pulumi:prod::shop::aws:ec2/securityGroup:SecurityGroup::web"
TYPE = "aws:ec2/securityGroup:SecurityGroup"
FULL = Summary(
    "shop",
    "prod",
    "up",
    "pulumi",
    "https://github.com/acme/shop/actions/runs/1",
    "c" * 40,
    "2026-11-29T20:15:00Z",
    ok=False,
    steps=(Step("replace", URN, TYPE, "web", "parent", "note", (Property("a", "update", "1", "2", True),)),),
    unchanged=3,
    messages=(Message("error", "no", URN),),
    risks=(Risk("network-opened", "open", URN),),
    access=(Access(True, "acme/shop", "prod", ("main",), "arn:aws:iam::1:role/x", ("assume it",)),),
    findings=(Finding("prices", "mandatory", "too much", URN),),
    secrets_key="0123",
)


def step(old: Any, new: Any, *diff: PropertyChange) -> interface.Step:
    changes = diff or compare({"rules": old}, {"rules": new})
    return interface.Step("update", URN, TYPE, "web", tuple(changes), "", "", {"rules": old}, {"rules": new})


def result(*steps: interface.Step, **more: Any) -> Result:
    return Result("preview", "shop", "prod", "pulumi", steps, **more)


class TestJson:
    def test_it_goes_both_ways(self) -> None:
        assert Summary.from_bytes(FULL.to_bytes()) == FULL
        assert Summary.from_bytes(FULL.to_bytes()).to_bytes() == FULL.to_bytes()
        empty = Summary("p", "s", "destroy", "embedded")
        assert Summary.from_bytes(empty.to_bytes().decode()) == empty

    @settings(max_examples=size(500, 60), deadline=None)
    @given(names=st.lists(st.text(st.characters(codec=None)), min_size=1, max_size=4))
    def test_whatever_things_are_called(self, names: list[str]) -> None:
        steps = [interface.Step("create", name, name, name, note=name, new={name: name}) for name in names]
        made = summarize(result(*steps), "up")
        assert Summary.from_bytes(made.to_bytes()) == made

    @pytest.mark.parametrize("version", [0, 2, 17])
    def test_another_version_is_named(self, version: int) -> None:
        text = json.dumps({"version": version, "summary": {"surprise": 1}})
        with pytest.raises(SlipwayError, match=rf"version {version}, and only 1 can be read"):
            Summary.from_bytes(text)

    @pytest.mark.parametrize(
        ("change", "place"),
        [
            ({"stack": None}, "stack"),
            ({"ok": 1}, "ok"),
            ({"surprise": 1}, "surprise"),
            ({"unchanged": "3"}, "unchanged"),
            ({"steps": [{"op": "explode", "urn": "u", "type": "t", "name": "n"}]}, "steps.0.op"),
            ({"risks": [{"kind": "bad", "text": "", "urn": ""}]}, "risks.0.kind"),
            ({"access": [{"allowed": True, "more": 1}]}, "access.0"),
        ],
    )
    def test_what_does_not_fit_is_refused_by_its_place(self, change: dict[str, Any], place: str) -> None:
        document = {"version": 1, "summary": {**FULL.to_json()["summary"], **change}}
        with pytest.raises(SlipwayError, match="no summary of a plan") as caught:
            Summary.from_bytes(json.dumps(document), "prod.json")
        assert place in str(caught.value)
        assert caught.value.where == "prod.json"

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", b"\xff", "{}", '{"version": 1}'])
    def test_what_is_no_summary_at_all_is_refused(self, text: str | bytes) -> None:
        with pytest.raises(SlipwayError, match="no summary of a plan"):
            Summary.from_bytes(text)


class TestWhatItSays:
    def test_what_changes_nothing_is_counted_only(self) -> None:
        quiet = [interface.Step("same", f"{URN}{i}", TYPE, f"{i}") for i in range(5)]
        made = summarize(result(*quiet, step([1], [2])), "up")
        assert (made.unchanged, len(made.steps), made.counts, made.changed) == (5, 1, {"update": 1}, True)

    def test_a_protection_that_only_the_state_knows_is_a_change(self) -> None:
        change = PropertyChange("protect", "update", True, False)
        made = summarize(result(interface.Step("same", URN, TYPE, "web", (change,))), "up")
        assert made.steps[0].properties == (Property("protect", "update", "true", "false"),)

    def test_a_new_resource_shows_what_it_is_given(self) -> None:
        new = {"b": {"x": [1]}, "a": "[secret 0123ab]", "__defaults": []}
        made = summarize(result(interface.Step("create", URN, TYPE, "web", new=new)), "up")
        assert made.steps[0].properties == (
            Property("a", "add", None, "[secret 0123ab]", secret=True),
            Property("b", "add", None, '{"x": [1]}'),
        )

    def test_a_secret_stands_as_its_fingerprint_so_that_a_change_shows(self) -> None:
        change = PropertyChange("rules", "update", "[secret]", "[secret]")
        made = summarize(result(step("[secret aa]", "[secret bb]", change)), "up")
        assert made.steps[0].properties == (
            Property("rules", "update", "[secret aa]", "[secret bb]", secret=True),
        )

    def test_a_value_whose_step_does_not_tell_a_fingerprint_stays_masked(self) -> None:
        change = PropertyChange("rules", "update", "[secret]", "[secret]")
        made = summarize(result(step("looks open", None, change)), "up")
        assert made.steps[0].properties[0].old == made.steps[0].properties[0].new == "[secret]"

    def test_long_values_are_short_and_still_differ(self) -> None:
        long = "x" * 100_000
        made = summarize(result(step(long + "a", long + "b")), "up")
        (change,) = made.steps[0].properties
        assert change.old != change.new
        assert change.old is not None
        assert len(change.old) < MAX_VALUE + 100
        assert "100,003 characters" in change.old

    def test_reasons_to_replace_are_named(self) -> None:
        changes = (PropertyChange("a", "update", 1, 2, True), PropertyChange("b", "update", 1, 2))
        made = summarize(result(step(1, 2, *changes)), "up")
        assert made.steps[0].replace_reasons == ("a",)

    def test_messages_are_warnings_and_errors(self) -> None:
        said = [
            interface.Diagnostic(severity, severity, URN) for severity in ("info", "warning", "error")
        ]  # fmt: skip
        made = summarize(result(diagnostics=tuple(said), ok=False), "destroy")
        assert [each.severity for each in made.messages] == ["warning", "error"]
        assert not made.ok


def shown(old: list[Any], new: list[Any]) -> list[tuple[str, str, Any, Any]]:
    return [(each.path, each.kind, each.old, each.new) for each in as_sets(step(old, new))]


class TestLists:
    def test_an_item_at_the_head_is_one_addition(self) -> None:
        assert shown(["b", "c", "d"], ["a", "b", "c", "d"]) == [("rules", "add", None, "a")]

    def test_an_item_that_left_the_head_is_one_deletion(self) -> None:
        assert shown([{"p": 1}, {"p": 2}, {"p": 3}], [{"p": 2}, {"p": 3}]) == [
            ("rules", "delete", {"p": 1}, None)
        ]

    def test_one_item_changed_in_its_place_stays_a_change_there(self) -> None:
        assert shown(["a", "b", "c"], ["a", "x", "c"]) == [("rules[1]", "update", "b", "x")]

    def test_another_order_is_told_as_such(self) -> None:
        assert shown(["a", "b"], ["b", "a"]) == [("rules", "update", ["a", "b"], ["b", "a"])]

    def test_two_equal_items_are_two(self) -> None:
        assert shown(["b", "a", "a"], ["a", "b", "a", "a"]) == [("rules", "add", None, "a")]

    def test_a_list_in_a_json_document_of_a_string_too(self) -> None:
        old, new = json.dumps({"c": [1, 2, 3]}), json.dumps({"c": [9, 1, 2, 3]})
        assert [(each.path, each.new) for each in as_sets(step(old, new))] == [("rules#c", 9)]

    def test_a_masked_secret_among_the_items_is_never_taken_for_the_same(self) -> None:
        old, new = ["[secret]", "b"], ["a", "[secret]", "b"]
        diff = (
            PropertyChange("rules[0]", "update", "[secret]", "a"),
            PropertyChange("rules[1]", "update", "[secret]", "[secret]"),
            PropertyChange("rules[2]", "add", None, "b"),
        )
        assert as_sets(step(old, new, *diff)) == list(diff)

    def test_what_forces_a_replacement_still_does(self) -> None:
        changes = [
            replace(each, forces_replace=True) for each in compare({"rules": [1, 2]}, {"rules": [0, 1, 2]})
        ]
        assert [each.forces_replace for each in as_sets(step([1, 2], [0, 1, 2], *changes))] == [True]

    @settings(max_examples=size(2_000, 150), deadline=None)
    @given(
        old=st.lists(st.integers(0, 5) | st.booleans(), max_size=8),
        new=st.lists(st.integers(0, 5) | st.booleans(), max_size=8),
    )
    def test_no_longer_than_by_position_and_never_silent(self, old: list[Any], new: list[Any]) -> None:
        before, after = step(old, new), as_sets(step(old, new))
        assert len(after) <= len(before.diff)
        assert bool(after) == bool(before.diff)
        if all(each.path == "rules" and each.kind != "update" for each in after):
            have = Counter(map(json.dumps, old))
            have.subtract(json.dumps(each.old) for each in after if each.kind == "delete")
            have.update(json.dumps(each.new) for each in after if each.kind == "add")
            assert +have == Counter(map(json.dumps, new))


SECRET = "hunter22-correct-horse"


def test_no_secret_of_a_program_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_ROUNDS", 1000)
    world = World()

    def plan(password: str, *, up: bool = False) -> Summary:
        def declare() -> None:
            hidden = pulumi.Output.secret(password)
            Thing("a", password=hidden, value={"deep": [hidden, "b"]})

        provider = {"toy": ToyProvider(world)}
        engine = EmbeddedEngine(
            declare, "demo", "local", {}, tmp_path, provider, passphrase="correct horse", fence=Fence()
        )
        return summarize(engine.up() if up else engine.plan().result, "up")

    made = [plan(SECRET), plan(SECRET, up=True), plan(SECRET[::-1])]
    for each in made:
        assert SECRET not in each.to_bytes().decode()
        assert SECRET[::-1] not in each.to_bytes().decode()
    changes = [each for each in made[2].steps[-1].properties if each.path == "password"]
    assert changes[0].secret
    assert changes[0].old != changes[0].new
