"""Repositories of Pulumi projects to ask of: files in memory, and a clone on disk."""

import hashlib
import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from slipway.cli import app
from slipway.stacks.affected import affected
from slipway.stacks.evidence import Evidence
from slipway.stacks.knowledge import Knowledge
from slipway.stacks.reading import Reading, read
from slipway.stacks.trees import Tree
from tests.git import git

Files = Mapping[str, str]


class InMemory:
    """Contents by id, in memory."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}
        self.knowledge = Knowledge(self._contents.__getitem__)

    def reading(self, files: Files) -> Reading:
        blobs = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}
        self._contents |= {blobs[path]: text.encode() for path, text in files.items()}
        return read(Tree("it", "", blobs), self.knowledge)

    def evidence(self, files: Files) -> dict[str, Evidence]:
        return dict(self.reading(files).evidence)

    def concerned(self, before: Files, after: Files) -> list[str]:
        """The stacks that a change from one to the other concerns, upstreams first."""
        return [one.stack for one in affected(self.evidence(before), self.evidence(after))]


class Checkout:
    """A clone on disk, with the command in it."""

    def __init__(self, top: Path) -> None:
        self.top = top

    @classmethod
    def begun(cls, top: Path, files: Files) -> "Checkout":
        """A new repository whose branch `main` holds these files."""
        top.mkdir(parents=True, exist_ok=True)
        git(top, "init", "--quiet", "--initial-branch=main")
        made = cls(top)
        made.commit(files)
        return made

    def write(self, files: Files) -> None:
        for path, text in files.items():
            (self.top / path).parent.mkdir(parents=True, exist_ok=True)
            (self.top / path).write_text(textwrap.dedent(text))

    def commit(self, files: Files | None = None) -> str:
        """Commit all that lies there, after these files were written."""
        self.write(files or {})
        git(self.top, "add", "--all")
        git(self.top, "commit", "--quiet", "--allow-empty", "--message", "change")
        return git(self.top, "rev-parse", "HEAD")

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["affected", "--root", str(self.top), *arguments])

    def affected(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """What the command tells of each stack, by its id."""
        done = self.run("--json", *arguments)
        assert done.exit_code == 0, done.output
        return {one["stack"]: one for one in json.loads(done.stdout)["affected"]}

    def changes(self, *arguments: str) -> dict[str, str]:
        """What becomes of each stack that is affected, in the order that it is told."""
        return {name: one["change"] for name, one in self.affected(*arguments).items()}
