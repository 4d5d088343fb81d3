"""The items of the fleet's table: their keys, attributes and states. Read this to read the table.

Partition key `pk` (string), no sort key; `expires_at` (epoch seconds) is the table's TTL attribute. Every
other time is in epoch milliseconds. All changes are conditional.

| pk | attributes besides pk |
|---|---|
| `config` | body: the fleet's settings as JSON, written by the platform's program |
| `token` | ciphertext (bytes), expires_at; lease_owner, lease_until while one function mints |
| `github` | blocked_until, reason: GitHub asked us to wait; expires_at; grown: the seconds of that wait |
|  | where GitHub did not say how long |
| `cursor` | ticks; classes (a set: all there ever were); scan, a map of the deliveries looked at |
| `plan#<class>` | asked, lease_owner, lease_until; the last plan: planned_at, desired, supply, unstarted, |
|  | running, idle, reason (why this class's queued jobs wait); github_refused_until |
| `job#<id>#<attempt>` | see `Job` |
| `run#<run id>` | own (false: a fork's), pending (keys of the jobs that wait to know), expires_at |
| `instance#<instance id>` | see `Instance` |
| `rerun#<job id>#<attempt>` | a job whose spot instance was taken; open = `#rerun`, job, repository, at, |
|  | instances (a set: those taken that had it, or had reserved it) |

Sparse indexes, each with `pk`'s item attributes projected:
`waiting` (hash `waiting` = class, range `queued_at`): jobs that an instance may claim now;
`open` (hash `open` = class, or `-` without one): jobs not completed;
`live` (hash `live` = class): instances not ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from runners.control.reasons import Reason

Item = Mapping[str, Any]

CONFIG, TOKEN, GITHUB, CURSOR = "config", "token", "github", "cursor"
WAITING, OPEN, LIVE = "waiting", "open", "live"
NO_CLASS = "-"
"""`open` of a job that no class serves."""
RERUNS = "#rerun"
"""`open` of a rerun item; a class cannot have this name."""

MALFORMED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What an item, a message or an answer of another shape than expected raises: it may cost itself, and nobody
else."""

DAY_MS = 86_400_000
LONGEST_RUN_MS = 35 * DAY_MS
"""GitHub ends a run, waiting for approval included, after 35 days
(https://docs.github.com/en/actions/reference/limits): what is older is a replay."""
KEPT_MS = 40 * DAY_MS
"""Completed items stay longer than any message about them can be believed, so a replay finds them."""


BACK_OFF_MS, LONGEST_BACK_OFF_MS = 5 * 60_000, 60 * 60_000
"""How long a job is left alone after its instance got no job from GitHub: twice as long each time. The
longest is also how late a job may start after an outage of GitHub's, and how often those are asked after that
need an approval."""
MINTING_MS = 30_000
"""How long nobody else asks for an instance's configuration: longer than a claim may run."""
DOUBT_MS = 3 * 60_000
"""How long a job's start may stay unknown before GitHub is asked: most events come late, few are lost."""


class JobState(StrEnum):
    """What is known of a job. It goes to a state of higher rank, or between equals by our hand; it goes back
    in one case: GitHub says of a queued job that it waits for an approval."""

    SEEN_WAITING = "seen-waiting"
    QUEUED = "queued"
    RESERVED = "reserved"
    REFUSED = "refused"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


RANK = {
    JobState.SEEN_WAITING: 0,
    JobState.QUEUED: 1,
    JobState.RESERVED: 1,
    JobState.REFUSED: 1,
    JobState.IN_PROGRESS: 2,
    JobState.COMPLETED: 3,
}


class InstanceState(StrEnum):
    """What an instance is to us. GitHub knows of it from `claimed` on, as a runner that may be offline."""

    IDLE = "idle"
    CLAIMING = "claiming"
    CLAIMED = "claimed"
    RUNNING = "running"
    ENDING = "ending"
    ENDED = "ended"


def job_key(job_id: int, attempt: int) -> str:
    """The key of one attempt at a job."""
    return f"job#{job_id}#{attempt}"


def run_key(run_id: int) -> str:
    """The key of a workflow run's origin."""
    return f"run#{run_id}"


def instance_key(instance: str) -> str:
    """The key of an instance, by its `i-…` id."""
    return f"instance#{instance}"


def plan_key(class_name: str) -> str:
    """The key of a class's planning lease and last plan."""
    return f"plan#{class_name}"


class MalformedItem(ValueError):
    """An item that is not as this module says; the text names it and its attribute."""


_Plain = TypeVar("_Plain", int, str, bool)


def _plain(item: Item, name: str, default: _Plain) -> _Plain:
    value = item.get(name, default)
    if not isinstance(value, type(default)) or isinstance(value, bool) != isinstance(default, bool):
        raise MalformedItem(f"{item['pk']}: {name}")
    return value


def _list(item: Item, name: str, kind: type) -> list[Any]:
    listed = item.get(name, ())
    if not isinstance(listed, list | tuple) or not all(isinstance(entry, kind) for entry in listed):  # pyright: ignore[reportUnknownVariableType]
        raise MalformedItem(f"{item['pk']}: {name}")
    return list(listed)  # pyright: ignore[reportUnknownArgumentType]


