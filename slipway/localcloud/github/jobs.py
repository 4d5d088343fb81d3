"""What becomes of runs and jobs: queued, waiting, handed to runners, completed; and the events of it."""

import random
import zlib
from collections.abc import Callable

from slipway.localcloud.github.automation import Job, Run, Runner, runner_groups
from slipway.localcloud.github.model import Json, Repository, now
from slipway.localcloud.github.payloads import job_event, run_event
from slipway.localcloud.github.world import World


class NotPossible(Exception):
    """A job or runner that is not in the state for what was asked."""


def create_run(
    world: World,
    repository: Repository,
    *,
    event: str,
    head: str,
    job: Callable[[Run], list[Job]],
    of: dict[str, str],
) -> list[Job]:
    """A new run of `event` in a repository, with the code of `head`, and its jobs, as `job` makes them.

    `of` may say the `path`, `branch` and `sha` of the run.
    """
    number = world.next_id()
    run = Run(
        id=number,
        repository=repository,
        event=event,
        head=_head(world, repository, head),
        path=of.get("path", ".github/workflows/ci.yml"),
        branch=of.get("branch", "main"),
        sha=of.get("sha", f"{number:040x}"),
    )
    world.automation.runs[run.id] = run
    _announce(world, run, "workflow_run", run_event(run, "requested", "queued"))
    made = job(run)
    for new in made:
        world.automation.jobs[new.id] = new
        _announce(world, run, "workflow_job", job_event(new, new.status))
    return made


def hold(world: World, job: Job) -> None:
    """Let a queued job wait for an approval: GitHub may queue it first, and see then that it needs one."""
    if job.status != "queued":
        raise NotPossible(f"job {job.id} is {job.status}, not queued")
    job.status = "waiting"
    _announce(world, job.run, "workflow_job", job_event(job, "waiting"))


def release(world: World, job: Job) -> None:
    """Let a job go on that waited for an approval."""
    if job.status != "waiting":
        raise NotPossible(f"job {job.id} is {job.status}, not waiting")
    job.status = "queued"
    _announce(world, job.run, "workflow_job", job_event(job, "queued"))


def assign(world: World, seed: int | None) -> list[tuple[Job, Runner]]:
    """Hand each queued job, the oldest first, to any runner that is online, idle, and may and can run it."""
    chance = random.Random(seed)  # noqa: S311 - GitHub says nothing of its choice either
    idle = [runner for runner in world.automation.runners.values() if runner.online and not runner.busy]
    assigned: list[tuple[Job, Runner]] = []
    for job in [job for job in world.automation.jobs.values() if job.status == "queued"]:
        fitting = [
            runner for runner in idle if runner.has(job.labels) and _admits(runner, job.run.repository)
        ]
        if not fitting:
            continue
        runner = chance.choice(fitting)
        idle.remove(runner)
        job.status, job.started_at, runner.job_id = "in_progress", now(), job.id
        job.runner_id, job.runner_name, job.runner_group_id = runner.id, runner.name, runner.group_id
        assigned.append((job, runner))
        _announce(world, job.run, "workflow_job", job_event(job, "in_progress"))
    return assigned


def complete(world: World, job: Job, conclusion: str) -> None:
    """End a job; its runner, which runs one job only, is gone with it. Raises NotPossible."""
    cancelled = job.status in {"queued", "waiting"} and conclusion == "cancelled"
    if job.status != "in_progress" and not cancelled:
        raise NotPossible(f"job {job.id} is {job.status}, and cannot end as {conclusion}")
    runner = world.automation.runners.get(job.runner_id or 0)
    if runner is not None and runner.online:
        del world.automation.runners[runner.id]
    job.status, job.conclusion, job.completed_at = "completed", conclusion, now()
    _announce(world, job.run, "workflow_job", job_event(job, "completed"))
    jobs = world.automation.jobs_of(job.run, job.attempt)
    if all(job.status == "completed" for job in jobs):
        _, ended = status_of(world, job.run)
        _announce(world, job.run, "workflow_run", run_event(job.run, "completed", "completed", ended))


def disconnect(world: World, runner: Runner, *, fail_job: bool) -> None:
    """Take a runner off line, as its machine's end does; it stays registered."""
    job = world.automation.jobs.get(runner.job_id or 0)
    runner.online, runner.job_id = False, None
    if job is not None and fail_job:
        complete(world, job, "failure")


def rerun(world: World, job: Job) -> Job:
    """A new attempt of a run with one of its jobs. Raises NotPossible while the run is not over."""
    run = job.run
    if any(other.status != "completed" for other in world.automation.jobs_of(run, run.attempt)):
        raise NotPossible("The workflow run containing this job is already running")
    run.attempt += 1
    made = Job(id=world.next_id(), run=run, attempt=run.attempt, name=job.name, labels=job.labels)
    world.automation.jobs[made.id] = made
    _announce(world, run, "workflow_run", run_event(run, "requested", "queued"))
    _announce(world, run, "workflow_job", job_event(made, "queued"))
    return made


def status_of(world: World, run: Run) -> tuple[str, str | None]:
    """Status and conclusion of a run's latest attempt."""
    jobs = world.automation.jobs_of(run, run.attempt)
    if all(job.status == "completed" for job in jobs):
        ends = {job.conclusion for job in jobs}
        return "completed", next((end for end in ("failure", "cancelled") if end in ends), "success")
    started = any(job.status in {"in_progress", "completed"} for job in jobs)
    return ("in_progress" if started else "queued"), None


def _admits(runner: Runner, repository: Repository) -> bool:
    """Whether the runner's group is open to the repository.

    https://docs.github.com/en/actions/concepts/runners/runner-groups
    """
    if repository.owner.login != runner.organization:
        return False
    group = runner_groups(repository.owner).get(runner.group_id)
    if group is None or (repository.visibility == "public" and not group["allows_public_repositories"]):
        return False
    match group["visibility"]:
        case "selected":
            return repository.id in group["selected_repository_ids"]
        case "private":
            return repository.visibility != "public"
        case _:
            return True


def _head(world: World, repository: Repository, slug: str) -> Json:
    """The repository that the code is of: the run's own, or a fork, which need not be seeded."""
    if not slug or slug.lower() == repository.slug.lower():
        return {"id": repository.id, "full_name": repository.slug, "fork": False}
    owner, _, name = slug.lower().partition("/")
    known = world.repositories.get((owner, name))
    return {"id": known.id if known else zlib.crc32(slug.encode()), "full_name": slug, "fork": True}


def _announce(world: World, run: Run, event: str, payload: Json) -> None:
    """Send it to every App of the organisation that asked for such events."""
    for app in world.automation.apps.values():
        if app.organization == run.repository.owner.login and event in app.events:
            world.webhooks.post(app, event, payload)
