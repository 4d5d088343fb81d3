"""moto shows no queue its RedriveAllowPolicy, and drops its policy whenever another attribute is set."""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
from typing import Any


def patch() -> None:
    from moto.sqs.models import Queue

    queue: Any = Queue
    set_attributes = queue._set_attributes

    def set_given(this: Any, attributes: dict[str, Any], now: float | None = None) -> None:
        kept = {} if "Policy" in attributes else {"Policy": this.policy}
        set_attributes(this, {**attributes, **kept}, now)
        this.redrive_allow_policy = this.redrive_allow_policy or None  # an empty text takes it away

    queue._set_attributes = set_given
    queue.redrive_allow_policy = None
    queue.BASE_ATTRIBUTES = [*queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]
