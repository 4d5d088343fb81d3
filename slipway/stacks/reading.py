"""Reads a tree whole: its settings, its projects, and what each of their stacks is made of."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from slipway.stacks.discovery import SETTINGS_FILE, Catalog, Project, discover
from slipway.stacks.evidence import Configured, Evidence, Program
from slipway.stacks.files import Files
from slipway.stacks.knowledge import Knowledge
from slipway.stacks.names import Parts, SettingsFacts, under, unknown_names
from slipway.stacks.path_patterns import STACK
from slipway.stacks.programs import Programs, declared
from slipway.stacks.trees import Repository, Tree

_UNKNOWN = re.compile(rf"\$?\{{[^}}]*\}}|%\w|\*+|{STACK}")
"""What stands in a text for a part that only a run knows, in any language."""


@dataclass(frozen=True)
class Reading:
    """A tree that was read.

    Attributes:
        tree: the files.
        said: what its slipway.yaml says of what stacks are made of.
        catalog: its projects.
        evidence: of each stack, by its id.
    """

    tree: Tree
    said: SettingsFacts
    catalog: Catalog
    evidence: Mapping[str, Evidence]


def read(
    tree: Tree,
    knowledge: Knowledge,
    rules: SettingsFacts | None = None,
) -> Reading:
    """What each stack of a tree is made of.

    Args:
        tree: the files.
        knowledge: of their contents.
        rules: settings whose `ignore` and `paths` count in place of the tree's own, so that two trees are
            compared by the same ones, and a stack that is ignored from now on is not taken for gone.
    """
    said = knowledge.settings(tree)
    return _Reader(tree, knowledge, said if rules is None else under(said, rules)).read()


def require_right(repository: Repository, reading: Reading) -> None:
    """Refuse a tree whose settings or projects are wrong.

    Raises:
        SettingsError: with the mistakes of slipway.yaml.
        SlipwayError: a Pulumi.yaml is none, or two projects have one name.
    """
    reading.catalog.require()
    stacks = {name: project.stacks for name, project in reading.catalog.projects.items()}
    unknown = [*unknown_names(reading.said, stacks)]
    if not unknown and not reading.said["mistake"]:
        return
    from slipway.platform.documents import parsed  # noqa: PLC0415 - slow, and for what is wrong alone
    from slipway.stacks import settings  # noqa: PLC0415 - likewise

    document = parsed(repository.read(reading.tree.blobs[SETTINGS_FILE]), SETTINGS_FILE)
    settings.parse(document)
    raise settings.refusal_of(unknown, document)


class _Reader:
    def __init__(self, tree: Tree, knowledge: Knowledge, said: SettingsFacts) -> None:
        self._tree = tree
        self._knowledge = knowledge
        self._said = said
        self._known: dict[tuple[str, str], Parts] = {}
        self._files = Files(tree, self._said["ignore"])
        self._programs = Programs(self._files, knowledge)
        self._configured = Configured(knowledge)
        self._catalog = discover(tree, knowledge.project, self._said["ignore"])
        self._folders = [project.folder for project in self._catalog.projects.values()]

    def read(self) -> Reading:
        found: dict[str, Evidence] = {}
        for project in self._catalog.projects.values():
            paths = self._said_of(project.name)["paths"]
            bounded = self._bounded(project)
            program = self._programs.program(project, self._folders, paths, bounded=bounded)
            for stack, file in project.stacks.items():
                found[project.stack_id(stack)] = self._evidence(project, stack, file, program)
        return Reading(self._tree, self._said, self._catalog, found)

    def _evidence(self, project: Project, stack: str, file: str, program: Program) -> Evidence:
        blob, name = self._files.blobs[file], project.stack_id(stack)
        said = self._said_of(project.name, stack)
        named = [pattern.replace(STACK, stack) for pattern in program.of_stack]
        own = dict(declared(self._files, [*named, *said["paths"]]))
        if program.opaque:
            for token in self._knowledge.stack(blob)["relative"]:
                target = posixpath.normpath(posixpath.join(project.folder, token))
                own.update(self._files.matching(target) if not target.startswith(("..", ".")) else ())
        upstreams = {*self._needed(project, stack)}
        if program.refers:
            words = [*program.words, *self._knowledge.stack(blob)["words"]]
            upstreams.update(self._referred(project, stack, words))
        upstreams.discard(name)
        return Evidence(name, program, own, file, blob, tuple(sorted(upstreams)), self._configured)

    def _said_of(self, project: str, stack: str = "") -> Parts:
        """What the settings say of a stack alone; without one, of all stacks of a project."""
        if (project, stack) not in self._known:
            self._known[project, stack] = self._asked_of(project, stack)
        return self._known[project, stack]

    def _asked_of(self, project: str, stack: str) -> Parts:
        block = self._said["projects"].get(project)
        if stack:
            return (block or {}).get("stacks", {}).get(stack) or Parts(needs=[], paths=[])
        blocks = [self._said["defaults"], *([block] if block else [])]
        return Parts(
            needs=[need for each in blocks for need in each["needs"]],
            paths=[path for each in blocks for path in each["paths"]],
        )

    def _bounded(self, project: Project) -> bool:
        """Whether what its programs read is declared: by the project, or by each of its stacks."""
        if self._said_of(project.name)["paths"]:
            return True
        return all(self._said_of(project.name, stack)["paths"] for stack in project.stacks)

    def _needed(self, project: Project, stack: str) -> Iterator[str]:
        for need in (*self._said_of(project.name)["needs"], *self._said_of(project.name, stack)["needs"]):
            other, _, named = need.partition("/")
            found = self._catalog.projects.get(other)
            if (found is not None and found is not project) or named:
                target = f"{other}/{named or stack}"
                if found is not None and (named or stack) in found.stacks:
                    yield target

    def _referred(self, project: Project, stack: str, words: Iterable[str]) -> Iterator[str]:
        """Stacks that texts name as `[organization/]project/stack`.

        Of a stack that only a run knows, the one of the same name, or all. A program that names none so may
        put the name together, and then the names of projects count.
        """
        known = self._catalog.projects
        told = False
        for word in words:
            parts = word.rsplit("/", 2)
            if len(parts) < 2 or (other := known.get(parts[-2])) is None:
                continue
            told = True
            yield from _meant(other, parts[-1], stack)
        if not told:
            for word in words:
                other = known.get(word)
                if other is not None and other is not project:
                    yield from _meant(other, "", stack)


def _meant(project: Project, named: str, stack: str) -> Iterator[str]:
    if named in project.stacks:
        yield project.stack_id(named)
    elif not named or _UNKNOWN.search(named):
        names = [stack] if stack in project.stacks else [*project.stacks]
        yield from (project.stack_id(name) for name in names)
