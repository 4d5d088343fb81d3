"""A plan is applied only where state and program are still what it was made from, step by step."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pulumi
import pytest
from pulumi import ResourceOptions

from slipway.engine import secrets
from slipway.engine.interface import PropertyChange, Result, Step
from slipway.engine.plan import Plan, PlanRefused, differences, violation
from slipway.errors import SlipwayError
from tests.engine.toy import Box, Thing

SECRET = "hunter22-correct-horse"


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch):
    monkeypatch.setattr(secrets, "_ROUNDS", 1000)


def thing(value="1", password=SECRET, options=None, **more):
    def program():
        a = Thing("a", options, value=value, password=pulumi.Output.secret(password), **more)
        Thing("b", value=a.made)
        pulumi.export("made", a.made)

    return program


def told(result):
    return {step.name: step.op for step in result.steps if step.type != "pulumi:pulumi:Stack"}


def changes_of(world):
    return [call for call in world.calls if call[0] != "read"]


def untouched(world, work, match):
    """`work` is refused, and no provider was asked to change anything."""
    before = json.dumps(world.objects), changes_of(world)
    with pytest.raises(PlanRefused, match=match) as caught:
        work()
    assert (json.dumps(world.objects), changes_of(world)) == before
    assert SECRET not in str(caught.value)


class TestApplied:
    def test_what_was_planned_is_done(self, engine, world):
        plan = engine(thing()).plan()
        assert told(plan.result) == {"a": "create", "b": "create"}
        assert world.calls == []
        result = engine(thing()).apply(plan)
        assert result.ok, result.diagnostics
        assert (result.operation, told(result)) == ("apply", {"a": "create", "b": "create"})
        assert len(world.objects) == 2
        assert not engine(thing()).plan().result.changed

    def test_after_a_journey_through_a_bundle(self, engine):
        bundle = json.loads(json.dumps(engine(thing()).plan().bundle()))
        assert engine(thing()).apply(Plan.from_bundle(bundle)).ok

    @pytest.mark.parametrize(
        "change",
        [
            thing(value="2"),
            thing(password="another"),
            thing(fixed="x"),
            thing(name="x"),
            thing(options=ResourceOptions(protect=True)),
            lambda: Thing("c"),
        ],
    )
    def test_every_kind_of_step(self, engine, change):
        engine(thing(name="1", fixed="1")).up()
        plan = engine(change).plan()
        result = engine(change).apply(plan)
        assert result.ok, result.diagnostics
        assert told(result) == told(plan.result)
        assert not engine(change).preview().changed

    def test_a_destroy(self, engine, world):
        engine(thing()).up()
        plan = engine(thing()).plan(destroy=True)
        assert set(told(plan.result).values()) == {"delete"}
        result = engine(thing()).apply(plan)
        assert result.ok, result.diagnostics
        assert world.objects == {}
        untouched(world, lambda: engine(thing()).apply(plan), "state was changed")

    def test_two_plans_under_one_key_are_equal_and_name_no_difference(self, engine):
        plan = engine(thing()).plan()
        again = engine(thing()).plan(key=plan.key)
        assert list(differences(plan, again)) == []
        assert (plan.state, plan.options) == (again.state, again.options)
        assert engine(thing()).plan().state != plan.state


class TestChangedInTheCloud:
    """Somebody changed it there, and nobody refreshed: the state does not know."""

    def test_a_plan_shows_it_and_writes_nothing(self, engine, world):
        engine(thing(name="14")).up()
        before = engine(thing()).export()["deployment"]["resources"]
        world.objects["id-1"]["name"] = "30"
        plan = engine(thing(name="60")).plan()
        (changed,) = [step for step in plan.result.steps if step.name == "a"]
        assert [(one.path, one.old, one.new) for one in changed.diff] == [("name", "30", "60")]
        assert engine(thing()).export()["deployment"]["resources"] == before
        assert engine(thing(name="60")).apply(plan).ok
        assert "60" in [item.get("name") for item in world.objects.values()]

    def test_after_the_plan_it_is_not_overwritten(self, engine, world):
        engine(thing(name="14")).up()
        plan = engine(thing(name="60")).plan()
        world.objects["id-1"]["name"] = "30"
        untouched(world, lambda: engine(thing(name="60")).apply(plan), r"a: old\.name is another")

    def test_what_was_to_stay_as_it_is_is_not_put_back(self, engine, world):
        engine(thing(name="14")).up()
        plan = engine(thing(name="14")).plan()
        world.objects["id-1"]["name"] = "30"
        untouched(world, lambda: engine(thing(name="14")).apply(plan), "a: ")

    def test_what_is_gone_is_not_made_again_unseen(self, engine, world):
        engine(thing(name="14")).up()
        plan = engine(thing(name="60")).plan()
        del world.objects["id-1"]
        untouched(world, lambda: engine(thing(name="60")).apply(plan), "a: ")

    def test_what_was_changed_is_not_destroyed_unseen(self, engine, world):
        engine(thing(name="14")).up()
        plan = engine(thing()).plan(destroy=True)
        world.objects["id-1"]["name"] = "30"
        untouched(world, lambda: engine(thing()).apply(plan), r"a: old\.name is another")

    def test_what_cannot_be_read_is_not_planned(self, engine, world):
        engine(thing(name="14")).up()
        world.fail = lambda operation, name: "no right" if operation == "read" else None
        assert not engine(thing(name="60")).plan().result.ok


class TestRefused:
    def test_where_the_state_was_changed(self, engine, world):
        plan = engine(thing()).plan()
        engine(lambda: Thing("other")).up()
        untouched(world, lambda: engine(thing()).apply(plan), "state was changed since")

    def test_where_it_was_applied_already(self, engine, world):
        plan = engine(thing()).plan()
        engine(thing()).apply(plan)
        untouched(world, lambda: engine(thing()).apply(plan), "state was changed since")

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (thing(value="3"), r"::a: new.value is another"),
            (thing(value="2", password="another"), r"::a: new.password is another"),
            (thing(value="2", extra={"x": [1]}), r"::a: new.extra is another"),
            (thing(value="2", fixed="x"), r"::a: update was planned, replace is asked for"),
            (thing(value="1"), r"::a: update was planned, same is asked for"),
            (lambda: Thing("a", value="2"), r"::b: same was planned, delete is asked for"),
            (thing(value="2", options=ResourceOptions(protect=True)), "other properties differ"),
            (thing(value="2", options=ResourceOptions(retain_on_delete=True)), "beside inputs"),
            (thing(value="2", options=ResourceOptions(ignore_changes=["x"])), "beside inputs"),
            (lambda: (thing(value="2")(), Thing("c")), r"::c: create is asked for and was not planned"),
            (lambda: (thing(value="2")(), pulumi.export("x", 1)), r"the stack's outputs.x is another"),
        ],
    )
    def test_where_the_program_asks_for_something_else(self, engine, world, change, reason):
        engine(thing()).up()
        plan = engine(thing(value="2")).plan()
        untouched(world, lambda: engine(change).apply(plan), reason)
        assert engine(thing(value="2")).apply(plan).ok

    def test_of_another_stack_engine_or_project(self, engine, world):
        plan = engine(thing()).plan()
        for field in ("stack", "engine", "project"):
            other = replace(plan, result=replace(plan.result, **{field: "other"}))
            untouched(
                world, lambda other=other: engine(thing()).apply(other), f"it is for the {field} 'other'"
            )

    def test_of_a_preview_that_failed(self, engine, world):
        plan = engine(thing(value="invalid")).plan()
        assert not plan.result.ok
        untouched(
            world, lambda: engine(thing(value="invalid")).apply(plan), "preview that made this plan failed"
        )

    def test_with_another_key(self, engine, world):
        plan = engine(thing()).plan()
        untouched(world, lambda: engine(thing()).apply(replace(plan, key=b"x" * 32)), "state was changed")
        with pytest.raises(PlanRefused, match="different keys"):
            list(differences(plan, engine(thing()).plan()))

    def test_a_step_that_only_shows_itself_when_it_is_made(self, engine, world):
        """The preview of now is as planned; what the run then asks for is not, and is not made."""

        def program(late):
            def declare():
                a = Thing("a", value="1")
                if not pulumi.runtime.is_dry_run():
                    late(a)

            return declare

        for late, reason in [
            (lambda a: Thing("late", value=a.made), "create was not planned, but nothing"),
            (lambda a: Thing("b", ResourceOptions(parent=a)), "create was not planned"),
        ]:
            result = engine(program(late)).apply(engine(program(late)).plan())
            assert not result.ok
            assert reason in result.errors[0].message
            assert [item["urn"].rsplit("::")[-1] for item in world.objects.values()] == ["a"]
            engine(program(lambda a: None)).destroy()

    def test_a_value_that_becomes_another_than_was_planned(self, engine, world):
        def program():
            Thing("a", value="planned" if pulumi.runtime.is_dry_run() else "smuggled")

        result = engine(program).apply(engine(program).plan())
        assert not result.ok
        assert "new.value is another" in result.errors[0].message
        assert world.objects == {}


class TestState:
    def test_a_run_that_changes_nothing_and_a_new_encryption_leave_the_digest(self, engine, tmp_path):
        key = b"k" * 32
        engine(thing()).up()
        before = engine(thing()).state_digest(key)
        engine(thing()).up()
        assert engine(thing()).state_digest(key) == before
        file = tmp_path / "state/local.json"
        ciphertext = json.loads(file.read_text())["deployment"]["resources"][-2]["inputs"]["password"][
            "ciphertext"
        ]
        exported = engine(thing()).export()
        assert exported["version"] == 3
        assert SECRET not in json.dumps(exported)
        # As the next writer without a memory of the ciphertexts would have it.
        document = json.loads(file.read_text())
        other = engine(thing())
        other.export()
        renewed = other._store.crypter
        renewed._texts.clear()
        text = file.read_text().replace(ciphertext, renewed.encrypt(json.dumps(SECRET)))
        file.write_text(text)
        assert json.loads(text) != document
        assert engine(thing()).state_digest(key) == before

    @pytest.mark.parametrize(
        "change",
        [
            lambda record: record["inputs"].update(value="other"),
            lambda record: record["outputs"].update(made="other"),
            lambda record: record.update(protect=True),
            lambda record: record.update(id="other"),
            lambda record: record.update(dependencies=["urn:x"]),
        ],
    )
    def test_anything_else_changes_it(self, engine, tmp_path, change):
        key = b"k" * 32
        engine(thing()).up()
        before = engine(thing()).state_digest(key)
        file = tmp_path / "state/local.json"
        document = json.loads(file.read_text())
        change(next(r for r in document["deployment"]["resources"] if r["urn"].endswith("::a")))
        file.write_text(json.dumps(document))
        assert engine(thing()).state_digest(key) != before

    def test_a_changed_secret_changes_it_and_another_key_makes_another(self, engine):
        engine(thing()).up()
        before = engine(thing()).state_digest(b"k" * 32)
        assert engine(thing()).state_digest(b"l" * 32) != before
        engine(thing(password="another")).up()
        assert engine(thing()).state_digest(b"k" * 32) != before


class TestSecrets:
    def test_stand_nowhere_in_a_plan(self, engine):
        engine(thing(password="first-" + SECRET)).up()
        plan = engine(thing()).plan()
        texts = [json.dumps(plan.to_json()), json.dumps(plan.bundle()), repr(plan)]
        assert not [text for text in texts if SECRET in text]
        assert "key" not in plan.to_json()
        key = plan.bundle()["key"]
        assert not [text for text in (texts[0], texts[2]) if key in text or repr(plan.key) in text]

    def test_a_bundle_of_another_version_or_shape_is_refused(self, engine):
        bundle = engine(thing()).plan().bundle()
        for change in ({"version": 2}, {"key": "!"}, {"operation": "refresh"}, {"extra": 1}, {"result": {}}):
            with pytest.raises(SlipwayError):
                Plan.from_bundle({**bundle, **change})
        with pytest.raises(SlipwayError):
            Plan.from_bundle({name: item for name, item in bundle.items() if name != "key"})


def plan_of(*steps, **outputs):
    result = Result("preview", "demo", "local", "pulumi", steps, outputs, secrets_key="k")
    return Plan("up", result, "s", "o", b"k" * 32)


def step(op, name, new, old=None, diff=()):
    return Step(op, f"urn::{name}", "t", name, diff, old=old, new=new)


def found(planned, now):
    return list(differences(planned, now))


class TestDifferences:
    def test_what_becomes_known_is_none_and_what_becomes_unknown_is_one(self):
        unknown, known = (plan_of(step("create", "a", {"x": [x]}), url=x) for x in ("[unknown]", "1"))
        assert found(unknown, known) == []
        assert found(known, unknown) == [
            "urn::a: new.x[0] is another",
            "the stack's outputs.url is another",
        ]

    def test_old_values_must_be_equal_even_where_they_look_unknown(self):
        now, before = (plan_of(step("update", "a", {"x": 1}, {"x": x})) for x in ("0", "[unknown]"))
        assert found(before, now) == ["urn::a: old.x is another"]

    def test_kinds_of_values_are_told_apart(self):
        values = [1, True, "1", None, [], {}, [1], {"a": 1}]
        plans = [plan_of(step("create", "a", {"x": value})) for value in values]
        for first in plans:
            for second in plans:
                assert (found(first, second) == []) is (first is second)

    def test_names_that_a_provider_makes_up_anew_are_none_wherever_they_stand(self):
        def made(name):
            return plan_of(
                step("create", "role", {"name": name, "__defaults": ["name"]}),
                step("create", "other", {"role": name, "policy": json.dumps({"to": f"arn:{name}"})}),
                url=f"https://{name}",
            )

        assert found(made("role-1234567"), made("role-abcdef0")) == []
        assert found(made("role-1234567"), made("evil-abcdef0"))
        assert found(made("role-1234567"), made("role-production"))

    def test_and_so_are_those_of_kubernetes(self):
        def made(name, *, auto="true"):
            metadata = {"name": name, "annotations": {"pulumi.com/autonamed": auto}}
            return plan_of(step("create", "map", {"metadata": metadata}))

        assert found(made("map-12345678"), made("map-abcdef01")) == []
        assert found(made("map-12345678", auto="no"), made("map-abcdef01", auto="no"))

    def test_a_name_that_the_program_gives_is_one(self):
        first, second = (plan_of(step("create", "a", {"name": name})) for name in ("r-1234567", "r-abcdef0"))
        assert found(first, second) == ["urn::a: new.name is another"]

    def test_a_changed_protection_is_one(self):
        change = PropertyChange("protect", "update", True, False)
        assert found(plan_of(step("same", "a", None)), plan_of(step("same", "a", None, diff=(change,))))


@pytest.mark.parametrize(
    ("planned", "done", "allowed"),
    [
        ("create", "create", True),
        ("update", "same", True),
        ("replace", "update", True),
        ("replace", "same", True),
        ("same", "update", False),
        ("update", "replace", False),
        ("create", "delete", False),
        ("same", "delete", False),
        ("read", "create", False),
    ],
)
def test_less_than_planned_may_be_done_and_never_more(planned, done, allowed):
    assert (violation([step(planned, "a", {})], step(done, "a", {})) == "") is allowed
    assert violation([], step(done, "a", {}))


KILLED = """
import json, os, signal, sys
from pathlib import Path
from tests.engine.test_faults import chain
from tests.engine.toy import ToyProvider, World
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence

