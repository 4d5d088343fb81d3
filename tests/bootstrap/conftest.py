"""One stand-in for all tests of bootstrap, emptied before each, and a folder to point at its state."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.bootstrap.clients import Clients, connect
from tests.bootstrap import samples
from tests.bootstrap.stand_in import serving

STACK_FILE = """\
# The production account.
config:
  slipway:platform:
    region: eu-west-1  # Ireland
    accounts: {automation: "111111111111", prod: "333333333333"}
    zones:
      - eu-west-1a
      - eu-west-1b
  slipway:services: {}
"""


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with serving() as url:
        yield url


def empty(url: str) -> None:
    request = urllib.request.Request(f"{url}/moto-api/reset", method="POST")  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310 - loopback
        assert answer.status == 200


@pytest.fixture
def endpoint(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    empty(server)
    # Nothing here may wait for consistency that the stand-in has at once.
    monkeypatch.setattr("slipway.bootstrap.steps._PAUSE_SECONDS", 0)
    return server


@pytest.fixture
def clients(endpoint: str) -> Clients:
    return connect(samples.ACCOUNT, samples.REGION, endpoint)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n")
    (tmp_path / "Pulumi.prod.yaml").write_text(STACK_FILE)
    return tmp_path
