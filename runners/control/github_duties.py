"""The tick's duties towards GitHub: all bounded per tick, none ever asks whether a runner is busy."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from runners.control.config import Fleet
from runners.control.events import Reading, apply, settle
from runners.control.github import Delivery, GitHub, GitHubClientError
from runners.control.items import (
    CURSOR,
    LONGEST_RUN_MS,
    OPEN,
    RANK,
    RERUNS,
    InstanceState,
    Item,
    Job,
    JobState,
    entry,
    expiry,
    instance_key,
    run_key,
)
from runners.control.messages import Action, JobEvent
from runners.control.planning import plan, readable
from runners.control.reasons import Reason
from runners.control.services import Services
from runners.control.transitions import instance_of, requeued
from runners.control.writes import PRESENT, Write, below

_ORIGIN_MS = 5_000
"""How long the run's own event may take before GitHub is asked."""
_AGAIN_MS = 10 * 60_000
"""How long to wait with a run that GitHub did not find."""
_STALE_MS = 30 * 60_000
_LOOK_UPS, _STALE_LOOK_UPS = 20, 5
_PAGES, _REDELIVERIES = 10, 100
_EVERY_REDELIVERY, _EVERY_GHOST = 3, 30
"""In ticks. Redelivery goes to every tick while there are failures."""
_LOW_RATE = 500
"""Below this many calls left in the hour, those that can wait do."""
_RERUN_MS = 24 * 3_600_000
_MOST_ATTEMPTS = 3
_ACTIONS: Mapping[str, Action] = {name: name for name in ("queued", "in_progress", "completed")}
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY)
"""What GitHub answers for a delivery that it no longer has; it keeps them for three days."""
_EVENTS = ("workflow_job", "workflow_run")


def _short(github: GitHub) -> bool:
    return github.spent.rate_left is not None and github.spent.rate_left < _LOW_RATE


def origins(services: Services, fleet: Fleet, github: GitHub, jobs_of: Mapping[str, list[Job]]) -> None:
    """Find out where the runs of waiting jobs come from, one call a run, if their events did not come."""
    now, reading = services.clock(), Reading(services.table)
    for runner in fleet.classes.values():
        jobs = [
            job
            for job in jobs_of.get(runner.name, ())
            if job.reason == Reason.ORIGIN
            and now - job.queued_at > _ORIGIN_MS
            and now - job.checked_at > _AGAIN_MS
        ]
        runs = {job.run_id: job.repository for job in jobs}
        if not runs:
            continue
        reading.load(*(run_key(run) for run in runs))
        asked, wanted = 0, False
        for run, slug in runs.items():
            waiting = [job for job in jobs if job.run_id == run]
            own = (reading.item(run_key(run)) or {}).get("own")
            if own is None and asked < _LOOK_UPS:
                asked += 1
                own = _own(services, github, slug, run)
                if own is None:
                    _checked(services, waiting, now)
            if own is not None:
                released = [settle(services, fleet, job, reading, own=own) for job in waiting]
                wanted = wanted or any(released)
        if wanted:
            plan(services, runner, reading.written())


def questions(services: Services, fleet: Fleet, github: GitHub, jobs_of: Mapping[str, list[Job]]) -> None:
    """Ask after jobs of which only GitHub knows what became (`Job.ask_at`), one call a job, oldest first."""
    now = services.clock()
    due = [job for jobs in jobs_of.values() for job in jobs if 0 < job.ask_at <= now]
    wanted: set[str] = set()
    for job in sorted(due, key=lambda job: job.ask_at)[:_LOOK_UPS]:
        answer = _job(services, github, job)
        _checked(services, [job], now)
        wanted |= _answered(services, fleet, job, answer, now)
    for name in sorted(wanted & set(fleet.classes)):
        plan(services, fleet.classes[name])


def _answered(
    services: Services, fleet: Fleet, job: Job, answer: dict[str, Any] | None, now: int
) -> set[str]:
    """Apply what GitHub says of a job, None if it does not know it. The classes to plan."""
    if job.state is JobState.RESERVED and (answer is None or answer.get("status") == "queued"):
        back = requeued(job, job.reserved_by, now, "its start was never seen")
        return set() if services.table.write(back) is None else {job.class_name}
    if answer is None:
        return set()
    return apply(services, fleet, _event(fleet, job, answer, now), Reading(services.table))


