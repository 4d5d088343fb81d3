"""What is told of a look for drift to programs elsewhere: signed JSON, or an event of Datadog. Pure.

Names go out, values never do: whoever listens there need not be allowed to read them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from slipway.errors import SlipwayError
from slipway.platform.loopback import is_loopback
from slipway.stacks.drift.report import Report
from slipway.stacks.summary import Step

SIGNATURE: Final = "X-Hub-Signature-256"
"""As GitHub's: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries"""
DELIVERY: Final = "X-Slipway-Delivery"
"""The same for each attempt at one message, so that a receiver can tell that it has it already."""

CALLBACK_VERSION: Final = 1
MAX_RESOURCES: Final = 100
_MAX_NAME: Final = 200
_MAX_TEXT: Final = 4_000
_MAX_TAG: Final = 200
_MAX_KEY: Final = 100
"""https://docs.datadoghq.com/api/latest/events/#post-an-event; a tag has 200 characters of
https://docs.datadoghq.com/getting_started/tagging/#define-tags"""
_NO_TAG: Final = re.compile(r"[^a-z0-9_:./-]")


@dataclass(frozen=True)
class Message:
    """An HTTP POST that is ready to be sent; `headers` may hold a secret."""

    address: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def place(self) -> str:
        """Where it goes, for people: scheme and host, because path and query may be secret."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"


def require_safe(address: str) -> None:
    """Refuse an address that would show the message to others on the way.

    Raises:
        SlipwayError: it is neither https nor on this machine, or it has credentials in it.
    """
    try:
        parts = urlsplit(address)
        _ = parts.port
        safe = parts.scheme == "https" and bool(parts.hostname) and address.isprintable()
    except ValueError:
        safe, parts = False, urlsplit("")
    if "@" in parts.netloc or "\\" in address or " " in address:
        safe = False
    elif is_loopback(address) and parts.scheme == "http":
        safe = True
    if not safe:
        raise SlipwayError(
            "a callback goes to an address with https and without credentials in it, or to this machine",
            fix="give https://<host>/<path>; what proves that it is yours is the signature",
        )


def signed(report: Report, address: str, secret: bytes, *, issue: str = "") -> Message:
    """The report as JSON, signed as GitHub signs its webhooks.

    Args:
        report: of the look.
        address: see `require_safe`.
        secret: the key of the HMAC with SHA-256; not empty.
        issue: address of the issue that tells of it; empty for none.

    Raises:
        SlipwayError: the address is not safe, or the secret is empty.
    """
    require_safe(address)
    if not secret:
        raise SlipwayError("a callback is signed, and there is no secret to sign it with")
    body = json.dumps(payload(report, issue=issue), sort_keys=True).encode()
    digest = hmac.new(secret, body, hashlib.sha256).hexdigest()
    return Message(address, body, {**_headers(body), SIGNATURE: f"sha256={digest}"})


def payload(report: Report, *, issue: str = "") -> dict[str, Any]:
    """What a callback says: `version` 1; `event` drift; `stack`, `project`, `name`; `status`, drift or none;
    `at` in UTC; `commit` and `run` of the look; `issue`; `cloud` with `changed` and `gone` as numbers and
    `resources` (each `name`, `type`, `what` and `properties` by name; the first 100); `program` with `ok` and
    `counts` by operation; `unapplied`, null or `commit`, `event` and `run` of what was applied last.
    """
    cloud, program, unapplied = report.cloud, report.program, report.unapplied
    return {
        "version": CALLBACK_VERSION,
        "event": "drift",
        "stack": _short(report.name),
        "project": _short(cloud.project),
        "name": _short(cloud.stack),
        "status": "drift" if report.found else "none",
        "at": report.at,
        "commit": cloud.commit,
        "run": cloud.run,
        "issue": issue or None,
        "cloud": {
            "changed": len(report.changed),
            "gone": len(report.gone),
            "resources": [
                _resource(step, what)
                for what, step in [
                    *(("gone", each) for each in report.gone),
                    *(("changed", each) for each in report.changed),
                ][:MAX_RESOURCES]
            ],
        },
        "program": {"ok": program.ok, "counts": program.counts},
        "unapplied": None
        if unapplied is None
        else {"commit": unapplied.commit, "event": unapplied.event, "run": unapplied.run},
    }


def _resource(step: Step, what: str) -> dict[str, Any]:
    paths = dict.fromkeys(_short(each.path) for each in step.properties)
    return {
        "name": _short(step.name),
        "type": _short(step.type),
        "what": what,
        "properties": list(paths)[:MAX_RESOURCES],
    }


def datadog(report: Report, address: str, key: str, *, issue: str = "") -> Message:
    """The report as an event of Datadog (https://docs.datadoghq.com/api/latest/events/#post-an-event).

    Args:
        report: of the look.
        address: of the site's API, such as https://api.datadoghq.com.
        key: the API key; not empty.
        issue: see `signed`.

    Raises:
        SlipwayError: the address is not safe, or the key cannot be one.
    """
    require_safe(address)
    if not key or not key.isascii() or not key.isalnum():
        raise SlipwayError("a key of Datadog's API is letters and digits", where="DD_API_KEY")
    event: dict[str, Any] = {
        "title": f"Drift: {_plain(report.name)}" if report.found else f"No drift: {_plain(report.name)}",
        "text": "\n".join(_lines(report, issue))[:_MAX_TEXT],
        "alert_type": "warning" if report.found else "success",
        "aggregation_key": hashlib.sha256(f"slipway drift {report.name}".encode()).hexdigest()[:_MAX_KEY],
        "source_type_name": "slipway",
        "tags": [
            _tag("project", report.cloud.project),
            _tag("stack", report.cloud.stack),
            "event:drift",
        ],
    }
    moment = _moment(report.at)
    body = json.dumps({**event, **moment}, sort_keys=True).encode()
    return Message(f"{address.rstrip('/')}/api/v1/events", body, {**_headers(body), "DD-API-KEY": key})


def _lines(report: Report, issue: str) -> Iterable[str]:
    """A text that is not read as Markdown, which would begin with %%%."""
    yield in_words(report)
    if issue:
        yield issue
    if report.cloud.run:
        yield report.cloud.run
    for what, steps in (("gone", report.gone), ("changed", report.changed)):
        yield from (f"{what}: {_plain(step.name)} ({_plain(step.type)})" for step in steps[:MAX_RESOURCES])


def in_words(report: Report) -> str:
    """In one sentence what was found, in numbers."""
    told = [
        f"{len(report.changed):,} changed in the cloud" if report.changed else "",
        f"{len(report.gone):,} gone from the cloud" if report.gone else "",
        "the program cannot be previewed" if not report.program.ok else "",
        f"{len(report.program.steps):,} that the program asks for otherwise"
        if report.program.changed
        else "",
        "what is merged was not applied" if report.unapplied else "",
    ]
    return ", ".join(text for text in told if text) or "cloud, state and program agree"


def _moment(at: str) -> dict[str, int]:
    try:
        return {"date_happened": int(datetime.fromisoformat(at).timestamp())}
    except ValueError:
        return {}


def _headers(body: bytes) -> dict[str, str]:
    delivery = hashlib.sha256(body).hexdigest()[:32]
    return {"Content-Type": "application/json", "User-Agent": "slipway", DELIVERY: delivery}


def _short(text: str) -> str:
    return text if len(text) <= _MAX_NAME else f"{text[: _MAX_NAME - 1]}…"


def _plain(text: str) -> str:
    """On one line; without the sign that calls people."""
    shown = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
    return _short(shown.replace("@", "(at)"))


def _tag(key: str, value: str) -> str:
    return f"{key}:{_NO_TAG.sub('_', value.lower())}"[:_MAX_TAG]
