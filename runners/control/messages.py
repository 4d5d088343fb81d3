"""What the webhook puts on the queue, read strictly: a body that is not ours is an error, never a guess."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Action = Literal["queued", "waiting", "in_progress", "completed"]
_ACTIONS = ("queued", "waiting", "in_progress", "completed")
_MOST = 2**63
"""GitHub's numbers are below it; DynamoDB keeps 38 digits."""
_SLUG = re.compile(r"[A-Za-z0-9_-]+/(?!\.{1,2}$)[A-Za-z0-9._-]+")


class MessageError(Exception):
    """A message that cannot be read; its dead-letter queue is the place for it."""


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A `workflow_job` event. Times in epoch milliseconds, 0 where GitHub gave none."""

    action: Action
    received_at: int
    organization: str
    repository: str
    private: bool
    job_id: int
    run_id: int
    attempt: int
    name: str
    labels: tuple[str, ...]
    created_at: int
    conclusion: str
    runner_name: str


@dataclass(frozen=True, slots=True)
class RunEvent:
    """A `workflow_run` event: where the run's code comes from. `own` is false for a fork, deleted or not."""

    received_at: int
    organization: str
    run_id: int
    own: bool


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """One of our functions asks for a plan of a class."""

    class_name: str


Message = JobEvent | RunEvent | PlanRequest


def parse_message(body: str) -> Message:
    """Read a message's body. Raises `MessageError`."""
    try:
        document: Any = json.loads(body)
        match document["kind"]:
            case "job":
                return _job(document)
            case "run":
                return _run(document)
            case "plan":
                return PlanRequest(class_name=str(document["class"]))
            case kind:
                raise MessageError(f"unknown kind of message {str(kind)[:40]!r}")
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise MessageError(f"unreadable message: {type(error).__name__}") from error


def _job(document: dict[str, Any]) -> JobEvent:
    job, repository = document["job"], document["repository"]
    if document["action"] not in _ACTIONS:
        raise MessageError(f"unknown action {str(document['action'])[:40]!r}")
    return JobEvent(
        action=document["action"],
        received_at=_number(document["received_at"]),
        organization=_text(document["organization"]),
        repository=_slug(repository["slug"]),
        private=bool(repository["private"]),
        job_id=_number(job["id"]),
        run_id=_number(job["run_id"]),
        attempt=_number(job["attempt"]),
        name=_text(job.get("name") or ""),
        labels=tuple(_text(label) for label in job["labels"]),
        created_at=epoch_ms(job.get("created_at")),
        conclusion=_text(job.get("conclusion") or ""),
        runner_name=_text(job.get("runner_name") or ""),
    )


def _run(document: dict[str, Any]) -> RunEvent:
    return RunEvent(
        received_at=_number(document["received_at"]),
        organization=_text(document["organization"]),
        run_id=_number(document["run"]["id"]),
        own=document["run"].get("head_repository_id") == document["repository"]["id"],
    )


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MOST:
        raise ValueError("no number of GitHub's")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    value.encode()  # half of a surrogate pair is a text to JSON, and to nothing behind it
    return value


def _slug(value: object) -> str:
    if not _SLUG.fullmatch(_text(value)):
        raise ValueError("no repository's name")
    return str(value)


def epoch_ms(time: str | None) -> int:
    """GitHub's ISO time as epoch milliseconds, in UTC where it names no zone; 0 for none. Raises
    ValueError."""
    if not time:
        return 0
    try:
        moment = datetime.fromisoformat(time.replace("Z", "+00:00"))
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0, int(zoned.timestamp() * 1000))
    except OverflowError as error:
        raise ValueError("a time beyond the calendar") from error
