"""A copy of the project in a folder of its own, and the `slipway` command in it, as a user has them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

ROOT = Path(__file__).parents[2]
SLIPWAY = Path(sys.executable).parent / "slipway"
_PARTS = ("Pulumi.yaml", "__main__.py", "infra", "components", "runners", "services", "slipway", "examples")
_IGNORED = shutil.ignore_patterns("__pycache__")


@dataclass
class Project:
    """A user's clone."""

    root: Path
    engine: str = "embedded"
    told: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """The JSON results of the commands on `local`, in their order."""

    def run(
        self, *arguments: str, environment: dict[str, str] | None = None, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        """Run `slipway` with these arguments; what it printed and how it ended."""
        return subprocess.run(
            [str(SLIPWAY), *arguments],
            cwd=self.root,
            env=environment or dict(os.environ),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def ok(self, *arguments: str, **options: Any) -> str:
        """Run it and fail the test unless it succeeds; its standard output."""
        done = self.run(*arguments, **options)
        assert done.returncode == 0, f"slipway {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def result(self, *arguments: str) -> dict[str, Any]:
        """The JSON result of a command on `local`."""
        return self.ended(*arguments)[0]

    def ended(self, *arguments: str) -> tuple[dict[str, Any], subprocess.CompletedProcess[str]]:
        """The same, and how the command ended."""
        done = self.run(*arguments, "--json", "--engine", self.engine)
        assert done.stdout, done.stderr
        self.told.append(json.loads(done.stdout))
        return self.told[-1], done

    def edit(self, old: str, new: str, file: str = "Pulumi.local.yaml") -> None:
        """Change a line of a stack file."""
        path = self.root / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1))

    def client(self, service: str) -> Any:
        """An ordinary boto3 client at the printed endpoint."""
        endpoint = json.loads(self.ok("cloud", "status", "--json"))["endpoints"]["aws"]
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name="eu-west-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"max_attempts": 1}),
        )


def clone(root: Path) -> Project:
    """A copy of what a clone holds and a run needs."""
    root.mkdir(parents=True, exist_ok=True)
    for part in (*_PARTS, *(path.name for path in ROOT.glob("Pulumi.*.yaml"))):
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, root / part, ignore=_IGNORED, dirs_exist_ok=True)
        else:
            shutil.copy(source, root / part)
    return Project(root)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A fresh clone, its cloud stopped afterwards."""
    made = clone(tmp_path / "clone")
    yield made
    made.run("cloud", "stop")


@pytest.fixture
def cloud(project: Project) -> Project:
    """A fresh clone whose embedded cloud runs."""
    project.ok("cloud", "start")
    return project
