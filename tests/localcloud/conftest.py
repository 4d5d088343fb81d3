"""One embedded cloud for all tests that only use one, and a client for its plain HTTP routes."""

import http.client
import json
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Client:
    """Calls one base URL; `headers` go with every call."""

    base: str
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def __call__(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.base).netloc, timeout=10)
        sent = {"Content-Type": "application/json", **self.headers, **(headers or {})}
        data = body if isinstance(body, str | None) else json.dumps(body)
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read().decode())
        finally:
            connection.close()


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Generator[Cloud]:
    root = tmp_path_factory.mktemp("cloud")
    yield runtime.start(root)
    runtime.stop(root)


@pytest.fixture
def root() -> Generator[Path]:
    """A folder of its own for tests that start and stop; nothing of it keeps running."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
        runtime.stop(Path(folder))


@pytest.fixture
def aws(cloud: Cloud) -> Any:
    """boto3 clients by service name, as any ordinary client would make them."""

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=cloud.aws,
            region_name="eu-west-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    return client


@pytest.fixture
def github(cloud: Cloud) -> Client:
    """The GitHub stand-in with an organisation, a private and a public repository, and the App's token."""
    runtime.seed(
        cloud,
        {
            "organizations": [
                {"login": "acme", "id": 9001},
                {"login": "team-plan", "id": 9002, "plan": "team"},
                {"login": "free-plan", "id": 9003, "plan": "free"},
            ],
            "users": [{"login": f"person-{number}", "id": number} for number in range(1, 9)],
            "teams": [{"organization": "acme", "slug": "platform", "id": 71, "members": ["person-1"]}],
            "repositories": [
                {"owner": "acme", "name": "app", "id": 501},
                {"owner": "acme", "name": "other", "id": 502},
                {"owner": "team-plan", "name": "private", "id": 503},
                {"owner": "team-plan", "name": "open", "id": 504, "visibility": "public"},
                {"owner": "free-plan", "name": "private", "id": 505},
            ],
        },
    )
    return Client(cloud.github, {"Authorization": "Bearer stand-in"})
