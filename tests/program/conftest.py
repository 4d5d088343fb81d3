"""A copy of the project in a folder of its own, and the `slipway` command in it, as a user has them."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from slipway.access.world import World
from slipway.cli.matrices import world_of
from slipway.engine.offline import render_stacks
from slipway.engine.recording import Rendered
from tests.git import git
from tests.program import forked

ROOT = Path(__file__).parents[2]
SLIPWAY = Path(sys.executable).parent / "slipway"
AS: dict[str, tuple[str, ...]] = {"text": (), "markdown": ("--markdown",), "json": ("--json",)}
"""How a command is told in which form to print."""
_PARTS = ("Pulumi.yaml", "__main__.py", "infra", "components", "runners", "services", "slipway", "examples")


@pytest.fixture(scope="session")
def rendered() -> dict[str, Rendered]:
    """The real stacks as this project declares them, without a cloud."""
    return {each.stack: each for each in render_stacks(ROOT, ["automation", "staging", "prod"], "")}


@pytest.fixture(scope="session")
def world(rendered: dict[str, Rendered]) -> World:
    """Who may do what in them, together."""
    return world_of(list(rendered.values()))


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
        if environment is None:
            return forked.run(*arguments, folder=self.root, environment=dict(os.environ), timeout=timeout)
        return subprocess.run(
            [str(SLIPWAY), *arguments],
            cwd=self.root,
            env=environment,
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
            # With what Python compiled of it, which it takes as long as a file has its size and time.
            shutil.copytree(source, root / part, dirs_exist_ok=True)
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


_GUARD = textwrap.dedent(
    '''
    """Loaded by Python itself in every process of the test: nobody is looked up or called, not even here."""
    import os
    import sys

    # A library may still make a socket and ask what it could do.
    FORBIDDEN = {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}

    def forbid(event, arguments):
        if event in FORBIDDEN:
            with open(os.path.join(os.path.dirname(__file__), "trespasses"), "a") as log:
                log.write(f"{event} {arguments}\\n")
            raise OSError("the network is forbidden in this test")

    sys.addaudithook(forbid)
    '''
)


@dataclass(frozen=True)
class Clone:
    """A clone by `git clone`, in which commands run with nothing in their environment."""

    root: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """PATH and HOME; PYTHONPATH brings the guard alone."""
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONPATH": str(self.home)}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `slipway`, whatever comes of it."""
        return subprocess.run(
            [str(SLIPWAY), *arguments],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def ok(self, *arguments: str) -> str:
        """Run `slipway`; its standard output. Fails unless it succeeds and opens no socket."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"slipway {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        trespasses = self.home / "trespasses"
        assert not trespasses.exists(), trespasses.read_text()
        return done.stdout

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a file; a stack's by its name."""
        path = self.root / (file if "." in file else f"Pulumi.{file}.yaml")
        text = path.read_text()
        assert text.count(old) == 1, (file, old)
        path.write_text(text.replace(old, new))


@pytest.fixture(scope="session")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is being worked on, as the one commit of a repository."""
    root = clone(tmp_path_factory.mktemp("offline") / "upstream").root
    (root / ".gitignore").write_text((ROOT / ".gitignore").read_text())
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "Begin")
    return root


@pytest.fixture
def cloned(upstream: Path, tmp_path: Path) -> Clone:
    home = tmp_path / "home"
    home.mkdir()
    (home / "sitecustomize.py").write_text(_GUARD)
    git(tmp_path, "clone", "--quiet", str(upstream), "clone")
    return Clone(tmp_path / "clone", home)
