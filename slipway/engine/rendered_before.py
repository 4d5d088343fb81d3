"""What was rendered before of the same files is read and not rendered again, for one question after another.

The same means everything that a program could have read: each file of the repository by its content, tracked
or not, the Python and the packages that run it, the environment and the day. Where that cannot be said, as of
a folder with links, it is rendered anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import slipway
from slipway.engine.offline import scrubbed
from slipway.engine.recording import Rendered, dump, load
from slipway.engine.revisions import is_made_here, work_tree
from slipway.errors import SlipwayError
from slipway.private_folder import private_folder

_FOLDER = "rendered"
_KEPT = 6
"""Answers that are kept, the newest: a branch's and its base's, and those of the changes before."""

_OF_THE_SHELL = frozenset({"_", "PWD", "OLDPWD", "SHLVL", "COLUMNS", "LINES"})
"""Variables that say where and how often a command was typed."""

_ENGINE = Path(slipway.__file__).resolve().parents[1]
"""Where rendering looks for modules that the project does not have."""

_SHIPPED = ("components", "infra", "runners", "slipway")
"""What is there of this project, as `pyproject.toml` names it; a program elsewhere imports all of it."""

Render = Callable[[Path, Sequence[str]], list[Rendered]]


def rendered(keeper: Path, root: Path, stacks: Sequence[str], render: Render) -> list[Rendered]:
    """These stacks of a project, rendered only if they were not yet.

    Secrets are digests under a key that nobody has: two answers tell nothing of whether one changed.

    Args:
        keeper: the project whose `.slipway` keeps the answers: `root`, or what `root` is a revision of.
        root: the project's folder.
        stacks: by name; the answers come in their order.
        render: renders them, where that is needed.

    Raises:
        SlipwayError: see `private_folder`; and whatever `render` raises.
    """
    digest = fingerprint(root, stacks)
    if digest is None:
        return render(root, stacks)
    file = private_folder(keeper) / _FOLDER / f"{digest}.json"
    try:
        answers = [load(text) for text in json.loads(file.read_text())]
        os.utime(file)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
    ):  # there is none, or one that was not written to its end
        answers = render(root, stacks)
        if fingerprint(root, stacks) == digest:
            _keep(keeper, file.name, json.dumps([dump(answer, os.urandom(32)) for answer in answers]))
    return answers


def _keep(keeper: Path, name: str, text: str) -> None:
    """Write an answer whole or not at all. Where that cannot be, the next question is slower, no more."""
    try:
        folder = private_folder(keeper, make=True) / _FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False) as file:
            file.write(text)
        Path(file.name).rename(folder / name)
        for old in sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime)[:-_KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def fingerprint(root: Path, stacks: Sequence[str]) -> str | None:
    """Names everything that these stacks' programs can read; None where that cannot be said."""
    environment = scrubbed(os.environ)
    root = root.resolve()
    try:
        top, packages = work_tree(root) or root, _packages()
    except (OSError, ValueError, SlipwayError):
        return None
    within = str(root.relative_to(top))
    # What tools make is not looked at below, so that a project in it, as of a rehearsal, would not be either.
    if "PYTHONPATH" in environment or packages is None or is_made_here(within):
        return None
    found = hashlib.sha256()

    def add(*words: str) -> None:
        found.update(json.dumps(words).encode())

    add(sys.version, sys.prefix, *packages)
    add(*(f"{key}={value}" for key, value in sorted(environment.items()) if key not in _OF_THE_SHELL))
    add(datetime.now(UTC).date().isoformat(), within, *stacks)
    # The engine renders any revision, and the program at one may have modules of its own beside it.
    for folder in (top, *(_ENGINE / package for package in _SHIPPED)):
        for path, content in _contents(folder):
            if content is None:
                return None
            add(str(path.relative_to(folder)), hashlib.sha256(content).hexdigest())
    return found.hexdigest()


def _packages() -> list[str] | None:
    """What is installed, by the folders that name versions; None if one of them is run from elsewhere.

    Raises:
        OSError: they cannot be listed.
        ValueError: what is written of an installation is no JSON.
    """
    paths = sysconfig.get_paths()
    found = sorted(path for folder in {paths["purelib"], paths["platlib"]} for path in Path(folder).iterdir())
    return None if any(map(_is_elsewhere, found)) else [path.name for path in found]


def _is_elsewhere(package: Path) -> bool:
    """Whether it is an editable installation (PEP 610, `direct_url.json`), but not this project's own."""
    origin = package / "direct_url.json"
    if package.suffix != ".dist-info" or not origin.exists():
        return False
    told: dict[str, Any] = json.loads(origin.read_text())
    editable: bool = told.get("dir_info", {}).get("editable", False)
    return editable and Path(unquote(urlparse(str(told.get("url"))).path)).resolve() != _ENGINE


def _contents(folder: Path) -> Iterator[tuple[Path, bytes | None]]:
    """What is below a folder, with what is in it if it is a file; None for what cannot be read as one."""
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        yield folder, None
        return
    for entry in listed:
        path = Path(entry.path)
        if entry.name == ".git" or is_made_here(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield path, b""
            yield from _contents(path)
        else:
            yield path, _content(path) if entry.is_file(follow_symlinks=False) else None


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None
