"""What holds for every test."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings

from tests import sampling

# A busy machine is no mistake in the code: a property is not given up because one example took long.
settings.register_profile("slipway", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("slipway")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("slipway")
    group.addoption("--long", action="store_true", help="test large figures whole, not a sample of them")
    group.addoption(
        "--seed",
        type=int,
        help="draws the samples of large figures; by default the day's date, so that everybody has the same",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.option.seed is None:
        # Written back, so that xdist hands it to its workers, which must not differ at midnight.
        config.option.seed = int(datetime.now(UTC).strftime("%Y%m%d"))
    sampling.RUN.long, sampling.RUN.seed = config.option.long, config.option.seed


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(str(sampling.RUN))
