"""What a workflow is told from outside reaches no command unless it is a version or a commit.

Helm takes a comma in a value of `--set` for the end of it, so that a "version" could name another registry.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflows.workflows import ROOT, Workflow, examples, ours

EVERY = [*ours(), *examples()]
SERVICE = ROOT / "examples/skill-pool"
OUTSIDE = re.compile(
    r"\binputs\.|\bgithub\.(ref_name|head_ref|base_ref|ref\b|actor|event\.(?!workflow_run\.id\b))"
)
"""What whoever starts a run, or names a branch or tag, chooses freely; nobody chooses the number of a run."""
NOWHERE = ("if", "environment", "concurrency")
"""Keys of a job that no command sees; of a step, `if`."""
PROGRAMS = ("helm", "aws", "kubectl", "docker", "curl")

GOOD = ("v0.2.0", "1.0.0-rc.1", "0123456789abcdef0123456789abcdef01234567", "sha-0a1b2c3")
BAD = (
    "v1.0.0,image.registry=evil.example,image.server.repository=evil/server",
    "latest",
    "deployed-production",
    "",
    "v1",
    "v1.0.0 --set image.registry=evil.example",
    "v1.0.0\n",
    "latest\nv1.0.0",
    "v1.0.0{a,b}",
    "$(touch ran)",
    "`touch ran`",
    "'; touch ran; '",
    '"; touch ran; "',
)


def variables(workflow: Workflow, job: str) -> set[str]:
    """The variables of a job that say what somebody outside chose."""
    body = workflow.jobs[job]
    given = {**(workflow.content.get("env") or {}), **(body.get("env") or {})}
    for step in body.get("steps", []):
        given |= step.get("env") or {}
    return {name for name, value in given.items() if OUTSIDE.search(str(value))}


def taking() -> Iterator[tuple[str, str]]:
    """Every make target that such a variable reaches, with the variable."""
    for workflow in EVERY:
        for job, body in workflow.jobs.items():
            for name in variables(workflow, job):
                for step in body.get("steps", []):
                    if "run" in step:
                        yield step["run"], name


def test_what_comes_from_outside_comes_by_a_variable() -> None:
    for workflow in EVERY:
        for job, body in workflow.jobs.items():
            for key, value in body.items():
                if key in (*NOWHERE, "env"):
                    continue
                steps = value if key == "steps" else [value]
                texts = [
                    str({name: part for name, part in step.items() if name not in ("env", "if")})
                    if isinstance(step, dict)
                    else str(step)
                    for step in steps
                ]
                assert not any(OUTSIDE.search(text) for text in texts), f"{workflow.name} {job}.{key}"


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """The example, and programs that only write down how they were called."""
    shutil.copy(SERVICE / "Makefile", tmp_path)
    shutil.copytree(SERVICE / "chart", tmp_path / "chart")
    (tmp_path / "bin").mkdir()
    for name in PROGRAMS:
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\necho {name} "$@" >>calls\n')
        program.chmod(0o755)
    return tmp_path


def make(service: Path, target: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{service / 'bin'}:/usr/bin:/bin",
        "AWS_REGION": "eu-west-1",
        "EKS_CLUSTER_NAME": "slipway-prod",
        "HELM_NAMESPACE": "skill-pool",
        "HELM_RELEASE_NAME": "skill-pool",
        "HELM_VALUES_PARAMETER": "skill-pool-service-helm-values",
        "PUBLIC_HOSTNAME": "skill-pool.example.com",
        "ECR_REPO_SERVER": "skill-pool/server",
        "ECR_REPO_WEB": "skill-pool/web",
        **more,
    }
    return subprocess.run(
        ["make", target], cwd=service, env=environment, capture_output=True, text=True, check=False
    )


def calls(service: Path) -> list[str]:
    written = service / "calls"
    return written.read_text().splitlines() if written.exists() else []


def test_these_targets_take_something_from_outside() -> None:
    assert set(taking()) >= {("make deploy", "VERSION"), ("make migrate", "VERSION")}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("target", ["deploy", "migrate"])
def test_what_is_no_version_is_refused_before_anything_is_called(
    service: Path, target: str, bad: str
) -> None:
    done = make(service, target, VERSION=bad)
    assert done.returncode != 0
    assert "VERSION is" in done.stderr
    assert calls(service) == []
    assert not (service / "ran").exists()


@pytest.mark.parametrize("bad", BAD)
def test_a_tag_that_is_no_version_is_not_published(service: Path, bad: str) -> None:
    done = make(service, "publish", GITHUB_REF=f"refs/tags/{bad}", GITHUB_REF_NAME=bad, GITHUB_SHA="0" * 40)
    assert done.returncode != 0
    assert "GITHUB_REF_NAME is" in done.stderr
    assert calls(service) == []
    assert not (service / "ran").exists()


def test_a_version_is_published(service: Path) -> None:
    named = {"GITHUB_REF": "refs/tags/v0.2.0", "GITHUB_REF_NAME": "v0.2.0", "GITHUB_SHA": "0" * 40}
    assert make(service, "publish", **named).returncode == 0
    assert [call for call in calls(service) if call.startswith("docker") and ":v0.2.0 " in call]


@pytest.mark.parametrize("good", GOOD)
def test_a_version_or_commit_reaches_helm_as_a_text(service: Path, good: str) -> None:
    done = make(service, "deploy", VERSION=good)
    assert done.returncode == 0, done.stderr
    (upgrade,) = [call for call in calls(service) if call.startswith("helm upgrade")]
    assert f"--set-string image.server.tag={good} --set-string image.web.tag={good}" in upgrade
    assert make(service, "migrate", VERSION=good).returncode == 0
