"""The metrics that the dashboard and the alarms of a fleet are made of."""

from runners.control.config import RunnerClass
from runners.control.github import GitHub
from runners.control.items import Job
from runners.control.messages import epoch_ms
from runners.control.planner import Plan, oldest_wait_ms
from runners.control.services import Services

_DAY_MS = 86_400_000


def of_tick(services: Services) -> None:
    """That the schedule called; a tick that then fails is counted as an error of the function."""
    services.observer.metrics({"Ticks": 1})


def of_class(services: Services, runner: RunnerClass, jobs: list[Job], plan: Plan) -> None:
    """What a tick knows of a class."""
    now = services.clock()
    counts: dict[str, float] = {
        "QueuedJobs": plan.unstarted,
        "ClaimableInstances": plan.idle,
        "RunningInstances": plan.running,
        "RunnerVersionBehind": int(behind(runner.runner_version, services.fleet().minimum_runner_version)),
    }
    if runner.image_created:
        counts["ImageAgeDays"] = (now - epoch_ms(runner.image_created)) / _DAY_MS
    services.observer.metrics(counts, runner.name)
    services.observer.metrics(
        {"OldestQueuedSeconds": oldest_wait_ms(jobs, now) / 1000}, runner.name, unit="Seconds"
    )


def of_github(services: Services, github: GitHub, calls: int) -> None:
    """What a tick spent at GitHub."""
    values: dict[str, float] = {"GithubCalls": calls}
    if github.spent.rate_left is not None:
        values["GithubRateLeft"] = github.spent.rate_left
    services.observer.metrics(values)


def behind(version: str, minimum: str) -> bool:
    """Whether a runner's version is below the minimum; unknown versions are not."""
    return bool(version and minimum) and _parts(version) < _parts(minimum)


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
