from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from slipway.engine import choice
from slipway.engine.cli_engine import PulumiEngine
from slipway.engine.cli_events import Events
from slipway.engine.cli_local import local_engine, passphrase
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence
from slipway.engine.interface import Diagnostic, Result, Silent
from slipway.engine.interruption import Lookup, by_providers, pending_of
from slipway.engine.plan import Plan, PlanRefused
from slipway.engine.plugins import Plugins
from slipway.engine.program import program_at
from slipway.engine.project import load_project, load_stack, stack_config
from slipway.engine.secrets import Crypter
from slipway.errors import SlipwayError
from slipway.recovery import ProviderLookup
from tests.engine.toy import ToyProvider, World
from tests.engine.toy_plugin import FileWorld

needs_pulumi = [
    pytest.mark.pulumi_cli,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH"),
]

PROGRAM = """
import pulumi
from tests.engine.toy import Box, Thing, ToyCloud

config = pulumi.Config()
cloud = ToyCloud("cloud", "north")
on_cloud = pulumi.ResourceOptions(provider=cloud)
box = Box("box", pulumi.ResourceOptions(providers={"toy": cloud}))
a = Thing("a", pulumi.ResourceOptions(parent=box), value=config.require("value"), name="a")
b = Thing("b", on_cloud, value=a.made, password=config.require_secret("password"))
if config.get_bool("extra"):
    Thing("c", pulumi.ResourceOptions(provider=cloud, depends_on=[b]), value={"list": [1, 2], "flag": True})
pulumi.export("value", a.value)
pulumi.export("password", b.password if hasattr(b, "password") else config.require_secret("password"))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    crypter = Crypter("pass")
    secure = crypter.encrypt("hunter22")
    (root / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (root / "Pulumi.local.yaml").write_text(
        f"encryptionsalt: {crypter.salt}\nconfig:\n  value: one\n  password:\n    secure: {secure}\n"
    )
    (root / "__main__.py").write_text(PROGRAM)
    (root / ".slipway").mkdir()
    (root / ".slipway/passphrase").write_text("pass")
    return root


def cli(root: Path, stack: str = "local", **options):
    environment = {
        **os.environ,
        "TOY_WORLD": str(root / "world.json"),
        "PYTHONPATH": str(Path.cwd()),
        "AWS_SECRET_ACCESS_KEY": "real",
    }
    return local_engine(
        root,
        stack,
        packages=("toy",),
        module="tests.engine.toy_plugin",
        environment=environment,
        fence=Fence(),
        **options,
    )


def embedded(root: Path, world: World) -> EmbeddedEngine:
    stack = load_stack(root, "local")
    config = stack_config(load_project(root), stack, Crypter(passphrase(root), stack.salt))
    return EmbeddedEngine(
        program_at(root), "demo", "local", config, root / ".slipway/state", {"toy": ToyProvider(world)},
        passphrase=passphrase(root), salt=stack.salt, root=root, fence=Fence(),
    )  # fmt: skip


def told(result: Result) -> dict[str, tuple[object, ...]]:
    """What each engine says of each resource; the values only where both were told them."""
    return {
        step.urn: (step.op, tuple(sorted(c.path for c in step.diff)), masked(step.old), masked(step.new))
        for step in result.steps
    }


def values_of(plan: Plan) -> dict[str, tuple[object, ...]]:
    """All that a plan says of each resource, fingerprints included, without the ids that each world gives."""
    text = re.sub(r'"id-\d+"', '"id"', json.dumps([asdict(step) for step in plan.result.steps]))
    return {step["urn"]: step for step in json.loads(text)}


def new_secret(text: str) -> tuple[str, str]:
    """The ciphertext of the stack file's secret, and that of another one with the same salt."""
    document = YAML(typ="safe", pure=True).load(text)
    return document["config"]["password"]["secure"], Crypter("pass", document["encryptionsalt"]).encrypt(
        "changed"
    )


def masked(values: Mapping[str, object] | None) -> object:
    """Values with a plain mask for every fingerprint, and without the ids that each world gives."""
    text = re.sub(r"\[secret [0-9a-f]{32}\]", "[secret]", json.dumps(values))
    return json.loads(re.sub(r'"id-\d+"', '"id"', text))


