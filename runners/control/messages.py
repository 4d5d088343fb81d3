"""What the webhook puts on the queue, read strictly: a body that is not ours is an error, never a guess."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Action = Literal["queued", "waiting", "in_progress", "completed"]
_ACTIONS = ("queued", "waiting", "in_progress", "completed")


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
        told: Any = json.loads(body)
        match told["kind"]:
            case "job":
                return _job(told)
            case "run":
                return _run(told)
            case "plan":
                return PlanRequest(class_name=str(told["class"]))
            case kind:
                raise MessageError(f"unknown kind of message {str(kind)[:40]!r}")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MessageError(f"unreadable message: {type(error).__name__}") from error


def _job(told: dict[str, Any]) -> JobEvent:
    job, repository = told["job"], told["repository"]
    if told["action"] not in _ACTIONS:
        raise MessageError(f"unknown action {str(told['action'])[:40]!r}")
    return JobEvent(
        action=told["action"],
        received_at=int(told["received_at"]),
        organization=str(told["organization"]),
        repository=str(repository["slug"]),
        private=bool(repository["private"]),
        job_id=int(job["id"]),
        run_id=int(job["run_id"]),
        attempt=int(job["attempt"]),
        name=str(job.get("name") or ""),
        labels=tuple(str(label) for label in job["labels"]),
        created_at=epoch_ms(job.get("created_at")),
        conclusion=str(job.get("conclusion") or ""),
        runner_name=str(job.get("runner_name") or ""),
    )


def _run(told: dict[str, Any]) -> RunEvent:
    return RunEvent(
        received_at=int(told["received_at"]),
        organization=str(told["organization"]),
        run_id=int(told["run"]["id"]),
        own=told["run"].get("head_repository_id") == told["repository"]["id"],
    )


def epoch_ms(time: str | None) -> int:
    """GitHub's ISO time as epoch milliseconds; 0 for none. Raises ValueError."""
    return int(datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000) if time else 0
