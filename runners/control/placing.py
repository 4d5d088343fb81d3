"""Places jobs again where the settings have changed: refused ones, and those of classes that are gone."""

from collections.abc import Iterable

from runners.control.config import Fleet
from runners.control.items import NO_CLASS, Job, JobState, run_key
from runners.control.matching import Placement, matches, place
from runners.control.planning import plan, read_jobs
from runners.control.reasons import Reason
from runners.control.services import Services
from runners.control.transitions import placed


def place_again(services: Services, fleet: Fleet, jobs_of: dict[str, list[Job]], ever: Iterable[str]) -> None:
    """Place what the settings now place otherwise, and plan its classes.

    `ever` are the classes that there ever were. The jobs of those that are gone, and of none, join `jobs_of`.
    """
    gone = sorted(set(ever) - set(fleet.classes))
    for name in (*gone, NO_CLASS):
        jobs_of[name] = read_jobs(services, name)
    open_jobs = [job for name, jobs in jobs_of.items() for job in jobs if _is_open(fleet, job, name in gone)]
    open_jobs = _without_living(services, open_jobs)
    origins = services.table.get(*{run_key(job.run_id) for job in open_jobs})
    wanted: set[str] = set()
    for job in open_jobs:
        known = origins.get(run_key(job.run_id), {}).get("own")
        placement = place(fleet, job, own=False if job.reason == Reason.FORK else known)
        if placement == Placement(job.class_name, Reason(job.reason) if job.reason else None):
            continue
        written = services.table.write(placed(job, placement, services.clock()))
        if written is not None and "waiting" in written:
            wanted.add(placement.class_name)
    for name in sorted(wanted):
        plan(services, fleet.classes[name], [])


def _is_open(fleet: Fleet, job: Job, gone: bool) -> bool:
    if gone:
        return job.state in (JobState.QUEUED, JobState.REFUSED, JobState.RESERVED)
    if job.state is not JobState.REFUSED:
        return False
    return any(matches(runner, job.labels) for runner in fleet.classes.values())


def _without_living(services: Services, jobs: list[Job]) -> list[Job]:
    """Without those whose instance may yet start them."""
    reserved = [job.reserved_by for job in jobs if job.state is JobState.RESERVED]
    living = services.groups.members(reserved) if reserved else {}
    return [job for job in jobs if job.state is not JobState.RESERVED or job.reserved_by not in living]
