"""A command that takes long, as a process of its own that Ctrl-C reaches once."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from slipway.engine.interface import Progress

_LAST = 20


@dataclass(frozen=True)
class Ended:
    """How a command ended: its status, what it said of an error, and whether it was asked to stop."""

    code: int
    errors: tuple[str, ...]
    interrupted: bool


def stream(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    progress: Progress,
    *,
    line: Callable[[str], None],
    attended: Callable[[int], AbstractContextManager[object]],
    files: Sequence[int] = (),
) -> Ended:
    """Run a command, and hand on every line that it prints.

    Args:
        attended: of its process id, what is held while it runs.
        files: descriptors that it inherits.
    """
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        pass_fds=files,
        # Ctrl-C at a terminal reaches the whole group: the command is told once, by us.
        start_new_session=True,
    ) as process:
        errors: list[str] = []
        reader = threading.Thread(target=_collect, args=(process.stderr, errors), daemon=True)
        reader.start()
        with _forward_interrupts(process, progress) as interrupted, attended(process.pid):
            for text in process.stdout or ():
                line(text)
            code = process.wait()
        reader.join()
    last = "".join(errors[-_LAST:]).strip()
    return Ended(code, (last,) if code and last else (), interrupted.is_set())


def _collect(stream: Any, lines: list[str]) -> None:
    lines.extend(stream)


@contextmanager
def _forward_interrupts(process: subprocess.Popen[str], progress: Progress) -> Generator[threading.Event]:
    """Ctrl-C once: Pulumi finishes what is in flight. Twice: it is ended."""
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if interrupted.is_set():
            process.kill()
            return
        interrupted.set()
        process.send_signal(signal.SIGINT)
        progress.message("stopping: Pulumi finishes what is in flight; Ctrl-C again stops at once")

    previous = signal.signal(signal.SIGINT, handle)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, previous)