def _state(item: Item, states: type[StrEnum]) -> str:
    state = item.get("state")
    if not isinstance(state, str) or state not in list(states):
        raise MalformedItem(f"{item['pk']}: state")
    return state


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at a job.

    `waiting` is set while it is queued and may be claimed: not while its origin is unknown, nor while it is
    left alone because GitHub gave the last instance started for it no job (`unused` counts those, and
    `checked_at` is when that was, or when GitHub was last asked). `queued_at` is since when it waits for an
    instance, or for an approval. `reserved_by` is the instance that claimed on its behalf (GitHub may hand it
    to another). `doubted_at`: that instance finished well without our having seen this job start, so the news
    of it is probably still on the way.
    """

    pk: str
    job_id: int
    attempt: int
    run_id: int
    repository: str
    labels: tuple[str, ...]
    class_name: str
    state: JobState
    rank: int
    queued_at: int
    reason: str = ""
    waiting: str = ""
    reserved_by: str = ""
    doubted_at: int = 0
    unused: int = 0
    runner_name: str = ""
    instance: str = ""
    conclusion: str = ""
    checked_at: int = 0
    private: bool = True
    timeline: tuple[Item, ...] = field(default=(), compare=False)

    @classmethod
    def parse(cls, item: Item) -> "Job":
        """Read an item; absent attributes are empty. Raises MalformedItem."""
        return cls(
            pk=item["pk"],
            job_id=_plain(item, "job_id", 0),
            attempt=_plain(item, "attempt", 1),
            run_id=_plain(item, "run_id", 0),
            repository=_plain(item, "repository", ""),
            labels=tuple(_list(item, "labels", str)),
            class_name=_plain(item, "class", ""),
            state=JobState(_state(item, JobState)),
            rank=_plain(item, "rank", 0),
            queued_at=_plain(item, "queued_at", 0),
            reason=_plain(item, "reason", ""),
            waiting=_plain(item, "waiting", ""),
            reserved_by=_plain(item, "reserved_by", ""),
            doubted_at=_plain(item, "doubted_at", 0),
            unused=_plain(item, "unused", 0),
            runner_name=_plain(item, "runner_name", ""),
            instance=_plain(item, "instance", ""),
            conclusion=_plain(item, "conclusion", ""),
            checked_at=_plain(item, "checked_at", 0),
            private=_plain(item, "private", default=True),
            timeline=tuple(_list(item, "timeline", dict)),
        )

    @property
    def unstarted(self) -> bool:
        """Whether it still needs an instance."""
        return bool(self.waiting) or (self.state is JobState.RESERVED and not self.doubted_at)

    @property
    def left_alone(self) -> bool:
        """Whether it is queued and gets no instance for now, because GitHub gave the last one no job."""
        return self.state is JobState.QUEUED and not self.waiting and self.reason != Reason.ORIGIN

    @property
    def ask_at(self) -> int:
        """When GitHub is to be asked what became of it; 0: its events will tell."""
        if self.state is JobState.RESERVED and self.doubted_at:
            return max(self.doubted_at, self.checked_at) + DOUBT_MS
        if self.state is JobState.SEEN_WAITING:
            # The first time soon, since events overtake each other: it may have been approved by then.
            asked = self.checked_at > self.queued_at
            return self.checked_at + LONGEST_BACK_OFF_MS if asked else self.queued_at + BACK_OFF_MS
        if self.left_alone:
            times = max(0, min(self.unused - 1, 10))
            return self.checked_at + min(BACK_OFF_MS << times, LONGEST_BACK_OFF_MS)
        return 0


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance. `job` is the key of the job it claimed for, and from `running` on of the one it runs.

    `called_at` is its last claim call, `minted` counts the configurations asked of GitHub for it, of which
    one is under way until `minting_until` at the latest, `runner_id` is GitHub's number for the last,
    `job_completed_at` is set when the job it ran is over, and `result` when it ends: what it said, or why we
    end it.
    """

    pk: str
    class_name: str
    state: InstanceState
    job: str = ""
    first_seen: int = 0
    called_at: int = 0
    claimed_at: int = 0
    ended_at: int = 0
    minted: int = 0
    minting_until: int = 0
    runner_id: int = 0
    checked_at: int = 0
    job_completed_at: int = 0
    result: str = ""

    @classmethod
    def parse(cls, item: Item) -> "Instance":
        """Read an item; absent attributes are empty. Raises MalformedItem."""
        return cls(
            pk=item["pk"],
            class_name=_plain(item, "class", ""),
            state=InstanceState(_state(item, InstanceState)),
            job=_plain(item, "job", ""),
            first_seen=_plain(item, "first_seen", 0),
            called_at=_plain(item, "called_at", 0),
            claimed_at=_plain(item, "claimed_at", 0),
            ended_at=_plain(item, "ended_at", 0),
            minted=_plain(item, "minted", 0),
            minting_until=_plain(item, "minting_until", 0),
            runner_id=_plain(item, "runner_id", 0),
            checked_at=_plain(item, "checked_at", 0),
            job_completed_at=_plain(item, "job_completed_at", 0),
            result=_plain(item, "result", ""),
        )

    @property
    def id(self) -> str:
        """The `i-…` id."""
        return self.pk.removeprefix("instance#")


def entry(at: int, what: str, detail: str | Reason = "") -> dict[str, Any]:
    """One line of a job's timeline."""
    return {"at": at, "what": what, "detail": str(detail)}


def expiry(now: int) -> int:
    """When an item that is done with at `now` (ms) may go: TTL wants seconds."""
    return (now + KEPT_MS) // 1000
