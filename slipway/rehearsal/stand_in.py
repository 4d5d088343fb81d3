"""The control routes of the embedded cloud, by which a rehearsal moves what is GitHub's and AWS's to move."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from slipway.aws.signing import signed_headers
from slipway.errors import SlipwayError
from slipway.localcloud.loopback_http import fetch

Json = dict[str, Any]
_TIMEOUT_S = 60


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer; `body` is its JSON, empty where it has none."""

    status: int
    body: Json
    retry_after_s: float


class GitHubControls:
    """What GitHub and its runners do by themselves in reality."""

    def __init__(self, base: str) -> None:
        self._base = base

    def webhooks(self, **settings: object) -> Json:
        """Set how events are lost, doubled and reordered from now on."""
        return self._ask("PUT", "/slipway/webhooks", settings)

    def webhook_counts(self) -> Json:
        """How many were sent, dropped, duplicated and refused since the cloud started."""
        return self._ask("GET", "/slipway/webhooks")

    def flush(self, timeout_s: int) -> Json:
        """Send what waits, now."""
        return self._ask("POST", "/slipway/webhooks/flush", {"timeout_s": timeout_s})

    def queue(self, repository: str, labels: list[str], count: int) -> list[Json]:
        """Start a run with jobs; the jobs."""
        body = {"repository": repository, "labels": labels, "count": count, "event": "push"}
        return self._ask("POST", "/slipway/workflow-jobs", body)["jobs"]

    def hold(self, number: int) -> None:
        """Let a queued job wait for an approval."""
        self._ask("POST", f"/slipway/workflow-jobs/{number}/hold", {})

    def release(self, number: int) -> None:
        """Approve what a job waits for: it is queued again."""
        self._ask("POST", f"/slipway/workflow-jobs/{number}/release", {})

    def job(self, number: int) -> Json:
        """One job as GitHub sees it."""
        return self._ask("GET", f"/slipway/workflow-jobs/{number}")

    def complete(self, number: int, conclusion: str) -> int:
        """End a job; the HTTP status, 409 where it is not in a state for it."""
        path = f"/slipway/workflow-jobs/{number}/complete"
        return ask(self._base, "POST", path, {"conclusion": conclusion}).status

    def connect(self, jit: str) -> Answer:
        """A runner comes up with its configuration."""
        return ask(self._base, "POST", "/slipway/runners/connect", {"encoded_jit_config": jit})

    def disconnect(self, runner: int) -> None:
        """A runner goes away."""
        ask(self._base, "POST", f"/slipway/runners/{runner}/disconnect", {"fail_job": False})

    def assign(self, seed: int) -> list[Json]:
        """Hand every queued job to any runner that is online, idle and has its labels."""
        return self._ask("POST", "/slipway/assignments", {"seed": seed})["assigned"]

    def calls(self) -> dict[str, int]:
        """Calls of GitHub's API by route since the cloud started."""
        return self._ask("GET", "/slipway/calls")["by_route"]

    def _ask(self, method: str, path: str, body: Json | None = None) -> Json:
        return _good(self._base, method, path, body)


class AwsControls:
    """What AWS does by itself in reality: schedules, instances' credentials, the gateway."""

    def __init__(self, base: str, region: str) -> None:
        self._base = base
        self._region = region

    def tick(self, schedule: str) -> list[Json]:
        """Fire the fleet's schedule and wait for its function; what was fired."""
        return _good(self._base, "POST", "/slipway/tick", {"schedules": [schedule]})["fired"]

    def settle(self, timeout_s: int) -> bool:
        """Wait until no message waits and no function runs; whether that came in time."""
        return bool(
            _good(self._base, "POST", "/slipway/functions/settle", {"timeout_s": timeout_s})["settled"]
        )

    def functions(self) -> dict[str, Json]:
        """Invocations and errors by function since the cloud started."""
        return _good(self._base, "GET", "/slipway/functions")

    def credentials(self, instance: str) -> Json | None:
        """What the instance's metadata service gives it; None for an instance that is no more."""
        answer = ask(self._base, "GET", f"/slipway/instances/{instance}/credentials")
        return answer.body if answer.status == HTTPStatus.OK else None

    def post(self, url: str, credentials: Json, body: Json) -> Answer:
        """Call the fleet's API as an instance does, signed by its own credentials."""
        data = json.dumps(body)
        address = urlsplit(url)
        base = f"{address.scheme}://{address.netloc}"
        return ask(
            base, "POST", address.path, data, signed_headers(url, data, credentials, region=self._region)
        )


def ask(
    base: str,
    method: str,
    path: str,
    body: Json | str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request to the embedded cloud."""
    data = body if isinstance(body, str) or body is None else json.dumps(body)
    sent = {"Content-Type": "application/json", **(headers or {})}
    try:
        reply = fetch(method, base + path, data, sent, timeout_s=_TIMEOUT_S)
    except OSError as error:
        raise SlipwayError(
            f"the embedded cloud does not answer: {error}", where=base, fix="slipway cloud status"
        ) from error
    after = reply.headers.get("retry-after", "0")
    return Answer(
        status=reply.status,
        body=_object(reply.content),
        retry_after_s=float(after) if after.isdecimal() else 0.0,
    )


def _good(base: str, method: str, path: str, body: Json | None = None) -> Json:
    answer = ask(base, method, path, body)
    if answer.status >= HTTPStatus.BAD_REQUEST:
        message = answer.body.get("message", "")
        raise SlipwayError(
            f"the embedded cloud answers {answer.status} to {method} {path}: {message}",
            where=base,
            fix="it may be of an older version: `make down`, `make up`",
        )
    return answer.body


def _object(raw: bytes) -> Json:
    try:
        document: object = json.loads(raw) if raw.strip() else {}
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}  # pyright: ignore[reportUnknownVariableType]
