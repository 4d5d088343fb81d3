"""One realistic set of arguments for every component here, so that a test can bring each of them up."""

from collections.abc import Callable
from dataclasses import dataclass

import pulumi

from components.network.network import Network, NetworkArgs
from components.network.runner_security import RunnerSecurityGroups, RunnerSecurityGroupsArgs

ACCOUNT = "111111111111"
REGION = "eu-west-1"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/slipway/slipway-ci-boundary"


@dataclass(frozen=True)
class Sample:
    """A component by name, and a program that declares it with everything that it needs."""

    name: str
    declare: Callable[[], pulumi.ComponentResource]


def network_args() -> NetworkArgs:
    return NetworkArgs(
        name="staging",
        account=ACCOUNT,
        region=REGION,
        cidr="10.20.0.0/16",
        zones=("eu-west-1a", "eu-west-1b", "eu-west-1c"),
        boundary_arn=BOUNDARY,
        cluster_names=("staging",),
    )


def runner_security_args() -> RunnerSecurityGroupsArgs:
    return RunnerSecurityGroupsArgs(
        name="runners", vpc_id="vpc-0123456789abcdef0", image_build_ssh_cidr="203.0.113.7/32"
    )


def _runner_security() -> RunnerSecurityGroups:
    network = Network("network", network_args())
    return RunnerSecurityGroups(
        "runners", RunnerSecurityGroupsArgs(name="runners", vpc_id=network.vpc_id, image_build_ssh_cidr=None)
    )


SAMPLES: tuple[Sample, ...] = (
    Sample("network", lambda: Network("network", network_args())),
    Sample("runner-security", _runner_security),
)
