"""Ends a process, and all that it started, when its lease runs out: a program, of the standard library only.

    python -I -S watchdog.py PID MARK

Of the process it reads lines: `SINCE SECONDS` is how long its lease counts, and since when on `now()`; `done`
lets it live. When most of that time is over, or the process is gone without a word, whatever is left of it is
told to stop, and killed before all of the time is over. What it started carries MARK in its environment,
wherever it stands in the tree of processes: one whose parent was killed has no other tie to it.
"""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps, as the clocks of everybody else do."""

_STOPS_AT, _KILLS_AT = 0.7, 0.9
"""The parts of the time after which it is told to stop, and is killed; the rest is for a busy machine."""

_LOOKS_EVERY_S = 0.2


def now() -> float:
    """Seconds on a clock that all processes of this machine share."""
    return time.clock_gettime(_CLOCK)


def marked(mark: bytes) -> Iterator[int]:
    """Processes of this user that carry the mark, beside this one."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0") and int(folder.name) != os.getpid():
                yield int(folder.name)


def tell(pid: int, signal_: signal.Signals) -> None:
    """Send a signal to who may be gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal_)


def end(holder: int, mark: bytes, kills: float) -> None:
    """Tell all of it to stop, wait for that, and kill what is left then."""
    told: set[int] = set()
    while True:
        late = now() >= kills
        left = {pid for pid in {holder, *marked(mark)} if pid and _lives(pid)}
        if not left:
            return
        for pid in left:
            if late:
                tell(pid, signal.SIGKILL)
            elif pid not in told:
                tell(pid, signal.SIGTERM)
                tell(pid, signal.SIGCONT)  # a process that was stopped hears it then
                told.add(pid)
        time.sleep(_LOOKS_EVERY_S)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return _is_there(pid)
    return state not in ("Z", "X")


def _is_there(pid: int) -> bool:
    if Path("/proc/self/stat").exists():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def watch(holder: int, mark: bytes) -> None:
    """Read what the holder says until it is done or its time is over."""
    since, seconds = now(), float("inf")
    pending = b""
    while (left := since + _STOPS_AT * seconds - now()) > 0:
        ready, _, _ = select.select([0], [], [], None if left == float("inf") else left)
        if not ready:
            continue
        text = os.read(0, 4096)
        if not text:
            holder = 0  # it closed its end, so it is gone, and its number may be another's by now
            break
        *lines, pending = (pending + text).split(b"\n")
        if b"done" in lines:
            return
        if lines:
            since, seconds = map(float, lines[-1].split())
    end(holder, mark, since + _KILLS_AT * seconds if seconds < float("inf") else 0.0)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watch(int(sys.argv[1]), sys.argv[2].encode())
