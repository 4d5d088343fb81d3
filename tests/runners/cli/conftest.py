"""A fleet on moto and a GitHub for each test."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from slipway.runners.fleet import Fleet
from tests.runners.cli import fakes


@pytest.fixture
def github() -> Iterator[fakes.FakeGitHub]:
    with fakes.github() as running:
        yield running


@pytest.fixture
def fleet(github: fakes.FakeGitHub) -> Iterator[Fleet]:
    with mock_aws():
        yield fakes.fleet(github.url)
