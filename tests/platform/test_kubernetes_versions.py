"""A cluster's version is warned about before its support ends, and the committed ones need no warning."""

import datetime

import pytest

from slipway.platform.addon_versions import KUBE_PROXY
from slipway.platform.kubernetes_versions import READ_ON, SUPPORT, support_warning

from .conftest import parse, stack_values

STANDARD, EXTENDED = datetime.date(2027, 3, 27), datetime.date(2028, 3, 27)
DAY = datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("today", "says"),
    [
        (STANDARD - 91 * DAY, None),
        (STANDARD - 90 * DAY, "leaves standard support on 2027-03-27, in 90 days"),
        (STANDARD - DAY, "in 1 days"),
        (STANDARD, "left standard support on 2027-03-27: a cluster of it costs six times as much"),
        (EXTENDED - DAY, "from 2028-03-27 EKS upgrades it by force"),
        (EXTENDED, "lost its last support on 2028-03-27"),
    ],
)
def test_a_version_is_warned_about_by_the_day(today: datetime.date, says: str | None) -> None:
    warning = support_warning("1.35", today)
    assert (says in (warning or "")) if says else warning is None


def test_a_cluster_without_extended_support_is_upgraded_at_once() -> None:
    """EKS User Guide, "View current cluster support policy": STANDARD is upgraded at the end of it."""
    before, after = (support_warning("1.35", STANDARD - day, extended=False) for day in (DAY, 0 * DAY))
    assert "EKS then upgrades it" in (before or "")
    assert "lost its last support on 2027-03-27" in (after or "")


def test_a_version_outside_of_the_table_is_newer_or_gone() -> None:
    assert "is not known here" in (support_warning("1.99", READ_ON) or "")
    assert "is supported no more" in (support_warning("1.9", READ_ON) or "")


def test_every_version_that_a_cluster_gets_add_ons_for_is_warned_of_in_time() -> None:
    unknown = [version for version in KUBE_PROXY if version not in SUPPORT]
    assert all("is not known here" in (support_warning(version, READ_ON) or "") for version in unknown)
    assert all(support_warning(version, READ_ON + 3650 * DAY) for version in KUBE_PROXY)


def test_dates_go_up_with_versions() -> None:
    dates = [(support.standard, support.extended) for support in SUPPORT.values()]
    assert dates == sorted(dates)
    assert all(standard < extended for standard, extended in dates)


@pytest.mark.parametrize("stack", ["staging", "prod", "local"])
def test_what_is_committed_was_in_standard_support_when_the_table_was_read(stack: str) -> None:
    cluster = parse(stack, stack_values(stack)).platform.cluster
    assert cluster
    assert support_warning(cluster.version, READ_ON) is None
