"""An unchanged program never upgrades an add-on, and says when one lags."""

import datetime
from typing import Any, get_args

import pytest

from slipway.platform.addon_versions import (
    KUBE_PROXY,
    READ_AGAIN_AFTER,
    READ_ON,
    VPC_CNI,
    Addon,
    addon_version,
    addon_warning,
)
from tests.platform.conftest import mistakes, parse, stack_values

DAY = datetime.timedelta(days=1)
BEFORE, AFTER = READ_ON + READ_AGAIN_AFTER, READ_ON + READ_AGAIN_AFTER + DAY
BOTH: dict[Addon, str] = {"kube-proxy": "v1.35.9-eksbuild.1", "vpc-cni": "v1.99.0-eksbuild.1"}


@pytest.mark.parametrize("stack", ["staging", "prod", "local"])
def test_what_is_committed_names_a_version_of_each(stack: str) -> None:
    cluster = parse(stack, stack_values(stack)).platform.cluster
    assert cluster
    assert all(cluster.addon(addon) for addon in get_args(Addon))


def test_kube_proxy_has_the_clusters_minor_version() -> None:
    """EKS User Guide, "Update the Kubernetes kube-proxy self-managed add-on", Requirements."""
    assert all(version.startswith(f"v{kubernetes}.") for kubernetes, version in KUBE_PROXY.items())


def test_the_settings_go_before_the_table() -> None:
    assert addon_version("vpc-cni", "1.35", {}) == VPC_CNI
    assert addon_version("vpc-cni", "1.35", BOTH) == "v1.99.0-eksbuild.1"
    assert addon_version("kube-proxy", "1.99", {}) is None


@pytest.mark.parametrize(
    ("version", "given", "said"),
    [
        (
            "1.99",
            {},
            "kube-proxy: found nothing; expected its version: Slipway knows none for Kubernetes 1.99",
        ),
        ("1.99", {"kube-proxy": "v1.35.3-eksbuild.1"}, "one of the cluster's own version 1.99"),
        ("1.35", {"kube-proxy": "newest"}, "addon_versions"),
        ("1.35", {"coredns": "v1.14.3-eksbuild.3"}, "addon_versions"),
    ],
)
def test_a_version_that_is_left_to_the_calendar_is_refused(
    prod: dict[str, Any], version: str, given: dict[str, str], said: str
) -> None:
    prod["platform"]["cluster"] |= {"version": version, "addon_versions": given}
    assert said in " ".join(mistakes("prod", prod).values())


@pytest.mark.parametrize(
    ("given", "today", "says"),
    [
        ({}, BEFORE, None),
        ({}, AFTER, "are those of 2026-08-27"),
        (BOTH, AFTER, None),
        ({"vpc-cni": "v1.99.0-eksbuild.1"}, AFTER, "are those of 2026-08-27"),
        ({"vpc-cni": "v1.20.0-eksbuild.1"}, BEFORE, f"vpc-cni is held at v1.20.0-eksbuild.1, and {VPC_CNI}"),
        ({"kube-proxy": "v1.35.3-eksbuild.9"}, BEFORE, "kube-proxy is held at v1.35.3-eksbuild.9"),
    ],
)
def test_an_add_on_that_lags_is_warned_about(
    given: dict[Addon, str], today: datetime.date, says: str | None
) -> None:
    warning = addon_warning("1.35", given, today)
    assert (says in (warning or "")) if says else warning is None
