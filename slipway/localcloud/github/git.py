"""One bare git repository on disk, by git's own plumbing: refs, objects, differences, merges.

Nothing is kept in memory, so that a `git push` from outside is seen by the next request.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SHA = re.compile(r"[0-9a-f]{7,40}")
_LOG = "--format=%H%x1f%T%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%cn%x1f%ce%x1f%cI%x1f%B%x1e"
_STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "T": "changed"}


class GitError(Exception):
    """git refused: what it said."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who made a commit and when, an ISO 8601 time; empty for now."""

    name: str
    email: str
    date: str = ""


@dataclass(frozen=True, kw_only=True)
class Commit:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """How one file differs between two commits; `old_path` only where it was renamed."""

    path: str
    old_path: str
    status: str
    sha: str
    additions: int
    deletions: int
    patch: str | None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a tree; `size` in bytes for blobs only."""

    mode: str
    type: str
    sha: str
    size: int | None
    path: str


class Git:
    """A bare repository at `path`, made by the first use."""

    def __init__(self, path: Path, default_branch: str) -> None:
        self.path = path
        if not (path / "HEAD").exists():
            path.mkdir(parents=True, exist_ok=True)
            self.run("init", "--quiet", "--bare", f"--initial-branch={default_branch}")

    def run(
        self,
        *arguments: str,
        given: bytes | None = None,
        codes: Iterable[int] = (0,),
        environment: Mapping[str, str] | None = None,
    ) -> bytes:
        """What git prints. Raises GitError for another exit code than one of `codes`."""
        own = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.path),
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_DIR": str(self.path),
            **(environment or {}),
        }
        done = subprocess.run(
            ["git", *arguments],
            input=given,
            capture_output=True,
            env=own,
            check=False,
        )
        if done.returncode not in codes:
            raise GitError(done.stderr.decode(errors="replace").strip() or f"git {arguments[0]} failed")
        return done.stdout

    def text(self, *arguments: str, given: bytes | None = None) -> str:
        return self.run(*arguments, given=given).decode(errors="replace").strip()

    def refs(self) -> dict[str, str]:
        """Full name -> the object it names: a tag's own object where it has one."""
        lines = self.text("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return {name: sha for name, _, sha in (line.partition(" ") for line in lines)}

    def branch(self, name: str) -> str | None:
        """The commit at the tip of a branch."""
        return self.refs().get(f"refs/heads/{name}")

    def resolve(self, name: str) -> str | None:
        """The commit that a branch, a tag, a ref with or without `refs/`, or a SHA means."""
        refs = self.refs()
        for full in (f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}", name):
            if full in refs:
                return self.peel(refs[full])
        return self.peel(name) if _SHA.fullmatch(name) else None

    def peel(self, sha: str, kind: str = "commit") -> str | None:
        """The object of that kind which a SHA means; None where there is none."""
        out = self.run("rev-parse", "--verify", "--quiet", f"{sha}^{{{kind}}}", codes=(0, 1, 128))
        return out.decode().strip() or None

    def update(self, ref: str, new: str, old: str | None = None) -> None:
        """Set a ref, only if it still is `old` where that is given (forty zeros: only if there is none)."""
        self.run("update-ref", ref, new, *([] if old is None else [old]))

    def delete(self, ref: str) -> None:
        self.run("update-ref", "-d", ref)

    def commits(self, *revisions: str) -> list[Commit]:
        """The commits that `git log` gives for revisions and its options, the newest first."""
        records = self.run("log", _LOG, *revisions).decode(errors="replace").split("\x1e")
        return [_commit(record.lstrip("\n")) for record in records if record.strip("\n")]

    def commit(self, sha: str) -> Commit:
        return self.commits("-1", sha)[0]

    def merge_base(self, one: str, other: str) -> str | None:
        return self.run("merge-base", one, other, codes=(0, 1)).decode().strip() or None

    def distance(self, base: str, head: str) -> tuple[int, int]:
        """How many commits `head` is ahead of `base`, and how many behind."""
        behind, ahead = self.text("rev-list", "--count", "--left-right", f"{base}...{head}").split()
        return int(ahead), int(behind)

    def is_ancestor(self, old: str, new: str) -> bool:
        return self.merge_base(old, new) == old

    def tree(self, tree: str, path: str = "", *, recursive: bool = False) -> list[Entry]:
        """What is in a tree, or in a folder of it (`path` with a slash at its end), or a single entry."""
        options = ["-r", "-t"] if recursive else []
        listed = self.run("ls-tree", "-z", "-l", *options, tree, *(["--", path] if path else []))
        return [_entry(line) for line in listed.decode(errors="surrogateescape").split("\0") if line]

    def blob(self, sha: str) -> bytes:
        return self.run("cat-file", "blob", sha)

    def write_blob(self, content: bytes) -> str:
        return self.run("hash-object", "-w", "--stdin", given=content).decode().strip()

    def write_tree(self, base: str, entries: Iterable[tuple[str, str | None, str]]) -> str:
        """`base` (empty for none) with entries of mode, SHA (None removes) and path. Raises GitError."""
        lines = "".join(f"{mode if sha else 0} {sha or '0' * 40}\t{path}\0" for mode, sha, path in entries)
        with tempfile.TemporaryDirectory() as folder:
            index = {"GIT_INDEX_FILE": f"{folder}/index"}
            self.run("read-tree", *([base] if base else ["--empty"]), environment=index)
            self.run("update-index", "-z", "--index-info", given=lines.encode(), environment=index)
            return self.run("write-tree", environment=index).decode().strip()

    def write_commit(
        self, tree: str, parents: Sequence[str], message: str, author: Person, committer: Person
    ) -> str:
        who: dict[str, str] = {}
        for role, person in (("AUTHOR", author), ("COMMITTER", committer)):
            who |= {f"GIT_{role}_NAME": person.name, f"GIT_{role}_EMAIL": person.email}
            who |= {f"GIT_{role}_DATE": person.date} if person.date else {}
        options = [part for parent in parents for part in ("-p", parent)]
        made = self.run("commit-tree", tree, *options, given=message.encode(), environment=who)
        return made.decode().strip()

    def changes(self, base: str, head: str) -> list[Change]:
        """What `git diff` from one commit to another shows, renames found."""
        options = ["diff", "-M", "--no-color", "--no-ext-diff", "--full-index", base, head, "--"]
        listed = self.run(*options[:2], "--raw", "--numstat", "-z", "--abbrev=40", *options[2:])
        fields = listed.decode(errors="surrogateescape").split("\0")
        rows = list(_raw_rows(fields))
        patches = _patches(self.run(*options).decode(errors="replace")) if rows else []
        made: list[Change] = []
        for (status, sha, old, path), (additions, deletions) in zip(rows, _counts(fields), strict=True):
            parts = [patches.pop(0) for _ in range(2 if status == "T" else 1)]
            made.append(
                Change(
                    path=path,
                    old_path=old,
                    status=_STATUS[status],
                    sha=sha,
                    additions=additions,
                    deletions=deletions,
                    patch="\n".join(part for part in parts if part) or None,
                )
            )
        return made

    def merged_tree(self, ours: str, theirs: str) -> str | None:
        """The tree of a merge of two commits; None where they conflict."""
        out = self.run("merge-tree", "--write-tree", "--no-messages", ours, theirs, codes=(0, 1))
        first, _, conflicts = out.decode(errors="replace").partition("\n")
        return None if conflicts else first


def _commit(record: str) -> Commit:
    sha, tree, parents, name, email, date, name2, email2, date2, message = record.split("\x1f", 9)
    return Commit(
        sha=sha,
        tree=tree,
        parents=tuple(parents.split()),
        author=Person(name=name, email=email, date=date),
        committer=Person(name=name2, email=email2, date=date2),
        message=message.rstrip("\n"),
    )


def _entry(line: str) -> Entry:
    head, _, path = line.partition("\t")
    mode, kind, sha, size = head.split()
    return Entry(mode=mode, type=kind, sha=sha, size=None if size == "-" else int(size), path=path)


def _raw_rows(fields: list[str]) -> Iterable[tuple[str, str, str, str]]:
    """Status letter, blob, old path (renames) and path of each `--raw -z` row."""
    position = 0
    while position < len(fields) and fields[position].startswith(":"):
        _, _, old_sha, new_sha, status = fields[position].split()
        renamed = status[0] == "R"
        old = fields[position + 1] if renamed else ""
        path = fields[position + (2 if renamed else 1)]
        yield status[0], old_sha if status[0] == "D" else new_sha, old, path
        position += 3 if renamed else 2


def _counts(fields: list[str]) -> Iterable[tuple[int, int]]:
    """Additions and deletions of each `--numstat -z` row; none for a binary file."""
    for field in fields:
        found = re.match(r"(\d+|-)\t(\d+|-)\t", field)
        if found:
            yield tuple(0 if count == "-" else int(count) for count in found.groups())  # pyright: ignore[reportReturnType]


def _patches(text: str) -> list[str]:
    """For each file of a diff its hunks, empty for a binary file or a mere rename."""
    files = re.split(r"^diff --git .*\n", text, flags=re.MULTILINE)[1:]
    return [
        body[found.start() :].rstrip("\n") if (found := re.search(r"^@@ ", body, re.MULTILINE)) else ""
        for body in files
    ]
