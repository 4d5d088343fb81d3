"""GitHub's webhook: checks the signature of the raw body, puts what matters on the queue, answers.

It fails closed: what cannot be checked is refused, and what cannot be kept is answered with an error, so that
GitHub lists the delivery as failed and the planner asks for it again. Nothing of a request is ever logged.
https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import time
from typing import Any, cast

from runners.webhook.aws import Service, Unreachable
from runners.webhook.message import Unreadable, message
from runners.webhook.secrets import Secrets

MAX_BYTES = 1_048_576
"""More than GitHub sends for the events that we ask for, and the least that has to be hashed to say no."""

_SCHEME, _DIGITS = "sha256=", 64
_HEX = frozenset("0123456789abcdef")

Json = dict[str, Any]


class Webhook:
    """The function with its connections, which live as long as its container."""

    def __init__(self, queue_url: str, secrets: Secrets, queue: Service) -> None:
        self._queue_url = queue_url
        self._secrets = secrets
        self._queue = queue

    def answer(self, event: Json) -> Json:
        """Answer one request in API Gateway's payload format 2.0."""
        raw_headers: Json = event.get("headers") or {}
        headers = {str(name).lower(): str(value) for name, value in raw_headers.items()}
        given = _signature(headers.get("x-hub-signature-256", ""))
        if given is None:
            return _refused("no signature")
        body = _body(event)
        if body is None:
            return _answer(413, "too large")
        if not self._signed(body, given):
            return _refused("wrong signature")
        return self._take(headers, body)

    def _signed(self, body: bytes, given: str) -> bool:
        if _fits(self._secrets.accepted(), body, given):
            return True
        return self._secrets.renewed() and _fits(self._secrets.accepted(), body, given)

    def _take(self, headers: dict[str, str], body: bytes) -> Json:
        try:
            payload: Any = json.loads(body)
            if not isinstance(payload, dict):
                raise Unreadable("no object")
            accepted = message(
                headers.get("x-github-event", ""),
                headers.get("x-github-delivery", ""),
                cast(Json, payload),
                time.time_ns() // 1_000_000,
            )
        except (ValueError, RecursionError, Unreadable) as error:
            _count("WebhookFailed", str(error) if isinstance(error, Unreadable) else type(error).__name__)
            return _answer(400, "unreadable")
        if accepted is None:
            return _answer(202, "ignored")
        self._queue.call("SendMessage", {"QueueUrl": self._queue_url, "MessageBody": json.dumps(accepted)})
        return _answer(202, "accepted")


def _signature(header: str) -> str | None:
    digest = header.removeprefix(_SCHEME)
    well_formed = header.startswith(_SCHEME) and len(digest) == _DIGITS and _HEX.issuperset(digest)
    return digest if well_formed else None


def _body(event: Json) -> bytes | None:
    """The raw body; None where it is too large, which is judged before anything is done with it."""
    text = event.get("body") or ""
    if not isinstance(text, str):
        return b""
    if event.get("isBase64Encoded"):
        if len(text) > MAX_BYTES * 4 // 3 + 4:
            return None
        try:
            raw = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return b""  # it fits no signature
        return raw if len(raw) <= MAX_BYTES else None
    if len(text) > MAX_BYTES:
        return None
    raw = text.encode("utf-8", "surrogatepass")
    return raw if len(raw) <= MAX_BYTES else None


def _fits(secrets: tuple[bytes, ...], body: bytes, given: str) -> bool:
    """Every secret is tried, and each comparison takes the same time whatever fits."""
    digests = [hmac.new(secret, body, hashlib.sha256).hexdigest() for secret in secrets]
    return any([hmac.compare_digest(digest, given) for digest in digests])  # noqa: C419 - all, always


def _refused(reason: str) -> Json:
    _count("WebhookRejected", reason)
    return _answer(401, "unauthorized")


def _answer(status: int, text: str) -> Json:
    body = {"accepted": True} if text == "accepted" else {"message": text}
    headers = {"content-type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def _log(what: str, **details: Any) -> None:
    print(json.dumps({"what": what, **details}), flush=True)


def _count(metric: str, reason: str) -> None:
    """One line in CloudWatch's embedded metric format."""
    fleet = os.environ.get("FLEET", "")
    metrics = {
        "Namespace": "Slipway/Runners",
        "Dimensions": [["Fleet"]],
        "Metrics": [{"Name": metric, "Unit": "Count"}],
    }
    aws = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [metrics]}
    _log(metric, reason=reason, Fleet=fleet, _aws=aws, **{metric: 1})


_webhook: Webhook | None = None


def handle(event: Json, context: object = None) -> Json:
    """Lambda's entry."""
    del context
    global _webhook  # noqa: PLW0603 - Lambda keeps a container's globals for its next request
    try:
        if _webhook is None:
            secrets = Secrets(Service("secretsmanager"), os.environ["SECRET_ID"])
            _webhook = Webhook(os.environ["QUEUE_URL"], secrets, Service("sqs"))
        return _webhook.answer(event)
    except Unreachable as error:
        _count("WebhookFailed", str(error))
        return _answer(503, "try again")
