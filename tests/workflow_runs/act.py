"""Runs workflow files by act, in host mode: every `run:` of theirs is run, on this machine.

https://nektosact.com. Built from tools/act/go.mod where there is Go, once for what that pins.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.workflow_runs.rewriting import rewrite
from tests.workflow_runs.service import Run, Service
from tests.workflows.workflows import load

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "tools" / "act"
HERE = Path(__file__).parent
STANDS_FOR = {
    "actions/checkout": "checkout",
    "actions/setup-python": "nothing",
    "pulumi/actions": "nothing",
    "aws-actions/configure-aws-credentials": "credentials",
    "actions/create-github-app-token": "app-token",
    "actions/upload-artifact": "upload-artifact",
    "actions/download-artifact": "download-artifact",
}
"""Which folder of `actions/` stands for which action."""


def built() -> Path:
    """The program, built by the first who asks."""
    pinned = (MODULE / "go.sum").read_bytes() + (MODULE / "go.mod").read_bytes()
    folder = ROOT / ".slipway" / "act"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    program = folder / f"act-{hashlib.sha256(pinned).hexdigest()[:16]}"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.is_file():
            draft = program.with_suffix(".draft")
            command = ["go", "build", "-trimpath", "-ldflags", "-s -w", "-o", str(draft)]
            subprocess.run(
                [*command, "github.com/nektos/act"],
                cwd=MODULE,
                env={**os.environ, "CGO_ENABLED": "0"},
                check=True,
            )
            draft.rename(program)
    return program


@dataclass
class Running:
    """A run of a workflow that goes on. `text` is what its jobs printed so far."""

    run: Run
    process: subprocess.Popen[str]
    service: Service
    lines: list[str] = field(default_factory=list[str])

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def over(self) -> bool:
        return self.process.poll() is not None

    def wait(self, *, ok: bool = True) -> str:
        """What it printed; its end is as it should be."""
        self.process.wait(timeout=300)
        self.reader.join()
        self.service.end(self.run)
        assert (self.process.returncode == 0) is ok, self.text
        return self.text

    def read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(self.process.stdout)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()


@dataclass(frozen=True)
class Act:
    """The program, and where it works."""

    program: Path
    service: Service
    checkout: Path
    home: Path

    def start(self, workflow: Path, run: Run, event: dict[str, Any], inputs: dict[str, str]) -> Running:
        """Begin a run of a workflow file as it is in a checkout."""
        folder = self.home / "runs" / run.id
        folder.mkdir(parents=True)
        made = rewrite(load(workflow), self.service.cloud.github)
        text = StringIO()
        YAML().dump(made.content, text)  # pyright: ignore[reportUnknownMemberType]
        (folder / workflow.name).write_text(text.getvalue())
        (folder / "event.json").write_text(json.dumps({**event, "inputs": inputs}))
        self.service.begin(run)
        uses = {
            step["uses"] for job in made.content["jobs"].values() for step in job["steps"] if "uses" in step
        }
        command = [
            *(str(self.program), run.event, "--workflows", str(folder / workflow.name)),
            *("--eventpath", str(folder / "event.json"), "--actor", run.actor),
            *("--platform", "ubuntu-24.04=-self-hosted", "--no-skip-checkout", "--action-offline-mode"),
            *("--env", f"GITHUB_RUN_ID={run.id}"),
            # Read from the clone's remote otherwise, which is a folder.
            *("--env", f"GITHUB_REPOSITORY={self.service.slug}"),
        ]
        for one in sorted(uses):
            action, _, _ = one.partition("@")
            command += ["--local-repository", f"{one}={HERE / 'actions' / STANDS_FOR[action]}"]
        process = subprocess.Popen(
            command,
            cwd=self.checkout,
            env=self._environment(run, folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return Running(run, process, self.service)

    def _environment(self, run: Run, folder: Path) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "STORY_SERVER": self.service.address,
            "STORY_HELPERS": str(HERE / "helpers"),
            "STORY_CHECKOUT": str(self.checkout),
            "STORY_VENV": str(Path(sys.executable).parents[1]),
            "STORY_ARTIFACTS": str(self.home / "artifacts"),
            "PYTHONPATH": str(self.checkout),
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def there_is_go() -> bool:
    """Whether act can be built here."""
    return shutil.which("go") is not None
