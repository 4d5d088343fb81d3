"""The network of an account, as a stack file describes it."""

from typing import Annotated, Literal

from pydantic import Field

from slipway.platform.model import Model
from slipway.platform.values import SshCidr, VpcCidr, Zone


class NetworkSettings(Model):
    """The VPC of the account."""

    cidr: VpcCidr
    """Its addresses: a private block, /16 to /28, cut into a public and a private subnet for each zone."""
    zones: Annotated[
        tuple[Zone, ...], Field(min_length=2, max_length=6, examples=[["eu-west-1a", "eu-west-1b"]])
    ]
    """New ones go to the end: subnets are numbered in this order."""
    nat: Literal["none", "one", "one_per_zone"] = "one"
    """How private subnets reach the internet: not at all, through one gateway, or one in each zone."""
    flow_log_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 90
    """How many days the flow logs are kept (CloudWatch Logs API, PutRetentionPolicy)."""
    image_build_ssh_cidr: SshCidr | None = None
    """Where image builds are reached from by SSH; nobody unless this is set. Only where images are built."""
