"""The files of a program in any language but Python: its folder, and the local packages that it reaches."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from slipway.stacks.discovery import Project
from slipway.stacks.files import Files, joined
from slipway.stacks.knowledge import Knowledge
from slipway.stacks.path_patterns import ancestors
from slipway.stacks.text_facts import TextFacts, is_document

_ENDINGS = ("", ".ts", ".tsx", ".mts", ".js", ".mjs", ".cjs", ".json", ".yaml", ".yml")
_FOLDER_IS_UNIT = (
    ".csproj",
    ".fsproj",
    ".vbproj",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "package.json",
)
"""Manifests whose whole folder is meant where one names them."""
_NOT_BUILT = "_test.go"
_MANIFESTS = {
    "nodejs": (
        *("package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"),
        *("pnpm-workspace.yaml", ".npmrc", ".yarnrc.yml", "bun.lock", "bun.lockb", ".nvmrc", ".node-version"),
    ),
    "go": ("go.mod", "go.sum", "go.work", "go.work.sum"),
    "dotnet": (
        *("Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json"),
        *("NuGet.config", "nuget.config", "packages.lock.json"),
    ),
    "java": (
        *("pom.xml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"),
        *("gradle.properties", "gradle.lockfile"),
    ),
}
"""By runtime, files above a project that say which versions it gets."""
_MANIFESTS["bun"] = _MANIFESTS["nodejs"]


class Packages:
    """How the programs of a tree reach what lies outside of their folders."""

    def __init__(self, files: Files, knowledge: Knowledge) -> None:
        self._files = files
        self._knowledge = knowledge

    def made_of(self, project: Project, others: frozenset[str]) -> dict[str, TextFacts]:
        """The files of a program, by path, with what each says.

        Args:
            project: whose program it is.
            others: folders below its own whose files are none of it.
        """
        found: dict[str, TextFacts] = {}
        waiting = [*self._folder(project.folder, others)]
        if project.facts["main"]:
            main = posixpath.normpath(joined(project.folder, project.facts["main"]))
            waiting += self._meant(main)
        waiting += self._above(project)
        seen: set[str] = set()
        while waiting:
            for path in waiting:
                seen.add(path)
                if not path.endswith(_NOT_BUILT) and not is_stack_file(path):
                    found[path] = self._knowledge.text(path, self._files.blobs[path])
            waiting = list({path for path in self._reached(found) if path not in seen})
        if any(facts["documents"] for facts in found.values()):
            return found
        return {path: facts for path, facts in found.items() if not is_document(path)}

    def _reached(self, found: dict[str, TextFacts]) -> Iterator[str]:
        """What files lead to, by a path that leads upwards or by a package's name."""
        for path, facts in found.items():
            for token in facts["relative"]:
                yield from self._named(posixpath.dirname(path), token)
        yield from self._by_name(found)

    def _folder(self, folder: str, without: frozenset[str]) -> Iterator[str]:
        for path in self._files.below(folder):
            if "node_modules" not in path.split("/") and not any(
                path.startswith(f"{other}/") for other in without
            ):
                yield path

    def _above(self, project: Project) -> Iterator[str]:
        names = _MANIFESTS.get(project.facts["runtime"], ())
        for folder in ancestors(project.folder):
            for name in names:
                path = joined(folder, name)
                # What a manifest above names is for all that lies there, not for this project alone.
                if path in self._files.blobs:
                    yield path

    def _named(self, folder: str, token: str) -> Iterator[str]:
        """What a relative path leads to from a folder: the file, or all below the folder."""
        target = posixpath.normpath(posixpath.join(folder, token.removesuffix("/*").rstrip("/")))
        if target.startswith(".."):
            return
        yield from self._meant("" if target == "." else target)

    def _meant(self, target: str) -> Iterator[str]:
        for ending in _ENDINGS:
            path = f"{target}{ending}"
            if path in self._files.blobs:
                yield path
                if path.endswith(_FOLDER_IS_UNIT):
                    yield from self._folder(posixpath.dirname(path), frozenset())
                return
        # `import "../shared.js"` is how modules name what is written as shared.ts.
        script = f"{target.removesuffix('.js')}.ts"
        if target.endswith(".js") and script in self._files.blobs:
            yield script
            return
        if target:
            yield from self._folder(target, frozenset())

    def _by_name(self, found: dict[str, TextFacts]) -> Iterator[str]:
        """What packages that are used by name are made of, where they lie in this repository."""
        used = {name for facts in found.values() for name in facts["packages"]}
        for path, facts in found.items():
            for name, targets in facts["aliases"].items():
                if any(word.startswith(name.removesuffix("*")) for word in used) or path.endswith(".mod"):
                    for target in targets:
                        yield from self._named(posixpath.dirname(path), target)
        yield from self._node(used)
        yield from self._go(used)

    def _node(self, used: set[str]) -> Iterator[str]:
        for folder in self._files.by_name.get("package.json", ()):
            path = joined(folder, "package.json")
            if folder and self._knowledge.text(path, self._files.blobs[path])["name"] in used:
                yield from self._folder(folder, frozenset())

    def _go(self, used: set[str]) -> Iterator[str]:
        for folder in self._files.by_name.get("go.mod", ()):
            path = joined(folder, "go.mod")
            module = self._knowledge.text(path, self._files.blobs[path])["name"]
            for name in used if module else ():
                if name == module or name.startswith(f"{module}/"):
                    package = joined(folder, name.removeprefix(module).lstrip("/")).rstrip("/")
                    yield from self._go_package(package)
                    yield path

    def _go_package(self, folder: str) -> Iterator[str]:
        direct = [path for path in self._files.below(folder) if posixpath.dirname(path) == folder]
        yield from direct
        texts = (
            self._knowledge.text(path, self._files.blobs[path]) for path in direct if path.endswith(".go")
        )
        if any(facts["embeds"] for facts in texts):
            yield from self._files.below(folder)


def is_stack_file(path: str) -> bool:
    """Whether it is the file of some stack."""
    name = path.rpartition("/")[2]
    return name.startswith("Pulumi.") and name.count(".") > 1
