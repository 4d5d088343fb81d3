"""`.slipway`, a project's private folder: what is in it is believed and written to, so it has to be ours."""

import os
import stat
import tempfile
from pathlib import Path

from slipway.errors import SlipwayError

NAME = ".slipway"
_REHEARSAL = "rehearsal"
_ROOM = 1 << 20


def private_folder(root: Path, *, make: bool = False) -> Path:
    """`<root>/.slipway`, whether or not there is one.

    Args:
        root: the project's folder.
        make: make it, for its owner only, where there is none, and see that there is room to write into it.

    Raises:
        OSError: it cannot be written to, or the disk is full.
        SlipwayError: what is there, or something directly in it, is a link or another user's, or other users
            may write into it.
    """
    folder = root / NAME
    if make:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        held = folder.lstat()
    except FileNotFoundError:
        return folder
    if not stat.S_ISLNK(held.st_mode) and not stat.S_ISDIR(held.st_mode):
        raise SlipwayError("it is no folder", where=str(folder), fix=f"remove it: rm {folder}")
    _require_own(folder, held)
    if held.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SlipwayError(
            "other users may write into the folder that commands believe",
            where=str(folder),
            fix=f"remove it unless nobody did: rm -r {folder}, else chmod go-w {folder}",
        )
    with os.scandir(folder) as entries:
        for entry in entries:
            _require_own(folder / entry.name, entry.stat(follow_symlinks=False))
    if make:
        _require_room(folder)
    return folder


def rehearsal_folder(root: Path) -> Path:
    """Where the order from nothing is rehearsed: a copy, in which a real stack meets a stand-in."""
    return root / NAME / _REHEARSAL


def rehearsed(root: Path) -> Path | None:
    """The project whose rehearsal a folder is; None for any other folder."""
    root = root.resolve()
    project = root.parent.parent
    return project if root == rehearsal_folder(project) else None


def _require_room(folder: Path) -> None:
    """A full disk is told here: what runs later would tell it to a log that it cannot write."""
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(bytes(_ROOM))
        probe.flush()


def _require_own(path: Path, held: os.stat_result) -> None:
    if stat.S_ISLNK(held.st_mode):
        raise SlipwayError(
            "it is a link, which leads commands elsewhere", where=str(path), fix=f"remove it: rm {path}"
        )
    if held.st_uid != os.geteuid():
        raise SlipwayError(
            f"it belongs to another user ({held.st_uid}), and you are {os.geteuid()}",
            where=str(path),
            fix=f"run the command as that user, or have it removed: rm -r {path}",
        )
