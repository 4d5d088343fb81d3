"""One embedded cloud for all tests that only use one, and clients of it."""

import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import boto3
import pytest

from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from tests.localcloud.github_app import AppUnderTest, Hook, listening, make_app
from tests.localcloud.http_client import Answer, Client

__all__ = ["Answer", "Client"]


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
            "users": [
                *({"login": f"person-{number}", "id": number} for number in range(1, 9)),
                {"login": "outsider", "id": 9, "repositories": ["other"]},
            ],
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


@pytest.fixture
def hook() -> Generator[Hook]:
    """A place that webhooks arrive at."""
    made = Hook()
    server = listening(made)
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def app(cloud: Cloud, hook: Hook) -> Generator[AppUnderTest]:
    """A GitHub App of its own organisation; deliveries and calls are undisturbed again afterwards."""
    yield make_app(cloud, hook)
    Client(cloud.github)("PUT", "/slipway/webhooks", {})
    Client(cloud.github)("PUT", "/slipway/faults", {"rules": []})
