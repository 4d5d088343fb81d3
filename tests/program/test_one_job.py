"""The example that a person plays one job by, with curl, as the README shows it."""

import re
import shutil
import subprocess

import pytest

from tests.program.conftest import ROOT, Project

SCRIPT = "examples/runners/one-job.sh"


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="needs curl and openssl")
def test_a_signed_event_leads_to_an_instance_a_claim_and_its_end(cloud: Project) -> None:
    assert cloud.result("up", "local", "--yes")["ok"]
    (cloud.root / ".venv").symlink_to(ROOT / ".venv")
    autoscaling = cloud.client("autoscaling")
    # Another class's, which nothing of the job may touch.
    autoscaling.set_desired_capacity(AutoScalingGroupName="slipway-local-deploy", DesiredCapacity=1)
    bystander = instances(cloud)
    done = subprocess.run(
        ["bash", SCRIPT], cwd=cloud.root, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r" (\d{3})$", done.stdout, re.MULTILINE) == ["202", "202", "409", "202", "202", "200"]
    assert "a configuration of" in done.stdout
    assert "completed: It is completed. (success)" in done.stdout
    assert instances(cloud) == bystander
    assert len(bystander) == 1


def test_without_a_cloud_it_says_what_to_do(project: Project) -> None:
    (project.root / ".venv").symlink_to(ROOT / ".venv")
    done = subprocess.run(
        ["bash", SCRIPT], cwd=project.root, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 1
    assert "or `make up`" in done.stderr
    assert "Traceback" not in done.stderr


def instances(cloud: Project) -> set[str]:
    found = cloud.client("autoscaling").describe_auto_scaling_instances()["AutoScalingInstances"]
    return {one["InstanceId"] for one in found}


def test_the_readme_shows_the_scripts_own_line() -> None:
    shown = (ROOT / "README.md").read_text()
    assert SCRIPT in shown
    line = next(one for one in (ROOT / SCRIPT).read_text().splitlines() if "openssl dgst" in one)
    assert line.strip() in [one.strip() for one in shown.splitlines()]
