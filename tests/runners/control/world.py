"""A fleet to test with: its settings, its messages, and services over stores in memory."""

import json
from dataclasses import dataclass, field
from typing import Any

from runners.control.config import Fleet
from runners.control.items import CONFIG
from runners.control.observe import Observer
from runners.control.services import Services
from tests.runners.control.memory import MemoryGitHub, MemoryGroups, MemoryTable

START = 1_790_000_000_000
SLUG = "acme/skill-pool"
IMAGE = {"id": "ami-1", "created": "2026-11-01T00:00:00Z", "runner_version": "2.330.0"}


def class_settings(name: str = "linux", **changes: Any) -> dict[str, Any]:
    return {
        "group": f"slipway-test-{name}",
        "runner_group_id": 7,
        "labels": ["self-hosted", "linux", "x64"],
        "repositories": [SLUG],
        "minimum": 0,
        "maximum": 20,
        "spares": 0,
        "public": False,
        "forks": False,
        "capacity": "spot",
        "rerun_interrupted": False,
        "max_minutes": 360,
        "idle_minutes": 10,
        "boot_minutes": 15,
        "role": f"runner-test-{name}",
        "log_group": f"/slipway/runners/test/{name}",
        "image": IMAGE,
        **changes,
    }


def settings(**classes: dict[str, Any]) -> str:
    return json.dumps(
        {
            "fleet": "test",
            "organization": "acme",
            "app_id": 11,
            "installation_id": 12,
            "minimum_runner_version": "2.329.0",
            "classes": classes or {"linux": class_settings()},
        }
    )


def job_message(job: int = 1, action: str = "queued", **changes: Any) -> dict[str, Any]:
    """A job's message; `slug`, `private` and `received_at` go where they belong."""
    slug, private = changes.pop("slug", SLUG), changes.pop("private", True)
    return {
        "kind": "job",
        "action": action,
        "received_at": changes.pop("received_at", START),
        "delivery": f"guid-{job}-{action}",
        "organization": "acme",
        "installation_id": 12,
        "repository": {"id": 1, "slug": slug, "private": private},
        "job": {
            "id": job,
            "run_id": 100 + job,
            "attempt": 1,
            "name": "build",
            "labels": ["self-hosted", "linux"],
            "created_at": None,
            "started_at": None,
            "completed_at": None,
            "conclusion": "success" if action == "completed" else None,
            "runner_name": None,
            "runner_group_id": None,
            **changes,
        },
    }


def run_message(run: int, *, head: int | None = 1) -> dict[str, Any]:
    return {
        "kind": "run",
        "action": "requested",
        "received_at": START,
        "delivery": f"guid-run-{run}",
        "organization": "acme",
        "installation_id": 12,
        "repository": {"id": 1, "slug": SLUG, "private": True},
        "run": {"id": run, "attempt": 1, "event": "pull_request", "head_repository_id": head},
    }


def records(*messages: dict[str, Any]) -> dict[str, Any]:
    """An SQS event of these messages."""
    return {"Records": [{"messageId": f"m-{n}", "body": json.dumps(one)} for n, one in enumerate(messages)]}


def call(instance: str, name: str = "linux", body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What API Gateway hands over for a call by an instance."""
    arn = f"arn:aws:sts::123456789012:assumed-role/runner-test-{name}/{instance}"
    return {
        "version": "2.0",
        "requestContext": {"authorizer": {"iam": {"userArn": arn}}},
        "body": json.dumps(body) if body is not None else None,
        "isBase64Encoded": False,
    }


@dataclass
class Kept:
    """A queue, the boot logs and the log lines, kept."""

    messages: list[str] = field(default_factory=list[str])
    logs: list[str] = field(default_factory=list[str])
    lines: list[str] = field(default_factory=list[str])

    def send(self, body: str) -> None:
        self.messages.append(body)

    def write(self, group: str, stream: str, at: int, text: str) -> None:
        self.logs.append(text)


class World:
    """Services over memory; `now` is the clock in ms."""

    def __init__(self, **classes: dict[str, Any]) -> None:
        self.now: int = START
        self.table = MemoryTable()
        self.groups = MemoryGroups()
        self.github = MemoryGitHub()
        self.kept = Kept()
        body = settings(**classes)
        self.table.items[CONFIG] = {"pk": CONFIG, "body": body}
        for one in json.loads(body)["classes"].values():
            self.groups.add(one["group"])
        self.services = self.container()

    def container(self) -> Services:
        """A function's container: its own memory over the shared stores."""

        def connect(_: Fleet) -> MemoryGitHub:
            return self.github

        return Services(
            fleet_name="test",
            table=self.table,
            groups=self.groups,
            queue=self.kept,
            boot_logs=self.kept,
            observer=Observer("test", lambda: self.now, self.kept.lines.append),
            clock=lambda: self.now,
            sleep=lambda _: None,
            connect=connect,
        )

    def job(self, job: int = 1) -> dict[str, Any]:
        return self.table.items[f"job#{job}#1"]

    def instance(self, instance: str) -> dict[str, Any]:
        return self.table.items[f"instance#{instance}"]
