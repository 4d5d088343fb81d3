"""The files of a repository at a revision, or in its working tree, by what Git calls their contents.

The one reader of Git trees. It asks Git only what the clone has: nothing is ever fetched, and what a shallow
clone lacks is named with the command that brings it.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from slipway.engine.revisions import is_made_here, work_tree
from slipway.errors import SlipwayError

_FILE, _LINK, _REPOSITORY = "100644", "120000", "160000"
"""Modes of Git for a file, a symbolic link and a submodule
(https://git-scm.com/docs/git-fast-import#_filemodify)."""

_ENGLISH = {"LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0"}
_LINKS_OF_LINKS = 5


@dataclass(frozen=True)
class Tree:
    """Files at one moment.

    Attributes:
        name: for messages: a commit's hash, or "the working tree".
        commit: the full hash; empty for the working tree.
        blobs: by path from the repository's top, the id of the contents. Where a link leads, it has them too.
        repositories: submodules, by path: the commit that they stand at. Their files are not known.
    """

    name: str
    commit: str
    blobs: Mapping[str, str]
    repositories: Mapping[str, str] = field(default_factory=dict[str, str])


class Repository:
    """A clone, and what it holds."""

    def __init__(self, folder: Path) -> None:
        """Args:
        folder: any folder of its work tree.

        Raises:
            SlipwayError: it lies in no repository.
        """
        top = work_tree(folder.resolve())
        if top is None:
            raise SlipwayError(
                "not a git repository", where=str(folder), fix="run it in a clone of the repository"
            )
        self.top = top
        self._on_disk: dict[str, Path] = {}
        self._reader: subprocess.Popen[bytes] | None = None

    def commit(self, name: str) -> str:
        """The full hash of a revision.

        Raises:
            SlipwayError: the clone does not have it.
        """
        done = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        if done.returncode:
            fetch = f"git fetch --depth=1 origin {name.removeprefix('origin/')}"
            raise SlipwayError(
                f"this clone does not have the revision {name!r}",
                where=str(self.top),
                fix=fetch if self.shallow else "fetch it: git fetch origin",
            )
        return done.stdout.decode().strip()

    def fork_point(self, base: str, head: str) -> str:
        """Where two revisions parted: their merge base.

        Raises:
            SlipwayError: one is not there, or the clone is too shallow to reach it.
        """
        one, other = self.commit(base), self.commit(head)
        done = self._run("merge-base", one, other)
        if done.returncode == 0:
            return done.stdout.decode().split()[0]
        raise SlipwayError(
            f"{base} and {head} have no commit in common"
            + (": this clone is shallow, and its history ends before it" if self.shallow else ""),
            where=str(self.top),
            fix="fetch more of it: git fetch --unshallow origin (in Actions, fetch-depth: 0)"
            if self.shallow
            else "name a base that the branch began at",
        )

    def is_ancestor(self, one: str, other: str) -> bool:
        """Whether a commit comes before another one; false where this clone does not have both."""
        return self._run("merge-base", "--is-ancestor", one, other).returncode == 0

    @property
    def shallow(self) -> bool:
        """Whether its history is cut off."""
        return self._git("rev-parse", "--is-shallow-repository").strip() == b"true"

    @property
    def private(self) -> Path:
        """Git's own folder, shared by its work trees: what lies there can never be part of a commit."""
        return Path(os.fsdecode(self._git("rev-parse", "--path-format=absolute", "--git-common-dir").strip()))

    def default_branch(self) -> str:
        """The branch that others begin at: the remote's default one, else `main` or `master`.

        Raises:
            SlipwayError: there is none of these.
        """
        for name in ("origin/HEAD", "origin/main", "origin/master", "main", "master"):
            if self._run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").returncode == 0:
                return name
        raise SlipwayError(
            "it is not clear which branch others begin at", where=str(self.top), fix="name it: --base BRANCH"
        )

    def tree(self, revision: str) -> Tree:
        """The files of a revision.

        Raises:
            SlipwayError: the clone does not have it.
        """
        commit = self.commit(revision)
        listed = self._git("ls-tree", "-r", "-z", "--full-tree", commit).decode(errors="surrogateescape")
        entries: dict[str, tuple[str, str]] = {}
        for line in listed.split("\0")[:-1]:
            about, path = line.split("\t", 1)
            entries[path] = (about[:6], about.rsplit(" ", 1)[1])
        return self._tree(commit[:12], commit, entries)

    def working_tree(self) -> Tree:
        """The files that lie there, tracked or not; none that are ignored."""
        entries: dict[str, tuple[str, str]] = {}
        for line in self._git("ls-files", "-z", "--stage").decode(errors="surrogateescape").split("\0")[:-1]:
            about, path = line.split("\t", 1)
            mode, blob, _ = about.split(" ")
            entries[path] = (mode, blob)
        size = len(next(iter(entries.values()))[1]) if entries else 40
        asked = ("ls-files", "-z", "--modified", "--others", "--exclude-standard")
        files: list[str] = []
        for path in self._git(*asked).decode(errors="surrogateescape").split("\0")[:-1]:
            found = self.top / path
            if is_made_here(path) or path.endswith("/"):
                continue
            if found.is_symlink():
                entries[path] = (_LINK, self._kept(found, os.fsencode(found.readlink()), size))
            elif found.is_file():
                files.append(path)
            elif not found.is_dir():
                entries.pop(path, None)
        entries.update((path, (_FILE, blob)) for path, blob in self._hashed(files, size).items())
        return self._tree("the working tree", "", entries)

    def read(self, blob: str) -> bytes:
        """The contents that an id names.

        Raises:
            SlipwayError: the clone does not have them.
        """
        if blob in self._on_disk:
            path = self._on_disk[blob]
            return os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        if self._reader is None:
            self._reader = subprocess.Popen(
                ["git", "-C", str(self.top), "cat-file", "--batch"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **_ENGLISH},
            )
        asked, told = cast(IO[bytes], self._reader.stdin), cast(IO[bytes], self._reader.stdout)
        asked.write(blob.encode() + b"\n")
        asked.flush()
        about = told.readline().split()
        if len(about) != 3:
            raise SlipwayError(
                f"this clone does not have the contents {blob}",
                where=str(self.top),
                fix="fetch them: git fetch --refetch --no-filter origin",
            )
        return told.read(int(about[2]) + 1)[:-1]

    def close(self) -> None:
        """End the process that contents are read through."""
        if self._reader is not None:
            self._reader.communicate()
            self._reader = None

    def _tree(self, name: str, commit: str, entries: Mapping[str, tuple[str, str]]) -> Tree:
        blobs = {path: blob for path, (mode, blob) in entries.items() if mode != _REPOSITORY}
        links = {
            path: posixpath.normpath(posixpath.join(posixpath.dirname(path), os.fsdecode(self.read(blob))))
            for path, (mode, blob) in entries.items()
            if mode == _LINK
        }
        return Tree(
            name,
            commit,
            followed(blobs, links) if links else blobs,
            {path: blob for path, (mode, blob) in entries.items() if mode == _REPOSITORY},
        )

    def _hashed(self, paths: Sequence[str], size: int) -> dict[str, str]:
        """By path, the id that Git would give to a file as it lies there, whatever filters it has."""
        plain = [path for path in paths if "\n" not in path]
        done = self._run("hash-object", "--stdin-paths", given="\n".join(plain)) if plain else None
        named = done.stdout.decode().split() if done and not done.returncode else []
        hashed = dict(zip(plain, named, strict=True)) if len(named) == len(plain) else {}
        for path, blob in hashed.items():
            self._on_disk[blob] = self.top / path
        others = {path: self.top / path for path in paths if path not in hashed}
        return hashed | {path: self._kept(found, found.read_bytes(), size) for path, found in others.items()}

    def _kept(self, found: Path, content: bytes, size: int) -> str:
        named = hashlib.new("sha1" if size == 40 else "sha256", usedforsecurity=False)
        named.update(b"blob %d\0" % len(content) + content)
        self._on_disk[named.hexdigest()] = found
        return named.hexdigest()

    def _git(self, *arguments: str) -> bytes:
        done = self._run(*arguments)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise SlipwayError(said or f"git {arguments[0]} failed", where=str(self.top))
        return done.stdout

    def _run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[bytes]:
        command = ["git", "-C", str(self.top), *arguments]
        env = {**os.environ, **_ENGLISH}
        return subprocess.run(command, input=os.fsencode(given), capture_output=True, check=False, env=env)


def followed(blobs: Mapping[str, str], links: Mapping[str, str]) -> dict[str, str]:
    """Files with what links lead to, by the paths that a program can reach it by.

    Args:
        blobs: by path, with the links' own contents.
        links: by path, the path that each leads to, from the top.
    """
    known = dict(blobs)
    for _ in range(_LINKS_OF_LINKS):
        found = dict(_reached(known, links))
        if found.items() <= known.items():
            break
        known.update(found)
    return known


def _reached(blobs: Mapping[str, str], links: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for link, target in links.items():
        if target in blobs:
            yield link, blobs[target]
        elif not f"{link}/".startswith(f"{target}/") and target != ".":
            below = f"{target}/"
            for path, blob in blobs.items():
                if path.startswith(below):
                    yield f"{link}/{path.removeprefix(below)}", blob
