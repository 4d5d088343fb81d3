"""The tick: once a minute, compares what is with what should be, and needs no message to have arrived for it.

Its duties do not depend on each other. One that fails does not stop the rest; at the end the tick fails, so
that Lambda counts an error and the alarm can see it.
"""

from collections.abc import Callable
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from runners.control import github_duties, measures
from runners.control.config import RunnerClass
from runners.control.endings import begin, close, end, put_back
from runners.control.events import Contended
from runners.control.github import GitHubClientError, GitHubUnavailable
from runners.control.items import (
    CURSOR,
    GITHUB,
    MALFORMED,
    RERUNS,
    Instance,
    InstanceState,
    Job,
    JobState,
    instance_key,
    plan_key,
)
from runners.control.placing import place_again
from runners.control.planner import Group, Plan, decide, waiting_reason
from runners.control.planning import (
    github_hold,
    hold_github,
    plan,
    read_instances,
    read_jobs,
    readable,
)
from runners.control.reaping import RELEASES, Ending, Why, endings, with_new
from runners.control.services import Services
from runners.control.transitions import requeued
from runners.control.writes import NEW, PRESENT, Write, equals

_REASONS = 50
"""Jobs whose reason one tick brings up to date, per class."""
_FAULTS = (ClientError, BotoCoreError, TimeoutError, GitHubClientError, Contended, *MALFORMED)


class TickFailed(Exception):
    """Some duties failed; each was logged."""


def tick(services: Services) -> None:
    """Do every duty. Raises TickFailed if one could not be done for other reasons than GitHub's limits."""
    fleet = services.fleet()
    counted = services.table.write(Write(CURSOR, add={"ticks": 1, "classes": frozenset(fleet.classes)})) or {}
    failed: list[str] = []
    groups: dict[str, Group] = {}
    jobs: dict[str, list[Job]] = {}

    def describe() -> None:
        groups.update(services.groups.describe([runner.group for runner in fleet.classes.values()]))

    _do(services, "groups", describe, failed)
    for runner in fleet.classes.values():
        if runner.group in groups:
            duty = partial(_class, services, runner, groups[runner.group], jobs)
            _do(services, f"class {runner.name}", duty, failed)
    again = partial(place_again, services, fleet, jobs, counted.get("classes", ()))
    _do(services, "placing", again, failed)
    _github(services, jobs, int(counted.get("ticks", 0)), failed)
    if failed:
        raise TickFailed(", ".join(failed))


def _do(services: Services, name: str, duty: Callable[[], None], failed: list[str]) -> bool:
    """Do one duty. False if GitHub asks for patience."""
    try:
        duty()
    except GitHubUnavailable as error:
        services.observer.log("duty put off", duty=name, error=str(error))
        hold_github(services, error)
        return False
    except _FAULTS as error:
        services.observer.log("duty failed", duty=name, error=type(error).__name__)
        failed.append(name)
    return True


def _github(services: Services, jobs: dict[str, list[Job]], ticks: int, failed: list[str]) -> None:
    """What needs GitHub, the most urgent first, until it asks for patience."""
    fleet, github = services.fleet(), services.github()
    cursor = services.table.get(CURSOR, GITHUB)
    duties: list[tuple[str, Callable[[], None]]] = [
        ("origins", partial(github_duties.origins, services, fleet, github, jobs)),
        ("questions", partial(github_duties.questions, services, fleet, github, jobs)),
        ("redelivery", partial(github_duties.redeliver, services, github, cursor.get(CURSOR, {}), ticks)),
        ("reruns", partial(github_duties.rerun, services, github)),
        ("stale jobs", partial(github_duties.stale, services, github, jobs)),
        ("ghosts", partial(github_duties.ghosts, services, fleet, github, ticks)),
    ]
    calls = github.spent.calls
    if not github_hold(services, cursor.get(GITHUB)):
        for name, duty in duties:
            if not _do(services, name, duty, failed):
                break
    measures.of_github(services, github, github.spent.calls - calls)


def _class(services: Services, runner: RunnerClass, group: Group, jobs_of: dict[str, list[Job]]) -> None:
    now = services.clock()
    jobs = jobs_of[runner.name] = read_jobs(services, runner.name)
    instances = read_instances(services, runner.name)
    everyone = with_new(runner, instances, group, now)
    _record_first_seen(services, runner, everyone[len(instances) :])
    decision = decide(runner, jobs, everyone, group)
    refused: list[GitHubClientError] = []
    for ending in _confirmed(services, endings(runner, everyone, group, decision, now)):
        try:
            _end(services, runner, ending)
        except GitHubClientError as error:
            refused.append(error)
    back = _restore(services, jobs, everyone)
    planned = plan(services, runner)
    if planned is not None:
        decision = planned
    _explain(services, runner, jobs, decision)
    measures.of_class(services, runner, jobs, decision)
    services.observer.log(
        "tick", runner_class=runner.name, unstarted=decision.unstarted, supply=decision.supply, back=back
    )
    for error in refused:
        raise error  # only now: whoever else waits has been planned for


