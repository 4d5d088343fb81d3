"""What an event changes, as conditional writes. Pure: no clock, no store.

Whatever the order of events, repeats and late ones of a job that has started change nothing, and an
instance's item changes only from a state in which the change is true. Before its start a job may go to and
fro: `waiting` takes its demand back and `queued` gives it again. These two overtake each other, and a
repeated one looks like a new one, so the last that was heard is believed until GitHub is asked
(`Job.ask_at`). Nobody but GitHub ends a job.
"""

import re
from dataclasses import dataclass
from typing import Any

from runners.control.items import (
    LONGEST_RUN_MS,
    MINTING_MS,
    NO_CLASS,
    RANK,
    Instance,
    InstanceState,
    Job,
    JobState,
    entry,
    expiry,
    job_key,
)
from runners.control.matching import Placement
from runners.control.messages import JobEvent
from runners.control.reasons import REFUSALS, Reason
from runners.control.writes import ABSENT, NEW, Condition, Write, absent_or, below, equals

_RUNNER = re.compile(r"(?P<head>.+)-(?P<instance>i-[0-9a-z]+)-(?P<number>[0-9]+)")


def runner_name(fleet: str, class_name: str, instance: str, number: int) -> str:
    """The name under which an instance's runner is known to GitHub; `number` counts its configurations."""
    return f"{fleet}-{class_name}-{instance}-{number}"


def instance_of(fleet: str, name: str) -> str:
    """The instance id in a runner's name; empty if the runner is not this fleet's."""
    parts = _RUNNER.fullmatch(name)
    return parts["instance"] if parts and parts["head"].startswith(f"{fleet}-") else ""


def is_replay(event: JobEvent) -> bool:
    """Whether the job is older than any job can be: its item may be gone, so it must not begin anew."""
    return 0 < event.created_at < event.received_at - LONGEST_RUN_MS


def arrival(event: JobEvent, job: Job | None, placement: Placement, now: int) -> Write | None:
    """The change that a `queued` or `waiting` event makes; None: nothing new."""
    waits = event.action == "waiting"
    put: dict[str, Any]
    if job is None:
        when, put = dict(NEW), {**_described(event), "class": placement.class_name}
    elif waits and job.state in (JobState.QUEUED, JobState.RESERVED):
        when, put = _as_it_was(job), {"queued_at": event.received_at}
    elif not waits and (job.state is JobState.SEEN_WAITING or job.left_alone):
        since = event.received_at if job.state is JobState.SEEN_WAITING else job.queued_at
        when, put = _as_it_was(job), {"queued_at": since, "class": placement.class_name}
    else:
        return None
    if waits:
        put |= {"state": JobState.SEEN_WAITING, "rank": 0, "reason": Reason.APPROVAL}
    else:
        put |= _queued(placement)
    if "class" in put:
        put["open"] = put["class"] or NO_CLASS
    return Write(
        job_key(event.job_id, event.attempt),
        when=when,
        put=put,
        drop=("waiting", "reserved_by", "doubted_at", "unused", "checked_at") if waits and job else (),
        append={"timeline": [entry(now, event.action, placement.reason or "")]},
    )


def _as_it_was(job: Job) -> dict[str, Condition]:
    """That a job that has not started is still as it was read."""
    return {
        "state": equals(job.state),
        "reason": equals(job.reason) if job.reason else ABSENT,
        "reserved_by": equals(job.reserved_by) if job.reserved_by else ABSENT,
    }


def _queued(placement: Placement) -> dict[str, Any]:
    if placement.reason in REFUSALS:
        return {"state": JobState.REFUSED, "rank": 1, "reason": placement.reason}
    if placement.reason is not None:  # queued, but not claimable before its origin is known
        return {"state": JobState.QUEUED, "rank": 1, "reason": placement.reason}
    return {"state": JobState.QUEUED, "rank": 1, "reason": Reason.STARTING, "waiting": placement.class_name}


def _described(event: JobEvent) -> dict[str, Any]:
    return {
        "job_id": event.job_id,
        "attempt": event.attempt,
        "run_id": event.run_id,
        "name": event.name,
        "repository": event.repository,
        "private": event.private,
        "labels": list(event.labels),
        "queued_at": min(event.created_at or event.received_at, event.received_at),
        "expires_at": expiry(event.received_at),
    }


