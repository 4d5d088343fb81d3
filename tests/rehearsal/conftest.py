"""A fleet on moto for each test, as the operator's commands have it."""

from tests.runners.cli.conftest import fleet, github

__all__ = ["fleet", "github"]
