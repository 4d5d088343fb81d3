"""A job's timeline, and exactly one reason, out of a closed list, for where it is."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runners.control.items import GITHUB, InstanceState, Job, JobState, plan_key
from runners.control.reasons import REFUSALS, Reason
from slipway.runners import state
from slipway.runners.fleet import Fleet
from slipway.runners.state import Group, Instance, Item

SENTENCES: Mapping[Reason, str] = {
    Reason.NO_CLASS: "No class has all of its labels: change `runs-on`, or declare such a class.",
    Reason.REPOSITORY: "Its repository is not on its class's list.",
    Reason.PUBLIC: "Its repository is public, and its class takes no public ones.",
    Reason.FORK: "It comes from a fork's pull request, and its class takes none.",
    Reason.NOT_HANDED: (
        "GitHub gave it to none of the runners started for it: its workflow or its runner group may not allow"
        " them, or GitHub hands out late. It is tried again, less and less often."
    ),
    Reason.ORIGIN: "Whether it comes from a fork is not known yet; GitHub is asked at the next tick.",
    Reason.MAXIMUM: "Its class runs as many instances as it may; one of them has to end first.",
    Reason.NO_CAPACITY: "AWS has no instance to give; the group keeps asking, in all its zones and types.",
    Reason.STARTING: "An instance for it is starting.",
    Reason.CLAIMABLE: "An instance is up and about to claim it.",
    Reason.NO_IMAGE: "Its class has no image yet, so it may have no instance: build one (docs/runners.md).",
    Reason.RATE_LIMITED: "GitHub's rate limit is used up; the fleet waits for as long as GitHub says.",
    Reason.GITHUB: "GitHub does not answer; it is tried again.",
    Reason.APPROVAL: "It waits for the approval of its GitHub environment.",
    Reason.RUNNING: "It runs.",
    Reason.COMPLETED: "It is completed.",
    Reason.UNKNOWN: "The fleet has never heard of it; `slipway runners redeliver` asks for what failed.",
}
"""What each reason means to the person who asks."""

_SETTLED = {
    JobState.COMPLETED: Reason.COMPLETED,
    JobState.IN_PROGRESS: Reason.RUNNING,
    JobState.SEEN_WAITING: Reason.APPROVAL,
}
_OF_GITHUB = (Reason.RATE_LIMITED, Reason.GITHUB)


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One attempt of a job, and why it is where it is."""

    job: Job
    reason: Reason
    detail: str

    @property
    def sentence(self) -> str:
        return SENTENCES[self.reason]

    def to_json(self) -> dict[str, Any]:
        """One object for programs; times are in epoch milliseconds."""
        job = self.job
        return {
            "job_id": job.job_id,
            "attempt": job.attempt,
            "run_id": job.run_id,
            "repository": job.repository,
            "labels": list(job.labels),
            "class": job.class_name,
            "state": str(job.state),
            "reason": str(self.reason),
            "detail": self.detail,
            "queued_at": job.queued_at,
            "instance": job.instance or job.reserved_by,
            "runner_name": job.runner_name,
            "conclusion": job.conclusion,
            "timeline": [dict(entry) for entry in job.timeline],
        }


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What stands around a waiting job of a class."""

    settings: Item
    group: Group
    instances: tuple[Instance, ...] = ()
    github: str = ""
    """Why GitHub cannot be asked at the moment, as the functions wrote it down; empty where it can."""


def explain(fleet: Fleet, job_id: int) -> list[Explanation]:
    """Every attempt of a job that the fleet knows, in order; none for a job it has never heard of.

    Raises:
        SlipwayError: the stack has no fleet, or it cannot be read.
    """
    classes: Item = state.configuration(fleet)["classes"]
    explanations: list[Explanation] = []
    for job in state.attempts(fleet, job_id):
        why, detail = reason(job, _situation(fleet, classes, job))
        explanations.append(Explanation(job=job, reason=why, detail=detail))
    return explanations


def reason(job: Job, around: Situation | None) -> tuple[Reason, str]:
    """The one reason for where a job is, and a detail of it where there is one to name.

    Args:
        job: the job as the fleet knows it.
        around: what stands around it; None where no class serves it.
    """
    if job.state in _SETTLED:
        return _SETTLED[job.state], job.conclusion
    if job.state is JobState.REFUSED:
        return next((refusal for refusal in REFUSALS if refusal == job.reason), Reason.NO_CLASS), ""
    if around is None:
        return Reason.NO_CLASS, ""
    if job.state is JobState.RESERVED:
        return _reserved(job, around)
    return _waiting(job, around)


def _clock(at_ms: int) -> str:
    """The time of day."""
    return time.strftime("%H:%M", time.gmtime(at_ms / 1000))


def _reserved(job: Job, around: Situation) -> tuple[Reason, str]:
    trouble = _trouble(around)
    if trouble is not None and _is_claiming(job, around):
        return trouble, f"{job.reserved_by} has claimed it and has no configuration yet"
    return Reason.STARTING, f"{job.reserved_by} has claimed it and starts its runner"


def _waiting(job: Job, around: Situation) -> tuple[Reason, str]:
    """Why a queued job may not be claimed, or is not."""
    if job.left_alone:
        return Reason.NOT_HANDED, f"{job.unused} so far; the next one from {_clock(job.ask_at)} UTC on"
    if not job.waiting:
        return Reason.ORIGIN, ""
    group = around.group
    if not around.settings.get("image") or not group.maximum:
        return Reason.NO_IMAGE, ""
    trouble = _trouble(around)
    if trouble is not None:
        return trouble, ""
    return _supply(group, around.instances)


def _trouble(around: Situation) -> Reason | None:
    """What GitHub lacks at the moment, if anything."""
    return next((trouble for trouble in _OF_GITHUB if trouble == around.github), None)


def _is_claiming(job: Job, around: Situation) -> bool:
    """Whether the instance that reserved the job still waits for its configuration."""
    return any(
        instance.id == job.reserved_by and instance.state is InstanceState.CLAIMING
        for instance in around.instances
    )


def _supply(group: Group, instances: tuple[Instance, ...]) -> tuple[Reason, str]:
    """What a job's class lacks to begin it: nothing, or an instance, and why."""
    idle = sorted(instance.id for instance in instances if state.is_claimable(instance))
    if idle:
        return Reason.CLAIMABLE, ", ".join(idle)
    if group.trouble:
        return Reason.NO_CAPACITY, group.trouble
    counted = f"{group.desired} of {group.maximum} instances"
    starting = max(0, group.desired - len(instances)) + sum(map(state.is_starting, instances))
    if starting > 0:
        return Reason.STARTING, f"{counted}, {starting} of them starting"
    if group.desired >= group.maximum:
        return Reason.MAXIMUM, counted
    return Reason.STARTING, f"{counted}; the planner asks for more at its next tick"


def _situation(fleet: Fleet, classes: Item, job: Job) -> Situation | None:
    if job.class_name not in classes:
        return None
    settings: Item = classes[job.class_name]
    name = str(settings["group"])
    return Situation(
        settings=settings,
        group=state.groups(fleet, [name]).get(name) or Group(desired=0, maximum=0, instances=()),
        instances=tuple(state.live_instances(fleet, job.class_name)),
        github=_github(fleet, job.class_name),
    )


def _github(fleet: Fleet, class_name: str) -> str:
    blocked = state.get(fleet, GITHUB) or {}
    if int(blocked.get("blocked_until", 0)) > time.time() * 1000:
        return str(blocked.get("reason", ""))
    plan = state.get(fleet, plan_key(class_name)) or {}
    if int(plan.get("github_refused_until", 0)) > time.time() * 1000:
        return str(Reason.GITHUB)
    return str(plan.get("reason", ""))