root = Path(sys.argv[1])
world = World()

class Killing(ToyProvider):
    async def create(self, request):
        response = await super().create(request)
        if not request.preview:
            (root / "world.json").write_text(json.dumps(world.objects))
            if request.name == "b":
                os.kill(os.getpid(), signal.SIGKILL)
        return response

engine = EmbeddedEngine(chain, "demo", "local", {}, root / "state", {"toy": Killing(world)}, fence=Fence())
engine.apply(engine.plan())
"""


def test_after_a_kill_the_plan_is_refused_and_the_next_up_goes_on(engine, world, tmp_path):
    from tests.engine.test_faults import chain, in_state  # noqa: PLC0415

    plan = engine(chain).plan()
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=Path.cwd(), check=False)
    assert done.returncode == -signal.SIGKILL
    world.objects = json.loads((tmp_path / "world.json").read_text())
    world.counter = iter(range(100, 200))
    untouched(world, lambda: engine(chain).apply(plan), "state was changed")
    again = engine(chain).plan()
    assert engine(chain).apply(again).ok
    assert in_state(tmp_path) == {"a", "b", "c", "free"}
    assert sorted(item["urn"].rsplit("::")[-1] for item in world.objects.values()) == ["a", "b", "c", "free"]


def test_nobody_else_can_change_the_state_while_a_plan_is_applied(engine, tmp_path):
    plan = engine(thing()).plan()
    with engine(thing())._store.locked(), pytest.raises(SlipwayError, match=str(os.getpid())):
        engine(thing()).apply(plan)


def test_components_and_their_options_are_part_of_a_plan(engine, world):
    def program(parent):
        def declare():
            box = Box("box")
            Thing("a", ResourceOptions(parent=box if parent else None))

        return declare

    plan = engine(program(parent=True)).plan()
    untouched(world, lambda: engine(program(parent=False)).apply(plan), "was not planned")


def test_the_provider_is_only_rehearsed_by_a_plan(engine, world):
    engine(thing()).up()
    world.calls.clear()
    engine(thing(value="2", fixed="9")).plan()
    engine(thing()).plan(destroy=True)
    assert [call for call in world.calls if call[0] != "read"] == []
