"""Security groups of the runner fleet: one to build images, one to run jobs, each with nothing to spare."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.network.network import ANYWHERE
from slipway.platform.addressing import check_ssh_block

SSH, HTTP, HTTPS = 22, 80, 443


@dataclass(frozen=True, kw_only=True)
class RunnerSecurityGroupsArgs:
    """Where the fleet lives; `name` begins the physical names of the groups."""

    name: str
    vpc_id: pulumi.Input[str]
    image_build_ssh_cidr: str | None = None
    """The one IPv4 block that may reach an instance while its image is built; None opens no port at all."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for an SSH source that is no block, or one wider than a /24."""
        if self.image_build_ssh_cidr is None:
            return
        check_ssh_block(self.image_build_ssh_cidr, f"runners {self.name} image_build_ssh_cidr")


class RunnerSecurityGroups(pulumi.ComponentResource):
    """Two security groups: `image_build_id` for building the image, `run_id` for running jobs."""

    image_build_id: pulumi.Output[str]
    run_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: RunnerSecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:network:RunnerSecurityGroups", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        build = self._group("image-build", "Building the runner image")
        run = self._group("run", "Running jobs")
        if args.image_build_ssh_cidr is not None:
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-image-build-ssh",
                security_group_id=build.id,
                description="SSH while the image is built",
                ip_protocol="tcp",
                from_port=SSH,
                to_port=SSH,
                cidr_ipv4=args.image_build_ssh_cidr,
                opts=self._child,
            )
        # Package mirrors still speak plain HTTP with signed contents; jobs get no such door.
        self._out(build, "image-build", HTTP)
        self._out(build, "image-build", HTTPS)
        self._out(run, "run", HTTPS)
        self.image_build_id = build.id
        self.run_id = run.id
        self.register_outputs({"imageBuildId": self.image_build_id, "runId": self.run_id})

    def _group(self, suffix: str, description: str) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            f"{self._name}-{suffix}",
            name=f"{self._args.name}-{suffix}",
            description=description,
            vpc_id=self._args.vpc_id,
            tags={"Name": f"{self._args.name}-{suffix}"},
            opts=self._child,
        )

    def _out(self, group: aws.ec2.SecurityGroup, suffix: str, port: int) -> None:
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-{suffix}-out-{port}",
            security_group_id=group.id,
            description=f"Out to port {port}",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            cidr_ipv4=ANYWHERE,
            opts=self._child,
        )
