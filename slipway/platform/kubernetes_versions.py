"""How long EKS supports a Kubernetes version, and what it does once it no longer does.

Dates of the Amazon EKS Kubernetes release calendar, as read on `READ_ON`:
https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

READ_ON: Final = datetime.date(2026, 11, 29)
WARNED_BEFORE: Final = datetime.timedelta(days=90)
"""An upgrade is planned, tried below production and done in that time."""


@dataclass(frozen=True)
class Support:
    """The last days of a version's standard and extended support, in UTC."""

    standard: datetime.date
    extended: datetime.date


SUPPORT: Final[Mapping[str, Support]] = {
    "1.31": Support(datetime.date(2025, 11, 26), datetime.date(2026, 11, 26)),
    "1.32": Support(datetime.date(2026, 3, 23), datetime.date(2027, 3, 23)),
    "1.33": Support(datetime.date(2026, 7, 29), datetime.date(2027, 7, 29)),
    "1.34": Support(datetime.date(2026, 12, 2), datetime.date(2027, 12, 2)),
    "1.35": Support(datetime.date(2027, 3, 27), datetime.date(2028, 3, 27)),
}
"""By minor version; newer ones have no known dates here, which is warned of, older ones no support at all."""


def support_warning(
    version: str, today: datetime.date, *, extended: bool = True, remedy: str = "Raise cluster.version"
) -> str | None:
    """What becomes of a cluster of a version, where there is something to do about it.

    Args:
        version: `1.35`.
        today: the day, UTC.
        extended: whether the cluster's upgrade policy buys extended support.
        remedy: what to do about it.
    """
    dates = SUPPORT.get(version)
    if dates is None:
        if _number(version) > max(map(_number, SUPPORT)):
            return (
                f"the end of support of Kubernetes {version} is not known here: look for it in the EKS "
                "Kubernetes release calendar, and upgrade Slipway to be warned in time"
            )
        return f"Kubernetes {version} is supported no more: EKS upgrades such a cluster at any time. {remedy}"
    last = dates.extended if extended else dates.standard
    if today >= last:
        return (
            f"Kubernetes {version} lost its last support on {last}: "
            f"EKS upgrades such a cluster at any time, without asking. {remedy}"
        )
    if today >= dates.standard:
        return (
            f"Kubernetes {version} left standard support on {dates.standard}: a cluster of it costs six "
            f"times as much an hour, and from {dates.extended} EKS upgrades it by force. {remedy}"
        )
    if today >= dates.standard - WARNED_BEFORE:
        then = "a cluster of it then costs six times as much an hour" if extended else "EKS then upgrades it"
        return (
            f"Kubernetes {version} leaves standard support on {dates.standard}, in "
            f"{(dates.standard - today).days} days: {then}. {remedy}"
        )
    return None


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
