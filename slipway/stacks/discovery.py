"""The projects and stacks of a repository: each Pulumi.yaml, and each Pulumi.<stack>.yaml of it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict, cast

from slipway.errors import SlipwayError
from slipway.stacks.path_patterns import expression
from slipway.stacks.trees import Tree

SETTINGS_FILE = "slipway.yaml"
_PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml")
_STACK_FILE = re.compile(r"Pulumi\.(?P<stack>.+)\.ya?ml")
_ELSEWHERE = frozenset({"node_modules", ".venv", "venv", ".pulumi", "__pycache__"})
"""Folders of what others wrote, where a tree holds them."""
_FOR_PEOPLE = frozenset({"description", "author", "website", "license", "template"})
"""Keys of a Pulumi.yaml that nothing that is made depends on."""


class ProjectFacts(TypedDict):
    """What a Pulumi.yaml says; plain values, because they are kept as JSON.

    Keys:
        name, runtime, main: as there; empty where not there.
        stack_folder: where its stacks' files lie, from its own folder.
        keys: a digest by key of its `config`; `rest`: of all else that counts.
        relative: paths that lead upwards.
        mistake: why it is none.
    """

    name: str
    runtime: str
    main: str
    stack_folder: str
    keys: dict[str, str]
    rest: str
    relative: list[str]
    mistake: str


@dataclass(frozen=True)
class Project:
    """A project at one moment.

    Attributes:
        name: as its file has it.
        folder: where its file lies, from the top of the repository; empty for the top.
        file: the path of that file.
        facts: what that says.
        stacks: the path of each stack's file, by name.
    """

    name: str
    folder: str
    file: str
    facts: ProjectFacts
    stacks: Mapping[str, str] = field(default_factory=dict[str, str])

    def stack_id(self, stack: str) -> str:
        """A stack's name in the repository."""
        return f"{self.name}/{stack}"


@dataclass(frozen=True)
class Catalog:
    """The projects of a tree by name, and what keeps others from being one."""

    projects: Mapping[str, Project]
    mistakes: tuple[SlipwayError, ...] = ()

    def stacks(self) -> dict[str, tuple[Project, str]]:
        """Every stack by its id, with its project and its name there."""
        return {
            project.stack_id(stack): (project, stack)
            for project in self.projects.values()
            for stack in project.stacks
        }

    def require(self) -> None:
        """Raise the first SlipwayError of what keeps a file from being a project."""
        if self.mistakes:
            raise self.mistakes[0]


def discover(tree: Tree, facts: Callable[[str, str], ProjectFacts], ignore: Iterable[str] = ()) -> Catalog:
    """The projects of a tree.

    Args:
        tree: the files.
        facts: what a Pulumi.yaml says, by its path and the id of its contents.
        ignore: patterns of paths that hold none.
    """
    ignored = [expression(pattern) for pattern in ignore]
    files: dict[str, str] = {}
    stack_files: dict[str, dict[str, str]] = {}
    for path in tree.blobs:
        folder, _, name = path.rpartition("/")
        if not name.startswith("Pulumi.") or _ELSEWHERE.intersection(folder.split("/")):
            continue
        if any(pattern.fullmatch(path) for pattern in ignored):
            continue
        if name in _PROJECT_FILES:
            files[folder] = min(path, files.get(folder, path))
        elif found := _STACK_FILE.fullmatch(name):
            of_folder = stack_files.setdefault(folder, {})
            of_folder[found["stack"]] = min(path, of_folder.get(found["stack"], path))
    projects: dict[str, Project] = {}
    mistakes: list[SlipwayError] = []
    for folder, path in sorted(files.items()):
        said = facts(path, tree.blobs[path])
        if said["mistake"]:
            mistakes.append(
                SlipwayError(said["mistake"], where=f"{path} of {tree.name}", fix="correct the file")
            )
            continue
        name = said["name"]
        if name in projects:
            mistakes.append(_twice(name, path, projects[name].file))
            continue
        beside = posixpath.normpath(posixpath.join(folder, said["stack_folder"]))
        stacks = stack_files.get("" if beside == "." else beside, {})
        projects[name] = Project(name, folder, path, said, dict(sorted(stacks.items())))
    return Catalog(projects, tuple(mistakes))


def _twice(name: str, path: str, other: str) -> SlipwayError:
    return SlipwayError(
        f"two projects are called {name!r}, and so they have one state: {other} and {path}",
        where=path,
        fix=f"rename one of them, or leave it out: `ignore: [{path}]` in slipway.yaml",
    )


def described(document: Mapping[str, Any], digest: Callable[[object], str]) -> ProjectFacts:
    """What the values of a Pulumi.yaml say (https://www.pulumi.com/docs/iac/concepts/projects/project-file/).

    Args:
        document: its values.
        digest: names a value.
    """
    name = document.get("name")
    runtime: object = document.get("runtime")
    language = cast(Mapping[str, Any], runtime).get("name") if isinstance(runtime, Mapping) else runtime
    given: object = document.get("config")
    config: Mapping[str, Any] = cast(Mapping[str, Any], given) if isinstance(given, Mapping) else {}
    # `config: <folder>` is how older projects say `stackConfigDir: <folder>`.
    folder: Any = document.get("stackConfigDir")
    if not folder and isinstance(given, str):
        folder = given
    rest = {key: value for key, value in document.items() if key not in {*_FOR_PEOPLE, "config"}}
    return ProjectFacts(
        name=name if isinstance(name, str) else "",
        runtime=str(language or ""),
        main=str(document.get("main") or ""),
        stack_folder=str(folder or ""),
        keys={str(key): digest(value) for key, value in config.items()},
        rest=digest(rest),
        relative=[],
        mistake="" if isinstance(name, str) and language else "the project has no name or no runtime",
    )