def _record_first_seen(services: Services, runner: RunnerClass, new: list[Instance]) -> None:
    """Note instances when they are first seen, so that one which never claims is found out."""
    for instance in new:
        services.table.write(
            Write(
                instance.pk,
                when=NEW,
                put={
                    "state": InstanceState.IDLE,
                    "class": runner.name,
                    "live": runner.name,
                    "first_seen": instance.first_seen,
                },
            )
        )


def _confirmed(services: Services, due: list[Ending]) -> list[Ending]:
    """Leave out those that only seemed to have left their group, and what GitHub need not be asked yet."""
    left = [ending.instance.id for ending in due if ending.why is Why.LEFT]
    still = services.groups.members(left) if left else {}
    unused = [ending for ending in due if ending.why is Why.UNUSED][RELEASES:]
    return [ending for ending in due if ending.instance.id not in still and ending not in unused]


def _end(services: Services, runner: RunnerClass, ending: Ending) -> None:
    known: Instance | None = ending.instance
    if ending.why is Why.UNUSED and not _released(services, ending.instance):
        return
    if ending.instance.state is not InstanceState.ENDING:
        known = begin(services, ending.instance, ending.why)
    if known is None:
        return
    if known.result == Why.LEFT and runner.rerun_interrupted and runner.spot:
        _note_rerun(services, known)
    put_back(services, known)
    if ending.why is Why.LEFT:
        close(services, known)
    else:
        end(services, known)
    services.observer.log("reaped", instance=known.id, why=ending.why)


def _released(services: Services, known: Instance) -> bool:
    """Have the runner deregistered. GitHub refuses while it runs a job, and then it is left for a while."""
    if github_hold(services, services.table.get(GITHUB).get(GITHUB)):
        return False
    try:
        if services.github().delete_runner(known.runner_id):
            return True
    except GitHubUnavailable as error:
        services.observer.log("runner not released", instance=known.id, error=str(error))
        hold_github(services, error)
        return False
    services.table.write(
        Write(known.pk, when={"state": equals(known.state)}, put={"checked_at": services.clock()})
    )
    return False


def _note_rerun(services: Services, known: Instance) -> None:
    item = services.table.get(known.job).get(known.job) if known.job else None
    # It may have begun the job it reserved without our having heard of it: how that ends will tell.
    if item is None or known.id not in (item.get("instance"), item.get("reserved_by")):
        return
    for job in readable(services, Job.parse, [item]):
        services.table.write(
            Write(
                job.pk.replace("job#", "rerun#", 1),
                put={"open": RERUNS, "job": job.pk, "repository": job.repository, "at": services.clock()},
                add={"instances": frozenset({known.id})},
            )
        )


def _restore(services: Services, jobs: list[Job], everyone: list[Instance]) -> int:
    """Put back jobs whose instance is gone without their having started; how many.

    Where it ended well, only GitHub knows (`github_duties.questions`).
    """
    live = {instance.id for instance in everyone}
    now, back = services.clock(), 0
    for job in jobs:
        if job.state is not JobState.RESERVED or job.doubted_at:
            continue
        if job.reserved_by not in live and _gone(services, job.reserved_by):
            written = services.table.write(requeued(job, job.reserved_by, now, "its start was never seen"))
            back += written is not None
    return back


def _gone(services: Services, instance: str) -> bool:
    item = services.table.get(instance_key(instance)).get(instance_key(instance))
    return item is None or item.get("state") == InstanceState.ENDED


def _explain(services: Services, runner: RunnerClass, jobs: list[Job], decision: Plan) -> None:
    """Write down why the queued jobs wait, and the same for the class."""
    if not decision.unstarted:
        return
    hold = github_hold(services, services.table.get(GITHUB).get(GITHUB))
    coming = decision.desired > decision.idle + decision.running
    failing = coming and services.groups.failing(runner.group)
    reason = waiting_reason(runner, decision, github=hold, failing=failing)
    services.table.write(Write(plan_key(runner.name), when={"reason": PRESENT}, put={"reason": reason}))
    waiting = [job for job in jobs if job.waiting and job.reason != reason]
    for job in waiting[:_REASONS]:
        services.table.write(Write(job.pk, when={"waiting": equals(runner.name)}, put={"reason": reason}))
