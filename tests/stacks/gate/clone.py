"""A clone with a few stacks, a store of plans beside it, and what people and runs do to both."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slipway.engine.interface import Op
from slipway.platform.plan_store import REVIEWS, lease_key
from slipway.stacks.gate.judging import Judge
from slipway.stacks.gate.people import Said
from slipway.stacks.gate.trees import Readings
from slipway.stacks.gate.verdict import Verdict
from slipway.stacks.knowledge import Knowledge
from slipway.stacks.log import Entry, Event, Log
from slipway.stacks.plans.stored import review_run
from slipway.stacks.summary import Finding, Step, Summary
from slipway.stacks.trees import Repository
from slipway.store import FolderStore, Leases, Store
from tests.localcloud.github_git import git

STACKS = ("dev", "prod")
SETTINGS = """\
store: file://.plans
projects:
  app: {needs: [network], owners: ["@acme/app"]}
"""


def project(name: str, **values: object) -> dict[str, str]:
    """A project in YAML with a stack for each of STACKS, which have a value each."""
    program = f"name: {name}\nruntime: yaml\nresources: {{}}\n"
    stacks = {
        f"{name}/Pulumi.{each}.yaml": f"config: {{{name}:size: {values.get(each, 1)}}}\n" for each in STACKS
    }
    return {f"{name}/Pulumi.yaml": program, **stacks}


@dataclass
class Clone:
    """See the module. `main` is the default branch."""

    folder: Path
    store: Store
    commits: int = field(default=0)

    def git(self, *arguments: str) -> str:
        return git(self.folder, *arguments)

    def commit(self, files: Mapping[str, str | None], branch: str = "main") -> str:
        """Write files on a branch, which leaves main if it is new, or delete those of None; the commit."""
        new = branch != "main" and branch not in self.branches()
        if self.commits:
            self.git("checkout", "--quiet", *(["-b", branch, "main"] if new else [branch]))
        for name, text in files.items():
            path = self.folder / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        self.commits += 1
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", f"{self.commits}")
        return self.git("rev-parse", "HEAD")

    def branches(self) -> list[str]:
        return self.git("branch", "--format", "%(refname:short)").split()

    def merge(self, branch: str, into: str = "main") -> str:
        """By a squash, as most do."""
        self.git("checkout", "--quiet", into)
        self.git("merge", "--quiet", "--squash", branch)
        self.git("commit", "--quiet", "--allow-empty", "--message", f"merge {branch}")
        return self.git("rev-parse", "HEAD")

    def update(self, branch: str) -> str:
        """Take main into a branch."""
        self.git("checkout", "--quiet", branch)
        self.git("merge", "--quiet", "--no-edit", "main")
        return self.git("rev-parse", "HEAD")

    def evidence(self, revision: str = "main") -> Mapping[str, Any]:
        with self.readings() as readings:
            return dict(readings.at(readings.repository.commit(revision)).evidence)

    @contextmanager
    def readings(self) -> Generator[Readings]:
        repository = Repository(self.folder)
        yield Readings(repository, Knowledge(repository.read))
        repository.close()

    def apply(
        self, *names: str, revision: str = "main", event: Event = "applied", operation: str = "up"
    ) -> None:
        """Record what a run did; of all stacks of the revision if none is named."""
        evidence = self.evidence(revision)
        commit = self.git("rev-parse", revision)
        for name in names or evidence:
            project, _, stack = name.partition("/")
            leases = Leases(self.store)
            lease = leases.acquire(lease_key(project, stack), owner="run", seconds=60)
            entry = Entry(
                event=event, operation=operation, plan="p", run="812-1", actor="ana", commit=commit,
                evidence=evidence[name].digest, at=time.time(), token=lease.token,
            )  # fmt: skip
            Log(self.store, leases, project, stack).append(entry, lease)
            leases.release(lease)

    def plan(self, name: str, revision: str, attempt: int = 1, **more: Any) -> None:
        """Put the summary of a pull request's plan."""
        project, _, stack = name.partition("/")
        commit = self.git("rev-parse", revision)
        given: dict[str, Any] = {"commit": commit, "created": "2026-11-29T20:15:00Z", **more}
        summary = Summary(project, stack, "up", "pulumi", **given)
        run = review_run(commit, attempt)
        self.store.put_once(f"{REVIEWS.of(project, stack)}/{run}.json", summary.to_bytes())

    def verdict(
        self,
        head: str,
        *,
        base: str = "main",
        said: list[Said] | None = None,
        now: datetime = datetime(2026, 11, 30, tzinfo=UTC),
    ) -> Verdict:
        with self.readings() as readings:
            judge = Judge(readings, readings.repository.commit(base), f"file://{self.plans}", now)
            return judge.verdict(judge.proposal(head), said)

    @property
    def plans(self) -> Path:
        return self.folder.parent / "plans"


def step(op: Op) -> Step:
    return Step(op, "urn:pulumi:prod::app::aws:s3/bucket:Bucket::b", "aws:s3/bucket:Bucket", "b")


def finding(level: Any) -> Finding:
    return Finding("cost", level, "too dear")


def clone(folder: Path, settings: str = SETTINGS) -> Clone:
    """`network` and `app`, which needs it; all merged, and all applied."""
    top = folder / "clone"
    top.mkdir()
    git(top, "init", "--quiet", "--initial-branch", "main")
    made = Clone(top, FolderStore(folder / "plans"))
    made.commit({**project("network"), **project("app"), "slipway.yaml": settings, "README.md": "# x\n"})
    made.apply()
    return made
