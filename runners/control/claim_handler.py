"""The claim function: an instance asks for work and gets a runner configuration once, or an answer why not.

200 a configuration; 204 nothing waits; 403 not an instance of this fleet; 409 it had its configuration, or is
ending: it must finish; 503 come again after `retry-after` seconds.
"""

import random
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runners.control.callers import Caller, answer, caller_of
from runners.control.github import GitHubClientError, GitHubUnavailable
from runners.control.items import (
    GITHUB,
    MINTING_MS,
    WAITING,
    Instance,
    InstanceState,
    Item,
    Job,
    MalformedItem,
    instance_key,
    plan_key,
)
from runners.control.planning import github_hold, hold_github, readable
from runners.control.services import NotConfigured, Services, deployed
from runners.control.transitions import reservation, runner_name
from runners.control.writes import NEW, Write, absent_or_below, equals

_CANDIDATES = 100
_TRIES = 6
_CALL_MS = 60_000
"""How exactly an idle instance's last call is kept."""
_REFUSED_MS = 60_000
"""When an instance to which GitHub refused a configuration comes again."""
_SPREAD_S = 5
"""Instances that were told to wait come back spread over this long."""


def handle(event: dict[str, Any], context: object = None) -> dict[str, Any]:
    """Lambda's entry: an HTTP API event (payload 2.0) with IAM authorisation."""
    del context
    return respond(deployed(), event)


def respond(services: Services, event: dict[str, Any]) -> dict[str, Any]:
    """The same over given services."""
    try:
        caller = caller_of(event, services.fleet())
        if caller is None:
            return answer(403, {"error": "the caller is not an instance of this fleet"})
        return _claim(services, caller)
    except (ClientError, BotoCoreError, TimeoutError, NotConfigured) as error:
        services.observer.log("claim failed", error=type(error).__name__)
        return answer(503, {"error": "the fleet's stores cannot be reached"}, retry_after=5)


def _claim(services: Services, caller: Caller) -> dict[str, Any]:
    key = instance_key(caller.instance)
    items = services.table.get(key, GITHUB)
    try:
        known = Instance.parse(items[key]) if key in items else None
    except MalformedItem as error:
        services.observer.log("malformed item", item=str(error))
        return answer(409, {"error": "what is known of the instance cannot be read"})
    refused = _refused(services, caller, known)
    if refused is not None:
        return refused
    if github_hold(services, items.get(GITHUB)):
        _called(services, caller, known)
        return _later(caller, items[GITHUB]["blocked_until"] - services.clock())
    if known is None or known.state is InstanceState.IDLE:
        return _reserve(services, caller, known)
    return _mint_again(services, caller, known)


def _refused(services: Services, caller: Caller, known: Instance | None) -> dict[str, Any] | None:
    """Why this caller gets nothing. An item proves that the instance was found in its group before."""
    if known is None:
        if services.groups.members([caller.instance]).get(caller.instance) == caller.runner.group:
            return None
        return answer(403, {"error": "the caller is not in its class's group"})
    if known.class_name != caller.runner.name:
        return answer(403, {"error": "the caller belongs to another class"})
    if known.state not in (InstanceState.IDLE, InstanceState.CLAIMING):
        return answer(409, {"error": f"the instance is {known.state}"})
    if services.clock() - known.first_seen > caller.runner.max_minutes * 60_000:
        return answer(409, {"error": "the instance is past its maximum life"})
    return None


def _reserve(services: Services, caller: Caller, known: Instance | None) -> dict[str, Any]:
    """Reserve any waiting job: which one does not matter, since GitHub hands out its jobs as it likes.

    That is why it is picked at random: a burst of claims then hardly ever wants the same.
    """
    for _ in range(_TRIES):
        waiting = services.table.query(WAITING, caller.runner.name, _CANDIDATES)
        random.shuffle(waiting)
        job = next((job for item in waiting for job in readable(services, Job.parse, [item])), None)
        if job is None:
            _called(services, caller, known)
            return answer(204)
        writes = reservation(job, caller.instance, caller.runner.name, known, services.clock())
        if services.table.write_all(writes):
            return _mint(services, caller, 1)
        key = instance_key(caller.instance)
        item = services.table.get(key).get(key)
        known = Instance.parse(item) if item else None
        if known is not None and known.state is not InstanceState.IDLE:
            return answer(503, {"error": "another claim of this instance is under way"}, retry_after=2)
    return answer(503, {"error": "many claim at once"}, retry_after=2)


