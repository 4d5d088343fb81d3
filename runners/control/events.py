"""Applies a message to the table: read what it concerns, compute the change, write it if nothing moved."""

from runners.control.config import Fleet
from runners.control.items import (
    LONGEST_RUN_MS,
    Instance,
    Item,
    Job,
    MalformedItem,
    instance_key,
    job_key,
    run_key,
)
from runners.control.matching import place
from runners.control.messages import JobEvent, Message, PlanRequest, RunEvent
from runners.control.planning import readable
from runners.control.reasons import Reason
from runners.control.services import Services
from runners.control.table import Table
from runners.control.transitions import (
    Around,
    arrival,
    instance_of,
    is_replay,
    progress,
    settled,
)
from runners.control.writes import Write, applied

_TRIES = 6


class Contended(Exception):
    """Others kept changing the same items; the message is to come again."""


class Reading:
    """Items as last read, so that a batch reads what it needs in one call and knows its own writes."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._items: dict[str, Item | None] = {}
        self._written: dict[str, Item] = {}

    def load(self, *keys: str) -> None:
        """Read those not read yet."""
        missing = [key for key in dict.fromkeys(keys) if key not in self._items]
        if missing:
            items = self._table.get(*missing)
            self._items.update({key: items.get(key) for key in missing})

    def forget(self) -> None:
        """Somebody else has changed something."""
        self._items.clear()

    def know(self, item: Item) -> None:
        """An item as it was just written."""
        self._items[item["pk"]] = item
        self._written[item["pk"]] = item

    def written(self) -> list[Item]:
        """Every item written so far, as it was then."""
        return list(self._written.values())

    def item(self, key: str) -> Item | None:
        """One item; None: not there."""
        self.load(key)
        return self._items[key]

    def job(self, key: str) -> Job | None:
        """One job, by its item's key. Raises MalformedItem."""
        item = self.item(key) if key.startswith("job#") else None
        return Job.parse(item) if item else None

    def other_job(self, key: str) -> Job | None:
        """The same for a job that an event is not about: malformed, it is left out."""
        try:
            return self.job(key)
        except MalformedItem:
            return None

    def instance(self, instance: str) -> Instance | None:
        """One instance by its id; None for the empty id, and for a malformed one."""
        item = self.item(instance_key(instance)) if instance else None
        try:
            return Instance.parse(item) if item else None
        except MalformedItem:
            return None

    def write(self, writes: list[Write]) -> bool:
        """Write all or none."""
        if len(writes) == 1:
            item = self._table.write(writes[0])
            if item is not None:
                self.know(item)
            return item is not None
        if not self._table.write_all(writes):
            return False
        for write in writes:
            self.know(applied(write, self._items.get(write.pk)))
        return True


def keys_of(message: Message, fleet: Fleet) -> list[str]:
    """What applying `message` will read first."""
    match message:
        case JobEvent(action="queued" | "waiting"):
            return [job_key(message.job_id, message.attempt), run_key(message.run_id)]
        case JobEvent():
            instance = instance_of(fleet.name, message.runner_name)
            return [
                job_key(message.job_id, message.attempt),
                *([instance_key(instance)] if instance else []),
            ]
        case _:
            return []


def apply(services: Services, fleet: Fleet, message: Message, reading: Reading) -> set[str]:
    """Apply it. The classes that should now be planned. Raises Contended, or what the table raises."""
    match message:
        case PlanRequest():
            return {message.class_name} & set(fleet.classes)
        case _ if message.organization.lower() != fleet.organization.lower():
            return set()
        case RunEvent():
            return _run(services, fleet, message, reading)
        case JobEvent():
            return _job(services, fleet, message, reading)


def _job(services: Services, fleet: Fleet, event: JobEvent, reading: Reading) -> set[str]:
    if is_replay(event):
        services.observer.log("replayed", job=event.job_id)
        return set()
    for _ in range(_TRIES):
        if event.action in ("queued", "waiting"):
            writes, wanted = _arrival(services, fleet, event, reading)
        else:
            writes, wanted = _progress(services, fleet, event, reading)
        if not writes:
            return set()
        if reading.write(writes):
            return wanted
        reading.forget()
    raise Contended(f"job {event.job_id}")


def _arrival(
    services: Services, fleet: Fleet, event: JobEvent, reading: Reading
) -> tuple[list[Write], set[str]]:
    reading.load(*keys_of(event, fleet))
    job = reading.job(job_key(event.job_id, event.attempt))
    origin = reading.item(run_key(event.run_id)) or {}
    placement = place(fleet, event, own=origin.get("own"))
    change = arrival(event, job, placement, services.clock())
    if change is None:
        return [], set()
    if placement.reason is Reason.ORIGIN and event.action == "queued":
        # Leave word with the run first: its event, whenever it comes, then finds this job.
        run_item = services.table.write(Write(run_key(event.run_id), add={"pending": frozenset({change.pk})}))
        if run_item is not None and run_item.get("own") is not None:
            placement = place(fleet, event, own=run_item["own"])
            change = arrival(event, job, placement, services.clock()) or change
    claimable = "waiting" in change.put
    return [change], {placement.class_name} if claimable else set()


def _progress(
    services: Services, fleet: Fleet, event: JobEvent, reading: Reading
) -> tuple[list[Write], set[str]]:
    key, instance = job_key(event.job_id, event.attempt), instance_of(fleet.name, event.runner_name)
    reading.load(*keys_of(event, fleet))
    job, runner = reading.job(key), reading.instance(instance)
    reserver = job.reserved_by if job else ""
    around = Around(
        job=job,
        runner=runner,
        reserved=reading.other_job(runner.job) if runner and runner.job != key else None,
        other=reading.instance(reserver) if reserver != instance else None,
    )
    placed = place(fleet, event, own=True).class_name if job is None else job.class_name
    writes = progress(event, around, instance if runner else "", placed, services.clock())
    # Only a job that went back to the queue asks for more; everything else lowers the demand.
    back = {around.reserved.class_name for write in writes if "waiting" in write.put and around.reserved}
    return writes, back


def _run(services: Services, fleet: Fleet, event: RunEvent, reading: Reading) -> set[str]:
    key = run_key(event.run_id)
    ends = (services.clock() + LONGEST_RUN_MS) // 1000
    known = services.table.write(Write(key, put={"own": event.own, "expires_at": ends}))
    if known is None:
        raise Contended(key)
    reading.know(known)
    pending = sorted(known.get("pending", ()))
    if not pending:
        return set()
    jobs = readable(services, Job.parse, services.table.get(*pending).values())
    wanted = {
        settle(services, fleet, job, reading, own=event.own) for job in jobs if job.reason == Reason.ORIGIN
    }
    services.table.write(Write(key, drop=("pending",)))
    return wanted - {""}


def settle(services: Services, fleet: Fleet, job: Job, reading: Reading, *, own: bool) -> str:
    """The origin of a waiting job is known: let it be claimed, or refuse it. Its class, if it may be."""
    runner = fleet.classes.get(job.class_name)
    allowed = own or (runner is not None and runner.forks)
    item = services.table.write(settled(job, None if allowed else Reason.FORK, services.clock()))
    if item is None:
        return ""
    reading.know(item)
    return job.class_name if allowed else ""
