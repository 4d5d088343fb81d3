"""Runs of GitHub Actions: which one a process of Pulumi's belonged to, and whether that is over.

Pulumi's lock names a host and a process, and neither is left of a job that was killed on a machine of
GitHub's. So a run writes down what it is before Pulumi takes the lock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from slipway.errors import SlipwayError
from slipway.github import connect, path, token
from slipway.platform.naming import GITHUB_API

_NEAR_S: Final = 600.0
"""So soon after it was started does a process take its lock; a later lock is of another process."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One attempt of a run, and since when a process of Pulumi's ran in it, in epoch seconds."""

    repository: str
    id: int
    attempt: int
    began: float

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    def explains(self, since: float) -> bool:
        """Whether a lock of that time can be of this process."""
        return -1.0 <= since - self.began <= _NEAR_S


def run_of(content: bytes) -> Run | None:
    """The opposite of `Run.to_json`; None for anything else."""
    try:
        document = json.loads(content)
        return Run(
            repository=str(document["repository"]),
            id=int(document["id"]),
            attempt=int(document["attempt"]),
            began=float(document["began"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


class Runs:
    """GitHub's answer to whether a run is over.

    Args:
        environment: of the job or the person: `GITHUB_RUN_ID` and the like, and a token to ask with.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def present(self, now: float) -> Run | None:
        """The run that this process is part of; None outside GitHub Actions."""
        given = self._environment
        if given.get("GITHUB_ACTIONS") != "true":
            return None
        try:
            return Run(
                repository=given["GITHUB_REPOSITORY"],
                id=int(given["GITHUB_RUN_ID"]),
                attempt=int(given["GITHUB_RUN_ATTEMPT"]),
                began=now,
            )
        except (KeyError, ValueError):
            return None

    def ended(self, run: Run) -> str:
        """Why a run is over; empty where it is not, or where GitHub does not say."""
        given = self._environment.get("GITHUB_TOKEN") or self._environment.get("GH_TOKEN")
        if not given:
            return ""
        client = connect(token(given), self._environment.get("GITHUB_API_URL") or GITHUB_API)
        owner, _, name = run.repository.partition("/")
        place = path("repos", owner, name, "actions", "runs", run.id, "attempts", run.attempt)
        try:
            found = client.find(place)
        except SlipwayError:
            return ""
        if found is None or found.get("status") != "completed":
            return ""
        return f"run {run.id} of {run.repository}, attempt {run.attempt}, is over ({found.get('conclusion')})"
