"""Several stacks behind the fence: apart from each other, referring to each other, and found again."""

from __future__ import annotations

import json
from pathlib import Path

import pulumi
import pytest

from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence, Home, referred, require_name
from slipway.engine.local_stacks import LocalStacks, Record
from slipway.errors import SlipwayError
from tests.engine.toy import Thing, ToyProvider, World

SECRET = "hunter22-correct-horse"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, "demo")


@pytest.fixture
def stack(world: World, home: Home):
    def make(name: str, program, project: str = "demo", fence: Fence | None = None) -> EmbeddedEngine:
        return EmbeddedEngine(
            program,
            project,
            name,
            {},
            home.states(project),
            {"toy": ToyProvider(world)},
            passphrase="x",
            fence=fence or Fence(),
            other_states=home.states,
        )

    return make


def network():
    thing = Thing("net", value="10.0.0.0/8")
    pulumi.export("cidr", "10.0.0.0/8")
    pulumi.export("id", thing.made)
    pulumi.export("password", pulumi.Output.secret(SECRET))


def referring(name: str):
    def program():
        other = pulumi.StackReference(name)
        Thing("app", value=other.require_output("id"), password=other.require_output("password"))
        pulumi.export("cidr", other.get_output("cidr"))
        pulumi.export("missing", other.get_output("missing"))

    return program


class TestReferences:
    @pytest.mark.parametrize("name", ["demo-network", "organization/demo/demo-network"])
    def test_a_stack_reads_what_another_one_puts_out(self, stack, world, name):
        assert stack("demo-network", network).up().ok
        result = stack("demo-app", referring(name)).up()
        assert result.ok, result.diagnostics
        assert result.outputs == {"cidr": "10.0.0.0/8"}
        (app,) = [item for item in world.objects.values() if item["urn"].endswith("::app")]
        assert (app["value"], app["password"]) == ("id-1", SECRET)
        assert [step.op for step in result.steps if step.type == "pulumi:pulumi:StackReference"] == ["read"]
        assert SECRET not in json.dumps(result.to_json())
        assert not stack("demo-app", referring(name)).preview().changed

    def test_and_sees_its_change(self, stack, world):
        stack("demo-network", network).up()
        stack("demo-app", referring("demo-network")).up()

        def changed():
            network()
            pulumi.export("cidr", "172.16.0.0/12")

        stack("demo-network", changed).up()
        plan = stack("demo-app", referring("demo-network")).plan()
        assert plan.result.outputs["cidr"] == "172.16.0.0/12"
        assert stack("demo-app", referring("demo-network")).apply(plan).ok

    def test_a_secret_of_another_stack_is_encrypted_in_this_ones_state(self, stack, home):
        stack("demo-network", network).up()
        stack("demo-app", referring("demo-network")).up()
        for file in home.folder.rglob("*"):
            assert not file.is_file() or SECRET not in file.read_text()

    def test_of_another_project(self, stack, home):
        assert stack("prod", network, project="network").up().ok
        assert stack("app", referring("organization/network/prod")).up().ok
        assert (home.folder / "state/network/prod.json").exists()

    @pytest.mark.parametrize(
        ("name", "match"),
        [
            ("nobody", "there is no stack 'nobody'"),
            ("organization/other/prod", "there is no stack"),
            ("acme/demo/prod", "names no stack of this machine"),
            ("../../etc", "names no stack"),
            ("organization/../x", "is no name for a stack"),
        ],
    )
    def test_of_a_stack_that_is_not_there(self, stack, world, name, match):
        result = stack("app", referring(name)).up()
        assert not result.ok
        assert match in " ".join(item.message for item in result.errors)
        assert world.objects == {}

    def test_a_destroy_of_one_leaves_the_other(self, stack, world):
        stack("demo-network", network).up()
        stack("demo-app", referring("demo-network")).up()
        assert stack("demo-app", referring("demo-network")).destroy().ok
        assert [item["urn"].rsplit("::")[-1] for item in world.objects.values()] == ["net"]


def test_stacks_of_any_name_are_apart(stack, world):
    for name in ("prod", "local", "demo-1"):
        assert stack(name, lambda: Thing("a")).up().ok
    assert len(world.objects) == 3
    assert stack("prod", lambda: Thing("a")).destroy().ok
    assert {item["urn"].split("::")[0] for item in world.objects.values()} == {
        "urn:pulumi:local",
        "urn:pulumi:demo-1",
    }


