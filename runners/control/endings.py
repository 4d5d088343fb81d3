"""Ending an instance: its item says so before AWS is asked, so that no claim can come in between.

Every step may be repeated: an instance left in `ending` by a crash is ended by the next tick.
"""

from runners.control.items import Instance, InstanceState, Job, expiry, instance_key
from runners.control.planning import readable
from runners.control.reaping import Why
from runners.control.services import Services
from runners.control.transitions import doubted, requeued, unused
from runners.control.writes import ABSENT, Write, equals


def begin(services: Services, known: Instance, result: str) -> Instance | None:
    """Mark an instance as ending if it is still as `known`. None: it has changed, so leave it.

    `result` is what it said itself (`ok`, `failed`, `timeout`), or why we end it.
    """
    key = instance_key(known.id)
    # A claim that is tried anew counts its configurations.
    when = {"state": equals(known.state), "minted": equals(known.minted) if known.minted else ABSENT}
    item = services.table.write(Write(key, when=when, put={"state": InstanceState.ENDING, "result": result}))
    return Instance.parse(item) if item else None


def put_back(services: Services, known: Instance) -> bool:
    """Put the job that an ending instance reserved back into the queue if it never started.

    Whether it was, and a plan is wanted at once: not where GitHub gave the instance nothing to do.

    A runner that ended well ran some job; if not this one, as far as we know, its news is still on the way.
    """
    if not known.job.startswith("job#"):
        return False
    item = services.table.get(known.job).get(known.job)
    if item is None:
        return False
    job = next(iter(readable(services, Job.parse, [item])), None)
    if job is None or job.reserved_by != known.id:
        return False
    now = services.clock()
    if known.result == "ok":
        services.table.write(doubted(job, known.id, now))
        return False
    if known.result == Why.UNUSED:
        services.table.write(unused(job, known.id, now))
        return False
    return services.table.write(requeued(job, known.id, now, "its instance ended")) is not None


def end(services: Services, known: Instance) -> None:
    """End the instance in AWS, then close its item."""
    services.groups.terminate(known.id)
    close(services, known)


def close(services: Services, known: Instance) -> None:
    """The instance is gone."""
    now = services.clock()
    services.table.write(
        Write(
            instance_key(known.id),
            when={"state": equals(InstanceState.ENDING)},
            put={"state": InstanceState.ENDED, "ended_at": now, "expires_at": expiry(now)},
            drop=("live",),
        )
    )
    services.observer.log("ended", instance=known.id, runner_class=known.class_name)
