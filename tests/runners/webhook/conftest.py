"""A fresh function on a fresh stand-in for each test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runners.webhook import aws as webhook_aws
from runners.webhook import handler
from tests.runners.webhook.stand_in import Aws

Answer = Callable[[dict[str, Any]], int]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    server = Aws()
    for name, value in {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "very-secret-key",
        "AWS_SESSION_TOKEN": "session-token",
        "FLEET": "test",
        "QUEUE_URL": f"{server.url}/1/events",
        "SECRET_ID": "webhook",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(handler, "_webhook", None)
    monkeypatch.setattr(webhook_aws, "TIMEOUT_S", 60.0)  # the stand-in shares this process with the tests
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def status(aws: Aws) -> Answer:
    return lambda event: int(handler.handle(event)["statusCode"])
