"""One class of runners: blank instances that become runners only by a claim, and end only by `finish`."""

import base64
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_github as github

from components.runners import policies
from components.runners.args import LOG_DAYS, RunnerFleetArgs
from components.runners.edge import Edge
from components.runners.policies import CLASS_TAG, FLEET_TAG
from slipway.access.trust import rendered
from slipway.errors import SlipwayError
from slipway.platform import naming
from slipway.platform.runner_classes import RunnerClassSettings
from slipway.platform.sessions import LONGEST_WAIT_MINUTES, SESSION_SECONDS

USER_DATA_BYTES = 16_384
"""Before base64 (EC2 User Guide, "Run commands at launch using user data")."""

_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"
_ROOT_DEVICE = "/dev/sda1"  # of Ubuntu's images, which ours is made from


@dataclass(frozen=True, kw_only=True)
class RunnerClassArgs:
    """A class of a fleet, and the API that its instances call."""

    fleet: RunnerFleetArgs
    name: str
    """The class's name."""
    edge: Edge


class RunnerClass(pulumi.ComponentResource):
    """The group of instances, what they may do, and the GitHub runner group that they join."""

    group_name: pulumi.Output[str]
    role: aws.iam.Role
    runner_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: RunnerClassArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:runners:RunnerClass", name, {}, opts)
        self._name = name
        self._fleet = args.fleet
        self._class_name = args.name
        self._class = args.fleet.classes[args.name]
        self._edge = args.edge
        self._child = pulumi.ResourceOptions(parent=self)
        if self._class.image is None:
            pulumi.log.warn(f"runner class {self._class_name} has no image yet: no instance starts", self)
        profile, role, rights = self._identity()
        aws.cloudwatch.LogGroup(
            f"{name}-boot-logs",
            name=self._fleet.names.boot_logs(self._class_name),
            retention_in_days=LOG_DAYS,
            opts=self._child,
        )
        group = self._group(self._template(profile), rights)
        runners = self._runner_group()
        self.group_name = group.name
        self.role = role
        self.runner_group_id = runners.id
        self.register_outputs(
            {
                "groupName": self.group_name,
                "roleArn": role.arn,
                "runnerGroupId": self.runner_group_id,
            }
        )

    @property
    def _tags(self) -> dict[str, str]:
        """What the functions' rights, and people in the console, tell the instances by."""
        named = self._fleet.names.group(self._class_name)
        return {"Name": named, FLEET_TAG: self._fleet.fleet, CLASS_TAG: self._class_name}

    def _identity(self) -> tuple[aws.iam.InstanceProfile, aws.iam.Role, list[pulumi.Resource]]:
        names, class_name = self._fleet.names, self._class_name
        role = aws.iam.Role(
            f"{self._name}-role",
            name=names.instance_role(class_name),
            path=naming.RUNNER_PATH,
            description=f"Instances of runner class {class_name} of fleet {self._fleet.fleet}",
            assume_role_policy=rendered(policies.service_trust("ec2.amazonaws.com")),
            permissions_boundary=self._fleet.boundary_arn,
            max_session_duration=SESSION_SECONDS,
            opts=self._child,
        )
        # Apart from the other policy, because an API's id is known only once it is made.
        call = aws.iam.RolePolicy(
            f"{self._name}-call-fleet",
            name="call-fleet",
            role=role.name,
            policy=self._edge.api_id.apply(lambda api: rendered(policies.instance(names, api))),
            opts=self._child,
        )
        rights: list[pulumi.Resource] = [call]
        if self._class.cicd:
            rights.append(
                aws.iam.RolePolicy(
                    f"{self._name}-assume-cicd",
                    name="assume-cicd",
                    role=role.name,
                    policy=rendered(policies.cicd(self._fleet.cicd_role_arns[class_name])),
                    opts=self._child,
                )
            )
        profile = aws.iam.InstanceProfile(
            f"{self._name}-profile",
            name=names.instance_role(class_name),
            path=naming.RUNNER_PATH,
            role=role.name,
            opts=self._child,
        )
        return profile, role, rights

    def _user_data(self) -> pulumi.Output[str]:
        def text(endpoint: str) -> str:
            made = self._fleet.user_data(self._class_name, endpoint).encode()
            if len(made) > USER_DATA_BYTES:
                raise SlipwayError(
                    f"the user data has {len(made):,} bytes; EC2 takes {USER_DATA_BYTES:,}",
                    where=f"runner class {self._class_name}",
                    fix="move what does not change into the image",
                )
            return base64.b64encode(made).decode()

        return self._edge.endpoint.apply(text)

    def _template(self, profile: aws.iam.InstanceProfile) -> aws.ec2.LaunchTemplate:
        """Hop limit 1 keeps the metadata service away from containers (EC2 User Guide, "Configure the
        instance metadata options"); an instance that cannot reach `finish` shuts itself down and is gone."""
        runner_class = self._class
        image = runner_class.image
        return aws.ec2.LaunchTemplate(
            f"{self._name}-template",
            name=self._fleet.names.group(self._class_name),
            description=f"Runner class {self._class_name} of fleet {self._fleet.fleet}",
            image_id=image.id if image else _placeholder(runner_class),
            user_data=self._user_data(),
            update_default_version=True,
            ebs_optimized="true",
            instance_initiated_shutdown_behavior="terminate",
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=profile.arn),
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                http_put_response_hop_limit=1,
                http_protocol_ipv6="disabled",
                instance_metadata_tags="disabled",
            ),
            network_interfaces=[
                aws.ec2.LaunchTemplateNetworkInterfaceArgs(
                    device_index=0,
                    associate_public_ip_address="false",
                    delete_on_termination="true",
                    security_groups=[self._fleet.security_group_id],
                )
            ],
            block_device_mappings=[self._disk()],
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=self._tags)
                for kind in ("instance", "network-interface", "volume")
            ],
            opts=self._child,
        )

    def _disk(self) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
        return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
            device_name=_ROOT_DEVICE,
            ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                encrypted="true",
                volume_type="gp3",
                volume_size=self._class.disk_gib,
                delete_on_termination="true",
            ),
        )

    def _group(
        self, template: aws.ec2.LaunchTemplate, rights: list[pulumi.Resource]
    ) -> aws.autoscaling.Group:
        """A group that starts instances when told to and ends none of its own accord.

        - Its minimum is 0 and the planner keeps the class's: `finish` ends its caller and lowers the desired
          capacity, which Auto Scaling refuses at the minimum (API Reference,
          TerminateInstanceInAutoScalingGroup). That call also ends a protected instance, while lowering the
          capacity does not (User Guide, ec2-auto-scaling-instance-protection).
        - Protection does not keep off health checks, but within the grace period only an instance that no
          longer runs counts as unhealthy (health-check-grace-period): it lasts as long as any instance may.
        - Rebalancing between zones or away from threatened spot capacity would replace busy instances.
        """
        runner_class, version = self._class, template.latest_version.apply(str)
        return aws.autoscaling.Group(
            f"{self._name}-group",
            name=self._fleet.names.group(self._class_name),
            min_size=0,
            max_size=runner_class.limit,
            desired_capacity=0,
            vpc_zone_identifiers=self._fleet.subnet_ids,
            protect_from_scale_in=True,
            capacity_rebalance=False,
            suspended_processes=["AZRebalance"],
            health_check_type="EC2",
            health_check_grace_period=runner_class.life_minutes * 60,
            wait_for_capacity_timeout="0",
            # With a warm pool, too: without it the group would have to change its kind while the pool stands
            # to lose the pool, which Auto Scaling refuses. Both go together since November 2025.
            mixed_instances_policy=self._mixed(template, version),
            warm_pool=(
                aws.autoscaling.GroupWarmPoolArgs(
                    pool_state="Stopped",
                    min_size=min(runner_class.warm_pool, runner_class.limit),
                    max_group_prepared_capacity=runner_class.limit,
                )
                if runner_class.warm_pool
                else None
            ),
            tags=[
                aws.autoscaling.GroupTagArgs(key=key, value=value, propagate_at_launch=True)
                for key, value in self._tags.items()
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=["desiredCapacity"],  # the planner's, from the first tick on
                # An instance that boots without its rights gets no job; one that works may finish its own.
                depends_on=rights,
                # While instances finish their jobs, but no longer than whoever applies has credentials.
                custom_timeouts=pulumi.CustomTimeouts(
                    delete=f"{min(runner_class.life_minutes, LONGEST_WAIT_MINUTES)}m"
                ),
            ),
        )

    def _mixed(
        self, template: aws.ec2.LaunchTemplate, version: pulumi.Output[str]
    ) -> aws.autoscaling.GroupMixedInstancesPolicyArgs:
        """Spot alone for a spot class, on demand alone otherwise; types in the given order.

        Why there is no mix, and no choice of strategy: docs/decisions/0011-spot-or-on-demand-never-both.md.
        """
        runner_class = self._class
        spot = runner_class.capacity == "spot"
        specification = (
            aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecificationArgs(
                launch_template_id=template.id, version=version
            )
        )
        return aws.autoscaling.GroupMixedInstancesPolicyArgs(
            launch_template=aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateArgs(
                launch_template_specification=specification,
                overrides=[
                    aws.autoscaling.GroupMixedInstancesPolicyLaunchTemplateOverrideArgs(
                        instance_type=instance_type
                    )
                    for instance_type in runner_class.instance_types
                ],
            ),
            instances_distribution=aws.autoscaling.GroupMixedInstancesPolicyInstancesDistributionArgs(
                on_demand_allocation_strategy="prioritized",
                on_demand_base_capacity=0,
                on_demand_percentage_above_base_capacity=0 if spot else 100,
                spot_allocation_strategy="capacity-optimized-prioritized",
            ),
        )

    def _runner_group(self) -> github.ActionsRunnerGroup:
        """Which repositories, and where set which workflows, may use the class, as GitHub enforces it."""
        runner_class = self._class
        return github.ActionsRunnerGroup(
            f"{self._name}-runners",
            name=self._fleet.names.group(self._class_name),
            visibility="selected",
            selected_repository_ids=sorted(
                {self._fleet.repository_ids[slug] for slug in runner_class.repositories}
            ),
            allows_public_repositories=runner_class.public,
            restricted_to_workflows=bool(runner_class.workflows),
            selected_workflows=sorted(runner_class.workflows),
            opts=self._child,
        )


def _placeholder(runner_class: RunnerClassSettings) -> str:
    """A template needs an image even where nothing may start: Amazon's own, by its public parameter (EC2
    Auto Scaling User Guide, "Use AWS Systems Manager parameters instead of AMI IDs")."""
    return "resolve:ssm:" + _PARAMETER.format(architecture=runner_class.architecture)