class TestBothEngines:
    pytestmark = needs_pulumi

    def test_the_same_walk_gives_the_same_operations_and_outputs(self, project):
        world = World()
        text = (project / "Pulumi.local.yaml").read_text()
        for change in (text, text, text + "  extra: true\n", text.replace("value: one", "value: two"), text):
            (project / "Pulumi.local.yaml").write_text(change)
            for action in ("preview", "up"):
                real = getattr(cli(project), action)()
                ours = getattr(embedded(project, world), action)()
                assert real.ok, real.diagnostics
                assert ours.ok, ours.diagnostics
                assert told(ours) == told(real), (action, change)
                if action == "up":
                    assert ours.outputs == real.outputs
        assert cli(project).drift().changed is embedded(project, world).drift().changed is False
        real, ours = cli(project).destroy(), embedded(project, world).destroy()
        assert real.ok, real.diagnostics
        assert told(ours) == told(real)
        assert world.objects == json.loads((project / "world.json").read_text()) == {}

    def test_what_a_run_depends_on_changes_alike(self, project):
        """Of configuration and other stacks' outputs; and not with a secret that was encrypted anew."""
        world, key = World(), b"k" * 32
        text = (project / "Pulumi.local.yaml").read_text()
        secure, other = new_secret(text)
        again = Crypter("pass", YAML(typ="safe", pure=True).load(text)["encryptionsalt"]).encrypt("hunter22")
        assert cli(project).up().ok
        assert embedded(project, world).up().ok
        for change in (text, text.replace(secure, again), text.replace(secure, other), text + "  more: 1\n"):
            (project / "Pulumi.local.yaml").write_text(change)
            found = [
                engine.surroundings(key, ["local", "nowhere"])
                for engine in (cli(project), embedded(project, world))
            ]
            for around in found:
                assert set(around.upstreams) == {"local: value", "local: password"}
            if change == text:
                first = found
            for before, now in zip(first, found, strict=True):
                differing = {name for name in now.config if before.config.get(name) != now.config[name]}
                assert differing == (
                    {"demo:password"} if other in change else {"demo:more"} if "more" in change else set()
                )
        assert first[0].plugins["aws"]
        assert "the Pulumi CLI" in first[0].tools

    def test_plans_are_equal_and_are_applied_or_refused_alike(self, project):
        """Secrets under one key look alike on both, although each encrypts them on its own."""
        world, key = World(), b"k" * 32
        text = (project / "Pulumi.local.yaml").read_text()
        first = [engine.plan(key=key) for engine in (cli(project), embedded(project, world))]
        assert values_of(first[0]) == values_of(first[1])
        assert "[secret " in json.dumps(first[0].to_json())
        for plan in first:
            assert "hunter22" not in json.dumps(plan.to_json()) + str(plan.constraint) + repr(plan)
        real, ours = cli(project).apply(first[0]), embedded(project, world).apply(first[1])
        assert real.ok, real.diagnostics
        assert told(ours) == told(real)
        assert (real.operation, real.outputs) == ("apply", ours.outputs)
        for engine, plan in zip((cli(project), embedded(project, world)), first, strict=True):
            with pytest.raises(PlanRefused, match="state was changed"):
                engine.apply(plan)
        changed = text.replace("value: one", "value: two").replace(*new_secret(text))
        (project / "Pulumi.local.yaml").write_text(changed)
        second = [engine.plan(key=key) for engine in (cli(project), embedded(project, world))]
        assert values_of(second[0]) == values_of(second[1])
        (b,) = [step for step in second[0].result.steps if step.name == "b"]
        assert b.old["password"] != b.new["password"]
        for document in (text, changed.replace("value: two", "value: three"), changed + "  extra: true\n"):
            (project / "Pulumi.local.yaml").write_text(document)
            before = (project / "world.json").read_text()
            for engine, plan in zip((cli(project), embedded(project, world)), second, strict=True):
                with pytest.raises(PlanRefused, match="asks for something else"):
                    engine.apply(plan)
            assert (project / "world.json").read_text() == before
        (project / "Pulumi.local.yaml").write_text(changed)
        assert cli(project).apply(Plan.from_bundle(json.loads(json.dumps(second[0].bundle())))).ok
        gone = cli(project).plan(destroy=True)
        assert {step.op for step in gone.result.steps} == {"delete"}
        assert cli(project).apply(gone).ok
        assert json.loads((project / "world.json").read_text()) == {}

    def test_several_stacks_refer_to_each_other_alike(self, project):
        (project / "Pulumi.local.yaml").unlink()
        world = World()
        (project / "__main__.py").write_text(
            "import pulumi\nfrom tests.engine.toy import Thing\n"
            "if pulumi.get_stack() == 'demo-network':\n"
            "    pulumi.export('cidr', '10.0.0.0/8')\n"
            "    pulumi.export('password', pulumi.Output.secret('hunter22'))\n"
            "else:\n"
            "    other = pulumi.StackReference('organization/demo/demo-network')\n"
            "    password = other.require_output('password')\n"
            "    thing = Thing('a', value=other.require_output('cidr'), password=password)\n"
            "    pulumi.export('cidr', thing.value)\n"
        )
        for stack in ("demo-network", "demo-app"):
            ours = EmbeddedEngine(
                program_at(project), "demo", stack, {}, project / ".slipway/state",
                {"toy": ToyProvider(world)}, passphrase="pass", root=project, fence=Fence(),
            )  # fmt: skip
            real = cli(project, stack)
            plans = [engine.plan(key=b"k" * 32) for engine in (real, ours)]
            assert values_of(plans[0]) == values_of(plans[1])
            done = [real.apply(plans[0]), ours.apply(plans[1])]
            assert done[0].ok, done[0].diagnostics
            assert done[1].ok, done[1].diagnostics
            assert told(done[0]) == told(done[1])
            assert done[0].outputs == done[1].outputs
        assert done[0].outputs == {"cidr": "10.0.0.0/8"}
        assert "hunter22" not in str([item.to_json() for item in done])

    def test_the_preview_that_precedes_an_update_keeps_a_broken_plan_from_beginning(self, project):
        """Pulumi's own check, where ours has seen nothing: the program says one thing first, then another."""
        seen = project / "seen"
        lines = "import pathlib\nfrom tests.engine.toy import Thing\nThing('first')\n"
        lines += f"seen = pathlib.Path({str(seen)!r})\nseen.write_text(seen.read_text() + 'x')\n"
        lines += "Thing('second', value='planned' if len(seen.read_text()) < 3 else 'hunter22')\n"
        (project / "__main__.py").write_text(lines)
        seen.write_text("")
        plan = cli(project).plan()
        result = cli(project).apply(plan)
        assert len(seen.read_text()) == 3
        assert not result.ok
        assert any("violates plan" in item.message for item in result.errors)
        assert json.loads((project / "world.json").read_text()) == {}

    def test_what_a_program_logs_and_prints_is_in_the_diagnostics(self, project):
        (project / "__main__.py").write_text(
            "import pulumi\nfrom tests.engine.toy import Thing\npulumi.log.warn('look')\n"
            "pulumi.log.info('of a thing', Thing('a'))\npulumi.log.debug('never')\n"
        )
        urn = "urn:pulumi:local::demo::toy:index:Thing::a"
        said = {Diagnostic("warning", "look"), Diagnostic("info", "of a thing", urn)}
        for engine in (cli(project), embedded(project, World())):
            for result in (engine.preview(), engine.up()):
                # Pulumi names each plugin that happens to be on this machine's PATH.
                told = [item for item in result.diagnostics if "from $PATH" not in item.message]
                assert set(told) == said
                assert len(told) == 2

    def test_the_cli_accepts_our_state(self, project):
        embedded(project, World()).up()
        engine = cli(project)
        engine.outputs()
        state = project / ".slipway/state/local.json"
        done = subprocess.run(
            ["pulumi", "stack", "import", "--stack", "local", "--file", str(state)],
            cwd=project / ".slipway/pulumi", env=engine._environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert engine.outputs()["password"] == "[secret]"
        exported = subprocess.run(
            ["pulumi", "stack", "output", "--show-secrets", "--json", "--stack", "local"],
            cwd=project / ".slipway/pulumi", env=engine._environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert json.loads(exported.stdout)["password"] == "hunter22"

    def test_what_is_imported_or_written_into_the_state_becomes_what_the_program_says(self, project):
        world = World(objects={"id-77": {"urn": "x", "value": "1"}})
        (project / "world.json").write_text(json.dumps(world.objects))
        (project / "__main__.py").write_text(
            "import pulumi\nfrom tests.engine.toy import Thing\n"
            "Thing('a', pulumi.ResourceOptions(import_='id-77'), value='2')\n"
        )
        urn = "urn:pulumi:local::demo::toy:index:Thing::a"
        for engine in (cli(project), embedded(project, world)):
            seen: list[list[str]] = []
            for found in (None, {"value": "1"}, {"value": None}, None):
                if found:
                    engine.amend({urn: found})
                result = engine.up()
                assert result.ok, result.diagnostics
                seen.append([step.op for step in result.steps if step.urn == urn])
            assert seen == [["import", "update"], ["update"], ["update"], ["same"]]

    def test_what_an_update_left_undone_outlives_a_refresh(self, project):
        """Which Pulumi's own forgets; `test_cli_refresh.py` plays that where there is no Pulumi."""
        engine = cli(project)
        assert engine.up().ok
        deployment = engine.export()["deployment"]
        (a,) = [one for one in deployment["resources"] if one["urn"].endswith("::a")]
        a["initErrors"] = ["the second step failed"]
        engine.replace_state(deployment)
        assert not engine.refresh().changed
        for op in ("update", "same"):
            done = engine.up()
            assert done.ok, done.diagnostics
            assert {step.op for step in done.steps if step.urn == a["urn"]} == {op}

    def test_no_credential_reaches_the_program(self, project):
        (project / "__main__.py").write_text(
            "import os, pulumi\n"
            "pulumi.export('seen', sorted(k for k in os.environ if k.startswith('AWS_SECRET')))"
        )
        assert cli(project).up().outputs == {"seen": []}

    def test_a_failure_is_reported(self, project):
        (project / "__main__.py").write_text("raise ValueError('no zone')")
        result = cli(project).preview()
        assert not result.ok
        assert any("no zone" in item.message for item in result.errors)


class TestAKill:
    """`kill -9` of Pulumi while a provider has made an object and not answered yet."""

    pytestmark = needs_pulumi

    def killed(self, project: Path, run: Callable[[], Result]) -> None:
        with ThreadPoolExecutor() as executor:
            running = executor.submit(run)
            world = project / "world.json"
            while not (world.exists() and "::slow" in world.read_text()):
                assert not running.done(), running.result()
                time.sleep(0.05)
            (lock,) = (project / ".slipway/pulumi/backend/.pulumi/locks").rglob("*.json")
            os.kill(json.loads(lock.read_text())["pid"], signal.SIGKILL)
            assert not running.result(timeout=60).ok

    @pytest.fixture
    def slow(self, project: Path) -> Path:
        (project / "__main__.py").write_text(
            "import pulumi\nfrom tests.engine.toy import Thing\n"
            "first = Thing('first')\n"
            "password = pulumi.Output.secret('hunter22')\n"
            "Thing('slow', pulumi.ResourceOptions(depends_on=[first]), value='2', password=password)\n"
        )
        return project

    def lookup(self, project: Path) -> Lookup:
        world = project / "world.json"
        return by_providers(lambda: Plugins({"toy": lambda: ToyProvider(FileWorld(world))}))

    def test_its_lock_is_cleared_and_what_it_made_is_taken_over(self, slow):
        engine = cli(slow, lookup=self.lookup(slow))
        plan = engine.plan()
        self.killed(slow, lambda: engine.apply(plan))
        refused = engine.destroy()
        assert not refused.ok
        assert "`slipway recover local`" in str(refused.errors)
        assert "pulumi cancel" not in str(refused.errors)

        left = engine.interrupted()
        assert [item.asked.name for item in left.findings] == ["slow"]
        assert left.locks[0].over
        recovered = engine.recover(left)
        assert (recovered.ok, recovered.counts) == (True, {"import": 1})
        assert "hunter22" not in str(recovered.to_json())
        assert not engine.interrupted()
        state = (slow / ".slipway/pulumi/backend/.pulumi/stacks/demo/local.json").read_text()
        assert "hunter22" not in state

        with pytest.raises(PlanRefused, match="state was changed"):
            engine.apply(plan)
        done = engine.up()
        assert done.ok, done.diagnostics
        assert {step.name: step.op for step in done.steps if step.name in ("first", "slow")} == {
            "first": "same", "slow": "update",
        }  # fmt: skip
        assert len(json.loads((slow / "world.json").read_text())) == 2

    def test_a_destroy_after_it_leaves_nothing_behind(self, slow):
        engine = cli(slow, lookup=self.lookup(slow))
        self.killed(slow, engine.up)
        engine.recover(engine.interrupted())
        assert engine.destroy().ok
        assert json.loads((slow / "world.json").read_text()) == {}

    def test_no_kill_cuts_off_what_lies_beside_the_state(self, slow):
        """Pulumi's library replaces an object at once, and writes what it notes of it into a file in place.

        `failed to load checkpoint: EOF` was all that any later command said, `slipway recover` included.
        """
        engine = cli(slow, lookup=self.lookup(slow))
        self.killed(slow, engine.up)
        backend = slow / ".slipway/pulumi/backend"
        assert (backend / ".pulumi/stacks/demo/local.json").exists()
        assert [path.name for path in backend.rglob("*.attrs")] == []
        engine.recover(engine.interrupted())
        assert engine.up().ok

    def test_pulumis_own_flag_takes_nothing_over(self, slow):
        """Why the state is edited instead: docs/decisions/0017-a-killed-run-is-recovered.md."""
        engine = cli(slow)
        self.killed(slow, engine.up)
        world = json.loads((slow / "world.json").read_text())
        ((urn, id_),) = [(item["urn"], key) for key, item in world.items() if item["urn"].endswith("::slow")]
        for item in engine.interrupted().locks:
            engine._locks.clear(item.lock)
        flag = "--import-pending-creates"
        engine._call("refresh", "--yes", "--skip-preview", "--stack", "local", flag, urn, flag, id_)
        deployment = engine.export()["deployment"]
        assert urn not in {one["urn"] for one in deployment["resources"]}
        assert not deployment.get("pending_operations")
        assert id_ in json.loads((slow / "world.json").read_text())
        assert engine.preview().counts["create"] == 1, "a second one beside it"

    def test_the_providers_of_the_state_say_what_there_is(self, slow):
        """As on a real stack: by a refresh of a stack of its own, which leaves the state as it is."""
        engine = cli(slow)
        self.killed(slow, engine.up)
        plugins = (slow / ".slipway/pulumi/Pulumi.yaml").read_text().partition("plugins:")[2]

        def elsewhere(folder: Path, more: Mapping[str, str]) -> PulumiEngine:
            shutil.copytree(slow / ".slipway/pulumi/plugins", folder / "plugins")
            with (folder / "Pulumi.yaml").open("a") as file:
                file.write(f"plugins:{plugins.partition('runtime:')[0]}")
            environment = {k: v for k, v in engine._environment.items() if "PASSPHRASE" not in k}
            return PulumiEngine(folder, "demo", "local", {**environment, **more}, create=True)

        world = json.loads((slow / "world.json").read_text())
        (id_,) = [key for key, item in world.items() if item["urn"].endswith("::slow")]
        pending = pending_of(engine.readable_state())
        for known, there in ((id_, True), ("id-of-nothing", False)):
            lookup = ProviderLookup("demo", elsewhere, lambda _, known=known: known)
            (finding,) = lookup(pending.creations, pending.state, {})
            assert (finding.unknown, finding.ours is not None) == ("", there)
        assert pending_of(engine.readable_state()) == pending


def test_events_become_steps():
    events = Events("preview", Silent())
    urn = "urn:pulumi:local::demo::toy:index:Thing::a"
    events.line(
        json.dumps(
            {
                "resourcePreEvent": {
                    "metadata": {
                        "op": "replace", "urn": urn, "type": "toy:index:Thing", "keys": ["name"],
                        "old": {"inputs": {"name": "a", "key": "[secret]"}},
                        "new": {"inputs": {"name": "b", "key": "[secret]"}},
                        "detailedDiff": {"key": {"diffKind": "update", "inputDiff": True}},
                    }
                }
            }
        )
    )  # fmt: skip
    events.line(
        '{"diagnosticEvent": {"severity": "error", "message": "<{%fg 1%}>broken<{%reset%}>", "urn": ""}}'
    )
    (step,) = events.steps
    assert (step.op, [(c.path, c.forces_replace) for c in step.diff]) == (
        "replace",
        [("name", True), ("key", False)],
    )
    assert events.diagnostics == (Diagnostic("error", "broken"),)


@pytest.mark.parametrize(
    ("before", "after", "secret"),
    [
        ({}, {"passwordPolicy": 8}, "password"),
        ({"tags": {"teams": "a"}}, {"tags": {"teams": "b"}}, "tags.team"),
        ({"tags": {"team.x": "a"}}, {"tags": {"team.x": "b"}}, "tags.team"),
        ({"tags": {"team": {"x": "a"}}}, {"tags": {"team": {"x": "b"}}}, 'tags["team.x"]'),
        ({"rules": [{"keys": "a"}]}, {"rules": [{"keys": "b"}]}, "rules[0].key"),
    ],
)
def test_a_changed_secret_is_shown_beside_a_name_that_begins_like_it(before, after, secret):
    assert len(paths_of_update(before, after, secret)) == 2
    assert secret in paths_of_update(before, after, secret)


@pytest.mark.parametrize(
    ("before", "after", "detailed", "shown"),
    [
        ({}, {"password": 8}, "password", "password"),
        ({"tags": {"team": "a"}}, {"tags": {"team": "b"}}, "tags", "tags.team"),
        ({"tags": {"a.b": "a"}}, {"tags": {"a.b": "b"}}, "tags", 'tags["a.b"]'),
        ({"rules": ["a"]}, {"rules": ["b"]}, "rules", "rules[0]"),
        ({"policy": '{"a": 1}'}, {"policy": '{"a": 2}'}, "policy", "policy#a"),
        ({}, {"tags": {"team": "b"}}, "tags.team", "tags"),
    ],
)
def test_a_change_that_is_shown_already_is_shown_once(before, after, detailed, shown):
    assert paths_of_update(before, after, detailed) == [shown]


def paths_of_update(before, after, detailed):
    """The changes that are shown of an update of which the provider says that `detailed` differs."""
    metadata = {
        "op": "update", "urn": "urn:pulumi:local::demo::toy:index:Thing::a", "type": "toy:index:Thing",
        "old": {"inputs": before}, "new": {"inputs": after},
        "detailedDiff": {detailed: {"diffKind": "update", "inputDiff": True}},
    }  # fmt: skip
    events = Events("preview", Silent())
    events.line(json.dumps({"resourcePreEvent": {"metadata": metadata}}))
    (step,) = events.steps
    return [change.path for change in step.diff]


def test_choice(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert choice.choose_local("demo-1") == "embedded"
    with pytest.raises(SlipwayError, match="only the Pulumi CLI touches a real cloud"):
        choice.choose_real("prod")
    with pytest.raises(SlipwayError, match="runs stacks on a stand-in only, and 'prod' is real"):
        choice.choose_real("prod", "embedded")
    with pytest.raises(SlipwayError, match="belongs to the Pulumi CLI; it is not on PATH"):
        choice.choose_local("demo-1", "auto", "pulumi")
    (tmp_path / "pulumi").write_text("#!/bin/sh\n")
    (tmp_path / "pulumi").chmod(0o755)
    assert choice.choose_real("prod") == "pulumi"
    assert choice.choose_local("demo-1") == "pulumi"
    assert choice.choose_local("demo-1", "auto", "embedded") == "embedded"
    with pytest.raises(SlipwayError, match="belongs to the engine 'embedded'"):
        choice.choose_local("demo-1", "pulumi", "embedded")
    assert choice.choose_local("demo-1", "pulumi") == "pulumi"
