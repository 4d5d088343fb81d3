"""`slipway access --diff` answers without running a program where no file has changed, and as if it had."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from slipway.cli import app
from slipway.engine import offline
from slipway.engine.revisions import Revision
from slipway.errors import SlipwayError
from tests.engine.test_revisions import commit_all, git
from tests.program.conftest import AS

PROGRAM = """
import json
import pulumi

name = pulumi.Config().require("role")
trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
pulumi.CustomResource("aws:iam/role:Role", "role", {
    "name": name,
    "assumeRolePolicy": json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
})
runner = {
    "name": "large",
    "role_arn": f"arn:aws:iam::111111111111:role/{name}",
    "repositories": ["acme/app"],
}
pulumi.export("access", {"account": "111111111111", "repositories": [], "runnerClasses": [runner]})
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a program of one role, which a class of runners has."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (root / "Pulumi.prod.yaml").write_text("config:\n  role: deployer\n")
    (root / "Pulumi.local.yaml").write_text("config:\n  role: local\n")
    (root / "__main__.py").write_text(PROGRAM)
    git(root, "init", "--quiet", "--initial-branch=main")
    commit_all(root)
    return root


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Folder and stack of each program that is run for an answer."""
    runs: set[tuple[str, str]] = set()

    def render(root: Path, stacks: list[str], key: str) -> object:
        runs.update((root.name, stack) for stack in stacks)
        return original(root, stacks, key)

    original = offline.render_stacks
    monkeypatch.setattr(offline, "render_stacks", render)
    return runs


def answer(root: Path, *options: str, base: str = "HEAD") -> str:
    done = CliRunner().invoke(app, ["access", "--diff", base, *options, "--root", str(root)])
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_unchanged_says_what_the_whole_computation_says(
    project: Path, rendered: set[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = [answer(project, *AS[form]) for form in AS]
    assert rendered == set()
    monkeypatch.setattr(Revision, "unchanged", lambda self: False)
    whole = [answer(project, *AS[form]) for form in AS]
    assert rendered == {("tree", "prod"), ("project", "prod")}
    assert quick == whole


def test_changed_says_what_changed(project: Path) -> None:
    (project / "Pulumi.prod.yaml").write_text("config:\n  role: shipper\n")
    assert [line for line in answer(project).splitlines() if "large" in line] == [
        "+ runner class large (acme/app): shipper in 111111111111",
        "- runner class large (acme/app): deployer in 111111111111",
    ]


def test_a_stack_that_is_new_is_compared_with_nothing(project: Path, rendered: set[tuple[str, str]]) -> None:
    (project / "Pulumi.qa.yaml").write_text("config:\n  role: tester\n")
    shown = answer(project, "--stack", "qa")
    assert rendered == {("project", "qa")}
    assert [line for line in shown.splitlines() if "large" in line] == [
        "+ runner class large (acme/app): tester in 111111111111"
    ]


@pytest.mark.parametrize(
    ("base", "options", "message"),
    [
        ("nope", (), "Git does not know the revision 'nope'"),
        ("nope", ("--stack", "typo"), "Git does not know the revision 'nope'"),
        ("HEAD", ("--stack", "prdo"), "there is no stack 'prdo'"),
        ("HEAD", ("--stack", "local"), "no real stack to look at"),
    ],
)
def test_a_mistake_is_told_before_anything_is_run(
    project: Path, rendered: set[tuple[str, str]], base: str, options: tuple[str, ...], message: str
) -> None:
    with pytest.raises(SlipwayError, match=message):
        answer(project, *options, base=base)
    assert rendered == set()


@pytest.mark.parametrize(
    "command", [("access", "--diff", "nope"), ("preview", "prod", "--offline", "--base", "nope")]
)
def test_an_unknown_revision_costs_nothing_that_is_slow(project: Path, command: tuple[str, ...]) -> None:
    script = (
        "import sys\n"
        "from slipway.cli import main\n"
        f"sys.argv = ['slipway', *{command!r}]\n"
        "try:\n    main()\n"
        "finally:\n    print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "does not know the revision" in done.stderr
    imported = set(done.stdout.split())
    assert imported >= {"slipway", "typer", "rich"}
    assert imported & {"pulumi", "pulumi_aws", "grpc", "google", "boto3", "cryptography"} == set()
