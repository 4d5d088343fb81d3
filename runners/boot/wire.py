#!/usr/bin/env python3
"""What the boot script hears and says, as JSON: the standard library only, run as root with `python3 -I`.

`credentials` and `claim` read an answer from standard input and print its fields, one to a line. `report`
prints the body of the call to finish; standard input holds secrets, one to a line, that its log may not have.
"""

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LOG_BYTES = 16_384
"""The most that finish keeps of a log."""

RESULTS = ("ok", "failed", "timeout")
_READ_BYTES = 131_072
_REMOVED = "[removed]"
_FIELD = re.compile(r"[A-Za-z0-9+/=_.-]{1,65536}")
"""A configuration, a key or a token: nothing that could end a line, or a string of curl's configuration."""
_SECRET = re.compile(r"gh[a-z]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|[A-Za-z0-9+/_=-]{60,}")
"""GitHub's tokens by their prefix, and what is as long as a line of a configuration, wrapped at 64 or 76: who
knew it may be gone."""


def credentials(text: str) -> list[str]:
    """Access key id, secret key and session token out of the metadata service's answer.

    Raises:
        ValueError: the answer is anything else.
    """
    document: dict[str, Any] = json.loads(text)
    return [_field(document.get(name)) for name in ("AccessKeyId", "SecretAccessKey", "Token")]


def claim(text: str) -> list[str]:
    """Runner configuration, the runner's name, the job's most minutes, and whether it gets the CICD role.

    Raises:
        ValueError: the answer is anything else.
    """
    document: dict[str, Any] = json.loads(text)
    minutes, cicd = document.get("job_timeout_minutes"), document.get("cicd", False)
    if type(minutes) is not int or not 0 < minutes <= 7_200:  # five days, GitHub's longest for a job
        raise ValueError("job_timeout_minutes")
    if type(cicd) is not bool:
        raise ValueError("cicd")
    return [
        _field(document.get("jitconfig")),
        _field(document.get("runner_name")),
        str(minutes),
        str(cicd).lower(),
    ]


def _field(value: object) -> str:
    if not isinstance(value, str) or not _FIELD.fullmatch(value):
        raise ValueError("a field is missing, or has what no key and no name has")
    return value


def redacted(text: str, secrets: Iterable[str]) -> str:
    """A log without the given secrets, and without anything that looks like one."""
    for secret in sorted((known for known in secrets if known), key=len, reverse=True):
        text = text.replace(secret, _REMOVED)
    return _SECRET.sub(_REMOVED, text)


def report(result: str, logs: Iterable[Path], secrets: Iterable[str]) -> str:
    """The body of the call to finish: `{"result", "log"}`, the log's end in at most 16 kB of UTF-8."""
    known = list(secrets)
    log = "".join(_tail(path, known) for path in logs)
    log = log.encode()[-LOG_BYTES:].decode(errors="ignore")
    return json.dumps({"result": result if result in RESULTS else "failed", "log": log})


def _tail(path: Path, secrets: Iterable[str]) -> str:
    """The end of one log, without its first line where that may have been cut, and a secret in it with it."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _READ_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    if size > _READ_BYTES:
        text = text.partition("\n")[2]
    # A job writes what it likes to its runner's output; control characters would reach whoever reads the log.
    return redacted(re.sub(r"[^\n\t\x20-\x7e\xa0-\U0010ffff]", "", text), secrets)


def main(arguments: list[str]) -> int:
    """Run one of the three; 1 with a line on standard error for an answer that cannot be read."""
    try:
        match arguments:
            case ["credentials"]:
                print("\n".join(credentials(sys.stdin.read())))
            case ["claim"]:
                print("\n".join(claim(sys.stdin.read())))
            case ["report", result, *logs]:
                print(report(result, [Path(log) for log in logs], sys.stdin.read().splitlines()))
            case _:
                print("usage: wire.py credentials | claim | report RESULT LOG...", file=sys.stderr)
                return 2
    except (ValueError, AttributeError) as error:
        # Never the error's text: that of a JSON error can hold the document.
        print(f"wire.py: the answer cannot be read ({type(error).__name__})", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