def settled(job: Job, reason: Reason | None, now: int) -> Write:
    """What is known now of the origin of a job that waited for it: it may be claimed, or is refused."""
    when: dict[str, Condition] = {"state": equals(JobState.QUEUED), "reason": equals(Reason.ORIGIN)}
    when["class"] = equals(job.class_name)  # it may just be placed again
    if reason is None:
        put = {"reason": Reason.STARTING, "waiting": job.class_name}
    else:
        put = {"state": JobState.REFUSED, "reason": reason}
    return Write(job.pk, when=when, put=put, append={"timeline": [entry(now, "origin known", reason or "")]})


def placed(job: Job, placement: Placement, now: int) -> Write:
    """A job that is not running, placed anew because the settings have changed."""
    when = {"state": equals(job.state), "class": equals(job.class_name)}
    if job.reserved_by:
        when["reserved_by"] = equals(job.reserved_by)
    put = {"class": placement.class_name, "open": placement.class_name or NO_CLASS, **_queued(placement)}
    drop = ("reserved_by", "doubted_at", *(() if "waiting" in put else ("waiting",)))
    line = entry(now, "placed again", placement.reason or placement.class_name)
    return Write(job.pk, when=when, put=put, drop=drop, append={"timeline": [line]})


@dataclass(frozen=True, slots=True)
class Around:
    """The items round a job that starts or ends: all that its event may change.

    `runner` is the instance named by the event; `reserved` the job which that instance had reserved; `other`
    the instance that had reserved this job, if it is another one.
    """

    job: Job | None = None
    runner: Instance | None = None
    reserved: Job | None = None
    other: Instance | None = None


def progress(event: JobEvent, around: Around, instance: str, class_name: str, now: int) -> list[Write]:
    """The changes that an `in_progress` or `completed` event makes; empty: nothing new.

    GitHub hands a job to any runner that matches, so the instance that reserved it need not be the one that
    runs it: the two reservations are then exchanged, and if there are not two, the job left over is queued
    again. `class_name` is for a job that is heard of for the first time.
    """
    job, runner, reserved, other = around.job, around.runner, around.reserved, around.other
    state = _state(event)
    if job is not None and job.rank >= RANK[state]:
        return []
    changes = [_advanced(event, job, instance, class_name, now)]
    key = job_key(event.job_id, event.attempt)
    if runner is None or (runner.state is InstanceState.RUNNING and runner.job != key):
        return changes  # it runs one job only, and this is not the one that it is known to run
    if runner.state in (InstanceState.CLAIMED, InstanceState.RUNNING):
        put: dict[str, Any] = {"state": InstanceState.RUNNING, "job": key}
        if state is JobState.COMPLETED:
            put["job_completed_at"] = now
    elif reserved is not None and reserved.reserved_by == runner.id:
        put = {"job": key}  # late news: now it is known that the job it had reserved did not run on it
    else:
        return changes
    unchanged: dict[str, Condition] = {"state": equals(runner.state), "job": equals(runner.job)}
    changes.append(Write(runner.pk, when=unchanged, put=put))
    if reserved is not None and reserved.state is JobState.RESERVED and reserved.reserved_by == runner.id:
        changes += _left_over(reserved, runner, job, other, now)
    return changes


def _state(event: JobEvent) -> JobState:
    return JobState.COMPLETED if event.action == "completed" else JobState.IN_PROGRESS


def _advanced(event: JobEvent, job: Job | None, instance: str, class_name: str, now: int) -> Write:
    state = _state(event)
    put: dict[str, Any] = {"state": state, "rank": RANK[state]}
    when: dict[str, Condition]
    if job is None:
        put |= _described(event) | {"class": class_name}
        when = dict(NEW)
    else:
        when = {
            "rank": below(RANK[state]),
            "reserved_by": equals(job.reserved_by) if job.reserved_by else ABSENT,
        }
    if event.runner_name:
        put |= {"runner_name": event.runner_name, "instance": instance}
    drop = ["waiting", "doubted_at"]
    if state is JobState.COMPLETED:
        put |= {"reason": Reason.COMPLETED, "conclusion": event.conclusion, "expires_at": expiry(now)}
        drop.append("open")
    else:
        put |= {"reason": Reason.RUNNING, "open": (job.class_name if job else class_name) or NO_CLASS}
    line = entry(now, event.action, event.runner_name or event.conclusion)
    return Write(
        job_key(event.job_id, event.attempt),
        when=when,
        put=put,
        drop=tuple(drop),
        append={"timeline": [line]},
    )


