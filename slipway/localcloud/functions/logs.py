"""Puts what functions print into the CloudWatch Logs of moto, where `aws logs` and tests find it."""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
import threading
import time
from typing import Any

from slipway.localcloud.cloud import ACCOUNT
from slipway.localcloud.functions.deployed import Function


class Logs:
    """Appends lines to a function's log group, under the lock that moto's requests hold too."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock

    def add(self, function: Function, stream: str, lines: list[str]) -> None:
        """One event for each line, all of now; the group and the stream are made where they are missing."""
        from moto.logs.models import logs_backends

        with self._lock:
            backend: Any = logs_backends[ACCOUNT][function.region]
            backend.ensure_log_group(function.log_group)
            backend.ensure_log_stream(function.log_group, stream)
            at = int(time.time() * 1000)
            events = [{"timestamp": at, "message": line} for line in lines]
            backend.put_log_events(function.log_group, stream, events)
