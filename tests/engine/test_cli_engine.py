from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from slipway.engine import choice
from slipway.engine.cli_events import Events
from slipway.engine.cli_local import local_engine, passphrase
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.interface import Diagnostic, Result, Silent
from slipway.engine.program import program_at
from slipway.engine.project import load_project, load_stack, stack_config
from slipway.engine.secrets import Crypter
from slipway.errors import SlipwayError
from tests.engine.toy import ToyProvider, World

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


def cli(root: Path):
    environment = {
        **os.environ,
        "TOY_WORLD": str(root / "world.json"),
        "PYTHONPATH": str(Path.cwd()),
        "AWS_SECRET_ACCESS_KEY": "real",
    }
    return local_engine(root, packages=("toy",), module="tests.engine.toy_plugin", environment=environment)


def embedded(root: Path, world: World) -> EmbeddedEngine:
    stack = load_stack(root, "local")
    config = stack_config(load_project(root), stack, Crypter(passphrase(root), stack.salt))
    return EmbeddedEngine(
        program_at(root), "demo", "local", config, root / ".slipway/state", {"toy": ToyProvider(world)},
        passphrase=passphrase(root), salt=stack.salt, root=root,
    )  # fmt: skip


def told(result: Result) -> dict[str, tuple[object, ...]]:
    """What each engine says of each resource; the values only where both were told them."""
    return {
        step.urn: (step.op, tuple(sorted(c.path for c in step.diff)), masked(step.old), masked(step.new))
        for step in result.steps
    }


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
    assert choice.choose(tmp_path, "local") == "embedded"
    with pytest.raises(SlipwayError, match="only the Pulumi CLI touches a real cloud"):
        choice.choose(tmp_path, "prod")
    with pytest.raises(SlipwayError, match="runs 'local' only"):
        choice.choose(tmp_path, "prod", "embedded")
    (tmp_path / "pulumi").write_text("#!/bin/sh\n")
    (tmp_path / "pulumi").chmod(0o755)
    assert choice.choose(tmp_path, "local") == "pulumi"
    choice.own(tmp_path, "embedded")
    assert choice.choose(tmp_path, "local") == "embedded"
    with pytest.raises(SlipwayError, match="belongs to the engine 'embedded'"):
        choice.choose(tmp_path, "local", "pulumi")
    choice.release(tmp_path)
    assert choice.choose(tmp_path, "local", "pulumi") == "pulumi"
