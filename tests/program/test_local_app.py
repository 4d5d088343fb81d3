"""The GitHub App of the local fleet, which `slipway up local` makes: once, and anew for a fleet made anew."""

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from tests.program.conftest import Project

SECRET = "slipway-local-runner-webhook"


def secret(project: Project) -> str:
    return str(project.client("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"])


def webhook(project: Project) -> str:
    return str(json.loads(project.ok("runners", "status", "local", "--json"))["webhook"])


def deliver(project: Project) -> dict[str, Any]:
    """Have the stand-in queue a job and send what it has to tell; how the deliveries went."""
    github = json.loads(project.ok("cloud", "status", "--json"))["endpoints"]["github"]
    post(github, "/slipway/workflow-jobs", {"repository": "acme/skill-pool", "labels": ["self-hosted"]})
    return post(github, "/slipway/webhooks/flush", {"timeout_s": 90})


def assert_delivered(project: Project) -> None:
    """What is sent arrives; the first time, on a busy machine, it may take longer than GitHub waits."""
    before, after = deliver(project), deliver(project)
    assert after["failed"] == before["failed"]
    assert after["sent"] > before["sent"]


def post(github: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    connection = HTTPConnection(urlsplit(github).netloc, timeout=120)
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    answer: dict[str, Any] = json.loads(connection.getresponse().read())
    return answer


def test_it_is_made_once_and_sends_to_the_fleet_that_is_there(cloud: Project) -> None:
    assert cloud.result("up", "local", "--yes")["ok"]
    first, address = secret(cloud), webhook(cloud)
    assert "exactly as declared" in cloud.ok("runners", "app", "check", "local")
    assert_delivered(cloud)

    again = cloud.run("up", "local", "--yes")
    assert address in again.stderr
    assert secret(cloud) == first
    assert cloud.run("drift", "local").returncode == 0

    # Destroyed and made anew on the same cloud: the App stays, and its events find the new fleet.
    assert cloud.result("destroy", "local", "--yes")["ok"]
    assert cloud.result("up", "local", "--yes")["ok"]
    assert webhook(cloud) != address
    assert secret(cloud) != first
    assert_delivered(cloud)
