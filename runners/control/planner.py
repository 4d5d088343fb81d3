"""How many instances a class needs. Pure: numbers in, numbers out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from runners.control.config import RunnerClass
from runners.control.items import Instance, InstanceState, Job, JobState
from runners.control.reasons import Reason


@dataclass(frozen=True)
class Group:
    """An Auto Scaling group: `instances` maps ids to lifecycle states; `old` ones have an old template."""

    name: str
    desired: int
    maximum: int
    instances: Mapping[str, str] = field(default_factory=dict[str, str])
    old: frozenset[str] = frozenset()

    def counted(self, instance: str) -> bool:
        """Whether the instance is part of the desired capacity: there, or coming, and not on its way out."""
        return self.instances.get(instance, "").startswith(("Pending", "InService"))


@dataclass(frozen=True)
class Plan:
    """What was found and what is wanted.

    `supply` is what can still take a job: instances that are starting, idle, or claimed and not yet running.
    """

    desired: int
    current: int
    unstarted: int
    supply: int
    running: int
    idle: int
    surplus: int
    """How many of the supply nobody waits for."""
    limited: bool
    """Whether the class's maximum keeps jobs waiting."""

    @property
    def starting(self) -> int:
        """How many instances this plan asks for."""
        return self.desired - self.current


def decide(runner: RunnerClass, jobs: Iterable[Job], instances: Iterable[Instance], group: Group) -> Plan:
    """The class's plan; the desired capacity only ever goes up, since going down means ending somebody."""
    unstarted, busy = 0, set[str]()
    for job in jobs:
        unstarted += job.unstarted
        if job.state is JobState.IN_PROGRESS:
            busy.add(job.instance)
    running = ending = idle = 0
    for instance in instances:
        if not group.counted(instance.id):
            continue
        # Jobs are read after instances, so that a job may be known to have started where its instance is not.
        running += instance.state is InstanceState.RUNNING or (
            instance.state is InstanceState.CLAIMED and instance.id in busy
        )
        ending += instance.state is InstanceState.ENDING
        idle += instance.state is InstanceState.IDLE
    supply = group.desired - running - ending
    wanted = unstarted + runner.spares
    limit = min(runner.limit, group.maximum)
    needed = max(group.desired + max(0, wanted - supply), runner.minimum)
    desired = max(group.desired, min(needed, limit))
    return Plan(
        desired=desired,
        current=group.desired,
        unstarted=unstarted,
        supply=supply,
        running=running,
        idle=idle,
        surplus=max(0, min(supply - wanted, group.desired - runner.minimum)),
        limited=unstarted > supply + desired - group.desired,
    )


def waiting_reason(runner: RunnerClass, plan: Plan, *, github: str = "", failing: bool = False) -> Reason:
    """Why a class's jobs wait. `github`: why GitHub keeps us waiting; `failing`: AWS starts nothing."""
    if not runner.image_created:
        return Reason.NO_IMAGE
    if github:
        return Reason(github)
    if plan.limited:
        return Reason.MAXIMUM
    if failing:
        return Reason.NO_CAPACITY
    return Reason.CLAIMABLE if plan.idle else Reason.STARTING


def oldest_wait_ms(jobs: Iterable[Job], now: int) -> int:
    """How long the oldest job that is not started has been waiting."""
    waiting = [job.queued_at for job in jobs if job.state in (JobState.QUEUED, JobState.RESERVED)]
    return max(0, now - min(waiting)) if waiting else 0
