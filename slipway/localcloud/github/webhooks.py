"""Sends webhooks as GitHub does: signed, once, within ten seconds, and never again by itself.

What may go wrong on the way can be set: deliveries that are dropped, doubled and overtaken by others.
https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hashlib
import heapq
import hmac
import itertools
import json
import random
import threading
import time
import uuid
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from slipway.errors import SlipwayError
from slipway.localcloud.github.automation import App
from slipway.localcloud.github.model import Json, now
from slipway.localcloud.loopback_http import fetch

TIMEOUT_S = 10
"""https://docs.github.com/en/webhooks/using-webhooks/best-practices-for-using-webhooks"""
KEPT = 20_000
_SENDERS = 4


@dataclass(frozen=True)
class Disturbances:
    """What happens to deliveries: probabilities, the longest delay in ms, and whether all of them wait."""

    drop: float = 0.0
    duplicate: float = 0.0
    redelivery_drop: float = 0.0
    reorder_ms: int = 0
    seed: int = 0
    paused: bool = False


@dataclass(kw_only=True)
class Delivery:
    """One attempt to deliver one event; it gets its id when it is over, so that ids are in that order."""

    id: int = 0
    app: App
    guid: str
    event: str
    payload: Json = field(repr=False)
    redelivery: bool
    dropped: bool
    delivered_at: str = ""
    duration: float = 0.0
    status: str = "pending"
    status_code: int = 0
    response: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status_code < 300

    def shown(self) -> Json:
        """https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook"""
        return {
            "id": self.id,
            "guid": self.guid,
            "delivered_at": self.delivered_at,
            "redelivery": self.redelivery,
            "duration": round(self.duration, 2),
            "status": self.status,
            "status_code": self.status_code,
            "event": self.event,
            "action": self.payload.get("action"),
            "installation_id": self.app.installation_id,
            "repository_id": self.payload.get("repository", {}).get("id"),
            "throttled_at": None,
        }


