"""Which instances the tick ends, and how each kind of ending is kept from hitting one that runs a job.

Unclaimed instances are unknown to GitHub, so ending one cannot hit a job. A claimed one is ended only when
its job is over, when GitHub agreed to deregister its runner (which it refuses while that runs a job), when it
has left the group by itself, or past the class's maximum life.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from runners.control.config import RunnerClass
from runners.control.items import Instance, InstanceState
from runners.control.planner import Group, Plan

MINUTE_MS = 60_000
FINISH_GRACE_MS = MINUTE_MS
"""How long after its job's end an instance may take to finish by itself."""
SETTLE_MS = 2 * MINUTE_MS
"""How long a new instance may be missing in what Auto Scaling lists, which is eventually consistent."""
LIFE_GRACE_MS = 10 * MINUTE_MS
"""The instance ends its job itself at the maximum; this is for one that cannot."""
RELEASES = 10
"""Runners that one tick asks GitHub to deregister, per class."""


class Why(StrEnum):
    """Why an instance ends."""

    LEFT = "left the group"
    INTERRUPTED = "ending was interrupted"
    SILENT = "never claimed, or fell silent"
    LIFE = "maximum life"
    COMPLETED = "its job is over"
    SURPLUS = "nobody waits for it"
    OLD = "its image is old"
    UNUSED = "its runner got no job"


@dataclass(frozen=True, slots=True)
class Ending:
    """One instance to end."""

    instance: Instance
    why: Why


def endings(
    runner: RunnerClass, instances: Iterable[Instance], group: Group, plan: Plan, now: int
) -> list[Ending]:
    """What the tick ends. `instances` are all of the group's: those without an item are idle and new."""
    chosen: list[Ending] = []
    idle: list[Instance] = []
    for instance in instances:
        why = _must_end(runner, instance, group, now)
        if why is not None:
            chosen.append(Ending(instance, why))
        elif instance.state is InstanceState.IDLE:
            idle.append(instance)
    silent = sum(1 for ending in chosen if ending.why is Why.SILENT)
    rested = [instance for instance in idle if now - instance.first_seen > runner.idle_minutes * MINUTE_MS]
    return chosen + _spare(idle, rested, group, plan, max(0, plan.surplus - silent))


def _must_end(runner: RunnerClass, instance: Instance, group: Group, now: int) -> Why | None:
    if instance.id not in group.instances:
        return Why.LEFT if now - instance.first_seen > SETTLE_MS else None
    if instance.state is InstanceState.ENDING:
        return Why.INTERRUPTED
    since = instance.claimed_at or instance.first_seen
    if now - since > runner.max_minutes * MINUTE_MS + LIFE_GRACE_MS:
        return Why.LIFE
    if instance.job_completed_at and now - instance.job_completed_at > FINISH_GRACE_MS:
        return Why.COMPLETED
    return _quiet(instance, runner.boot_minutes * MINUTE_MS, now)


def _quiet(instance: Instance, boot_ms: int, now: int) -> Why | None:
    if instance.state in (InstanceState.IDLE, InstanceState.CLAIMING):
        heard = max(instance.first_seen, instance.called_at)
        return Why.SILENT if now - heard > boot_ms else None
    if instance.state is InstanceState.CLAIMED:
        waited = now - max(instance.claimed_at, instance.checked_at)
        return Why.UNUSED if waited > boot_ms else None
    return None


def _spare(
    idle: list[Instance], rested: list[Instance], group: Group, plan: Plan, surplus: int
) -> list[Ending]:
    """Rested instances beyond need, oldest first, and idle ones of an old image while nobody waits."""
    ordered = sorted(
        rested, key=lambda instance: (instance.id not in group.old, instance.first_seen, instance.id)
    )
    chosen = [Ending(instance, Why.SURPLUS) for instance in ordered[:surplus]]
    if not plan.unstarted:
        ended = {ending.instance.id for ending in chosen}
        chosen += [
            Ending(instance, Why.OLD)
            for instance in idle
            if instance.id in group.old and instance.id not in ended
        ]
    return chosen


def with_new(runner: RunnerClass, known: Iterable[Instance], group: Group, now: int) -> list[Instance]:
    """The known instances and those of the group that have no item yet."""
    listed = list(known)
    ids = {instance.id for instance in listed}
    listed += [
        Instance(pk=f"instance#{instance}", class_name=runner.name, state=InstanceState.IDLE, first_seen=now)
        for instance in group.instances
        if instance not in ids and group.counted(instance)
    ]
    return listed
