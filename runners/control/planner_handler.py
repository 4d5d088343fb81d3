"""The planner function: messages of the queue, and once a minute a tick that needs none."""

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runners.control import measures
from runners.control.config import Fleet
from runners.control.events import Contended, Reading, apply, keys_of
from runners.control.items import MALFORMED, Item, MalformedItem
from runners.control.messages import Message, MessageError, parse_message
from runners.control.planning import plan
from runners.control.reconcile import tick
from runners.control.services import NotConfigured, Services, deployed

_FAULTS = (ClientError, BotoCoreError, TimeoutError, Contended, *MALFORMED)


def handle(event: dict[str, Any], context: object = None) -> dict[str, Any]:
    """Lambda's entry: an SQS batch, answered with the messages that failed, or `{"tick": true}`."""
    del context
    return respond(deployed(), event)


def respond(services: Services, event: dict[str, Any]) -> dict[str, Any]:
    """The same over given services."""
    if event.get("tick"):
        measures.of_tick(services)
        tick(services)
        return {"tick": True}
    return {
        "batchItemFailures": [
            {"itemIdentifier": identifier} for identifier in batch(services, event["Records"])
        ]
    }


def batch(services: Services, records: Iterable[dict[str, Any]]) -> list[str]:
    """Apply every message, then plan each class once. The ids of the messages that are to come again."""
    failed: list[str] = []
    read: list[tuple[str, Message]] = []
    for record in records:
        try:
            read.append((record["messageId"], parse_message(record["body"])))
        except MessageError as error:
            services.observer.log("unreadable message", error=str(error), message=record["messageId"])
            failed.append(record["messageId"])
    try:
        fleet = services.fleet()
        reading = Reading(services.table)
        reading.load(*(key for _, message in read for key in keys_of(message, fleet)))
    except (*_FAULTS, NotConfigured) as error:
        services.observer.log("batch not begun", error=type(error).__name__)
        return failed + [identifier for identifier, _ in read]
    wanted: set[str] = set()
    for identifier, message in read:
        try:
            wanted |= apply(services, fleet, message, reading)
        except _FAULTS as error:
            about = str(error) if isinstance(error, MalformedItem) else None
            kind = type(error).__name__
            services.observer.log("message failed", error=kind, message=identifier, item=about)
            reading.forget()
            failed.append(identifier)
    plan_all(services, fleet, sorted(wanted), reading.written())
    return failed


def plan_all(services: Services, fleet: Fleet, names: Iterable[str], fresh: list[Item]) -> None:
    """Plan each class. The messages are applied by now: a plan that fails is left to the next tick."""
    for name in names:
        try:
            plan(services, fleet.classes[name], fresh)
        except _FAULTS as error:
            services.observer.log("plan failed", error=type(error).__name__, runner_class=name)
