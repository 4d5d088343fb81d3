"""The embedded cloud with the platform's repository on it, bootstrapped as far as its first job."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.cli.seeding import rehearsal_seed
from slipway.localcloud import runtime
from tests.workflow_runs.act import Act, built, there_is_go
from tests.workflow_runs.service import Service, serving
from tests.workflow_runs.world import SLUG, World, lay_out_repository, people


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    if not there_is_go():
        pytest.skip("act, which runs the workflow files, is built with Go, which is not on PATH")
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    folder = tmp_path / "platform"
    folder.mkdir()
    lay_out_repository(folder)
    cloud = runtime.start(folder)
    try:
        runtime.seed(cloud, rehearsal_seed(folder))
        runtime.seed(cloud, people())
        service = Service(cloud, SLUG, {"release-managers": ["ada", "grace"]})
        with serving(service):
            act = Act(built(), service, folder / ".slipway" / "rehearsal", tmp_path / "home")
            act.home.mkdir()
            made = World(folder, cloud, service, act)
            prepare(made)
            yield made
    finally:
        runtime.stop(folder)


def prepare(world: World) -> None:
    """Steps 2 to 4 of docs/from-zero.md, for the Automation account alone; then all goes to main."""
    world.slipway("bootstrap", "automation")
    world.slipway("bootstrap", "automation", "--github")
    for kind in ("apply", "plan"):
        world.keep_key(f"infra-automation-{kind}")
    copy = world.act.checkout
    for file in copy.glob("Pulumi*.yaml"):
        shutil.copy(file, world.folder)
    shutil.rmtree(copy)
    world.person("ada").exchange("GET", f"/repos/{SLUG}/branches")  # makes the bare repository
    world.git("init", "--quiet", "--initial-branch=main")
    for name, value in (("user.name", "Ada"), ("user.email", "ada@example.com")):
        world.git("config", name, value)
    world.git("remote", "add", "origin", str(world.bare))
    world.push("main", "Begin")