def test_the_program_hears_of_the_stand_in_from_the_fence_alone(stack):
    def program():
        pulumi.export("seen", pulumi.Config("slipway").get("endpoints"))

    fence = Fence({"aws": "http://127.0.0.1:1"})
    assert stack("a", program, fence=fence).preview().outputs == {"seen": '{"aws": "http://127.0.0.1:1"}'}
    assert stack("a", program).preview().outputs == {}


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "a" * 101, "a\n", "ä"])
def test_what_is_no_name_for_a_stack(name):
    with pytest.raises(SlipwayError, match="is no name for a stack"):
        require_name(name)


def test_a_reference_is_read_as_pulumi_reads_it():
    assert referred("s", "demo") == ("demo", "s")
    assert referred("organization/s", "demo") == ("demo", "s")
    assert referred("organization/p/s", "demo") == ("p", "s")


class TestRecords:
    def test_stacks_are_listed_by_prefix(self, home):
        stacks = LocalStacks(home, "demo")
        assert stacks.names() == []
        for name in ("skill-pool.preview-b", "skill-pool.preview-a", "skill-pool.dev", "local"):
            stacks.put(name, Record("embedded"))
        assert stacks.names("skill-pool.preview-") == ["skill-pool.preview-a", "skill-pool.preview-b"]
        assert stacks.names() == ["local", "skill-pool.dev", "skill-pool.preview-a", "skill-pool.preview-b"]
        assert LocalStacks(home, "other").names() == []
        stacks.release("local")
        assert "local" not in stacks.names()

    def test_what_was_put_is_found(self, home):
        stacks = LocalStacks(home, "demo")
        assert stacks.find("a") is None
        stacks.put("a", Record("pulumi", "cloud-1"))
        stacks.mark_drifted("a")
        assert LocalStacks(home, "demo").find("a") == Record("pulumi", "cloud-1", drifted=True)

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"engine": "x", "cloud": "", "drifted": false}', "{}"])
    def test_a_damaged_record_is_an_error_that_says_what_to_do(self, home, text):
        stacks = LocalStacks(home, "demo")
        stacks.put("a", Record("pulumi"))
        (home.folder / "stacks/demo/a.json").write_text(text)
        with pytest.raises(SlipwayError, match="rm "):
            stacks.find("a")

    def test_of_a_world_that_is_gone_exactly_its_stacks_are_forgotten(self, home, stack):
        stacks = LocalStacks(home, "demo")
        for name, cloud in (("old-1", "one"), ("old-2", "one"), ("new", "two"), ("begun", "")):
            stack(name, lambda: Thing("a")).up()
            stacks.put(name, Record("embedded", cloud))
        assert stacks.forget_gone("two") == ["old-1", "old-2"]
        assert stacks.names() == ["begun", "new"]
        states = {path.name for path in home.states("demo").glob("*.json")}
        assert states == {"new.json", "begun.json"}
        assert stack("old-1", lambda: Thing("a")).preview().counts == {"create": 2}

    def test_when_the_last_one_goes_nothing_is_left(self, home, stack):
        stacks = LocalStacks(home, "demo")
        stack("a", lambda: Thing("a")).up()
        stacks.put("a", Record("embedded", "one"))
        stacks.forget("a")
        assert {path.name for path in home.folder.iterdir()} == set()

    @pytest.mark.parametrize(
        ("world", "record"),
        [
            ("cloud-1", Record("embedded", "cloud-1")),
            ("cloud-1 drifted", Record("embedded", "cloud-1", drifted=True)),
            (None, Record("embedded")),
        ],
    )
    def test_what_an_earlier_slipway_kept_of_local_is_taken_over(self, home, world, record):
        home.folder.mkdir()
        (home.folder / "engine").write_text("embedded\n")
        if world is not None:
            (home.folder / "state-of-cloud").write_text(world)
        assert LocalStacks(home, "other").find("local") is None
        assert LocalStacks(home, "demo").find("local") == record
        assert {path.name for path in home.folder.iterdir()} == {"stacks"}
        assert LocalStacks(home, "demo").find("local") == record