def _job(services: Services, github: GitHub, job: Job) -> dict[str, Any] | None:
    try:
        return github.job(job.repository, job.job_id)
    except GitHubClientError as error:
        services.observer.log("job not found", job=job.job_id, status=error.status)
        return None


def _event(fleet: Fleet, job: Job, answer: dict[str, Any], now: int) -> JobEvent:
    """The event that would have told what GitHub answers.

    One that is `pending` or `requested` gets no runner yet either: others of its concurrency group go first.
    https://docs.github.com/en/rest/actions/workflow-jobs
    """
    status = str(answer.get("status"))
    return JobEvent(
        action=_ACTIONS.get(status, "waiting"),
        received_at=now,
        organization=fleet.organization,
        repository=job.repository,
        private=job.private,
        job_id=job.job_id,
        run_id=job.run_id,
        attempt=job.attempt,
        name="",
        labels=job.labels,
        created_at=job.queued_at,
        conclusion=str(answer.get("conclusion") or ""),
        runner_name=str(answer.get("runner_name") or ""),
    )


def _own(services: Services, github: GitHub, slug: str, run: int) -> bool | None:
    answer = _run(services, github, slug, run)
    if answer is None:
        return None
    head: dict[str, Any] = answer.get("head_repository") or {}
    repository: dict[str, Any] = answer.get("repository") or {}
    own = head.get("id") is not None and head.get("id") == repository.get("id")
    ends = (services.clock() + LONGEST_RUN_MS) // 1000
    services.table.write(Write(run_key(run), put={"own": own, "expires_at": ends}))
    return own


def _checked(services: Services, jobs: Iterable[Job], now: int) -> None:
    for job in jobs:
        services.table.write(Write(job.pk, when={"state": PRESENT}, put={"checked_at": now}))


def _run(services: Services, github: GitHub, slug: str, run: int) -> dict[str, Any] | None:
    try:
        return github.run(slug, run)
    except GitHubClientError as error:
        services.observer.log("run not found", run=run, status=error.status)
        return None


def stale(services: Services, github: GitHub, jobs_of: Mapping[str, list[Job]]) -> None:
    """Close jobs that have been open for long although their run is over: their last event never came."""
    if _short(github):
        return
    now, asked = services.clock(), dict[int, dict[str, Any] | None]()
    for jobs in jobs_of.values():
        for job in jobs:
            if now - max(job.queued_at, job.checked_at) <= _STALE_MS or job.ask_at:
                continue
            if job.run_id not in asked:
                if len(asked) >= _STALE_LOOK_UPS:
                    break
                asked[job.run_id] = _run(services, github, job.repository, job.run_id)
            _look(services, job, asked[job.run_id], now)


def _look(services: Services, job: Job, run: dict[str, Any] | None, now: int) -> None:
    if run is None or run.get("status") != "completed" or run.get("run_attempt", 1) < job.attempt:
        _checked(services, [job], now)
        return
    services.table.write(
        Write(
            job.pk,
            when={"rank": below(RANK[JobState.COMPLETED])},
            put={
                "state": JobState.COMPLETED,
                "rank": RANK[JobState.COMPLETED],
                "reason": Reason.COMPLETED,
                "expires_at": expiry(now),
            },
            drop=("open", "waiting", "doubted_at"),
            append={"timeline": [entry(now, "completed", "its run is over")]},
        )
    )


