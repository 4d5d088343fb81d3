"""What of GitHub's payload goes onto the queue: ids, labels and times; nothing that somebody wrote freely.

What the planner could not read is refused here, where GitHub lists it as failed: on the queue it would be
lost.
"""

import re
from datetime import datetime
from typing import Any, cast

ACTIONS = {
    "workflow_job": frozenset({"queued", "waiting", "in_progress", "completed"}),
    "workflow_run": frozenset({"requested", "in_progress"}),
}
_LONGEST_TEXT, _MOST_LABELS = 256, 100
_MOST = 2**63
"""GitHub's numbers are below it; DynamoDB keeps 38 digits."""
_SLUG = re.compile(r"[A-Za-z0-9_-]+/(?!\.{1,2}$)[A-Za-z0-9._-]+")

Json = dict[str, Any]


class Unreadable(Exception):
    """A signed payload that does not have GitHub's shape."""


def message(event: str, delivery: str, payload: Json, received_at: int) -> Json | None:
    """The message for one event; None where nobody waits for such a one.

    Args:
        event: GitHub's name of it.
        delivery: its GUID, for the log only: it is outside the signature.
        payload: parsed.
        received_at: epoch milliseconds.

    Raises:
        Unreadable: the payload is not what GitHub sends for this event.
    """
    try:
        if payload.get("action") not in ACTIONS.get(event, frozenset()):
            return None
        body = _job(payload) if event == "workflow_job" else _run(payload)
        repository: Json = payload["repository"]
        installation: Json = payload.get("installation") or {}
        return {
            **body,
            "received_at": received_at,
            "delivery": delivery[:64],
            "organization": _text(payload["organization"]["login"]),
            "installation_id": _number(installation.get("id", 0)),
            "repository": {
                "id": _number(repository["id"]),
                "slug": _slug(repository["full_name"]),
                "private": _flag(repository["private"]),
            },
        }
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Unreadable(f"{event}: {type(error).__name__}") from None


def _job(payload: Json) -> Json:
    job = payload["workflow_job"]
    labels = job["labels"]
    if not isinstance(labels, list) or len(cast("list[object]", labels)) > _MOST_LABELS:
        raise Unreadable("workflow_job: labels")
    return {
        "kind": "job",
        "action": payload["action"],
        "job": {
            "id": _number(job["id"]),
            "run_id": _number(job["run_id"]),
            "attempt": _number(job["run_attempt"]),
            "name": _text(job["name"]),
            "labels": [_text(label) for label in cast("list[object]", labels)],
            "created_at": _maybe_time(job.get("created_at")),
            "started_at": _maybe_time(job.get("started_at")),
            "completed_at": _maybe_time(job.get("completed_at")),
            "conclusion": _maybe_text(job.get("conclusion")),
            "runner_name": _maybe_text(job.get("runner_name")),
            "runner_group_id": _maybe_number(job.get("runner_group_id")),
        },
    }


def _run(payload: Json) -> Json:
    run = payload["workflow_run"]
    # A fork that has been deleted since is told as null, and is not our own repository either.
    head: Json = run.get("head_repository") or {}
    return {
        "kind": "run",
        "action": payload["action"],
        "run": {
            "id": _number(run["id"]),
            "attempt": _number(run["run_attempt"]),
            "event": _text(run["event"]),
            "head_repository_id": _maybe_number(head.get("id")),
        },
    }


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    if not 0 <= value < _MOST:
        raise ValueError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # half of a surrogate pair is a text to JSON, and to nothing behind it
    return value[:_LONGEST_TEXT]


def _slug(value: object) -> str:
    slug = _text(value)
    if not _SLUG.fullmatch(slug):
        raise ValueError
    return slug


def _maybe_time(value: object) -> str | None:
    time = _maybe_text(value)
    if time:
        datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()
    return time


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _maybe_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _maybe_number(value: object) -> int | None:
    return None if value is None else _number(value)
