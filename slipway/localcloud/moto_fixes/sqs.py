"""moto shows no queue its RedriveAllowPolicy, and drops its policy whenever another attribute is set."""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
from typing import Any


def patch() -> None:
    from moto.sqs.models import Queue

    queue: Any = Queue
    set_attributes = queue._set_attributes

    def set_given(found: Any, attributes: dict[str, Any], now: float | None = None) -> None:
        held = {} if "Policy" in attributes else {"Policy": found.policy}
        set_attributes(found, {**attributes, **held}, now)
        found.redrive_allow_policy = found.redrive_allow_policy or None  # an empty text takes it away

    queue._set_attributes = set_given
    queue.redrive_allow_policy = None
    queue.BASE_ATTRIBUTES = [*queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]
