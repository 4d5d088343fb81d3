"""Plans a class under a lease, so that many askers at once cost one plan and one desired-capacity call."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from runners.control.config import RunnerClass
from runners.control.github import GitHubUnavailable
from runners.control.items import (
    GITHUB,
    LIVE,
    OPEN,
    Instance,
    InstanceState,
    Item,
    Job,
    MalformedItem,
    plan_key,
)
from runners.control.planner import Group, Plan, decide, waiting_reason
from runners.control.services import Services
from runners.control.table import error_code
from runners.control.writes import Write, absent_or_below, equals

Read = TypeVar("Read", Job, Instance)

_LEASE_MS = 30_000
_SOON_MS = 5 * 60_000
_LONGEST_HOLD_S = 3600
"""A limit that is met again so soon after a wait is still the same one; the longest wait for one."""
_ROUNDS = 3
"""How often one holder of the lease plans because others asked meanwhile; a tick does the rest."""


def plan(services: Services, runner: RunnerClass, fresh: Sequence[Item] = ()) -> Plan | None:
    """Plan `runner` and raise its desired capacity; None if another function is at it and will plan again.

    `fresh` are items just written: the indexes may not show them yet. Raises what AWS raises.
    """
    owner, key = uuid.uuid4().hex, plan_key(runner.name)
    asked = _take(services, key, owner)
    if asked is None:
        return None
    decision: Plan | None = None
    for _ in range(_ROUNDS):
        decision = _once(services, runner, fresh)
        summary = {**_summary(services, runner, decision), "lease_until": 0}
        done = Write(key, when={"lease_owner": equals(owner), "asked": equals(asked)}, put=summary)
        if services.table.write(done) is not None:
            return decision
        lease = services.table.get(key).get(key, {})
        if lease.get("lease_owner") != owner:
            return decision
        asked = lease["asked"]
    services.table.write(Write(key, when={"lease_owner": equals(owner)}, put={"lease_until": 0}))
    return decision


def _take(services: Services, key: str, owner: str) -> int | None:
    """The lease, or word to its holder that there is more to plan."""
    for _ in range(_ROUNDS):
        now = services.clock()
        taken = services.table.write(
            Write(
                key,
                when={"lease_until": absent_or_below(now)},
                put={"lease_owner": owner, "lease_until": now + _LEASE_MS},
                add={"asked": 1},
            )
        )
        if taken is not None:
            return taken["asked"]
        lease = services.table.write(Write(key, add={"asked": 1}))
        if lease is not None and lease.get("lease_until", 0) >= now:
            return None
    return None


def readable(services: Services, parse: Callable[[Item], Read], items: Iterable[Item]) -> list[Read]:
    """The items that can be read; of the others their keys are logged, so that each costs only itself."""
    parsed: list[Read] = []
    for item in items:
        try:
            parsed.append(parse(item))
        except MalformedItem as error:
            services.observer.log("malformed item", item=str(error))
    return parsed


def read_jobs(services: Services, class_name: str, fresh: Iterable[Item] = ()) -> list[Job]:
    """The class's jobs that are not completed."""
    items = {item["pk"]: item for item in services.table.query(OPEN, class_name)}
    # An index shows a write only after a while; what it does not show is read by key: it may also be over.
    late = [
        item["pk"]
        for item in fresh
        if item.get(OPEN) == class_name and items.get(item["pk"], {}).get("rank") != item["rank"]
    ]
    for item in services.table.get(*late).values():
        if item.get(OPEN) == class_name:
            items[item["pk"]] = item
    return readable(services, Job.parse, items.values())


def read_instances(services: Services, class_name: str) -> list[Instance]:
    """The class's instances that are not ended, as far as the table knows them.

    One whose item cannot be read is taken for one that runs a job: no other waits for it, and nobody ends it.
    """
    unknown = Instance(pk="", class_name=class_name, state=InstanceState.RUNNING, first_seen=services.clock())
    return [
        known
        for item in services.table.query(LIVE, class_name)
        for known in readable(services, Instance.parse, [item]) or [replace(unknown, pk=item["pk"])]
    ]


def _once(services: Services, runner: RunnerClass, fresh: Sequence[Item]) -> Plan:
    instances = read_instances(services, runner.name)
    # Demand is read after supply: what it counts is then surely not served by what was counted before.
    jobs = read_jobs(services, runner.name, fresh)
    # The capacity is read last, since it is set absolutely: whoever ends in between lowers it, and what was
    # right before would start one too many.
    group = services.groups.describe([runner.group]).get(runner.group)
    if group is None:
        # The settings name a group that is not made yet; the tick that follows finds it.
        group = Group(runner.group, 0, 0)
    decision = decide(runner, jobs, instances, group)
    if decision.desired > decision.current:
        raise_desired(services, runner, decision)
    return decision


def raise_desired(services: Services, runner: RunnerClass, decision: Plan) -> None:
    """Ask for the capacity. What AWS refuses for now is logged and left to the next tick: no retry storm."""
    try:
        services.groups.set_desired(runner.group, decision.desired)
    except (ClientError, BotoCoreError) as error:
        code = error_code(error) if isinstance(error, ClientError) else type(error).__name__
        services.observer.log("desired capacity refused", group=runner.group, error=code)
        return
    services.observer.log(
        "desired capacity", group=runner.group, desired=decision.desired, unstarted=decision.unstarted
    )


def _summary(services: Services, runner: RunnerClass, decision: Plan) -> dict[str, int | str]:
    return {
        "planned_at": services.clock(),
        "desired": decision.desired,
        "supply": decision.supply,
        "unstarted": decision.unstarted,
        "running": decision.running,
        "idle": decision.idle,
        "reason": waiting_reason(runner, decision),
    }


def github_hold(services: Services, item: Item | None) -> str:
    """Why GitHub keeps us waiting, from the `github` item; empty if it does not."""
    hold = item or {}
    return hold.get("reason", "") if hold.get("blocked_until", 0) > services.clock() else ""


def hold_github(services: Services, error: GitHubUnavailable) -> int:
    """GitHub asked us to stay away: tell all functions. For how many seconds.

    Where GitHub did not say how long, twice as long as the last time if that was just now.
    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
    """
    seconds = _grown(services, error.retry_after) if error.grows else error.retry_after
    until = services.clock() + seconds * 1000
    services.table.write(
        Write(
            GITHUB,
            when={"blocked_until": absent_or_below(until)},
            put={
                "blocked_until": until,
                "reason": error.reason,
                "grown": seconds if error.grows else 0,
                "expires_at": until // 1000 + 3600,
            },
        )
    )
    return seconds


def _grown(services: Services, least: int) -> int:
    item = services.table.get(GITHUB).get(GITHUB, {})
    grown, since = item.get("grown", 0), services.clock() - item.get("blocked_until", 0)
    # While it is held, this is the answer to a call that was under way before.
    again = 0 <= since <= max(grown * 1000, _SOON_MS)
    return min(max(2 * grown, least), _LONGEST_HOLD_S) if again else least
