"""Which files a Python program opens while it runs, in this process or in one that Pulumi starts for it.

By an audit hook, which Python calls at each `open` (https://docs.python.org/3/library/audit_events.html). In
a process of its own `child/sitecustomize.py` adds the hook, found by PYTHONPATH. Programs in other languages
are not seen.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

NOTES: Final = "SLIPWAY_OPENED"
"""The environment variable that names the file in which child processes note what they open."""

_CHILD: Final = str(Path(__file__).with_name("child"))
_PATH: Final = "PYTHONPATH"


class _Hook:
    """Python takes no audit hook back, so there is one, with nothing to do most of the time."""

    def __init__(self) -> None:
        self.watching: list[set[str]] = []
        self._added = False

    def add(self) -> None:
        if not self._added:
            self._added = True
            sys.addaudithook(self._told)

    def _told(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.watching and event == "open" and isinstance(arguments[0], str | bytes):
            name = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100 - a Path would cost each open more
            for names in self.watching:
                names.add(name)


_HOOK: Final = _Hook()


class Watch:
    """What is opened while it is watched."""

    def __init__(self, notes: Path) -> None:
        self._notes = notes
        self._here: set[str] = set()

    @contextmanager
    def here(self) -> Generator[None]:
        """Watch this process, too, in all its threads."""
        _HOOK.add()
        _HOOK.watching.append(self._here)
        try:
            yield
        finally:
            _HOOK.watching.remove(self._here)

    @property
    def files(self) -> frozenset[Path]:
        """Absolute paths, links resolved; of folders, and of what is gone by now, none."""
        noted = self._notes.read_text(encoding="utf-8", errors="surrogateescape").split("\0")
        names = {*self._here, *filter(None, noted)}
        return frozenset(path.resolve() for path in map(Path, names) if path.is_file())


@contextmanager
def watching() -> Generator[Watch]:
    """Have what Python programs open noted, in the processes that are started meanwhile."""
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        notes = Path(folder) / "opened"
        notes.touch(mode=0o600)
        before = {name: os.environ.get(name) for name in (NOTES, _PATH)}
        os.environ[NOTES] = str(notes)
        os.environ[_PATH] = os.pathsep.join(filter(None, [_CHILD, before[_PATH]]))
        try:
            yield Watch(notes)
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
