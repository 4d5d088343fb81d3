"""The store as one process reaches it: others come between its calls, and some of them fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from slipway.errors import SlipwayError
from slipway.store import Entry, MemoryStore
from tests.stacks.histories.processes import Processes

T = TypeVar("T")


@dataclass
class Client:
    """See `Store`. Which call fails, before or after it is done, is said by the process whose turn it is."""

    inner: MemoryStore
    processes: Processes

    def _call(self, does: Callable[[], T]) -> T:
        self.processes.call()
        process = self.processes.process
        kind = ""
        if process is not None and process.fault is not None:
            left, kind = process.fault
            process.fault = None if left == 0 else (left - 1, kind)
            kind = kind if left == 0 else ""
        if kind == "before":
            raise SlipwayError("the store does not answer")
        answer = does()
        if kind == "after":
            raise SlipwayError("the store's answer was lost")
        return answer

    def put_once(self, key: str, content: bytes) -> str:
        return self._call(lambda: self.inner.put_once(key, content))

    def get(self, key: str) -> Entry | None:
        return self._call(lambda: self.inner.get(key))

    def list(self, prefix: str) -> list[str]:
        return self._call(lambda: self.inner.list(prefix))

    def update(self, key: str, content: bytes, expected: str) -> str:
        return self._call(lambda: self.inner.update(key, content, expected))
