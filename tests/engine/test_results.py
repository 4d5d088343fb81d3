"""What a run returns: frozen, as versioned JSON, and without any secret."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import FrozenInstanceError, replace

import pulumi
import pytest
from rich.console import Console

from slipway.engine import display, secrets
from slipway.engine.fingerprints import Fingerprints
from slipway.engine.interface import Diagnostic, PropertyChange, Result, Step
from slipway.engine.provider_resources import Config
from slipway.engine.values import UNKNOWN, UNKNOWN_MARK, Secret
from slipway.errors import SlipwayError
from tests.engine.toy import Thing

SECRET = "hunter22-correct-horse"
RESULT = Result(
    "preview",
    "slipway",
    "prod",
    "pulumi",
    (
        Step(
            "replace",
            "urn:pulumi:prod::slipway::aws:iam/role:Role::role",
            "aws:iam/role:Role",
            "role",
            (PropertyChange("name", "update", "a", "b", forces_replace=True),),
            "may replace",
            "urn:parent",
            {"name": "a", "tags": {"x": [1, 2.5, None, True]}},
            {"name": "b"},
        ),
        Step("same", "urn:pulumi:prod::slipway::aws:iam/role:Role::quiet", "aws:iam/role:Role", "quiet"),
    ),
    {"x": [1, {"y": None}]},
    (Diagnostic("warning", "look", "urn:x"),),
    ok=False,
    cancelled=True,
    seconds=1.25,
    secrets_key="0123",
)


def test_json_goes_both_ways():
    document = RESULT.to_json()
    assert Result.from_json(json.loads(json.dumps(document))) == RESULT
    assert Result.from_json(Result("up", "p", "s", "e").to_json()) == Result("up", "p", "s", "e")
    assert set(document) == {
        "version", "operation", "project", "stack", "engine", "ok", "cancelled", "changed", "seconds",
        "counts", "steps", "outputs", "diagnostics", "secrets_key",
    }  # fmt: skip
    assert document["counts"] == {"replace": 1, "same": 1}
    assert document["steps"][0]["diff"][0] == {
        "path": "name", "kind": "update", "old": "a", "new": "b", "forces_replace": True,
    }  # fmt: skip


@pytest.mark.parametrize("version", [0, 2, "1", None, True, 1.5])
def test_another_version_is_refused(version):
    with pytest.raises(SlipwayError, match=r"this result has version .*, and only 1 can be read"):
        Result.from_json({**RESULT.to_json(), "version": version})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"stack": None}, "stack"),
        ({"ok": 1}, "ok"),
        ({"surprise": SECRET}, "surprise"),
        ({"steps": [{"op": SECRET, "urn": "u", "type": "t", "name": "n"}]}, "steps.0.op"),
        ({"steps": [{"op": "same", "urn": "u", "type": "t", "name": "n", "extra": SECRET}]}, "steps.0.extra"),
        ({"steps": [{"op": "same"}]}, "steps.0.urn"),
        ({"diagnostics": [{"severity": "fatal", "message": SECRET}]}, "diagnostics.0.severity"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_place_and_without_its_value(change, place):
    with pytest.raises(SlipwayError, match="this is no result") as caught:
        Result.from_json({**RESULT.to_json(), **change})
    assert place in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_missing_key_is_refused():
    document = RESULT.to_json()
    del document["engine"]
    with pytest.raises(SlipwayError, match="engine"):
        Result.from_json(document)


def test_results_and_steps_are_frozen():
    for value, name in ((RESULT, "ok"), (RESULT.steps[0], "op"), (RESULT.diagnostics[0], "message")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, None)


class TestFingerprints:
    def test_equal_secrets_look_equal_and_others_do_not(self):
        prints = Fingerprints(b"k" * 32)
        assert prints.of(Secret(SECRET)) == prints.of(Secret(SECRET))
        assert prints.of(Secret({"a": 1, "b": 2})) == prints.of(Secret({"b": 2, "a": 1}))
        different = [Secret(value) for value in (SECRET, SECRET + "x", 1, "1", True, [1], {"a": 1}, None, "")]
        assert len({prints.of(item) for item in different}) == len(different)

    def test_without_the_key_nothing_compares_and_nothing_can_be_guessed(self):
        first, second = Fingerprints(), Fingerprints()
        assert first.of(Secret(SECRET)) != second.of(Secret(SECRET))
        assert first.key_id != second.key_id
        for guess in (SECRET, json.dumps(SECRET), f"secret:{json.dumps(SECRET)}"):
            assert hashlib.sha256(guess.encode()).hexdigest()[:32] not in first.of(Secret(SECRET))
        assert first.key.hex() not in (first.key_id + repr(first))

    def test_what_is_not_known_yet_has_none(self):
        prints = Fingerprints()
        assert prints.of(Secret(UNKNOWN)) == prints.of(Secret({"a": [UNKNOWN]})) == UNKNOWN_MARK

    def test_nested_secrets_are_replaced_and_nulls_left_out(self):
        prints = Fingerprints()
        shown = prints.show({"a": [{"b": Secret(SECRET)}], "c": None, "d": 1})
        assert shown == {"a": [{"b": prints.of(Secret(SECRET))}], "d": 1}


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch):
    monkeypatch.setattr(secrets, "_ROUNDS", 1000)


def program(password):
    def declare():
        hidden = pulumi.Output.secret(password)
        Thing("a", password=hidden, value={"deep": [hidden]})
        pulumi.export("password", hidden)

    return declare


def everything(result):
    console = Console(record=True, width=500, file=io.StringIO())
    console.print(display.rich(result, sames=True), display.condensed(result))
    return json.dumps(result.to_json()) + console.export_text() + display.markdown(result) + repr(result)


class TestNoSecretIsShown:
    def test_of_any_operation_of_the_embedded_engine(self, engine, world):
        changed = SECRET[::-1]
        shown = [
            engine(program(SECRET)).preview(),
            engine(program(SECRET)).up(),
            engine(program(changed)).preview(),
            engine(program(changed)).up(),
        ]
        world.objects["id-1"]["password"] = f"{SECRET}-from-outside"
        shown += [engine(program(changed)).drift(), engine(program(changed)).refresh()]
        shown += [engine(program(changed)).destroy()]
        operations = [next(step.op for step in result.steps if step.name == "a") for result in shown]
        assert operations == ["create", "create", "update", "update", "update", "update", "delete"]
        for result in shown:
            text = everything(result)
            assert SECRET not in text
            assert changed not in text

    def test_of_the_configuration_where_the_program_fails(self, engine):
        config = Config({"demo:password": SECRET}, frozenset({"demo:password"}))

        def fail():
            raise ValueError(f"{SECRET} is too short")

        result = engine(fail, config).preview()
        assert "[secret] is too short" in result.errors[0].message
        assert SECRET not in everything(result)

    def test_and_its_change_is_seen_in_the_values(self, engine):
        engine(program("first-secret")).up()
        (step,) = [step for step in engine(program("second-secret")).preview().steps if step.name == "a"]
        assert step.old is not None
        assert step.new is not None
        assert step.old["password"] != step.new["password"]
        assert step.old["password"] == step.old["value"]["deep"][0]
        assert step.old["password"].startswith("[secret ")
        (change, _) = step.diff
        assert (change.path, change.old, change.new) == ("password", "[secret]", "[secret]")


def test_two_results_compare_only_under_one_key(engine):
    one, other = engine(program(SECRET)), engine(program(SECRET))
    first, second = one.preview(), one.preview()
    assert replace(first, seconds=0) == replace(second, seconds=0)
    third = other.preview()
    assert third.secrets_key != first.secrets_key
    assert third.steps != first.steps