class Webhooks:
    """Deliveries, those that wait and those that are over. Thread safe, with a lock of its own."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._ids = itertools.count(10_001)
        self._order = itertools.count()
        self._disturbances = Disturbances()
        self._random = random.Random(0)  # noqa: S311 - decides what gets lost
        self._waiting: list[tuple[float, int, Delivery]] = []
        self._over: dict[int, Delivery] = {}
        self._sending = 0
        self._flushing = False
        self._counts: Counter[str] = Counter()
        self._senders = 0

    def disturb(self, fields: Json) -> Json:
        """Replace it by the default with `fields`; what it is now, and the counters. TypeError for others."""
        with self._changed:
            self._disturbances = replace(Disturbances(), **fields)
            self._random = random.Random(self._disturbances.seed)  # noqa: S311
            self._changed.notify_all()
        return self.counts()

    def counts(self) -> Json:
        """The disturbances, and how many were sent, dropped, duplicated and failed, and how many wait."""
        with self._changed:
            counted = {name: self._counts[name] for name in ("sent", "dropped", "duplicated", "failed")}
            return {**asdict(self._disturbances), **counted, "waiting": len(self._waiting) + self._sending}

    def post(self, app: App, event: str, payload: Json) -> None:
        """Send an event to an App, some time soon and if nothing happens to it."""
        guid = str(uuid.uuid4())
        full = {**payload, "installation": {"id": app.installation_id, "node_id": f"I_{app.installation_id}"}}
        with self._changed:
            copies = 1 + self._happens(self._disturbances.duplicate)
            self._counts["duplicated"] += copies - 1
            # A doubled event is lost in one place only: two losses would be no doubling.
            dropped = self._happens(self._disturbances.drop)
            for copy in range(copies):
                self._queue(app, guid, event, full, dropped=dropped and copy == 0, redelivery=False)

    def redeliver(self, delivery: Delivery) -> None:
        """Send the same event again, with the same guid."""
        with self._changed:
            dropped = self._happens(self._disturbances.redelivery_drop)
            self._queue(
                delivery.app,
                delivery.guid,
                delivery.event,
                delivery.payload,
                dropped=dropped,
                redelivery=True,
            )

    def find(self, app: App, id_: int) -> Delivery | None:
        with self._changed:
            delivery = self._over.get(id_)
            return delivery if delivery is not None and delivery.app is app else None

    def newest(self, app: App, before: int | None, count: int) -> list[Delivery]:
        """Deliveries that are over, the newest first, older than the one with the id `before`."""
        with self._changed:
            mine = (delivery for delivery in reversed(list(self._over.values())) if delivery.app is app)
            older = (delivery for delivery in mine if before is None or delivery.id < before)
            return list(itertools.islice(older, count))

    def flush(self, timeout_s: float) -> bool:
        """Send all that waits, in its order, without further delay; whether all was sent in time."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._flushing = True
            self._changed.notify_all()
            done = self._changed.wait_for(
                lambda: not self._waiting and not self._sending, max(0.0, deadline - time.monotonic())
            )
            self._flushing = False
            return done

    def _happens(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability

    def _queue(
        self, app: App, guid: str, event: str, payload: Json, *, dropped: bool, redelivery: bool
    ) -> None:
        made = Delivery(
            app=app,
            guid=guid,
            event=event,
            payload=payload,
            dropped=dropped,
            redelivery=redelivery,
        )
        due = time.monotonic() + self._random.uniform(0, self._disturbances.reorder_ms) / 1000
        heapq.heappush(self._waiting, (due, next(self._order), made))
        while self._senders < _SENDERS:
            self._senders += 1
            threading.Thread(target=self._send_all, daemon=True, name="webhooks").start()
        self._changed.notify_all()

    def _send_all(self) -> None:
        while True:
            delivery = self._next()
            if delivery.dropped:
                delivery.status = "timed out"
            else:
                _send(delivery)
            delivery.delivered_at = now()
            with self._changed:
                self._sending -= 1
                outcome = "dropped" if delivery.dropped else "sent" if delivery.ok else "failed"
                self._counts[outcome] += 1
                delivery.id = next(self._ids)
                self._over[delivery.id] = delivery
                while len(self._over) > KEPT:
                    del self._over[next(iter(self._over))]
                self._changed.notify_all()

    def _next(self) -> Delivery:
        """The next delivery that is due."""
        with self._changed:
            while True:
                wait: float | None = None
                if self._waiting and (self._flushing or not self._disturbances.paused):
                    wait = self._waiting[0][0] - time.monotonic()
                    if wait <= 0 or self._flushing:
                        self._sending += 1
                        return heapq.heappop(self._waiting)[2]
                self._changed.wait(wait)


def _send(delivery: Delivery) -> None:
    """Send it, and note in it how that went."""
    body = json.dumps(delivery.payload).encode()
    hook = delivery.app.hook
    started = time.monotonic()
    try:
        # This stands in for GitHub on this machine: nothing leaves it.
        answer = fetch("POST", str(hook["url"]), body, _headers(delivery, body), timeout_s=TIMEOUT_S)
        delivery.response = answer.content[:65_536].decode(errors="replace")
        delivery.status_code = answer.status
        delivery.status = "OK" if delivery.ok else f"Invalid HTTP Response: {answer.status}"
    except TimeoutError:
        delivery.status = "timed out"
    except (OSError, SlipwayError):
        delivery.status = "failed to connect to host"
    delivery.duration = time.monotonic() - started


def _headers(delivery: Delivery, body: bytes) -> dict[str, Any]:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers"""
    secret = str(delivery.app.hook["secret"]).encode()
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/stand-in",
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Hook-ID": str(delivery.app.id),
        "X-GitHub-Hook-Installation-Target-ID": str(delivery.app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature-256": f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}",
    }
