"""A project folder at another Git revision: whether that is another one at all, and its files.

Standard library only: a mistyped revision is refused before anything slow is imported.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from slipway.errors import SlipwayError

_MADE_HERE = frozenset(
    {
        *(".venv", "__pycache__", ".slipway"),
        *(".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
        *(".DS_Store", ".idea", ".vscode"),
    }
)
"""Names of folders and files that tools make beside the code, and that no program is declared in."""

_PLAIN_FILE = ("H 100644 ", "H 100755 ")
"""How `git ls-files -v --stage` begins the line of a file that `git diff` looks at. Others are left out of a
sparse work tree, never looked at (`--assume-unchanged`), in conflict, links or repositories."""


@dataclass(frozen=True)
class Revision:
    """A commit, and the work tree of its repository that a folder lies in.

    Attributes:
        folder: the project's folder.
        top: the work tree's.
        commit: the full hash.
    """

    folder: Path
    top: Path
    commit: str

    def unchanged(self) -> bool:
        """Whether the work tree has what a fresh one of the commit would have; False where that is uncertain.

        All of the repository counts, not the project's folder alone, because a program can read any of it. So
        does a file that Git does not track, even one that it ignores, unless it is a cache of a known tool.
        """
        # `diff` compares contents where times and sizes do not already say enough; 1 means that they differ.
        differs = _run(
            self.top, "diff", "--quiet", "--no-ext-diff", "--ignore-submodules=none", self.commit, "--"
        )
        if differs.returncode:
            return False
        tracked = _git(self.top, "ls-files", "-v", "--stage")
        if not all(line.startswith(_PLAIN_FILE) for line in tracked.splitlines()):
            return False
        others = _git(self.top, "ls-files", "-z", "--others", "--directory", "--no-empty-directory")
        return all(is_made_here(path) for path in others.split("\0") if path)

    @contextmanager
    def worktree(self) -> Generator[Path]:
        """The project folder as it was, in a temporary work tree that is removed in any case."""
        with tempfile.TemporaryDirectory(prefix="slipway-base-") as folder:
            tree = Path(folder) / "tree"
            _git(self.top, "worktree", "add", "--detach", "--quiet", str(tree), self.commit)
            try:
                yield tree / self.folder.relative_to(self.top)
            finally:
                _git(self.top, "worktree", "remove", "--force", str(tree))


def revision(folder: Path, name: str) -> Revision:
    """What a revision's name means in the repository that a project's folder lies in.

    Raises:
        SlipwayError: not a Git work tree, or no such revision.
    """
    folder = folder.resolve()
    top = work_tree(folder)
    if top is None:
        raise _failure(folder, "rev-parse", "not a git repository")
    commit = _run(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if commit.returncode and commit.stderr.strip():
        raise _failure(folder, "rev-parse", commit.stderr)
    if commit.returncode:
        raise SlipwayError(
            f"Git does not know the revision {name!r}", where=str(folder), fix="fetch it: git fetch origin"
        )
    return Revision(folder, top, commit.stdout.strip())


def work_tree(folder: Path) -> Path | None:
    """The work tree that a folder lies in; None if that is in no repository.

    Raises:
        SlipwayError: Git does not tell, as of another user's repository; or there is no Git.
    """
    top = _run(folder, "rev-parse", "--show-toplevel")
    if top.returncode and "not a git repository (or any" not in top.stderr:
        raise _failure(folder, "rev-parse", top.stderr)
    return None if top.returncode else Path(top.stdout.strip()).resolve()


def is_made_here(path: str) -> bool:
    """Whether it is what tools make beside the code, or below it."""
    return any(part in _MADE_HERE or part.endswith(".egg-info") for part in Path(path).parts)


def _git(folder: Path, *arguments: str) -> str:
    done = _run(folder, *arguments)
    if done.returncode:
        raise _failure(folder, arguments[0], done.stderr)
    return done.stdout.strip()


def _failure(folder: Path, verb: str, said: str) -> SlipwayError:
    """What Git refused, with what to do where its own words do not say it."""
    fix = next((fix for words, fix in _FIXES.items() if words in said), "")
    return SlipwayError(said.strip() or f"git {verb} failed", where=str(folder), fix=fix)


_FIXES = {
    "not a git repository": "run it in a clone of the project: a revision is a commit of its Git repository",
    "No space left on device": "make room on the disk, then run the command again",
}
"""By what Git says in every version; it is asked in English."""


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(folder), *arguments]
    english = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, env=english)
    except FileNotFoundError as error:
        raise SlipwayError("there is no git on PATH", where=str(folder), fix="install Git") from error
