"""What lies in a repository that begins to deliver its stacks, and the files that it is given."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from slipway.adoption.workflows import Delivered
from slipway.errors import SlipwayError
from slipway.platform.stack import Stack
from slipway.stacks.affected import ordered
from slipway.stacks.comparison import settings_of
from slipway.stacks.discovery import SETTINGS_FILE
from slipway.stacks.target import work_tree

WORKFLOWS: Final = ".github/workflows"
ROLES: Final = "delivery/roles"
_ORIGIN: Final = re.compile(
    r"(?:https://github\.com/|git@github\.com:|ssh://git@github\.com/)([^/\s]+/[^/\s]+?)(?:\.git)?/?"
)


class Written(StrEnum):
    """What became of a file."""

    NEW = "written"
    SAME = "unchanged"
    REPLACED = "replaced"


@dataclass(frozen=True)
class Found:
    """A repository.

    Attributes:
        top: of its work tree.
        stacks: those that are delivered, each after those that it needs.
        store: where slipway.yaml says that plans are; empty where it does not.
        has_settings: whether it has a slipway.yaml.
    """

    top: Path
    stacks: tuple[Delivered, ...]
    store: str
    has_settings: bool


def look(folder: Path) -> Found:
    """What a repository has. A stack on a stand-in is not delivered by workflows.

    Args:
        folder: any of its work tree.

    Raises:
        SettingsError: slipway.yaml is wrong.
        SlipwayError: not a repository, stacks need each other in a circle, or a name is more than one.
    """
    with work_tree(folder) as (repository, _, reading):
        settings = settings_of(repository, reading)
        known = reading.catalog.stacks()
        names = [name for name, (_, stack) in known.items() if stack != Stack.LOCAL]
        upstreams = {name: reading.evidence[name].upstreams for name in names}
        stacks = tuple(
            Delivered(
                name,
                known[name][0].folder or ".",
                settings.of(known[name][0].name, known[name][1]).environment or "",
                upstreams[name],
            )
            for name in ordered(upstreams)
        )
        has_settings = SETTINGS_FILE in reading.tree.blobs
        return Found(repository.top, stacks, settings.store or "", has_settings)


def origin(top: Path) -> str:
    """`owner/name` of the repository on GitHub that a clone was made of; empty where that cannot be told."""
    asked = ["git", "-C", str(top), "remote", "get-url", "origin"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    found = _ORIGIN.fullmatch(done.stdout.strip())
    return found[1] if found else ""


def write(top: Path, files: Mapping[str, str], *, force: bool) -> dict[str, Written]:
    """Write files into a work tree: all of them, or none.

    Args:
        files: by path from the top.
        force: replace those that have other contents.

    Raises:
        SlipwayError: one is there with other contents, or lies behind a link.
    """
    told: dict[str, Written] = {}
    for path, text in files.items():
        _require_plain(top, path)
        place = top / path
        present = place.read_text(encoding="utf-8", errors="replace") if place.exists() else None
        told[path] = Written.NEW if present is None else Written.SAME if present == text else Written.REPLACED
    others = [path for path, state in told.items() if state is Written.REPLACED]
    if others and not force:
        raise SlipwayError(
            f"there with other contents: {', '.join(others)}; nothing was written",
            where=str(top),
            fix="look at `git diff` after --force, which replaces them, or move them away",
        )
    for path, text in files.items():
        if told[path] is not Written.SAME:
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_text(text, encoding="utf-8")
    return told


def _require_plain(top: Path, path: str) -> None:
    """Refuse what would be written to elsewhere: a link of a repository may lead out of it."""
    place = top
    for part in Path(path).parts:
        place /= part
        if place.is_symlink() or (place.exists() and place.is_dir() == (place == top / path)):
            raise SlipwayError(
                "a link, or another kind of file, lies in the way",
                where=str(place),
                fix="take it away, or move it",
            )