def _left_over(
    reserved: Job, runner: Instance, job: Job | None, other: Instance | None, now: int
) -> list[Write]:
    """The job whose instance runs another: for the instance that had reserved that one, if it is still free.

    So it is too where that instance has ended well: it ran some job, and if that was not `reserved`, its own
    news will say so. Back in the queue, `reserved` would have an instance started that nobody needs.
    """
    if other is None or job is None or other.class_name != reserved.class_name or other.job != job.pk:
        return [requeued(reserved, runner.id, now, "its runner took another job")]
    over = other.state in (InstanceState.ENDING, InstanceState.ENDED)
    if other.state is not InstanceState.CLAIMED and not (over and other.result == "ok"):
        return [requeued(reserved, runner.id, now, "its runner took another job")]
    doubt = {"doubted_at": job.doubted_at or now} if over else {}
    return [
        Write(
            reserved.pk,
            when={"state": equals(JobState.RESERVED), "reserved_by": equals(runner.id)},
            put={"reserved_by": other.id, **doubt},
            drop=() if over else ("doubted_at",),
            append={"timeline": [entry(now, "exchanged", other.id)]},
        ),
        Write(
            other.pk,
            when={"state": equals(other.state), "job": equals(job.pk)},
            put={"job": reserved.pk},
        ),
    ]


def requeued(job: Job, instance: str, now: int, why: str) -> Write:
    """A reserved job that its instance will not start: back in the queue."""
    return Write(
        job.pk,
        when={"state": equals(JobState.RESERVED), "reserved_by": equals(instance)},
        put={"state": JobState.QUEUED, "waiting": job.class_name, "reason": Reason.STARTING},
        drop=("reserved_by", "doubted_at"),
        append={"timeline": [entry(now, "queued again", why)]},
    )


def unused(job: Job, instance: str, now: int) -> Write:
    """A reserved job whose instance got no job from GitHub: still queued, and left alone for a while.

    GitHub hands a job only to runners of a group that its workflow and repository may use and that its
    `runs-on` does not exclude, of which its event tells nothing
    (https://docs.github.com/en/actions/how-tos/manage-runners/self-hosted-runners/manage-access); or it is
    waiting for an approval after all, or GitHub hands out nothing at the moment. None of that is its end: it
    is tried again, less and less often, with one instance at a time.
    """
    return Write(
        job.pk,
        when={"state": equals(JobState.RESERVED), "reserved_by": equals(instance)},
        put={
            "state": JobState.QUEUED,
            "reason": Reason.NOT_HANDED,
            "unused": job.unused + 1,
            "checked_at": now,
        },
        drop=("reserved_by", "doubted_at"),
        append={"timeline": [entry(now, "left alone", "its runner got no job")]},
    )


def doubted(job: Job, instance: str, now: int) -> Write:
    """The job of an instance that finished well although its start was never seen: news is on its way."""
    return Write(
        job.pk,
        when={"state": equals(JobState.RESERVED), "reserved_by": equals(instance)},
        put={"doubted_at": now},
        append={"timeline": [entry(now, "start not seen", instance)]},
    )


def reservation(job: Job, instance: str, class_name: str, known: Instance | None, now: int) -> list[Write]:
    """An idle instance claims on behalf of a queued job; both change or neither."""
    begun = {} if known else {"first_seen": now, "class": class_name, "live": class_name}
    return [
        Write(
            f"instance#{instance}",
            when={"state": absent_or(InstanceState.IDLE)},
            put={
                "state": InstanceState.CLAIMING,
                "job": job.pk,
                "called_at": now,
                "minted": 1,
                "minting_until": now + MINTING_MS,
                **begun,
            },
        ),
        Write(
            job.pk,
            when={"state": equals(JobState.QUEUED), "waiting": equals(class_name)},
            put={"state": JobState.RESERVED, "reserved_by": instance},
            drop=("waiting",),
            append={"timeline": [entry(now, "reserved", instance)]},
        ),
    ]
