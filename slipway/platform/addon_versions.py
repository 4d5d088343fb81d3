"""Which versions of EKS's add-ons a cluster gets, so that the same program never upgrades one.

Without a version pulumi-eks looks up the newest (pulumi-eks nodejs/eks, `mostRecent`): another one on
another day. The versions below are those of the Amazon EKS User Guide, and of `aws eks
describe-addon-versions`, as of `READ_ON`: of kube-proxy one for each Kubernetes version, of the network
plug-in one for all of them.
https://docs.aws.amazon.com/eks/latest/userguide/managing-kube-proxy.html
https://docs.aws.amazon.com/eks/latest/userguide/managing-vpc-cni.html
"""

import datetime
from collections.abc import Mapping
from typing import Final, Literal

READ_ON: Final = datetime.date(2026, 8, 27)
READ_AGAIN_AFTER: Final = datetime.timedelta(days=180)
"""Patches of add-ons come every few weeks; for so long a cluster may do without the newest."""

Addon = Literal["kube-proxy", "vpc-cni"]

KUBE_PROXY: Final[Mapping[str, str]] = {
    "1.31": "v1.31.14-eksbuild.20",
    "1.32": "v1.32.13-eksbuild.16",
    "1.33": "v1.33.10-eksbuild.13",
    "1.34": "v1.34.6-eksbuild.13",
    "1.35": "v1.35.3-eksbuild.13",
    "1.36": "v1.36.0-eksbuild.14",
}
"""By Kubernetes version, whose minor version it has to have."""

VPC_CNI: Final = "v1.22.4-eksbuild.3"


def addon_version(addon: Addon, kubernetes: str, given: Mapping[Addon, str]) -> str | None:
    """The version of an add-on: what the settings say, or the table; None where neither has one.

    Args:
        addon: whose.
        kubernetes: the cluster's version, such as `1.35`.
        given: what the settings say.
    """
    known = VPC_CNI if addon == "vpc-cni" else KUBE_PROXY.get(kubernetes)
    return given.get(addon) or known


def addon_warning(kubernetes: str, given: Mapping[Addon, str], today: datetime.date) -> str | None:
    """That an add-on lags: behind the table, or with a table that nobody has read again for long.

    Args:
        kubernetes: the cluster's version.
        given: what the settings say.
        today: the day, UTC.
    """
    for addon, version in given.items():
        known = addon_version(addon, kubernetes, {})
        if known and _numbers(version) < _numbers(known):
            return f"{addon} is held at {version}, and {known} is known: raise or drop cluster.addon_versions"
    if today > READ_ON + READ_AGAIN_AFTER and {"kube-proxy", "vpc-cni"} - set(given):
        return (
            f"the versions of kube-proxy and vpc-cni are those of {READ_ON}: look for newer ones in the EKS "
            "User Guide, and name them in cluster.addon_versions or upgrade Slipway"
        )
    return None


def _numbers(version: str) -> tuple[int, ...]:
    """`v1.35.3-eksbuild.13` -> 1, 35, 3, 13."""
    return tuple(int(part) for part in version.removeprefix("v").replace("-eksbuild", "").split("."))
