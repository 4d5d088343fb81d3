"""100,000 requests that nobody meant, or a sample: no answer of 500 or above, nothing unsigned is queued."""

import base64
import json
import random
from typing import Any

from runners.control.messages import parse_message
from runners.webhook import handler
from runners.webhook.aws import Service
from runners.webhook.handler import Webhook
from runners.webhook.secrets import Secrets
from tests.runners.webhook.payloads import job, request, run
from tests.sampling import seed, size

STRANGE = [
    "\ud800",
    10**30,
    10**400,
    "yesterday",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "a/..",
]
"""What JSON carries, and a table, a calendar or an address does not."""

REQUESTS = size(100_000, 10_000)
SECRET = "current"


class _Store(Service):
    def call(self, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return {"SecretString": SECRET}


class _Queue(Service):
    def __init__(self) -> None:
        super().__init__("sqs")
        self.sent: list[dict[str, Any]] = []

    def call(self, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
        self.sent.append(json.loads(arguments["MessageBody"]))
        return {}


def test_no_request_breaks_it_and_only_signed_ones_are_queued(monkeypatch: Any, capsys: Any) -> None:
    chance = random.Random(seed(20261121))  # noqa: S311 - for requests that can be had again
    queue = _Queue()
    webhook = Webhook("queue", Secrets(_Store("secretsmanager"), "x", clock=lambda: 0.0), queue)
    monkeypatch.setattr(handler, "_webhook", webhook)
    seen: dict[int, int] = {}
    for number in range(REQUESTS):
        event, signed = _event(chance, number)
        before = len(queue.sent)
        status = handler.handle(event)["statusCode"]
        seen[status] = seen.get(status, 0) + 1
        assert status < 500, event
        if len(queue.sent) > before:
            assert signed, event
            parse_message(json.dumps(queue.sent[-1]))  # what is accepted can be read, or it would be lost
        if number % 10_000 == 0:
            capsys.readouterr()  # the log of a hundred thousand refusals
    assert {202, 400, 401, 413} <= set(seen), seen
    assert len(queue.sent) > REQUESTS / 50, "too few of them were meant well to tell"


def _event(chance: random.Random, number: int) -> tuple[dict[str, Any], bool]:
    """A request, and whether its body was signed as it stands."""
    payload = _payload(chance, number)
    secret = chance.choice([SECRET, SECRET, "wrong", ""])
    name = chance.choice(["workflow_job", "workflow_run", "push", "", "\x00"])
    event = request(payload, secret=secret, event=name, encoded=chance.random() < 0.3)
    signed = secret == SECRET
    match chance.randrange(12):
        case 0:
            event["headers"].pop("x-hub-signature-256")
            signed = False
        case 1:
            garbage = "".join(chr(chance.randrange(1, 0x2FF)) for _ in range(chance.randrange(90)))
            event["headers"]["x-hub-signature-256"] = garbage
            signed = False
        case 2:
            event["body"] = _changed(chance, event["body"])
            signed = False
        case 3:
            event["isBase64Encoded"] = not event["isBase64Encoded"]
            signed = False
        case 4:
            event["headers"] = chance.choice([None, {}, {"x-hub-signature-256": None}])
            signed = False
        case 5:
            event.pop("body")
            signed = False
        case 6 if number % 50 == 0:
            event["body"] = "A" * (2 * handler.MAX_BYTES)
            signed = False
        case _:
            pass
    return event, signed


def _payload(chance: random.Random, number: int) -> Any:
    whole = chance.choice([job(id=number), job("completed", id=number), run(), {"action": "queued"}])
    if chance.random() < 0.5:
        return whole
    if chance.random() < 0.2:
        return bytes(chance.randrange(32, 127) for _ in range(chance.randrange(60)))
    return _twisted(chance, whole)


def _twisted(chance: random.Random, value: Any) -> Any:
    """The same with one thing in it replaced by something of another shape."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(sorted(value))
        return {**value, key: _twisted(chance, value[key])}
    if isinstance(value, list) and value and chance.random() < 0.5:
        return [_twisted(chance, value[0]), *value[1:]]
    return chance.choice([None, True, -1, 1e308, "", "x" * 3000, [], {}, [[[]]], {"id": {}}, *STRANGE])


def _changed(chance: random.Random, text: str) -> str:
    at = chance.randrange(len(text) + 1)
    return (
        text[:at] + chance.choice(["x", "\x00", "é", "\ud800", base64.b64encode(b"?").decode()]) + text[at:]
    )
