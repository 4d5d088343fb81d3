"""What files say about what programs are made of, remembered by contents from one question to the next."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from slipway.errors import SlipwayError
from slipway.stacks.discovery import SETTINGS_FILE, ProjectFacts, described
from slipway.stacks.names import Parts, ProjectParts, SettingsFacts
from slipway.stacks.python_facts import PythonFacts, python_facts
from slipway.stacks.text_facts import StackFacts, TextFacts, relative, stack_facts, text_facts
from slipway.stacks.trees import Tree

_KEPT = 4
"""Files of this kind that are kept, the newest."""
_ROOM = 8
"""How many times what one question needs is remembered, before the rest is forgotten."""
_SAID_BY = (
    "python_facts.py",
    "text_facts.py",
    "path_patterns.py",
    "discovery.py",
    "knowledge.py",
    "settings.py",
)
"""The files beside this one that decide what is said of contents: when one changes, all is asked anew."""


class Knowledge:
    """Facts by contents."""

    def __init__(self, contents: Callable[[str], bytes], kept: Path | None = None) -> None:
        """Args:
        contents: what an id names.
        kept: the folder in which facts are remembered. They are believed: it must be one that no commit can
            put anything into, such as Git's own.
        """
        self._contents = contents
        self._file = kept / f"facts-{_version()}.json" if kept else None
        self._known: dict[str, Any] = {}
        self._used: set[str] = set()
        self._new = False
        try:
            read: Any = json.loads(self._file.read_bytes()) if self._file else None
            self._known = cast(dict[str, Any], read) if isinstance(read, dict) else {}
        except (OSError, ValueError):  # there is none, or one that was not written to its end
            pass

    def python(self, blob: str) -> PythonFacts:
        """Of a Python file."""
        return self._of(f"python:{blob}", lambda: python_facts(self._contents(blob)))

    def text(self, path: str, blob: str) -> TextFacts:
        """Of a file in any language; its name says which."""
        name = path.rpartition("/")[2]
        return self._of(f"{name}:{blob}", lambda: text_facts(path, self._contents(blob)))

    def stack(self, blob: str) -> StackFacts:
        """Of a stack's file."""
        return self._of(f"stack:{blob}", lambda: stack_facts(self._contents(blob)))

    def project(self, path: str, blob: str) -> ProjectFacts:
        """Of a Pulumi.yaml."""
        return self._of(f"project:{blob}", lambda: self._project(path, blob))

    def settings(self, tree: Tree) -> SettingsFacts:
        """Of slipway.yaml of a tree; what stands there is not all that can be wrong with it."""
        blob = tree.blobs.get(SETTINGS_FILE)
        if blob is None:
            return _plain_settings(b"")
        return self._of(f"settings:{blob}", lambda: _plain_settings(self._contents(blob)))

    def save(self) -> None:
        """Keep what is new, whole or not at all; where that cannot be, the next question is slower."""
        if not self._new or self._file is None:
            return
        if len(self._known) > _ROOM * len(self._used) + 1_000:
            self._known = {key: self._known[key] for key in self._used}
        try:
            self._file.parent.mkdir(mode=0o700, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self._file.parent, delete=False) as file:
                json.dump(self._known, file, separators=(",", ":"))
            Path(file.name).rename(self._file)
            others = sorted(self._file.parent.iterdir(), key=lambda each: each.stat().st_mtime)
            for old in others[:-_KEPT]:
                old.unlink(missing_ok=True)
        except OSError:
            return

    def _of(self, key: str, ask: Callable[[], Any]) -> Any:
        self._used.add(key)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = ask()
            self._new = True
        return found

    def _project(self, path: str, blob: str) -> ProjectFacts:
        from slipway.platform.documents import parsed  # noqa: PLC0415 - slow, and for what is not known alone

        content = self._contents(blob)
        try:
            said = described(parsed(content, path).values, _digest)
        except SlipwayError as error:
            said = described({}, _digest)
            said["mistake"] = error.what
        said["relative"] = relative(content.decode(errors="replace"))
        return said


def _plain_settings(content: bytes) -> SettingsFacts:
    if not content:
        return SettingsFacts(ignore=[], defaults=Parts(needs=[], paths=[]), projects={}, mistake=False)
    from slipway.platform.documents import parsed  # noqa: PLC0415 - slow, and for what is not known alone
    from slipway.stacks import settings  # noqa: PLC0415 - likewise

    try:
        read = settings.parse(parsed(content, settings.FILE))
    except SlipwayError:
        return SettingsFacts(ignore=[], defaults=Parts(needs=[], paths=[]), projects={}, mistake=True)
    projects = {
        name: ProjectParts(
            **_parts(block), stacks={stack: _parts(inner) for stack, inner in block.stacks.items()}
        )
        for name, block in read.projects.items()
    }
    return SettingsFacts(
        ignore=list(read.ignore), defaults=_parts(read.defaults), projects=projects, mistake=False
    )


def _parts(block: Any) -> Parts:
    needs: Sequence[str] = block.needs
    paths: Sequence[str] = block.paths
    return Parts(needs=list(needs), paths=list(paths))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=repr).encode()).hexdigest()[:24]


def _version() -> str:
    """Names the code that says what is remembered, and the Python whose syntax trees it compares."""
    named = hashlib.sha256(sys.version.encode())
    for name in _SAID_BY:
        named.update((Path(__file__).parent / name).read_bytes())
    return named.hexdigest()[:16]
