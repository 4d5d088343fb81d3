"""`slipway access --diff` answers without running a program where no file has changed, and as if it had."""

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from typer.testing import CliRunner

from slipway.cli import app
from slipway.engine import offline, rendered_before
from slipway.engine.revisions import Revision
from slipway.errors import SlipwayError
from tests.engine.test_revisions import commit_all, git
from tests.program.conftest import AS, ROOT

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


def asked(root: Path, *options: str) -> str:
    done = CliRunner().invoke(app, ["access", *options, "--root", str(root)])
    assert done.exception is None, done.exception
    return done.stdout


def test_the_same_question_twice_runs_no_program(project: Path, rendered: set[tuple[str, str]]) -> None:
    first = asked(project)
    assert rendered == {("project", "prod")}
    rendered.clear()
    assert asked(project) == first
    assert '"rows"' in asked(project, "--json")
    assert "| environment |" in asked(project, "--markdown")
    assert rendered == set()
    (project / "Pulumi.prod.yaml").write_text("config:\n  role: shipper\n")
    changed = answer(project)  # what it was before is known, too
    assert rendered == {("project", "prod")}
    assert "+ runner class large (acme/app): shipper" in changed


def _rewrite(file: Path) -> None:
    """Another text of the same length, at the same time."""
    held = file.stat()
    file.write_text(file.read_text().replace("deployer", "repliers"))
    os.utime(file, ns=(held.st_atime_ns, held.st_mtime_ns))


class Tomorrow:
    @staticmethod
    def now(zone: tzinfo) -> datetime:
        return datetime.now(zone) + timedelta(days=1)


def _close(folder: Path, env: pytest.MonkeyPatch) -> None:
    """Refuse to list it, as to another user; its owner may be root, whom no mode stops."""
    folder.mkdir()
    listed = os.scandir

    def refuse(path: Path) -> object:
        if path == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    env.setattr(os, "scandir", refuse)


def _link_a_package(folder: Path) -> None:
    """Install what lies elsewhere, editable."""
    told = {"url": "file:///srv/lib", "dir_info": {"editable": True}}
    (folder / "slow-1.0.dist-info" / "direct_url.json").write_text(json.dumps(told))


Change = Callable[[Path, pytest.MonkeyPatch], object]
CHANGES: dict[str, Change] = {
    "line": lambda root, _: (root / "Pulumi.prod.yaml").write_text("config:\n  role: shipper\n"),
    "stat": lambda root, _: _rewrite(root / "Pulumi.prod.yaml"),
    "file": lambda root, _: (root / "new.txt").touch(),
    "folder": lambda root, _: (root / "new").mkdir(),
    "ignored": lambda root, _: (root / "ignored.txt").write_text("other"),
    "gone": lambda root, _: (root / "Pulumi.local.yaml").unlink(),
    "beside": lambda root, _: (root.parent / "beside.txt").write_text(
        "outside of the project, in its repository"
    ),
    "link": lambda root, _: (root / "link").symlink_to("/etc/hostname"),
    "variable": lambda _, env: env.setenv("ROLE_PREFIX", "other"),
    "path": lambda _, env: env.setenv("PYTHONPATH", "lib"),
    "closed": lambda root, env: _close(root / "closed", env),
    "Git": lambda _, env: env.setenv("PATH", ""),
    "engine": lambda root, _: (root.parents[1] / "slipway" / "new.py").touch(),
    "components": lambda root, _: (root.parents[1] / "components" / "new.py").touch(),
    "infra": lambda root, _: (root.parents[1] / "infra" / "new.py").touch(),
    "runners": lambda root, _: (root.parents[1] / "runners" / "new.py").touch(),
    "package": lambda root, _: (root.parents[1] / "purelib" / "new-1.0.dist-info").mkdir(),
    "compiled package": lambda root, _: (root.parents[1] / "platlib" / "new-1.0.dist-info").mkdir(),
    "editable package": lambda root, _: _link_a_package(root.parents[1] / "platlib"),
    "day": lambda _, env: env.setattr(rendered_before, "datetime", Tomorrow),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_a_program_could_read_is_seen_when_it_changes(
    tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "repository" / "project"
    root.mkdir(parents=True)
    git(tmp_path / "repository", "init", "--quiet")
    (root / "Pulumi.prod.yaml").write_text("config:\n  role: deployer\n")
    (root / "Pulumi.local.yaml").touch()
    (root / ".gitignore").write_text("ignored.txt\n")
    (root / "ignored.txt").touch()
    for folder in (*rendered_before._SHIPPED, "purelib", "platlib/slow-1.0.dist-info"):
        (tmp_path / folder).mkdir(parents=True)
    installed = {where: str(tmp_path / where) for where in ("purelib", "platlib")}
    monkeypatch.setattr(sysconfig, "get_paths", lambda: installed)
    monkeypatch.setattr(rendered_before, "_ENGINE", tmp_path)
    before = rendered_before.fingerprint(root, ["prod"])
    (root / ".slipway").mkdir()
    assert before is not None
    assert rendered_before.fingerprint(root, ["prod"]) == before
    assert rendered_before.fingerprint(root, ["prod", "qa"]) != before
    CHANGES[change](root, monkeypatch)
    assert rendered_before.fingerprint(root, ["prod"]) != before


def test_the_packages_that_ship_are_those_that_are_looked_at() -> None:
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert list(rendered_before._SHIPPED) == built["packages"]
    assert rendered_before._ENGINE == ROOT
    assert rendered_before.fingerprint(ROOT, ["prod"]), "its own editable installation is none from elsewhere"


def test_a_project_in_what_tools_make_is_never_remembered(project: Path) -> None:
    """As the copy of a rehearsal in `.slipway`, whose files are no part of the repository around it."""
    copy = project / ".slipway" / "rehearsal"
    copy.mkdir(parents=True)
    assert rendered_before.fingerprint(project, ["prod"])
    assert rendered_before.fingerprint(copy, ["prod"]) is None


def test_a_folder_in_no_repository_is_remembered_and_one_whose_git_refuses_is_not(tmp_path: Path) -> None:
    assert rendered_before.fingerprint(tmp_path, ["prod"])
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")
    assert rendered_before.fingerprint(tmp_path, ["prod"]) is None


def test_a_file_that_changes_while_it_is_rendered_is_not_remembered(
    project: Path, monkeypatch: pytest.MonkeyPatch, rendered: set[tuple[str, str]]
) -> None:
    render = offline.render_stacks

    def meanwhile(root: Path, stacks: list[str], key: str) -> object:
        answers = render(root, stacks, key)
        (root / "Pulumi.prod.yaml").write_text("config:\n  role: shipper\n")
        return answers

    with monkeypatch.context() as patch:
        patch.setattr(offline, "render_stacks", meanwhile)
        assert "deployer" in asked(project)
    git(project, "checkout", "--quiet", ".")
    rendered.clear()
    assert "deployer" in asked(project)
    assert rendered


def test_a_torn_answer_is_rendered_anew(project: Path) -> None:
    first = asked(project)
    (kept,) = (project / ".slipway" / "rendered").iterdir()
    kept.write_text(kept.read_text()[:100])
    assert asked(project) == first
    assert len(list((project / ".slipway" / "rendered").iterdir())) == 1


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
