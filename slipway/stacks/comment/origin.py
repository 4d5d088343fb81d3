"""The pull request that a finished run is of, by what GitHub itself says of the run.

What such a run has made is the work of the pull request's own program, which may write anything: the number
of another pull request, an address to lure people to, that nothing changes. So where a comment goes, and of
which commit and run it says it is, comes from the event of the job that follows; the rest is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

from slipway.errors import SlipwayError
from slipway.github.client import Client, path
from slipway.stacks.summary import Summary

MAX_FILES: Final = 300
MAX_BYTES: Final = 32 << 20
"""Of all summaries of a run together."""
UNTRUSTED_ENGINE: Final = "offline"


@dataclass(frozen=True)
class Origin:
    """A run of a pull request's workflow.

    Attributes:
        owner, branch, sha: of the pull request's head when it ran.
        address: of the run.
        began: when it began, in UTC, `2026-11-29T20:15:00Z`.
    """

    owner: str
    branch: str
    sha: str
    address: str
    began: str


def origin_of(event: object, repository: str) -> Origin:
    """The run that an event `workflow_run` tells of.

    https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run

    Args:
        event: the event of the present job, as GitHub wrote it.
        repository: `owner/name` of the present job.

    Raises:
        SlipwayError: it is another event, or of a run that is of no pull request to this repository.
    """
    run = _map(_map(event).get("workflow_run"))
    head = _map(_map(run.get("head_repository")).get("owner"))
    texts = [head.get("login"), run.get("head_branch"), run.get("head_sha"), run.get("html_url")]
    if run.get("event") != "pull_request" or not all(isinstance(text, str) and text for text in texts):
        raise SlipwayError(
            "this job does not follow a run of a pull request",
            where="GITHUB_EVENT_PATH",
            fix="name it: --pull N",
        )
    if _map(run.get("repository")).get("full_name") != repository:
        raise SlipwayError("that run is of another repository", where="GITHUB_EVENT_PATH")
    owner, branch, sha, address = cast("list[str]", texts)
    return Origin(owner, branch, sha, address, str(run.get("run_started_at") or ""))


def pull_of(client: Client, repository: str, origin: Origin) -> int | None:
    """The open pull request whose head is still what ran; None where it is closed or has moved on.

    Raises:
        SlipwayError: there are several, to different branches; or GitHub refuses.
    """
    head = quote(f"{origin.owner}:{origin.branch}", safe="")
    place = f"{path('repos', *repository.split('/', 1), 'pulls')}?state=open&head={head}"
    found = [
        int(pull["number"])
        for pull in client.every(place)
        if pull["head"]["sha"] == origin.sha and pull["base"]["repo"]["full_name"] == repository
    ]
    if len(found) > 1:
        raise SlipwayError(
            "several pull requests have this head",
            where=", ".join(f"#{number}" for number in found),
            fix="close all but one of them",
        )
    return found[0] if found else None


def as_said_by(origin: Origin, summaries: Sequence[Summary]) -> list[Summary]:
    """The summaries with what GitHub says of where and when they were made, whatever they say themselves."""
    return [
        replace(
            each,
            commit=origin.sha,
            run=origin.address,
            created=origin.began,
            engine=UNTRUSTED_ENGINE,
            secrets_key="",
        )
        for each in summaries
    ]


def files_in(folder: Path) -> list[Path]:
    """The summaries that lie directly in a folder; no links, nothing else, and not too much.

    Raises:
        SlipwayError: it is too much, or there is none.
    """
    found = sorted(each for each in folder.iterdir() if each.suffix == ".json" and _is_file(each))
    size = sum(each.lstat().st_size for each in found)
    if len(found) > MAX_FILES or size > MAX_BYTES:
        raise SlipwayError(
            f"{len(found):,} summaries of {size:,} bytes are too much to read",
            where=str(folder),
            fix=f"at most {MAX_FILES} files of {MAX_BYTES:,} bytes together",
        )
    if not found:
        raise SlipwayError(
            "there is no summary in it", where=str(folder), fix="slipway plan --out writes some"
        )
    return found


def _is_file(entry: Path) -> bool:
    return entry.is_file() and not entry.is_symlink()


def _map(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
