"""Whether a work tree has a commit's files, told without running anything; and a project as it was."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.engine.revisions import revision
from slipway.errors import SlipwayError
from tests.git import git


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """A repository with a project in a folder, a file beside that, and rules of what to ignore."""
    top = tmp_path / "repository"
    (top / "platform").mkdir(parents=True)
    (top / "platform" / "Pulumi.yaml").write_text("name: demo\n")
    (top / "shared.py").write_text("X = 1\n")
    (top / ".gitignore").write_text("__pycache__/\n*.local.yaml\n.venv/\n")
    git(top, "init", "--quiet", "--initial-branch=main")
    commit_all(top)
    return top


def commit_all(top: Path) -> None:
    git(top, "add", "--all")
    git(top, "commit", "--quiet", "--allow-empty", "-m", "change")


def hide(top: Path) -> None:
    git(top, "update-index", "--assume-unchanged", "shared.py")
    (top / "shared.py").write_text("X = 2\n")


def stage(top: Path) -> None:
    (top / "shared.py").write_text("X = 2\n")
    git(top, "add", "shared.py")


def link(top: Path) -> None:
    (top / "link").symlink_to("../elsewhere")
    commit_all(top)


CHANGES: dict[str, Callable[[Path], object]] = {
    "edited": lambda top: (top / "platform" / "Pulumi.yaml").write_text("name: other\n"),
    "edited outside of the project's folder": lambda top: (top / "shared.py").write_text("X = 2\n"),
    "edited to the same size": lambda top: (top / "shared.py").write_text("X = 2\n"),
    "staged": stage,
    "deleted": lambda top: (top / "shared.py").unlink(),
    "made executable": lambda top: (top / "shared.py").chmod(0o755),
    "new": lambda top: (top / "platform" / "Pulumi.prod.yaml").write_text("config: {}\n"),
    "new and ignored": lambda top: (top / "platform" / "services.local.yaml").write_text("{}\n"),
    "edited where Git was told not to look": hide,
    "a link, which may lead anywhere": link,
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_a_program_could_read_is_a_change(top: Path, change: str) -> None:
    assert revision(top / "platform", "HEAD").unchanged()
    CHANGES[change](top)
    assert not revision(top / "platform", "HEAD").unchanged()


def test_what_tools_leave_is_none(top: Path) -> None:
    for folder in (".venv/lib", "platform/__pycache__", "platform/.slipway/state", ".pytest_cache"):
        (top / folder).mkdir(parents=True)
        (top / folder / "file").write_text("x")
    (top / "empty").mkdir()
    os.utime(top / "shared.py", (1, 1))
    assert revision(top / "platform", "HEAD").unchanged()


def test_only_files_count_and_not_which_commit_has_them(top: Path) -> None:
    first = git(top, "rev-parse", "HEAD")
    commit_all(top)
    assert revision(top, first).unchanged()
    (top / "shared.py").write_text("X = 2\n")
    commit_all(top)
    assert not revision(top, first).unchanged()
    assert revision(top, "HEAD").unchanged()


def test_a_worktree_has_the_project_as_it_was_and_is_gone_in_any_case(top: Path) -> None:
    (top / "platform" / "Pulumi.yaml").write_text("name: other\n")
    met: list[Path] = []

    def fail() -> None:
        with revision(top / "platform", "main").worktree() as folder:
            met.append(folder)
            assert (folder.name, (folder / "Pulumi.yaml").read_text()) == ("platform", "name: demo\n")
            assert (folder.parent / "shared.py").exists()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not met[0].exists()
    assert len(git(top, "worktree", "list").splitlines()) == 1


@pytest.mark.parametrize("name", ["nope", "HEAD~9", "--all", "HEAD:shared.py"])
def test_an_unknown_revision_is_named(top: Path, name: str) -> None:
    with pytest.raises(SlipwayError, match="Git does not know the revision") as raised:
        revision(top, name)
    assert repr(name) in raised.value.what


def test_a_folder_without_git_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="not a git repository"):
        revision(tmp_path, "HEAD")


@pytest.mark.parametrize(
    ("script", "what", "fix"),
    [
        (
            "echo 'fatal: not a git repository' >&2; exit 128",
            "not a git repository",
            "in a clone of the project",
        ),
        (
            'echo "fatal: unable to write: No space left on device" >&2; exit 128',
            "No space left on device",
            "make room on the disk",
        ),
        ("exit 1", "Git does not know the revision 'main'", "git fetch origin"),
        (None, "there is no git on PATH", "install Git"),
    ],
)
def test_what_git_refuses_comes_with_what_to_do_about_it(
    script: str | None, what: str, fix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if script is not None:
        fake = tmp_path / "git"
        # The first question, where the work tree is, is answered.
        fake.write_text(
            f'#!/bin/sh\nlast=$(printf "%s\\n" "$@" | tail -n 1)\n'
            f'[ "$last" = --show-toplevel ] && {{ pwd; exit 0; }}\n{script}\n'
        )
        fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin" if script else str(tmp_path))
    with pytest.raises(SlipwayError) as caught:
        revision(tmp_path, "main")
    assert what in caught.value.what
    assert fix in caught.value.fix
