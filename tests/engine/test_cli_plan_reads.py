"""With the real Pulumi CLI: a plan reads the cloud first, and what changed there since makes it stale."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.engine.cli_engine import PulumiEngine
from slipway.engine.plan import PlanRefused

pytestmark = [
    pytest.mark.pulumi_cli,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH"),
]

PROGRAM = """
from pathlib import Path
from pulumi.dynamic import *

class Files(ResourceProvider):
    def create(self, p):
        Path({world!r}).write_text(p["v"])
        return CreateResult("i", p)
    def read(self, i, p):
        return ReadResult(i, {{**p, "v": Path({world!r}).read_text()}})
    def update(self, i, o, n):
        Path({world!r}).write_text(n["v"])
        return UpdateResult(n)
    def diff(self, i, o, n):
        return DiffResult(changes=o["v"] != n["v"])

class File(Resource):
    def __init__(self, name, v):
        super().__init__(Files(), name, {{"v": v}})

File("a", Path({want!r}).read_text())
"""


def test_what_changed_in_the_cloud_is_planned_for_or_refused(tmp_path: Path) -> None:
    world, want = tmp_path / "world", tmp_path / "want"
    (tmp_path / "backend").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM.format(world=str(world), want=str(want)))
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": f"file://{tmp_path}/backend",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "x",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
    }
    subprocess.run(["pulumi", "stack", "init", "s"], cwd=tmp_path, env=environment, check=True)
    engine = PulumiEngine(tmp_path, "x", "s", environment)
    want.write_text("14")
    assert engine.up().ok
    plan = engine.plan()
    assert {step.op for step in plan.result.steps} == {"same"}

    world.write_text("30")
    before = engine.export()["deployment"]["resources"]
    with pytest.raises(PlanRefused, match="same was planned, update is asked for"):
        engine.apply(plan)
    assert world.read_text() == "30"
    assert engine.export()["deployment"]["resources"] == before

    shown = engine.plan()
    assert [step.op for step in shown.result.steps if step.name == "a"] == ["update"]
    result = engine.apply(shown)
    assert result.ok, result.diagnostics
    assert world.read_text() == "14"
