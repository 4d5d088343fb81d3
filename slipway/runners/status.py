"""What a fleet is doing: per class the instances that start, wait and run, and the jobs by state."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from runners.control.items import Instance, InstanceState, Job, JobState
from slipway.runners import state
from slipway.runners.fleet import Fleet
from slipway.runners.state import Group, Item

UNSTARTED = (JobState.QUEUED, JobState.RESERVED)
"""States of a job that no runner has started, though one may."""


@dataclass(frozen=True, kw_only=True)
class ClassStatus:
    """One runner class at one moment."""

    name: str
    desired: int
    maximum: int
    starting: int
    """Asked for, and not heard of yet."""
    claimable: int
    running: int
    """Claimed by an instance, whether its job has begun or not."""
    jobs: dict[str, int]
    """Number of jobs that are not completed, by state."""
    oldest_wait_s: float | None
    """How long the oldest job that no runner has started has waited; None where none waits."""
    image: str
    runner_version: str
    trouble: str
    """AWS's words, where it refuses instances."""


@dataclass(frozen=True, kw_only=True)
class FleetStatus:
    """A fleet at one moment: its classes by name, and how many jobs are refused, by reason."""

    webhook: str
    """URL that GitHub sends events to."""
    classes: list[ClassStatus]
    refused: dict[str, int] = field(default_factory=dict[str, int])
    malformed: tuple[str, ...] = ()
    """Keys of items of the fleet's table that cannot be read; nothing else here counts them."""

    def to_json(self) -> dict[str, Any]:
        """For programs: `{"webhook": url, "classes": {name: {...}}, "refused": {reason: number}, ...}`."""
        classes = {shown.name: asdict(shown) for shown in self.classes}
        return {
            "webhook": self.webhook,
            "classes": classes,
            "refused": self.refused,
            "malformed": list(self.malformed),
        }


def status(fleet: Fleet, now_s: float | None = None) -> FleetStatus:
    """Every class of a fleet.

    Raises:
        SlipwayError: the stack has no fleet, or it cannot be read.
    """
    now_ms = (time.time() if now_s is None else now_s) * 1000
    classes: Item = state.configuration(fleet)["classes"]
    groups = state.groups(fleet, [str(settings["group"]) for settings in classes.values()])
    nothing = Group(desired=0, maximum=0, instances=())
    malformed: list[str] = []
    unserved = state.open_jobs(fleet, malformed=malformed)
    refused = Counter(job.reason for job in unserved if job.state is JobState.REFUSED)
    statuses: list[ClassStatus] = []
    for name in sorted(classes):
        jobs = state.open_jobs(fleet, name, malformed)
        instances = state.live_instances(fleet, name, malformed)
        refused.update(job.reason for job in jobs if job.state is JobState.REFUSED)
        group = groups.get(str(classes[name]["group"]), nothing)
        statuses.append(_class(name, classes[name], group, (jobs, instances), now_ms))
    return FleetStatus(
        webhook=f"{fleet.api}/webhook",
        classes=statuses,
        refused=dict(sorted(refused.items())),
        malformed=tuple(malformed),
    )


def _class(
    name: str, settings: Item, group: Group, work: tuple[Sequence[Job], Sequence[Instance]], now_ms: float
) -> ClassStatus:
    jobs, instances = work
    states = Counter(instance.state for instance in instances)
    waits = [now_ms - job.queued_at for job in jobs if job.state in UNSTARTED]
    image: Item = settings.get("image") or {}
    return ClassStatus(
        name=name,
        desired=group.desired,
        maximum=group.maximum,
        starting=max(0, group.desired - len(instances)) + sum(map(state.is_starting, instances)),
        claimable=sum(map(state.is_claimable, instances)),
        running=sum(
            states[phase] for phase in (InstanceState.CLAIMING, InstanceState.CLAIMED, InstanceState.RUNNING)
        ),
        jobs=dict(sorted(Counter(str(job.state) for job in jobs).items())),
        oldest_wait_s=max(waits) / 1000 if waits else None,
        image=str(image.get("id", "")),
        runner_version=str(image.get("runner_version", "")),
        trouble=group.trouble,
    )
