"""The finish function: ends exactly its caller, lowers the desired capacity, puts back a job not started."""

import base64
import binascii
import json
import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runners.control.callers import Caller, answer, caller_of
from runners.control.endings import begin, end, put_back
from runners.control.items import Instance, InstanceState, instance_key, plan_key
from runners.control.planning import readable
from runners.control.reasons import Reason
from runners.control.services import NotConfigured, Services, deployed
from runners.control.writes import NEW, Write

_LOG_BYTES = 16_384
_RESULTS = ("ok", "failed", "timeout")
_OF_LIFE = (
    "job",
    "called_at",
    "claimed_at",
    "ended_at",
    "minted",
    "minting_until",
    "runner_id",
    "checked_at",
    "job_completed_at",
)
_SECRET = re.compile(r"gh[a-z]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|[A-Za-z0-9+/_=-]{60,}")
"""Tokens by their prefix, and what is as long as a line of a configuration or a key, wrapped at 64 or 76:
a boot log needs neither. The boot script has removed those that it knew; this holds where it did not."""


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
        result, log = _told(event)
        return _finish(services, caller, result, log)
    except (ClientError, BotoCoreError, TimeoutError, NotConfigured) as error:
        services.observer.log("finish failed", error=type(error).__name__)
        return answer(503, {"error": "the fleet's stores cannot be reached"}, retry_after=5)


def _told(event: dict[str, Any]) -> tuple[str, str]:
    """The caller's result and log; what cannot be read counts as failed: the instance must end anyway."""
    try:
        raw = str(event.get("body") or "")
        if event.get("isBase64Encoded"):
            raw = base64.b64decode(raw, validate=True).decode()
        body: dict[str, Any] = json.loads(raw or "{}")
        result, log = str(body.get("result")), str(body.get("log") or "")
    except (ValueError, binascii.Error, AttributeError, RecursionError):
        return "failed", ""
    # Removed before it is cut: half of a secret no longer looks like one.
    log = _SECRET.sub("[removed]", log).encode(errors="replace")[-_LOG_BYTES:].decode(errors="ignore")
    return (result if result in _RESULTS else "failed"), log


def _finish(services: Services, caller: Caller, result: str, log: str) -> dict[str, Any]:
    key, plan = instance_key(caller.instance), plan_key(caller.runner.name)
    items = services.table.get(key, plan)
    known = next(iter(readable(services, Instance.parse, [items[key]])), None) if key in items else None
    if known is None:
        if services.groups.members([caller.instance]).get(caller.instance) != caller.runner.group:
            return answer(403, {"error": "the caller is not in its class's group"})
        known = _anew(services, caller, result) if key in items else _met(services, caller)
    if known is None or known.class_name != caller.runner.name:
        return answer(403, {"error": "the caller belongs to another class"})
    if known.state is InstanceState.ENDED:
        return answer(200, {"ended": caller.instance})
    running = False
    if known.state is not InstanceState.ENDING:
        running = known.state is InstanceState.RUNNING
        changed = begin(services, known, result)
        if changed is None:
            return answer(503, {"error": "the instance has just changed"}, retry_after=1)
        known = changed
    services.observer.log("finish", instance=caller.instance, result=result)
    # What runs a job reserves none: an exchange saw to that when the job's start was seen.
    back = not running and put_back(services, known)
    _keep(services, caller, log)
    end(services, known)
    if back or items.get(plan, {}).get("reason") == Reason.MAXIMUM:
        _ask(services, caller)
    return answer(200, {"ended": caller.instance})


def _met(services: Services, caller: Caller) -> Instance | None:
    """The item of an instance that finishes without ever having claimed."""
    now, name = services.clock(), caller.runner.name
    put = {"state": InstanceState.IDLE, "class": name, "live": name, "first_seen": now}
    item = services.table.write(Write(instance_key(caller.instance), when=NEW, put=put))
    return Instance.parse(item) if item else None


def _anew(services: Services, caller: Caller, result: str) -> Instance | None:
    """The item of an instance whose own one cannot be read: it asks for its end, so nothing else matters."""
    now, name = services.clock(), caller.runner.name
    put = {"state": InstanceState.ENDING, "class": name, "live": name, "first_seen": now, "result": result}
    item = services.table.write(Write(instance_key(caller.instance), put=put, drop=_OF_LIFE))
    return Instance.parse(item) if item else None


def _keep(services: Services, caller: Caller, log: str) -> None:
    """Keep the boot log; the instance must end whether or not that works."""
    if not log.strip():
        return
    try:
        services.boot_logs.write(caller.runner.log_group, caller.instance, services.clock(), log)
    except (ClientError, BotoCoreError) as error:
        services.observer.log("boot log lost", instance=caller.instance, error=type(error).__name__)


def _ask(services: Services, caller: Caller) -> None:
    """Ask for a plan; if that fails, the next tick plans."""
    try:
        services.queue.send(json.dumps({"kind": "plan", "class": caller.runner.name}))
    except (ClientError, BotoCoreError) as error:
        services.observer.log("plan not asked for", error=type(error).__name__)
