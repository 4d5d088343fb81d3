"""Pulumi's locks, and whether who holds one is over.

A backend of files (a folder, a bucket) has a JSON object per lock, which its maker removes at the end and a
killed one leaves for ever: pkg/backend/diy/lock.go (v3.260). It says who, on which host, with which process
and since when.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from slipway.engine.urn import ORGANIZATION

BOOKKEEPING: Final = ".pulumi"
_SUFFIX: Final = ".json"
_PENDING: Final = b'"pending_operations"'
"""Of a state, where there are some: sdk/go/common/apitype/core.go (`DeploymentV3`, v3.260)."""
_REUSED_AFTER_S: Final = 60.0
"""A process that began so long after a lock cannot have made it, however the clock was set meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Lock:
    """One lock as it lies in the backend; `key` is its name there."""

    key: str
    user: str
    host: str
    pid: int
    since: datetime

    @property
    def name(self) -> str:
        """What a person calls it by: the last part of its key."""
        return self.key.rpartition("/")[2].removesuffix(_SUFFIX)

    @property
    def holder(self) -> str:
        if not self.host:
            return "somebody who left no name"
        return f"{self.user}@{self.host} (process {self.pid})"


@dataclass(frozen=True)
class HeldLock:
    """A lock, and what is known of its holder.

    Attributes:
        over: why it is known to be over; empty where that is not known.
        at_work: whether it is known to be at work.
    """

    lock: Lock
    over: str = ""
    at_work: bool = False


class Locks(Protocol):
    """The locks of one stack. `readable`: whether they can be read at all."""

    @property
    def readable(self) -> bool: ...

    def held(self) -> list[HeldLock]: ...

    def settled(self) -> bool:
        """Whether a look into the files is enough to know that no run was interrupted."""
        ...

    def clear(self, lock: Lock) -> None:
        """Remove this lock and no other: each has a name that no later one gets."""
        ...

    def attended(self, pid: int) -> AbstractContextManager[None]:
        """While a process of Pulumi's runs: keep what will tell later whether it is over."""
        ...


class Files(Protocol):
    """Where a backend keeps its objects. Names have slashes, and all lie below Pulumi's own folder."""

    def names(self, folder: str) -> list[str]: ...

    def read(self, name: str) -> bytes | None: ...

    def write(self, name: str, content: bytes) -> None: ...

    def remove(self, name: str) -> None: ...


class Folder:
    """`Files` of a backend ``file://``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self, folder: str) -> list[str]:
        place = self._folder / folder
        return sorted(f"{folder}/{path.name}" for path in place.glob(f"*{_SUFFIX}"))

    def read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def remove(self, name: str) -> None:
        # Pulumi's library keeps what a bucket would know of an object in a file beside it.
        for path in (name, f"{name}.attrs"):
            (self._folder / path).unlink(missing_ok=True)


def lock_folder(project: str, stack: str) -> str:
    """Where the locks of a stack are; before Pulumi knew projects there, the stack's name came alone."""
    return f"{BOOKKEEPING}/locks/{ORGANIZATION}/{project}/{stack}"


def read_locks(files: Files, folder: str) -> list[Lock]:
    """The locks in a folder. One that was cut short is one, too, and its holder is nobody's guess."""
    read = ((name, files.read(name)) for name in files.names(folder))
    return [_lock(name, content) for name, content in read if content is not None]


def _lock(key: str, content: bytes) -> Lock:
    try:
        document = json.loads(content)
        return Lock(
            key=key,
            user=str(document["username"]),
            host=str(document["hostname"]),
            pid=int(document["pid"]),
            since=datetime.fromisoformat(document["timestamp"]).astimezone(UTC),
        )
    except (ValueError, KeyError, TypeError):
        return Lock(key=key, user="", host="", pid=0, since=datetime.fromtimestamp(0, UTC))


class LocalLocks:
    """The locks of a stack whose runs are all of this machine."""

    def __init__(self, files: Files, project: str, stack: str) -> None:
        self._files = files
        self._project = project
        self._stack = stack
        self._folder = lock_folder(project, stack)

    @property
    def readable(self) -> bool:
        return True

    def held(self) -> list[HeldLock]:
        return [held_here(lock) for lock in read_locks(self._files, self._folder)]

    def settled(self) -> bool:
        return is_settled(self._files, self._project, self._stack)

    def clear(self, lock: Lock) -> None:
        self._files.remove(lock.key)

    def attended(self, pid: int) -> AbstractContextManager[None]:
        """Nothing needs keeping: the process itself can be looked for."""
        return nullcontext()


def is_settled(files: Files, project: str, stack: str) -> bool:
    """Whether there is no lock, and a state in which no operation is pending.

    False where that is not known: the state is compressed, or not where it usually is.
    """
    if files.names(lock_folder(project, stack)):
        return False
    state = files.read(f"{BOOKKEEPING}/stacks/{project}/{stack}{_SUFFIX}")
    return state is not None and _PENDING not in state


def held_here(lock: Lock) -> HeldLock:
    """A lock, with what this machine knows of its holder."""
    over = ended_here(lock)
    return HeldLock(lock, over, at_work=not over and lock.host == socket.gethostname())


def ended_here(
    lock: Lock, host: str | None = None, began: Callable[[int], float | None] | None = None
) -> str:
    """Why a holder on this machine is over; empty where it is not, or is on another machine.

    Args:
        host: this machine's name.
        began: since when a process runs, in epoch seconds; None where there is none.
    """
    if lock.host != (host or socket.gethostname()):
        return ""
    since = (began or process_began)(lock.pid)
    if since is None:
        return f"there is no process {lock.pid} on {lock.host}"
    if since > lock.since.timestamp() + _REUSED_AFTER_S:
        return f"process {lock.pid} on {lock.host} is another one, and began later"
    return ""


def process_began(pid: int) -> float | None:
    """Since when a process of this machine runs; None where there is none, 0.0 where nobody can tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        boot = next(
            line.split()[1]
            for line in Path("/proc/stat").read_text(encoding="utf-8").splitlines()
            if line.startswith("btime ")
        )
        # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: state is field 3, starttime field 22.
        return None if fields[0] == "Z" else float(boot) + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, StopIteration, IndexError, ValueError):
        return 0.0 if _exists(pid) else None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
