"""Brings commits into a clone as data: nothing of them is checked out, and nothing of them is run."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from slipway.errors import SlipwayError
from slipway.platform.loopback import is_loopback
from slipway.stacks.trees import Repository

_REMOTE: Final = "origin"
_QUIET: Final = {
    "credential.helper": "",
    "fetch.recurseSubmodules": "false",
    "maintenance.auto": "false",
}


def fetch(repository: Repository, commits: Iterable[str], token: str = "") -> list[str]:
    """Fetch the commits that a clone lacks, with their history; those that could not be had.

    Args:
        repository: the clone.
        commits: full hashes.
        token: for the remote over https. It stands in no command line and in no file.
    """
    lacking = [commit for commit in dict.fromkeys(commits) if not _has(repository, commit)]
    if lacking and not _fetched(repository.top, lacking, token):
        # One that is gone makes Git refuse all.
        return [commit for commit in lacking if not _fetched(repository.top, [commit], token)]
    return []


def _has(repository: Repository, commit: str) -> bool:
    try:
        repository.commit(commit)
    except SlipwayError:
        return False
    return True


def _fetched(top: Path, commits: list[str], token: str) -> bool:
    command = ["git", "-C", str(top), "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", _REMOTE]
    done = subprocess.run(
        [*command, *commits],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env={**os.environ, **_environment(top, token)},
    )
    return done.returncode == 0


def _environment(top: Path, token: str) -> dict[str, str]:
    """Settings for Git alone, in variables: a command line is in the list of processes."""
    settings = dict(_settings(top, token))
    named = {
        f"GIT_CONFIG_{part}_{number}": text
        for number, setting in enumerate(settings.items())
        for part, text in zip(("KEY", "VALUE"), setting, strict=True)
    }
    return {**named, "GIT_CONFIG_COUNT": str(len(settings)), "GIT_TERMINAL_PROMPT": "0"}


def _settings(top: Path, token: str) -> Iterator[tuple[str, str]]:
    yield from _QUIET.items()
    asked = subprocess.run(
        ["git", "-C", str(top), "remote", "get-url", _REMOTE], capture_output=True, text=True, check=False
    )
    address = asked.stdout.strip()
    parts = urlsplit(address)
    if token and (parts.scheme == "https" or is_loopback(address)):
        secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        # To that host alone, wherever it might redirect to.
        yield f"http.{parts.scheme}://{parts.netloc}/.extraHeader", f"Authorization: Basic {secret}"
