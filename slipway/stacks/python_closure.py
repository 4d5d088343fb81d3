"""The modules that a Python program imports from its own repository, and from where."""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from slipway.stacks.files import Files, joined
from slipway.stacks.knowledge import Knowledge
from slipway.stacks.path_patterns import ancestors
from slipway.stacks.python_facts import PythonFacts

_SDK = "pulumi"
_INSTALLABLE = ("pyproject.toml", "setup.py", "setup.cfg")
"""Of which one makes a folder a package that can be installed (Python Packaging User Guide)."""


@dataclass(frozen=True)
class Closure:
    """The modules of a program.

    Attributes:
        modules: by path, what each says.
        others: it imports packages that are neither here nor Python's or Pulumi's own.
    """

    modules: dict[str, PythonFacts] = field(default_factory=dict[str, PythonFacts])
    others: bool = False


class Imports:
    """How the modules of a tree find each other."""

    def __init__(self, files: Files, knowledge: Knowledge) -> None:
        self._files = files
        self._knowledge = knowledge
        self._open: dict[str, tuple[bool, str]] = {}

    def closure(self, entry: str, root: str) -> Closure:
        """All modules that can be imported when a program runs.

        Args:
            entry: the path of what runs.
            root: the folder that Python puts first in its path.
        """
        found = self._closed(entry, root, moved=False)
        if any(facts["moves"] for facts in found.modules.values()):
            found = self._closed(entry, root, moved=True)
        if any(facts["everything"] for facts in found.modules.values()):
            python = {path: blob for path, blob in self._files.blobs.items() if path.endswith(".py")}
            return Closure({path: self._knowledge.python(blob) for path, blob in python.items()}, others=True)
        return found

    def _closed(self, entry: str, root: str, *, moved: bool) -> Closure:
        blobs, done, others = self._files.blobs, dict[str, PythonFacts](), False
        waiting = [entry] if entry in blobs else []
        while waiting:
            path = waiting.pop()
            if path in done:
                continue
            facts = done[path] = self._knowledge.python(blobs[path])
            for level, module, names in facts["imports"]:
                targets = list(self._targets(path, root, level, module, moved=moved))
                reached = [file for target in targets for file in self._reached(*target, names)]
                waiting.extend(file for file in reached if file not in done)
                others = others or (not reached and not level and not _is_known(module))
        return Closure(done, others)

    def _targets(
        self, path: str, root: str, level: int, module: str, *, moved: bool
    ) -> Iterator[tuple[str, list[str]]]:
        """Folders to begin at, each with the parts of a name to follow from there."""
        parts = module.split(".") if module else []
        if level:
            folder = posixpath.dirname(path)
            for _ in range(level - 1):
                folder = posixpath.dirname(folder)
            yield folder, parts
            return
        roots = self._files.python_roots.get(parts[0], ())
        if root in roots or self._is_module(root, parts[0]):
            yield root, parts
            if not moved and self._is_module(root, parts[0]):
                return
        if _is_known(parts[0]) and not moved:
            return
        others = (other for other in roots if other != root)
        yield from ((other, parts) for other in others if moved or self._is_found_from(root, other))

    def _is_found_from(self, root: str, other: str) -> bool:
        """Whether a folder may be in the path of a program that does not change it itself.

        By `PYTHONPATH` that may be any, except inside of another project, whose modules are its own unless
        they can be installed.
        """
        if other not in self._open:
            self._open[other] = self._around(other)
        is_open, project = self._open[other]
        return is_open or project in ancestors(root)

    def _around(self, folder: str) -> tuple[bool, str]:
        """Whether any program may import from a folder; else the folder of the project that it lies in."""
        blobs = self._files.blobs
        if any(joined(folder, manifest) in blobs for manifest in _INSTALLABLE):
            return True, ""
        for above in ancestors(folder):
            if any(joined(above, name) in blobs for name in ("Pulumi.yaml", "Pulumi.yml")):
                return False, above
        return True, ""

    def _is_module(self, root: str, name: str) -> bool:
        """Whether it is a module or a package there, and no part of one that lies in several folders."""
        blobs = self._files.blobs
        return joined(root, f"{name}.py") in blobs or joined(root, f"{name}/__init__.py") in blobs

    def _reached(self, folder: str, parts: list[str], names: list[str]) -> Iterator[str]:
        """The files that run when a name is imported from a folder."""
        blobs, place = self._files.blobs, folder
        if not parts:
            yield from self._module(joined(place, "__init__.py"))
        for part in parts:
            place = joined(place, part)
            yield from self._module(f"{place}.py")
            yield from self._module(f"{place}/__init__.py")
        for name in names:
            if name == "*":
                yield from (
                    path
                    for path in self._files.below(place)
                    if path.endswith(".py") and path.count("/") == joined(place, "x").count("/")
                )
                continue
            inner = joined(place, name)
            yield from (path for path in (f"{inner}.py", f"{inner}/__init__.py") if path in blobs)

    def _module(self, path: str) -> Iterator[str]:
        if path in self._files.blobs:
            yield path


def _is_known(module: str) -> bool:
    """Whether it is Python's, or Pulumi's SDK or one of its providers, which read no project's own keys."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top == _SDK or top.startswith(f"{_SDK}_")
