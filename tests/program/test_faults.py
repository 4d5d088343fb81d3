"""Faults in the middle of a run: what was done is known, and the next run goes on."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.program.conftest import SLIPWAY, Project

pytestmark = pytest.mark.slow


def journal_lines(project: Project) -> int:
    path = project.root / ".slipway" / "state" / "local.journal"
    return len(path.read_bytes().splitlines()) if path.exists() else 0


def start_up(project: Project) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(SLIPWAY), "up", "local", "--yes", "--engine", "embedded"],
        cwd=project.root,
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def interrupt(project: Project, signal_: signal.Signals, after_lines: int) -> int:
    """Begin an `up` and send it a signal once so much has been done; its exit status."""
    process = start_up(project)
    deadline = time.monotonic() + 240
    while journal_lines(project) < after_lines and process.poll() is None:
        assert time.monotonic() < deadline, "the run never got that far"
        time.sleep(0.01)
    assert process.poll() is None, "the run was over before it could be interrupted"
    process.send_signal(signal_)
    return process.wait(timeout=120)


@pytest.mark.parametrize(("after_lines", "first"), [(10, ()), (60, ("recover",)), (150, ())])
def test_after_a_kill_the_next_up_goes_on(cloud: Project, after_lines: int, first: tuple[str, ...]) -> None:
    assert interrupt(cloud, signal.SIGKILL, after_lines) == -signal.SIGKILL
    for command in first:
        recovered = cloud.result(command, "local", "--yes")
        assert recovered["ok"], recovered["diagnostics"]
        assert not cloud.result(command, "local")["changed"], "there is nothing left to clear up"
    finished = cloud.result("up", "local", "--yes")
    assert finished["ok"], [one for one in finished["diagnostics"] if one["severity"] == "error"]
    assert not cloud.result("up", "local", "--yes")["changed"]
    assert cloud.run("drift", "local").returncode == 0


def test_after_ctrl_c_the_next_up_goes_on(cloud: Project) -> None:
    assert interrupt(cloud, signal.SIGINT, 40) == 130
    assert cloud.result("up", "local", "--yes")["ok"]
    assert not cloud.result("up", "local", "--yes")["changed"]


def test_a_failure_in_the_middle_leaves_what_succeeded_and_names_what_failed(cloud: Project) -> None:
    iam = cloud.client("iam")
    trust = {"Version": "2012-10-17", "Statement": []}
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust["Statement"] = [statement]
    iam.create_role(RoleName="skill-pool-build", AssumeRolePolicyDocument=json.dumps(trust))
    failed = cloud.result("up", "local", "--yes")
    assert not failed["ok"]
    said = " ".join(item["message"] for item in failed["diagnostics"] if item["severity"] == "error")
    urns = [item["urn"] for item in failed["diagnostics"] if item["severity"] == "error"]
    assert any(urn.endswith("skill-pool-build-role") for urn in urns)
    assert "EntityAlreadyExists" in said

    # What the state says exists does exist, and what failed is not in it.
    state = json.loads((cloud.root / ".slipway" / "state" / "local.json").read_text())
    roles = [one for one in state["deployment"]["resources"] if one["type"] == "aws:iam/role:Role"]
    assert roles
    names = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    assert {role["id"] for role in roles} == names - {"skill-pool-build"}

    iam.delete_role(RoleName="skill-pool-build")
    assert cloud.result("up", "local", "--yes")["ok"]
    assert not cloud.result("up", "local", "--yes")["changed"]


def test_a_state_file_cut_short_falls_back_to_the_previous_one(cloud: Project) -> None:
    assert cloud.result("up", "local", "--yes")["ok"]
    cloud.edit("flow_log_days: 7", "flow_log_days: 14")
    assert cloud.result("up", "local", "--yes")["counts"]["update"] == 1
    path = cloud.root / ".slipway" / "state" / "local.json"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    repaired = cloud.result("up", "local", "--yes")
    assert repaired["ok"], repaired["diagnostics"]
    assert repaired["counts"].get("create", 0) == 0
    assert any(item["severity"] == "warning" for item in repaired["diagnostics"])
    assert json.loads(path.read_text())["version"] == 3


def test_a_cloud_that_was_started_anew_is_noticed(cloud: Project) -> None:
    first = cloud.result("up", "local", "--yes")
    cloud.ok("cloud", "stop")
    cloud.ok("cloud", "start")
    again = cloud.result("up", "local", "--yes")
    assert again["ok"], again["diagnostics"]
    # Providers are in the state and nowhere else, so they survive; all that was in the cloud is made again.
    assert again["counts"]["create"] >= first["counts"]["create"] // 2
    assert cloud.run("drift", "local").returncode == 0


def test_two_runs_at_once_do_not_meet(cloud: Project) -> None:
    process = start_up(cloud)
    try:
        while journal_lines(cloud) < 5 and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)  # or it may be over before the other has begun
        second = cloud.run("up", "local", "--yes", "--engine", "embedded")
    finally:
        process.send_signal(signal.SIGCONT)
        first = process.wait(timeout=120)
    assert first == 0
    assert second.returncode == 1
    assert "Traceback" not in second.stderr


def test_secrets_are_nowhere_in_the_clear(cloud: Project) -> None:
    done = cloud.run("up", "local", "--yes", "--json", "--engine", "embedded")
    value = "postgres://local@db.invalid"
    assert done.returncode == 0
    assert value not in done.stdout + done.stderr
    for path in sorted(Path(cloud.root / ".slipway").rglob("*")):
        if path.is_file():
            assert value.encode() not in path.read_bytes(), path
