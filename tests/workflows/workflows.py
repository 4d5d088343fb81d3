"""Reads the workflow files of this repository and of the examples."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Workflow:
    """One workflow file, parsed."""

    path: Path
    content: dict[str, Any]

    @property
    def name(self) -> str:
        """Its path from the root of this repository."""
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        """The file as it is written, comments and all."""
        return self.path.read_text()

    @property
    def jobs(self) -> dict[str, dict[str, Any]]:
        """Its jobs by id."""
        return self.content["jobs"]

    @property
    def triggers(self) -> set[str]:
        """The events that start it."""
        on = self.content["on"]
        return {on} if isinstance(on, str) else set(on)

    def steps(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each step with its job's id."""
        for job, body in self.jobs.items():
            for step in body.get("steps", []):
                yield job, step


def load(path: Path) -> Any:
    """The content of one YAML file; YAML 1.2, in which `on` is a word."""
    return YAML(typ="safe", pure=True).load(path.read_text())


def ours() -> list[Workflow]:
    """This repository's own workflows."""
    return _in(ROOT / ".github" / "workflows")


def examples() -> list[Workflow]:
    """The workflows of the example services."""
    return [one for folder in sorted(ROOT.glob("examples/*/.github/workflows")) for one in _in(folder)]


def stacks() -> list[str]:
    """The real stacks: those with a stack file, without the embedded cloud's."""
    return sorted(
        path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml") if ".local." not in path.name
    )


def environments_of(job: dict[str, Any]) -> set[str]:
    """The environments that a job may run in, its matrix spelled out; an input is left as it is."""
    environment = job.get("environment", "")
    name = environment["name"] if isinstance(environment, dict) else environment
    if not name:
        return set()
    stacks_of = job.get("strategy", {}).get("matrix", {}).get("stack", [])
    if "${{ matrix.stack }}" in name:
        return {name.replace("${{ matrix.stack }}", stack) for stack in stacks_of}
    return {name}


def _in(folder: Path) -> list[Workflow]:
    return [Workflow(path, load(path)) for path in sorted(folder.glob("*.y*ml"))]
