"""What GitHub sends, cut down to what any reader of it uses, and requests as API Gateway hands them over."""

import base64
import hashlib
import hmac
import json
from typing import Any


def job(action: str = "queued", **changes: Any) -> dict[str, Any]:
    body = {
        "id": 11,
        "run_id": 22,
        "run_attempt": 1,
        "name": "build",
        "labels": ["self-hosted", "linux"],
        "created_at": "2026-11-21T08:00:00Z",
        "started_at": None,
        "completed_at": None,
        "conclusion": None,
        "runner_name": None,
        "runner_group_id": None,
        "steps": [{"name": "a free text of somebody's"}],
    }
    return {"action": action, "workflow_job": {**body, **changes}, **_around()}


def run(action: str = "requested", head: Any = 33) -> dict[str, Any]:
    head_repository = {"id": head} if head else None
    body = {"id": 22, "run_attempt": 1, "event": "push", "head_repository": head_repository}
    return {"action": action, "workflow_run": body, **_around()}


def _around() -> dict[str, Any]:
    return {
        "repository": {"id": 33, "full_name": "acme/skill-pool", "private": True},
        "organization": {"login": "acme"},
        "installation": {"id": 44},
        "sender": {"login": "somebody"},
    }


def signature(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def request(
    payload: Any,
    *,
    secret: str = "current",  # noqa: S107
    event: str = "workflow_job",
    encoded: bool = False,
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    told = {
        "x-github-event": event,
        "x-github-delivery": "guid",
        "x-hub-signature-256": signature(body, secret),
        **(headers or {}),
    }
    text = base64.b64encode(body).decode() if encoded else body.decode()
    return {"version": "2.0", "headers": told, "body": text, "isBase64Encoded": encoded}
