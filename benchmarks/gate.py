"""Whether a change may be merged in a repository of 10,000 stacks, and how often that calls the store."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.affected import PROJECTS, STACKS, tree
from slipway.platform.plan_store import lease_key
from slipway.stacks.gate.trees import Readings
from slipway.stacks.knowledge import Knowledge
from slipway.stacks.log import Entry, Log
from slipway.stacks.trees import Repository
from slipway.store import FolderStore, Leases

LIMIT, MOST_CALLS = 2.0, 12
RUNS = 5
_ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
_COUNTED = """
import sys
from slipway.store import FolderStore
from slipway.cli import app

calls = 0

def counted(method):
    def call(*arguments):
        global calls
        calls += 1
        return method(*arguments)
    return call

for name in ("get", "list", "put_once", "update"):
    setattr(FolderStore, name, counted(getattr(FolderStore, name)))
try:
    app(sys.argv[1:], standalone_mode=False)
finally:
    print(calls, file=sys.stderr)
"""


def measure() -> bool:
    """Print the time of the whole command, and the calls of the store, beside their limits."""
    with tempfile.TemporaryDirectory() as folder:
        root, store = Path(folder) / "clone", Path(folder) / "plans"
        root.mkdir()
        tree(root)
        _git(root, "init", "-q", "-b", "main")
        _commit(root, "all")
        _git(root, "checkout", "-q", "-b", "change")
        file = root / "stacks/team-1/project-001/Pulumi.s00.yaml"
        file.write_text(f"{file.read_text()}  aws:profile: x\n")
        _commit(root, "one stack")
        concerned = _applied(root, store, "project-001/s00")
        _asked(root, store)
        answers = [_asked(root, store) for _ in range(RUNS)]
        middle, calls = statistics.median(seconds for seconds, _ in answers), answers[0][1]
    print(
        f"  {PROJECTS * STACKS} stacks, of which a change concerns {concerned}: {middle:.2f} s "
        f"(at most {LIMIT:.0f}), {calls} calls of the store (at most {MOST_CALLS})",
        flush=True,
    )
    return middle <= LIMIT and calls <= MOST_CALLS


def _git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.com")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True)


def _commit(root: Path, message: str) -> None:
    _git(root, "add", "--all")
    _git(root, "commit", "-qm", message)


def _applied(root: Path, folder: Path, changed: str) -> int:
    """Record that main is applied of a stack, what needs it, and all that these need; how many they are."""
    repository = Repository(root)
    evidence = Readings(repository, Knowledge(repository.read)).at(repository.commit("main")).evidence
    repository.close()
    names = {changed}
    while more := {name for name, one in evidence.items() if names.intersection(one.upstreams)} - names:
        names |= more
    while more := {need for name in names for need in evidence[name].upstreams} - names:
        names |= more
    for name in names:
        _record(FolderStore(folder), name, evidence[name].digest)
    return len(names)


def _record(store: FolderStore, name: str, evidence: str) -> None:
    project, _, stack = name.partition("/")
    leases = Leases(store)
    lease = leases.acquire(lease_key(project, stack), owner="it", seconds=60)
    entry = Entry(
        event="applied",
        operation="up",
        plan="p",
        run="1-1",
        actor="a",
        commit="c" * 40,
        at=0.0,
        token=1,
        evidence=evidence,
    )
    Log(store, leases, project, stack).append(entry, lease)


def _asked(root: Path, store: Path) -> tuple[float, int]:
    """The seconds that the command took, with the start of its process, and how often it called the store."""
    command = [sys.executable, "-P", "-c", _COUNTED, "gate", "--base", "main", "--json"]
    began = time.perf_counter()
    done = subprocess.run(
        [*command, "--store", f"file://{store}", "--root", str(root)],
        env=_ENVIRONMENT,
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - began
    assert json.loads(done.stdout)["open"]
    return seconds, int(done.stderr.split()[-1])
