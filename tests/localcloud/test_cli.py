"""`slipway cloud`: exit codes, JSON for programs, words for people."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from slipway.cli import app
from slipway.errors import SlipwayError
from slipway.localcloud import runtime


def run(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, ["cloud", *(str(one) for one in arguments)], env=env)


def parsed(result: Result) -> Any:
    return json.loads(result.stdout)


@pytest.mark.parametrize("command", [[], ["start"], ["stop"], ["status"]])
def test_everything_has_help(command: list[str]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.stdout
    if command:
        assert "Exit status" in result.stdout


def test_it_starts_tells_and_stops(root: Path) -> None:
    assert run("status", "--root", root).exit_code == 3
    assert parsed(run("status", "--root", root, "--json")) == {"running": False}
    started = run("start", "--root", root)
    assert started.exit_code == 0
    cloud = runtime.require(root)
    for wanted in (cloud.aws, cloud.github, cloud.kubernetes, "recording stand-in"):
        assert wanted in started.stdout
    assert len(started.stdout.splitlines()) < 12, (
        "a first screen shows where it answers, and no page of limits"
    )
    assert run("start", "--root", root).exit_code == 0
    assert runtime.require(root) == cloud
    status = run("status", "--root", root)
    assert status.exit_code == 0
    assert "IAM trust policies" in status.stdout
    assert parsed(run("stop", "--root", root, "--json")) == {"stopped": True}
    assert parsed(run("stop", "--root", root, "--json")) == {"stopped": False}
    assert runtime.running(root) is None


def test_status_as_json(root: Path) -> None:
    run("start", "--root", root)
    found = parsed(run("status", "--root", root, "--json"))
    cloud = runtime.require(root)
    assert found["running"] is True
    assert found["endpoints"] == {
        "aws": cloud.aws,
        "github": cloud.github,
        "kubernetes": cloud.kubernetes,
        "console": cloud.console,
    }
    assert (found["id"], found["account"], found["kubernetes_kind"]) == (cloud.id, "123456789012", "stand-in")
    assert "counts" in found
    assert "recorded" in found


def test_a_taken_port_is_an_error_with_its_fix(root: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        result = run("start", "--root", root, "--port", f"aws={taken}", "--json")
    assert result.exit_code == 1
    assert str(taken) in parsed(result)["error"]["what"]
    assert parsed(result)["error"]["fix"]


@pytest.mark.parametrize("port", ["aws", "aws=x", "=1", "aws=-1"])
def test_a_port_is_a_service_and_a_number(root: Path, port: str) -> None:
    result = run("start", "--root", root, "--port", port)
    assert result.exit_code == 1
    assert isinstance(result.exception, SlipwayError)


def test_the_control_plane_may_be_named_by_the_environment(root: Path, tmp_path: Path) -> None:
    result = run("start", "--root", root, "--json", env={"SLIPWAY_KUBECONFIG": str(tmp_path / "absent")})
    assert result.exit_code == 1
    assert "kubeconfig" in parsed(result)["error"]["what"]


def test_the_project_is_found_from_a_folder_inside_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "Pulumi.yaml").touch()
    inside = root / "infra" / "deep"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert run("start").exit_code == 0
    assert runtime.running(root) is not None
