"""`make image` and `make image-block`, as the workflow calls them, with a stand-in for Packer."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflows.workflows import ROOT

PACKER = """#!/bin/sh
echo "$@" >>calls
test "$1" = "$FAILS" && exit 3
test "$1" != build || cp built.json ".slipway/build/runner-image-${3#architecture=}.json"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project as far as both targets use it, set up, with a Packer that builds at once."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "runners").symlink_to(ROOT / "runners")
    (tmp_path / "requirements").mkdir()
    for name in ("pyproject.toml", "requirements/dev.txt"):
        (tmp_path / name).touch()
    programs = tmp_path / ".venv/bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    (tmp_path / ".venv/installed").touch()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/packer").write_text(PACKER)
    (tmp_path / "bin/packer").chmod(0o755)
    (tmp_path / "bin/session-manager-plugin").write_text("#!/bin/sh\n")
    (tmp_path / "bin/session-manager-plugin").chmod(0o755)
    build = {
        "artifact_id": "eu-west-1:ami-0123456789abcdef0",
        "packer_run_uuid": "this",
        "custom_data": {"architecture": "arm64", "built": "2026-11-20", "runner_version": "2.337.0"},
    }
    (tmp_path / "built.json").write_text(json.dumps({"builds": [build], "last_run_uuid": "this"}))
    return tmp_path


def make(
    project: Path, target: str, *, architecture: str = "", fails: str = "", path: str = "bin:/usr/bin:/bin"
) -> subprocess.CompletedProcess[str]:
    program = shutil.which("make")
    assert program
    environment = {"PATH": path, "FAILS": fails}
    if architecture:
        environment["ARCHITECTURE"] = architecture
    return subprocess.run(
        [program, target], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def calls(project: Path) -> list[str]:
    return (project / "calls").read_text().splitlines()


@pytest.mark.parametrize(("given", "built"), [("", "x86_64"), ("arm64", "arm64")])
def test_an_image_is_validated_built_and_told(project: Path, given: str, built: str) -> None:
    done = make(project, "image", architecture=given)
    assert done.returncode == 0, done.stderr
    template, variable = "runners/image/runner.pkr.hcl", f"-var architecture={built}"
    assert calls(project) == [
        f"init {template}",
        f"validate {variable} {template}",
        f"build {variable} {template}",
    ]
    assert done.stdout.startswith(
        "          # architecture: arm64\n          image:\n            id: ami-0123"
    )
    assert make(project, "image-block", architecture=given).stdout == done.stdout


@pytest.mark.parametrize("step", ["init", "validate", "build"])
def test_nothing_follows_a_step_that_fails(project: Path, step: str) -> None:
    done = make(project, "image", fails=step)
    assert done.returncode != 0
    assert calls(project)[-1].startswith(step)
    assert "ami-" not in done.stdout


def test_without_packer_it_says_where_to_get_it(project: Path) -> None:
    done = make(project, "image", path=str(project / "nothing"))
    assert done.returncode != 0
    assert "needs Packer 1.11 or newer: https://developer.hashicorp.com/packer/install" in done.stderr


def test_a_block_without_an_image_says_what_to_do(project: Path) -> None:
    done = make(project, "image-block", architecture="arm64")
    assert done.returncode != 0
    assert done.stdout == ""
    assert "make image ARCHITECTURE=arm64" in done.stderr
