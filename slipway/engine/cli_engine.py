"""The Pulumi CLI as an engine: the only one that ever touches a real cloud."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final

from slipway.engine.cli_events import Events
from slipway.engine.interface import Diagnostic, Progress, Result, Silent
from slipway.errors import SlipwayError

INSTALL: Final = "install it: https://www.pulumi.com/docs/iac/download-install/"
_FLAGS: Final = ("--non-interactive", "--color", "never")


class PulumiEngine:
    """One stack of one project folder, by the ``pulumi`` command.

    Args:
        folder: the folder with ``Pulumi.yaml``.
        project: the project's name.
        stack: the stack's name.
        environment: what the command sees; the present environment if None. For `local` it must come from
            `slipway.engine.cli_local`, which leaves no credential in it.
        progress: told about every step.
        create: make the stack, at the first `up` or at once for `local`, if the backend does not have it.
        secrets_provider: what seals the secrets of a stack that is made; the backend's own if empty.

    Raises:
        SlipwayError: ``pulumi`` is not on PATH.
    """

    name = "pulumi"

    def __init__(
        self,
        folder: Path,
        project: str,
        stack: str,
        environment: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        *,
        create: bool = False,
        secrets_provider: str = "",
    ) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        command = shutil.which("pulumi", path=self._environment.get("PATH"))
        if command is None:
            raise SlipwayError("the Pulumi CLI is not on PATH", fix=INSTALL)
        self._command = command
        self._folder = folder
        self._project = project
        self._stack = stack
        self._progress = progress or Silent()
        self._create = create
        self._secrets_provider = secrets_provider

    def preview(self) -> Result:
        """What `up` would do. Takes no lock, writes nothing."""
        return self._run("preview", ["preview", "--json"])

    def up(self) -> Result:
        return self._run("up", ["up", "--yes", "--skip-preview", "--json"])

    def refresh(self) -> Result:
        return self._run("refresh", ["refresh", "--yes", "--skip-preview", "--json"])

    def drift(self) -> Result:
        """What `refresh` would find. ``--preview-only`` takes no lock and refuses ``--yes``."""
        return self._run("drift", ["refresh", "--preview-only", "--json"])

    def destroy(self) -> Result:
        return self._run("destroy", ["destroy", "--yes", "--skip-preview", "--json"])

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets as ``[secret]``."""
        self._select()
        return self._outputs()

    def _outputs(self) -> dict[str, Any]:
        done = self._call("stack", "output", "--json", "--stack", self._stack)
        return json.loads(done or "{}")

    def _select(self) -> None:
        if self._create:
            sealed = ["--secrets-provider", self._secrets_provider] if self._secrets_provider else []
            self._call("stack", "select", "--create", *sealed, self._stack)

    def _call(self, *arguments: str) -> str:
        done = subprocess.run(
            [self._command, *arguments, *_FLAGS],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SlipwayError(
                f"`pulumi {' '.join(arguments)}` failed: {done.stderr.strip() or done.stdout.strip()}",
                where=str(self._folder),
            )
        return done.stdout

    def _run(self, operation: str, arguments: list[str]) -> Result:
        self._select()
        began = time.monotonic()
        events = Events(operation, self._progress)
        ended = self._stream(arguments, events)
        ok = ended.code == 0 and not any(item.severity == "error" for item in events.about_apart)
        diagnostics = [*events.diagnostics, *(Diagnostic("error", text) for text in ended.errors)]
        if ended.code and not any(item.severity == "error" for item in diagnostics):
            diagnostics.append(Diagnostic("error", f"pulumi ended with status {ended.code}"))
        return Result(
            operation,
            self._project,
            self._stack,
            self.name,
            events.steps,
            self._outputs() if ok and operation in ("up", "refresh") else events.outputs,
            tuple(diagnostics),
            ok,
            ended.interrupted,
            time.monotonic() - began,
        )

    def _stream(self, arguments: list[str], events: Events) -> _Ended:
        # Makes `preview --json` print events as they come, as the other commands do (pkg/cmd/pulumi, v3.260).
        environment = {**self._environment, "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
        with subprocess.Popen(
            [self._command, *arguments, *_FLAGS, "--stack", self._stack],
            cwd=self._folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Ctrl-C at a terminal reaches the whole group: the engine is told once, by us.
            start_new_session=True,
        ) as process:
            errors: list[str] = []
            reader = threading.Thread(target=_collect, args=(process.stderr, errors), daemon=True)
            reader.start()
            with _forward_interrupts(process, self._progress) as interrupted:
                for line in process.stdout or ():
                    events.line(line)
                code = process.wait()
            reader.join()
        last = "".join(errors[-20:]).strip()
        return _Ended(code, (last,) if code and last else (), interrupted.is_set())


@dataclass(frozen=True)
class _Ended:
    """How a command ended: its status, what it said of an error, and whether it was asked to stop."""

    code: int
    errors: tuple[str, ...]
    interrupted: bool


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
