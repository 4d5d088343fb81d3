"""Has GitHub send again what the webhook did not take; GitHub never does so by itself."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from slipway.errors import SlipwayError
from slipway.runners import state
from slipway.runners.fleet import Fleet
from slipway.runners.github import AppApi

Json = dict[str, Any]
KEPT_S = 3 * 86_400
"""How long GitHub keeps deliveries.
https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks"""

_UNITS = {"m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, kw_only=True)
class Redelivery:
    """What was looked at, and what GitHub was asked to send again."""

    looked_at: int
    failed: tuple[Json, ...]
    asked: tuple[int, ...]


def period(text: str) -> int:
    """`90m`, `2h` or `1d` in seconds.

    Raises:
        SlipwayError: it is none of these, or longer than GitHub keeps deliveries.
    """
    match = re.fullmatch(r"([1-9]\d{0,5})([mhd])", text)
    length = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 0 < length <= KEPT_S:
        raise SlipwayError(
            f"{text!r} is no period of up to 3 days, for which GitHub keeps deliveries",
            where="--since",
            fix="for example 90m, 2h or 1d",
        )
    return length


def redeliver(
    fleet: Fleet, since_s: int, *, dry_run: bool = False, on_request: Callable[[Json], None] = lambda _: None
) -> Redelivery:
    """Ask GitHub for every delivery of the period that never succeeded, each once, oldest first.

    Args:
        fleet: whose App's deliveries.
        since_s: length of the period up to now, in seconds.
        dry_run: look only.
        on_request: hears of each delivery that is asked for.

    Raises:
        SlipwayError: the fleet names no App, or GitHub refuses.
    """
    app_id = int(state.configuration(fleet).get("app_id") or 0)
    if not app_id:
        raise SlipwayError(
            "the fleet has no GitHub App", fix=f"slipway runners app create {fleet.stack}, then slipway up"
        )
    api = AppApi(fleet, app_id)
    seen = list(api.deliveries(time.time() - since_s))
    wanted = failed(seen)
    for delivery in wanted:
        on_request(delivery)
        if not dry_run:
            api.redeliver(int(delivery["id"]))
    return Redelivery(
        looked_at=len(seen),
        failed=tuple(wanted),
        asked=() if dry_run else tuple(int(delivery["id"]) for delivery in wanted),
    )


def failed(deliveries: list[Json]) -> list[Json]:
    """The latest attempt of each event that no attempt of which was taken, oldest first.

    A redelivery has the same `guid` as the delivery that it repeats, and an id of its own.
    """
    taken = {str(delivery["guid"]) for delivery in deliveries if 200 <= int(delivery["status_code"]) < 300}
    latest: dict[str, Json] = {}
    for delivery in deliveries:  # newest first
        if str(delivery["guid"]) not in taken:
            latest.setdefault(str(delivery["guid"]), delivery)
    return list(reversed(latest.values()))
