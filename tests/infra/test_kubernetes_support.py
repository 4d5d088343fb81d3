"""Every preview of a real stack says when its cluster's version loses its support, and where to raise it."""

import pulumi
import pytest

from infra.program import warn_of_support
from tests.platform.conftest import parse, stack_values


@pytest.mark.parametrize(("stack", "warned"), [("prod", True), ("local", False)])
def test_a_version_without_support_is_warned_about(
    stack: str, warned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    values = stack_values(stack)
    values["platform"]["cluster"]["version"] = "1.31"
    warn_of_support(parse(stack, values))
    assert len(said) == warned
    assert all("last support on 2026-11-26" in line and "Pulumi.prod.yaml" in line for line in said)
