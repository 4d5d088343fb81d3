"""Runs checks: each without a credential in its surroundings, within a time and a size."""

from __future__ import annotations

import os
import re
import select
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, cast

from slipway.stacks.checks.contract import BadAnswer, findings_of, unanswered
from slipway.stacks.settings import Check
from slipway.stacks.summary import Finding, Summary

SECONDS: Final = 120.0
"""Time that a check has."""
LARGEST: Final = 1024 * 1024
"""Bytes that it may answer."""
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "VIRTUAL_ENV")
"""What a check sees of this process's environment. All else might be, or lead to, a credential."""
_SECRET: Final = re.compile(r"TOKEN|SECRET|KEY|PASS|CREDENTIAL", re.IGNORECASE)


def run_checks(
    checks: Mapping[str, Check],
    summary: Summary,
    folder: Path,
    environment: Mapping[str, str] = os.environ,
    *,
    seconds: float = SECONDS,
) -> tuple[Finding, ...]:
    """What the checks of a stack say of its plan, in the order of their names.

    Args:
        checks: by name.
        summary: the plan's, free of secrets.
        folder: where they run: the top of the repository.
        environment: of this process. A check gets `PATH` and a few harmless variables, and its own home.
        seconds: time that each has.

    Returns:
        Their findings; of one that does not answer as it should, that.
    """
    secrets = frozenset(value for name, value in environment.items() if _SECRET.search(name))
    found: list[Finding] = []
    for name, check in sorted(checks.items()):
        try:
            answer = _answer(check.run, summary.to_bytes(), folder, environment, seconds)
            found.extend(findings_of(answer, name, check.level, summary, secrets))
        except BadAnswer as error:
            found.append(unanswered(name, check.level, str(error)))
    return tuple(found)


def outcomes(checks: Mapping[str, Check], findings: Collection[Finding]) -> dict[str, tuple[str, ...]]:
    """By the name of each check that looked at a plan, what holds that: its mandatory findings."""
    held = [each for each in findings if each.level == "mandatory"]
    return {name: tuple(each.text for each in held if each.check == name) for name in sorted(checks)}


def _answer(
    command: str, given: bytes, folder: Path, environment: Mapping[str, str], seconds: float
) -> bytes:
    """What a command prints. Raises BadAnswer."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        message = f"its command cannot be read: {error}"
        raise BadAnswer(message) from None
    with tempfile.TemporaryDirectory(prefix="slipway-check-") as home, tempfile.TemporaryFile() as file:
        file.write(given)
        file.seek(0)
        own = {name: environment[name] for name in _KEPT if name in environment}
        try:
            process = subprocess.Popen(
                words,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env={**own, "HOME": home, "TMPDIR": home},
                start_new_session=True,
            )
        except (OSError, ValueError, IndexError) as error:
            message = f"its command cannot be started: {getattr(error, 'strerror', None) or 'it is none'}"
            raise BadAnswer(message) from None
        try:
            return _read(process, seconds)
        finally:
            _end(process)


def _read(process: subprocess.Popen[bytes], seconds: float) -> bytes:
    """What a process prints until its end. Raises BadAnswer: too much, too late, or another status than 0."""
    out, deadline = cast(IO[bytes], process.stdout), time.monotonic() + seconds
    content = bytearray()
    # Not select(), which knows no descriptor above 1023.
    poll = select.poll()
    poll.register(out, select.POLLIN | select.POLLHUP)
    while True:
        left = deadline - time.monotonic()
        ready = poll.poll(left * 1000) if left > 0 else []
        if not ready:
            message = f"it took longer than {seconds:.0f} seconds"
            raise BadAnswer(message)
        piece = os.read(out.fileno(), 65_536)
        content += piece
        if len(content) > LARGEST:
            message = f"it printed more than {LARGEST} bytes"
            raise BadAnswer(message)
        if not piece:
            break
    try:
        status = process.wait(max(deadline - time.monotonic(), 0.1))
    except subprocess.TimeoutExpired:
        message = f"it took longer than {seconds:.0f} seconds"
        raise BadAnswer(message) from None
    if status:
        message = f"it ended with status {status}"
        raise BadAnswer(message)
    return bytes(content)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and what it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        process.stdout.close()
    process.wait()
