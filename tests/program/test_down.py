"""`make down`, which is `slipway destroy local --yes` and `slipway cloud stop`, where no cloud runs."""

import json
import os
import signal
import time

import pytest

from tests.program.conftest import Project


def test_there_is_nothing_to_destroy_where_nothing_was_ever_started(project: Project) -> None:
    done = project.run("destroy", "local", "--yes")
    assert done.returncode == 0, done.stderr
    assert "the embedded cloud is not running" in done.stderr
    assert "Traceback" not in done.stderr
    assert "was not running" in project.ok("cloud", "stop")


@pytest.mark.slow
def test_after_a_reboot_the_state_goes_and_up_begins_anew(cloud: Project) -> None:
    first = cloud.result("up", "local", "--yes")
    assert first["ok"]
    pid = json.loads((cloud.root / ".slipway" / "cloud.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 120
    while cloud.run("cloud", "status").returncode == 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    destroyed = cloud.result("destroy", "local", "--yes")
    assert destroyed["ok"]
    assert not destroyed["steps"]
    cloud.ok("cloud", "stop")
    left = {path.name for path in (cloud.root / ".slipway").iterdir()}
    assert not left & {"state", "state-of-cloud", "pulumi", "engine", "stacks", "cloud.json"}, left
    cloud.ok("cloud", "start")
    assert cloud.result("preview", "local")["counts"] == first["counts"]
