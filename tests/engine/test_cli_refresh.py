"""A refresh by Pulumi forgets what an update left undone, and does not act on outputs: ours does both.

Pulumi itself is played by a script that does to the state what its `RefreshStep.Apply` does
(pkg/resource/deploy/step.go, v3.260) and prints the events that `pulumi refresh --json` of 3.260.0 printed of
such a release.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from slipway.engine.cli_engine import PulumiEngine
from slipway.engine.cli_state import forget, overlay
from slipway.engine.drift import TOLD

RELEASE = "kubernetes:helm.sh/v3:Release"
URN = f"urn:pulumi:prod::demo::{RELEASE}::app"
OTHER = "urn:pulumi:prod::demo::random:index:Thing::other"

PULUMI = """#!{python}
import json, pathlib, sys

state = pathlib.Path({folder!r}, "state.json")
said = sys.argv[1:]
if said[:2] == ["stack", "export"]:
    print(state.read_text())
elif said[:2] == ["stack", "import"]:
    state.write_text(pathlib.Path(said[said.index("--file") + 1]).read_text())
    with state.with_name("imports").open("a") as file:
        file.write("x")
elif said[:1] == ["refresh"]:
    world = json.loads(state.with_name("world.json").read_text())
    document = json.loads(state.read_text())
    for one in document["deployment"]["resources"]:
        before = json.loads(json.dumps(one))
        if one["urn"] not in world["read"]:
            continue
        one.pop("initErrors", None)
        one["outputs"] = world["read"][one["urn"]]
        old, new = (
            {{"type": one["type"], "urn": one["urn"], "id": "app/app", "inputs": it["inputs"],
              "outputs": it["outputs"], "custom": True, "parent": "", "provider": ""}}
            for it in (before, one)
        )
        about = {{"urn": one["urn"], "type": one["type"], "old": old, "provider": ""}}
        begun = {{**about, "op": "refresh", "new": old, "detailedDiff": None}}
        ended = {{**about, "op": "same", "new": new, "detailedDiff": {{}}}}
        print(json.dumps({{"resourcePreEvent": {{"metadata": begun}}}}))
        print(json.dumps({{"resOutputsEvent": {{"metadata": ended}}}}))
    state.write_text(json.dumps(document))
    sys.exit(world["status"])
elif said[:2] == ["stack", "output"]:
    print("{{}}")
"""


class Pulumi:
    """The state that it keeps, and the world that it reads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "pulumi"
        program.write_text(PULUMI.format(python=sys.executable, folder=str(folder)))
        program.chmod(0o755)
        self.engine = PulumiEngine(folder, "demo", "prod", {"PATH": str(folder)})

    def holds(self, status: str, revision: int, **fields: Any) -> None:
        release = {
            "urn": URN,
            "type": RELEASE,
            "custom": True,
            "inputs": {"chart": "app"},
            "outputs": _outputs(status, revision),
            **fields,
        }
        other = {"urn": OTHER, "type": "random:index:Thing", "inputs": {}, "outputs": {}}
        self._write("state.json", {"version": 3, "deployment": {"resources": [release, other]}})

    def finds(self, status: str, revision: int, ends: int = 0) -> None:
        self._write("world.json", {"read": {URN: _outputs(status, revision), OTHER: {}}, "status": ends})

    def undone(self) -> dict[str, list[str]]:
        resources = json.loads((self.folder / "state.json").read_text())["deployment"]["resources"]
        return {one["urn"]: one["initErrors"] for one in resources if "initErrors" in one}

    @property
    def imports(self) -> int:
        return len((self.folder / "imports").read_text()) if (self.folder / "imports").exists() else 0

    def _write(self, name: str, document: Any) -> None:
        (self.folder / name).write_text(json.dumps(document))


def _outputs(status: str, revision: int) -> dict[str, Any]:
    return {"chart": "app", "status": {"status": status, "revision": revision, "version": "1.0.0"}}


@pytest.fixture
def pulumi(tmp_path: Path) -> Pulumi:
    return Pulumi(tmp_path)


def test_a_release_that_failed_in_an_update_of_ours_stays_to_be_mended(pulumi: Pulumi) -> None:
    """pulumi-kubernetes answers a failed upgrade with such reasons, and reads the release without one."""
    pulumi.holds("failed", 2, initErrors=["timed out"])
    pulumi.finds("failed", 2)
    assert not pulumi.engine.refresh().changed
    assert pulumi.undone() == {URN: ["timed out"]}


@pytest.mark.parametrize("ends", [0, 255], ids=["to its end", "as far as it came"])
def test_one_that_somebody_failed_is_to_be_mended(pulumi: Pulumi, ends: int) -> None:
    pulumi.holds("deployed", 1)
    pulumi.finds("failed", 2, ends)
    result = pulumi.engine.refresh()
    assert result.ok is (ends == 0)
    (step,) = [step for step in result.steps if not step.quiet]
    assert {change.path: change.new for change in step.diff} == {
        "status.status": "failed",
        "status.revision": 2,
    }
    assert pulumi.undone() == {URN: [TOLD]}


def test_what_is_as_it_was_is_not_written_again(pulumi: Pulumi) -> None:
    pulumi.holds("deployed", 1)
    pulumi.finds("deployed", 1)
    assert pulumi.engine.refresh().ok
    assert (pulumi.undone(), pulumi.imports) == ({}, 0)


def test_what_only_waits_for_its_deletion_takes_no_mark(pulumi: Pulumi) -> None:
    pulumi.holds("failed", 2, initErrors=["timed out"], delete=True)
    pulumi.finds("failed", 3)
    assert pulumi.engine.refresh().ok
    assert (pulumi.undone(), pulumi.imports) == ({}, 0)


def test_what_is_gone_is_no_dependency_any_more() -> None:
    kept = {"urn": OTHER, "dependencies": [URN, "x"], "propertyDependencies": {"a": [URN], "b": ["x"]}}
    waits = {"urn": URN, "delete": True}
    deployment = {"resources": [{"urn": URN}, kept, waits]}
    forget(deployment, {URN})
    pruned = {"urn": OTHER, "dependencies": ["x"], "propertyDependencies": {"a": [], "b": ["x"]}}
    assert deployment == {"resources": [pruned, waits]}


def test_what_is_written_over_drops_how_a_bridge_read_it() -> None:
    one = {"urn": URN, "inputs": {"a": 1}, "outputs": {"a": 1, "__pulumi_raw_state_delta": {}, "b": 2}}
    overlay({"resources": [one]}, {URN: {"a": 3, "b": None}})
    assert one == {"urn": URN, "inputs": {"a": 3}, "outputs": {"a": 3}}
