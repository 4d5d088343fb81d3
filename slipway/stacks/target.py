"""The stack that a command is asked to deliver, as it lies in a work tree: where, by what rules, of what."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.errors import SlipwayError
from slipway.platform.mistakes import nearest
from slipway.stacks.affected import reached
from slipway.stacks.comparison import FOLDER, settings_of
from slipway.stacks.discovery import Project
from slipway.stacks.knowledge import Knowledge
from slipway.stacks.plans.making import Sources
from slipway.stacks.reading import Reading, read, require_right
from slipway.stacks.trees import Repository

if TYPE_CHECKING:
    from slipway.stacks.settings import Block


@dataclass(frozen=True)
class Target:
    """One stack of a work tree.

    Attributes:
        project, stack: its names.
        folder: the project's folder.
        top: the repository's.
        commit: what is checked out, as a full hash.
        sources: what it is made of as it lies there, committed or not.
        block: what slipway.yaml says of it.
        store: where that says that plans are; empty where it does not.
        files: all of the work tree, from the repository's top, without what Git ignores.
        settings: of those, the project's and the stack's own.
    """

    project: str
    stack: str
    folder: Path
    top: Path
    commit: str
    sources: Sources
    block: Block
    store: str
    files: Collection[str] = ()
    settings: Collection[str] = ()

    @property
    def name(self) -> str:
        """`project/stack`."""
        return f"{self.project}/{self.stack}"

    def is_ancestor(self, one: str, other: str) -> bool:
        """See `Repository.is_ancestor`."""
        return Repository(self.top).is_ancestor(one, other)


def find(folder: Path, name: str) -> Target:
    """Look up a stack.

    Args:
        folder: of a project, or any folder of the repository where `name` says the project.
        name: a stack of the project in `folder`, or any of the repository as project/stack.

    Raises:
        SettingsError: slipway.yaml is wrong.
        SlipwayError: not a repository, no commit in it, or no such stack.
    """
    with work_tree(folder) as (repository, knowledge, tree):
        (project, stack), reading = _found(repository, knowledge, tree, folder, name)
        settings = settings_of(repository, reading)
        evidence = reading.evidence[project.stack_id(stack)]
        block = settings.of(project.name, stack)
        return Target(
            project=project.name,
            stack=stack,
            folder=repository.top / project.folder,
            top=repository.top,
            commit=repository.commit("HEAD"),
            sources=Sources(
                evidence={**evidence.program.parts, **evidence.own},
                digest=evidence.digest,
                variables=block.variables,
            ),
            block=block,
            store=settings.store or "",
            files=reading.tree.blobs.keys(),
            settings=(project.file, evidence.file),
        )


@dataclass(frozen=True)
class Tree:
    """Stacks of a work tree, as they lie there, committed or not.

    Attributes:
        top: the repository's folder.
        commit: what is checked out, as a full hash.
        store: where slipway.yaml says that plans are; empty where it does not.
        evidence: the digest of what each stack is made of, by project/stack.
        folders: the project's folder of each that was named; None where none was, and all of them are meant.
    """

    top: Path
    commit: str
    store: str
    evidence: Mapping[str, str]
    folders: Mapping[str, Path] | None


def tree_of(folder: Path, names: Collection[str] = ()) -> Tree:
    """What stacks are made of: those that are named, as in `find`, or all of the repository.

    Raises:
        SettingsError: slipway.yaml is wrong.
        SlipwayError: not a repository, no commit in it, or no such stack.
    """
    with work_tree(folder) as (repository, knowledge, reading):
        evidence: dict[str, str] = {}
        folders: dict[str, Path] = {}
        for name in names:
            (project, stack), found = _found(repository, knowledge, reading, folder, name)
            folders[project.stack_id(stack)] = repository.top / project.folder
            evidence[project.stack_id(stack)] = found.evidence[project.stack_id(stack)].digest
        return Tree(
            top=repository.top,
            commit=repository.commit("HEAD"),
            store=settings_of(repository, reading).store or "",
            evidence=evidence if names else {name: one.digest for name, one in reading.evidence.items()},
            folders=folders if names else None,
        )


def needs_among(folder: Path, names: Collection[str]) -> dict[str, frozenset[str]]:
    """Of several stacks, those of them that each needs, directly or through others.

    Args:
        folder: see `find`.
        names: likewise; all stacks of the repository if empty.

    Returns:
        By project/stack.

    Raises:
        SettingsError: slipway.yaml is wrong.
        SlipwayError: not a repository, or no such stack.
    """
    with work_tree(folder) as (repository, knowledge, reading):
        ids: list[str] = [] if names else [*reading.evidence]
        for name in names:
            (project, stack), _ = _found(repository, knowledge, reading, folder, name)
            ids.append(project.stack_id(stack))
        upstreams = {name: evidence.upstreams for name, evidence in reading.evidence.items()}
    return {name: reached([name], upstreams) & frozenset(ids) - {name} for name in ids}


@contextmanager
def work_tree(folder: Path) -> Generator[tuple[Repository, Knowledge, Reading]]:
    """A repository as it lies there, read.

    Raises:
        SettingsError: slipway.yaml is wrong.
        SlipwayError: not a repository, or a project is wrong.
    """
    repository = Repository(folder)
    try:
        knowledge = Knowledge(repository.read, repository.private / FOLDER)
        reading = read(repository.working_tree(), knowledge)
        require_right(repository, reading)
        yield repository, knowledge, reading
        knowledge.save()
    finally:
        repository.close()


def _found(
    repository: Repository, knowledge: Knowledge, reading: Reading, folder: Path, name: str
) -> tuple[tuple[Project, str], Reading]:
    """A stack, and the tree as it was read to find it. Raises SlipwayError where there is none."""
    found = _named(repository, reading, folder, name)
    if found is None:
        # One that `ignore` keeps from delivery may still be tried out.
        everything = reading.said.copy()
        everything["ignore"] = []
        reading = read(reading.tree, knowledge, rules=everything)
        found = _named(repository, reading, folder, name)
    if found is None:
        raise _unknown(reading, folder, name)
    return found, reading


def _named(repository: Repository, reading: Reading, folder: Path, name: str) -> tuple[Project, str] | None:
    if "/" in name:
        return reading.catalog.stacks().get(name)
    here = folder.resolve().relative_to(repository.top.resolve()).as_posix()
    for project in reading.catalog.projects.values():
        if (project.folder or ".") == here and name in project.stacks:
            return project, name
    return None


def _unknown(reading: Reading, folder: Path, name: str) -> SlipwayError:
    known = sorted(reading.catalog.stacks())
    near = nearest(name, [*known, *(each.rpartition("/")[2] for each in known)])
    return SlipwayError(
        f"there is no stack {name!r}",
        where=str(folder),
        fix=f"did you mean {near!r}?" if near else f"the stacks are: {', '.join(known) or 'none'}",
    )
