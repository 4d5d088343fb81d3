"""The network of an account, as a stack file describes it."""

from typing import Annotated, Literal

from pydantic import Field

from slipway.platform.model import Model
from slipway.platform.values import SshCidr, VpcCidr, Zone


class NetworkSettings(Model):
    """The VPC of the account."""

    cidr: VpcCidr
    zones: Annotated[
        tuple[Zone, ...], Field(min_length=2, max_length=6, examples=[["eu-west-1a", "eu-west-1b"]])
    ]
    nat: Literal["none", "one", "one_per_zone"] = "one"
    """How private subnets reach the internet: not at all, through one gateway, or one in each zone."""
    flow_log_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 90
    image_build_ssh_cidr: SshCidr | None = None
    """Where image builds are reached from by SSH; nobody unless this is set. Only where images are built."""
