"""The locks of a stack in its backend, and what is kept beside them to tell later who is over."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cached_property
from typing import Final

from slipway.engine.locks import (
    BOOKKEEPING,
    Files,
    HeldLock,
    Lock,
    held_here,
    is_settled,
    lock_folder,
    read_locks,
)
from slipway.errors import SlipwayError
from slipway.recovery.backends import files_of
from slipway.recovery.runs import Runs, run_of

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.-]")


class BackendLocks:
    """See `Locks`.

    Args:
        url: the backend's address; asked for when it is needed.
        region: of the bucket, where the address does not say.
        runs: GitHub's runs.
    """

    def __init__(self, url: Callable[[], str], region: str, project: str, stack: str, runs: Runs) -> None:
        self._url = url
        self._region = region
        self._project = project
        self._stack = stack
        self._folder = lock_folder(project, stack)
        self._records = f"{BOOKKEEPING}/slipway/runs/{project}/{stack}"
        self._runs = runs

    @cached_property
    def _files(self) -> Files | None:
        return files_of(self._url(), self._region)

    @property
    def readable(self) -> bool:
        """Whether the backend has locks that can be read; others are cleared by `pulumi cancel` alone."""
        return self._files is not None

    def held(self) -> list[HeldLock]:
        """The locks. Of a holder on another machine GitHub may know that its run is over.

        Raises:
            SlipwayError: the backend cannot be reached.
        """
        files = self._files
        if files is None:
            return []
        here = [held_here(lock) for lock in read_locks(files, self._folder)]
        return [
            item if item.over or item.at_work else HeldLock(item.lock, self._ended(files, item.lock))
            for item in here
        ]

    def settled(self) -> bool:
        return self._files is not None and is_settled(self._files, self._project, self._stack)

    def clear(self, lock: Lock) -> None:
        if self._files is not None:
            self._files.remove(lock.key)
            self._files.remove(self._record(lock.host, lock.pid))

    @contextmanager
    def attended(self, pid: int) -> Generator[None]:
        """While a process of Pulumi's runs in GitHub Actions: the backend says which run it belongs to."""
        run = self._runs.present(time.time())
        files = self._files if run is not None else None
        if run is None or files is None:
            yield
            return
        record = self._record(socket.gethostname(), pid)
        # A run without its record is a run like any other; only its lock takes a person, should it be killed.
        with contextlib.suppress(SlipwayError):
            files.write(record, run.to_json())
        try:
            yield
        finally:
            with contextlib.suppress(SlipwayError):
                files.remove(record)

    def _ended(self, files: Files, lock: Lock) -> str:
        content = files.read(self._record(lock.host, lock.pid))
        run = run_of(content) if content is not None else None
        return self._runs.ended(run) if run is not None and run.explains(lock.since.timestamp()) else ""

    def _record(self, host: str, pid: int) -> str:
        return f"{self._records}/{_UNSAFE.sub('_', host)}-{pid}.json"