def redeliver(services: Services, github: GitHub, cursor: Item, ticks: int) -> None:
    """Ask for the deliveries that failed since the last scan; the cursor moves only when all were asked for.

    Not for those that the webhook cannot read: they would fail again each time, and keep others waiting. Its
    alarm tells of them, and once it can, `slipway runners redeliver` asks for them. GitHub itself never
    delivers again (docs: webhooks/using-webhooks/handling-failed-webhook-deliveries).
    """
    state: dict[str, Any] = cursor.get("scan") or {}
    if not state.get("failing") and ticks % _EVERY_REDELIVERY:
        return
    seen, more = _since(github, int(state.get("low", 0)), str(state.get("next", "")))
    failed = outstanding(seen)
    services.observer.metrics({"FailedDeliveries": len(failed)})
    high = max([int(state.get("high", 0)), *(delivery.id for delivery in seen)])
    # While what was sent again fails too, the endpoint is down: one more try tells when it is back.
    legible = [delivery for delivery in seen if not delivery.unreadable]
    down = bool(legible) and not state.get("next") and legible[0].failed and legible[0].redelivery
    batch = failed[: 1 if down else _REDELIVERIES]
    for delivery in batch:
        _again(services, github, delivery)
    if len(batch) < len(failed):
        kept = {**state, "failing": True}
    elif more:
        kept = {"low": state.get("low", 0), "high": high, "next": more, "failing": True}
    else:
        kept = {"low": high, "high": high, "next": "", "failing": bool(failed)}
    services.table.write(Write(CURSOR, put={"scan": kept}))


def _since(github: GitHub, low: int, cursor: str) -> tuple[list[Delivery], str]:
    """Deliveries newer than `low`, newest first, and the page to go on with if there are too many for now."""
    seen: list[Delivery] = []
    for _ in range(_PAGES):
        page, cursor = github.deliveries(cursor)
        seen += [delivery for delivery in page if delivery.id > low]
        if not cursor or len(page) == 0 or page[-1].id <= low:
            return seen, ""
    return seen, cursor


def outstanding(seen: Iterable[Delivery]) -> list[Delivery]:
    """The failed deliveries whose event has not got through since, oldest first, one for each event."""
    newest: dict[str, Delivery] = {}
    for delivery in sorted(seen, key=lambda delivery: delivery.id):
        if delivery.event not in _EVENTS or (delivery.guid in newest and not newest[delivery.guid].failed):
            continue
        newest[delivery.guid] = delivery
    return [delivery for delivery in newest.values() if delivery.failed and not delivery.unreadable]


def _again(services: Services, github: GitHub, delivery: Delivery) -> None:
    try:
        github.redeliver(delivery.id)
    except GitHubClientError as error:
        if error.status not in _GONE:
            raise  # the cursor stays where it is: nobody else knows of this event
        services.observer.log("not redelivered", delivery=delivery.id, status=error.status)


def rerun(services: Services, github: GitHub) -> None:
    """Run jobs again whose spot instance was taken, once GitHub says that they failed."""
    now = services.clock()
    for item in services.table.query(OPEN, RERUNS):
        job_item = services.table.get(item["job"]).get(item["job"])
        job = next(iter(readable(services, Job.parse, [job_item])), None) if job_item else None
        over = now - item["at"] > _RERUN_MS or job is None or job.attempt >= _MOST_ATTEMPTS
        if job is not None and job.state is JobState.COMPLETED and not over:
            taken = instance_of(services.fleet_name, job.runner_name) in item["instances"]
            over = not taken or job.conclusion == "success" or _rerun(services, github, job)
        if over:
            services.table.write(Write(item["pk"], delete=True))


def _rerun(services: Services, github: GitHub, job: Job) -> bool:
    try:
        github.rerun(job.repository, job.job_id)
    except GitHubClientError as error:
        # 403: the run's other jobs are still going on.
        return error.status != HTTPStatus.FORBIDDEN
    services.observer.log("run again", job=job.job_id)
    return True


def ghosts(services: Services, fleet: Fleet, github: GitHub, ticks: int) -> None:
    """Deregister offline runners of instances known to have ended, or of configurations never used."""
    if ticks % _EVERY_GHOST or _short(github):
        return
    offline = {
        number: instance
        for number, name, online in github.runners()
        if not online and (instance := instance_of(fleet.name, name))
    }
    items = services.table.get(*{instance_key(instance) for instance in offline.values()})
    for number, instance in offline.items():
        item = items.get(instance_key(instance))
        if item is None or item["state"] == InstanceState.CLAIMING:
            continue  # not ours, or its configuration is on its way out
        if item["state"] == InstanceState.ENDED or item.get("runner_id") != number:
            github.delete_runner(number)
