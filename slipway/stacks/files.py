"""A tree's files by folder, by pattern, by name, and by the name of the Python module that one is."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property

from slipway.stacks.path_patterns import expression
from slipway.stacks.trees import Tree


class Files:
    """What is asked of a tree again and again."""

    def __init__(self, tree: Tree, ignore: Iterable[str] = ()) -> None:
        """Args:
        tree: the files.
        ignore: patterns of paths that are as if they were not there.
        """
        ignored = [expression(pattern) for pattern in ignore]
        self.blobs = (
            {
                path: blob
                for path, blob in tree.blobs.items()
                if not any(pattern.fullmatch(path) for pattern in ignored)
            }
            if ignored
            else tree.blobs
        )
        self.repositories = tree.repositories

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.blobs)

    def below(self, folder: str) -> list[str]:
        """The files below a folder, however deep; of the top, all."""
        if not folder:
            return self._sorted
        # "0" is the sign after "/".
        begins, ends = bisect_left(self._sorted, f"{folder}/"), bisect_left(self._sorted, f"{folder}0")
        return self._sorted[begins:ends]

    def is_folder(self, path: str) -> bool:
        """Whether files lie below a path."""
        place = bisect_left(self._sorted, f"{path}/")
        return place < len(self._sorted) and self._sorted[place].startswith(f"{path}/")

    def matching(self, pattern: str) -> Iterator[tuple[str, str]]:
        """Paths that a pattern means, or that lie below a folder that it means, with ids of their contents.

        Of a path in a submodule, the submodule with the commit that it stands at.
        """
        if not any(sign in pattern for sign in "*?"):
            if pattern in self.blobs:
                yield pattern, self.blobs[pattern]
                return
            yield from ((path, self.blobs[path]) for path in (self.below(pattern) if pattern else ()))
        else:
            literal = min(pattern.index(sign) for sign in "*?" if sign in pattern)
            matches = expression(pattern).fullmatch
            for path in self.below(pattern[:literal].rpartition("/")[0]):
                if matches(path):
                    yield path, self.blobs[path]
        for path, commit in self.repositories.items():
            if f"{pattern}/".startswith(f"{path}/"):
                yield path, commit

    @cached_property
    def by_name(self) -> dict[str, list[str]]:
        """The folders of the files with a name, for those names that manifests of packages have."""
        found: dict[str, list[str]] = {}
        for path in self._sorted:
            folder, _, name = path.rpartition("/")
            if name in ("package.json", "go.mod") and "node_modules" not in folder.split("/"):
                found.setdefault(name, []).append(folder)
        return found

    @cached_property
    def python_roots(self) -> dict[str, list[str]]:
        """By the first part of a module's name, the folders that it can be imported from.

        A folder that is a package itself is none: what is in it is imported by its name.
        """
        found: dict[str, set[str]] = {}
        seen: set[str] = set()
        for path in self._sorted:
            if not path.endswith(".py"):
                continue
            folder, _, name = path.rpartition("/")
            if name != "__init__.py":
                found.setdefault(name[:-3], set()).add(folder)
            while folder and folder not in seen:
                seen.add(folder)
                folder, _, name = folder.rpartition("/")
                found.setdefault(name, set()).add(folder)
        return {
            name: sorted(root for root in roots if joined(root, "__init__.py") not in self.blobs)
            for name, roots in found.items()
        }


def joined(folder: str, name: str) -> str:
    """A path below a folder, which is empty for the top."""
    return f"{folder}/{name}" if folder else name