def _mint_again(services: Services, caller: Caller, known: Instance) -> dict[str, Any]:
    """Once more for an instance whose last claim had no configuration, or did not live to hand it out.

    One claim at a time: each configuration is a registration with GitHub, and all but one would lie about.
    """
    now = services.clock()
    again = Write(
        instance_key(caller.instance),
        when={
            "state": equals(InstanceState.CLAIMING),
            "minted": equals(known.minted),
            "minting_until": absent_or_below(now + 1),
        },
        put={"called_at": now, "minting_until": now + MINTING_MS},
        add={"minted": 1},
    )
    if services.table.write(again) is None:
        return answer(503, {"error": "another claim of this instance is under way"}, retry_after=2)
    return _mint(services, caller, known.minted + 1)


def _mint(services: Services, caller: Caller, number: int) -> dict[str, Any]:
    """Have the configuration made and hand it out, once: the item says claimed before the caller has it."""
    runner = caller.runner
    name = runner_name(services.fleet_name, runner.name, caller.instance, number)
    try:
        jit, runner_id = services.github().mint_runner(name, runner.runner_group_id, runner.labels)
    except GitHubUnavailable as error:
        services.observer.log("no configuration", instance=caller.instance, error=str(error))
        _let_go(services, caller, number)
        return _later(caller, hold_github(services, error) * 1000)
    except GitHubClientError as error:
        services.observer.log("configuration refused", instance=caller.instance, error=str(error))
        _let_go(services, caller, number)
        _refusing(services, caller)
        return _later(caller, _REFUSED_MS)
    now = services.clock()
    claimed = services.table.write(
        Write(
            instance_key(caller.instance),
            when={"state": equals(InstanceState.CLAIMING), "minted": equals(number)},
            put={"state": InstanceState.CLAIMED, "claimed_at": now, "runner_id": runner_id},
            drop=("minting_until",),
        )
    )
    if claimed is None:
        return answer(409, {"error": "the instance is ending, or another claim of it was faster"})
    _measured(services, caller, claimed)
    return answer(
        200,
        {
            "jitconfig": jit,
            "runner_name": name,
            "job_timeout_minutes": runner.max_minutes,
            "cicd": runner.cicd,
        },
    )


def _let_go(services: Services, caller: Caller, number: int) -> None:
    """GitHub made no configuration: the instance's next claim may ask for one at once."""
    when = {"state": equals(InstanceState.CLAIMING), "minted": equals(number)}
    services.table.write(Write(instance_key(caller.instance), when=when, drop=("minting_until",)))


def _refusing(services: Services, caller: Caller) -> None:
    """Keep that GitHub refuses this class, until after the next try: the class alone, others may be well."""
    until = services.clock() + 2 * _REFUSED_MS
    services.table.write(Write(plan_key(caller.runner.name), put={"github_refused_until": until}))


def _measured(services: Services, caller: Caller, claimed: Item) -> None:
    github, seconds = services.github(), (claimed["claimed_at"] - claimed["first_seen"]) / 1000
    services.observer.log("claimed", instance=caller.instance, job=claimed["job"])
    services.observer.metrics({"ClaimSeconds": seconds}, caller.runner.name, unit="Seconds")
    if github.spent.rate_left is not None:
        services.observer.metrics({"GithubRateLeft": github.spent.rate_left})


def _called(services: Services, caller: Caller, known: Instance | None) -> None:
    """Keep that the instance lives, at most once a minute."""
    now, key = services.clock(), instance_key(caller.instance)
    if known is None:
        put = {"state": InstanceState.IDLE, "class": caller.runner.name, "live": caller.runner.name}
        services.table.write(Write(key, when=NEW, put={**put, "first_seen": now, "called_at": now}))
    elif now - known.called_at > _CALL_MS:
        services.table.write(Write(key, when={"state": equals(known.state)}, put={"called_at": now}))


def _later(caller: Caller, wait_ms: int) -> dict[str, Any]:
    spread = int(caller.instance[-4:], 16) % _SPREAD_S
    return answer(503, {"error": "GitHub cannot be asked now"}, retry_after=-(-wait_ms // 1000) + spread)
