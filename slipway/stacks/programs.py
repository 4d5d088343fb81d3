"""What programs are made of: those in Python by what they import and name, others by folder and packages."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from slipway.stacks.discovery import Project
from slipway.stacks.evidence import Program, can_read
from slipway.stacks.files import Files, joined
from slipway.stacks.knowledge import Knowledge
from slipway.stacks.packages import Packages, is_stack_file
from slipway.stacks.path_patterns import HERE, STACK, ancestors, places
from slipway.stacks.python_closure import Closure, Imports
from slipway.stacks.text_facts import is_document

_PYTHON_LOCKS = ("uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "pylock.toml", "requirements.txt")
_PYTHON_MANIFESTS = (
    *_PYTHON_LOCKS,
    *("pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "uv.toml", ".python-version"),
)
_MAIN = "__main__.py"


class Programs:
    """Reads the programs of a tree."""

    def __init__(self, files: Files, knowledge: Knowledge) -> None:
        self._files = files
        self._knowledge = knowledge
        self._imports = Imports(files, knowledge)
        self._packages = Packages(files, knowledge)

    def program(
        self, project: Project, folders: Iterable[str], paths: Iterable[str], *, bounded: bool
    ) -> Program:
        """What all stacks of a project are made of.

        Args:
            project: the project.
            folders: those of all projects of the tree.
            paths: patterns that are declared, from the repository's top.
            bounded: whether what it reads by names that it computes is known, and nothing is assumed of that.
        """
        python = project.facts["runtime"] == "python"
        program = self._python(project, bounded) if python else self._other(project, folders, bounded)
        parts = dict(program.parts)
        for pattern in paths:
            parts.update(self._files.matching(pattern))
        for token in project.facts["relative"]:
            target = posixpath.normpath(posixpath.join(project.folder, token))
            if target != "." and not target.startswith(".."):
                parts.update((path, blob) for path, blob in self._files.matching(target) if path not in parts)
        parts[project.file] = project.facts["rest"]
        for key, digest in project.facts["keys"].items():
            if can_read(project.name, program.keys, key):
                parts[f"{project.file}: {key}"] = digest
        return replace(program, parts=parts)

    def _python(self, project: Project, bounded: bool) -> Program:
        main = posixpath.normpath(joined(project.folder, project.facts["main"] or "."))
        main = "" if main == "." else main
        is_file = main in self._files.blobs
        root = posixpath.dirname(main) if is_file else main
        closure = self._imports.closure(main if is_file else joined(main, _MAIN), root)
        facts = closure.modules.values()
        opaque = any(each["opaque"] for each in facts) and not bounded
        words = frozenset(word for each in facts for word in each["words"])
        seen = any(each["seen"] for each in facts)
        parts = dict(self._manifests(project.folder))
        if opaque:
            parts.update(self._folder(project.folder, words))
        parts.update(
            (path, self._files.blobs[path] if seen else each["digest"])
            for path, each in closure.modules.items()
        )
        read = dict(self._read(closure, (project.folder, root), bounded=bounded))
        of_stack = tuple(sorted(place for place, blob in read.items() if not blob))
        parts.update((path, blob) for path, blob in read.items() if blob)
        known = [each["keys"] for each in facts]
        keys = (
            None
            if closure.others or not known or any(each is None for each in known)
            else frozenset(key for each in known for key in each or ())
        )
        refers = any(each["refers"] for each in facts)
        return Program(project.name, parts, keys, words, refers=refers, opaque=opaque, of_stack=of_stack)

    def _read(
        self, closure: Closure, folders: tuple[str, ...], *, bounded: bool
    ) -> Iterator[tuple[str, str]]:
        """The files that modules name, as they are; what depends on the stack, as a pattern without an id."""
        for path, facts in closure.modules.items():
            here = posixpath.dirname(path)
            for pattern in facts["paths"]:
                if pattern == f"{HERE}/__file__":
                    yield path, self._files.blobs[path]
                elif not (bounded and "*" in pattern):
                    for place in places(pattern, folders, here):
                        yield from self._files.matching(place) if STACK not in place else ((place, ""),)

    def _folder(self, folder: str, words: frozenset[str]) -> Iterator[tuple[str, str]]:
        documents = any(is_document(word) for word in words)
        for path in self._files.below(folder):
            if not is_stack_file(path) and (documents or not is_document(path)):
                yield path, self._files.blobs[path]

    def _manifests(self, folder: str) -> Iterator[tuple[str, str]]:
        """What says which packages a Python project gets: up to the nearest folder with a lock file."""
        blobs = self._files.blobs
        for above in ancestors(folder):
            found = {
                path: blobs[path] for name in _PYTHON_MANIFESTS if (path := joined(above, name)) in blobs
            }
            for path, blob in found.items():
                yield path, blob
                yield from self._required(path, blob)
            if any(joined(above, name) in found for name in _PYTHON_LOCKS):
                return

    def _required(self, path: str, blob: str) -> Iterator[tuple[str, str]]:
        """The manifests that one leads to: other requirements, and those of local packages."""
        for token in self._knowledge.text(path, blob)["relative"]:
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), token))
            for name in (target, *(joined(target, manifest) for manifest in _PYTHON_MANIFESTS)):
                if name in self._files.blobs:
                    yield name, self._files.blobs[name]

    def _other(self, project: Project, folders: Iterable[str], bounded: bool) -> Program:
        # Where what it reads is declared, the projects below its folder are none of its files.
        below = f"{project.folder}/" if project.folder else ""
        others = (folder for folder in folders if folder != project.folder and folder.startswith(below))
        made_of = self._packages.made_of(project, frozenset(others if bounded else ()))
        parts = {path: facts["digest"] for path, facts in made_of.items()}
        words = frozenset(word for facts in made_of.values() for word in facts["words"])
        refers = any(facts["refers"] for facts in made_of.values())
        return Program(project.name, parts, None, words, refers=refers, opaque=not bounded)


def declared(files: Files, patterns: Iterable[str]) -> Mapping[str, str]:
    """The files that patterns mean, from the repository's top."""
    return {path: blob for pattern in patterns for path, blob in files.matching(pattern)}
