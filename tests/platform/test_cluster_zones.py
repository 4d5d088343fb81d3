"""A cluster's zones are a list of their own: of the network's, two at least."""

from typing import Any

import pytest

from infra.cluster_zones import zones_of
from tests.platform.conftest import mistakes, parse

A, B, C = (f"eu-west-1{letter}" for letter in "abc")


def test_a_zone_more_for_the_network_is_none_for_the_cluster(staging: dict[str, Any]) -> None:
    staging["platform"]["network"]["zones"] = [A, B, C]
    staging["platform"]["cluster"]["zones"] = [A, B]
    settings = parse("staging", staging)
    assert settings.platform.cluster
    assert zones_of(settings, settings.platform.cluster) == (A, B)
    del staging["platform"]["cluster"]["zones"]
    settings = parse("staging", staging)
    assert settings.platform.cluster
    assert zones_of(settings, settings.platform.cluster) == (A, B, C)


@pytest.mark.parametrize(
    ("zones", "said"),
    [
        ([A, C], f"zones.1: found '{C}'; expected one of the network's zones: {A}, {B}"),
        ([A], "two zones at least"),
        ([A, A], "two zones at least, each once"),
        ([A, B, B], "two zones at least, each once"),
    ],
)
def test_other_zones_are_refused(staging: dict[str, Any], zones: list[str], said: str) -> None:
    staging["platform"]["cluster"]["zones"] = zones
    assert said in " ".join(mistakes("staging", staging).values())


@pytest.mark.parametrize("stack", ["staging", "prod", "local"])
def test_the_committed_files_say_them(stack: str, request: pytest.FixtureRequest) -> None:
    settings = parse(stack, request.getfixturevalue(stack))
    assert settings.platform.cluster
    assert settings.platform.cluster.zones == settings.platform.network.zones
