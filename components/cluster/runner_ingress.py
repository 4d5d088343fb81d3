"""The door of a cluster's API server for the fleet: HTTPS from the runners' subnets alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from slipway.platform.addressing import check_private

HTTPS = 443


@dataclass(frozen=True, kw_only=True)
class RunnerIngressArgs:
    """Rules in the group that EKS made for the cluster, which its API server carries."""

    cluster_security_group_id: pulumi.Input[str]
    runner_blocks: Sequence[str]
    """The private subnets that the fleet's instances are in."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for a block that is none, or not private."""
        for block in self.runner_blocks:
            check_private(block, "runner_blocks")


class RunnerIngress(pulumi.ComponentResource):
    """One rule for each subnet: by address, since the group of a peer's is not known in another region
    (VPC Peering Guide, "Update your security groups to reference peer security groups")."""

    def __init__(
        self, name: str, args: RunnerIngressArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:cluster:RunnerIngress", name, {}, opts)
        for number, block in enumerate(args.runner_blocks, start=1):
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-{number}",
                security_group_id=args.cluster_security_group_id,
                description="HTTPS from the runners",
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                cidr_ipv4=block,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
