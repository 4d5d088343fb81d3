"""Auto Scaling groups that launch what their template says and refuse what AWS refuses.

moto launches every instance in the group's first subnet, without instance type, profile, metadata options and
security groups of the template, and never as spot. It lets the desired capacity pass the maximum, makes a
group of an existing name over, forgets the mixed instances policy on an update that does not repeat it, keeps
the protected instances of a deleted group running, and answers 500 for an instance that is not there.
"""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
import math
from collections import Counter
from typing import Any


def patch() -> None:
    from moto.autoscaling import exceptions, models, responses

    group: Any = models.FakeAutoScalingGroup
    launch_from_configuration = group.replace_autoscaling_group_instances

    def launch(this: Any, count_needed: int, propagated_tags: dict[str, str]) -> None:
        if this.ec2_launch_template is None:
            launch_from_configuration(this, count_needed, propagated_tags)
            return
        for _ in range(count_needed):
            _launch_one(this, models.InstanceState, {**propagated_tags, models.ASG_NAME_TAG: this.name})

    group.replace_autoscaling_group_instances = launch
    update = group.update

    def keep_policy(this: Any, *arguments: Any, **given: Any) -> None:
        policy = this.mixed_instances_policy
        update(this, *arguments, **given)
        if not given.get("launch_template") and not given.get("launch_config_name"):
            this.mixed_instances_policy = this.mixed_instances_policy or policy

    group.update = keep_policy

    def launched_with(state: Any) -> Any:
        return getattr(state.instance, "launched_with", None)

    instance_state: Any = models.InstanceState
    instance_state.launch_template = property(launched_with)
    _refuse(models.AutoScalingBackend, exceptions.ValidationError, exceptions.AutoscalingClientError)
    _patch_answers(responses.AutoScalingResponse, exceptions.AutoscalingClientError)


def _launch_one(group: Any, state: Any, tags: dict[str, str]) -> None:
    """One instance of the group's launch template, in the subnet that has the fewest."""
    version = group.ec2_launch_template.get_version(group.launch_template_version)
    data: dict[str, Any] = version.data
    settings: dict[str, Any] = {
        "instance_type": _instance_type(group, data),
        "is_instance_type_default": False,
        # Of two tags with one key, the group's counts:
        # https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html
        "tags": {"instance": tags},
        "launch_template": {"LaunchTemplateId": version.template.id, "Version": version.number},
        "security_group_ids": _security_groups(data),
        "associate_public_ip": None,
        "metadata_options": data.get("MetadataOptions") or {},
        "ebs_optimized": bool(data.get("EbsOptimized")),
        "instance_initiated_shutdown_behavior": data.get("InstanceInitiatedShutdownBehavior"),
        "lifecycle": "spot" if _next_is_spot(group) else None,
    }
    interfaces: list[dict[str, Any]] = data.get("NetworkInterfaces") or []
    for interface in interfaces:
        settings["associate_public_ip"] = interface.get("AssociatePublicIpAddress") in (True, "true")
    if data.get("BlockDeviceMappings"):
        settings["block_device_mappings"] = data["BlockDeviceMappings"]
    subnets: list[str] = group.vpc_zone_identifier.split(",") if group.vpc_zone_identifier else []
    if subnets:
        used = Counter(instance_state.instance.subnet_id for instance_state in group.instance_states)
        settings["subnet_id"] = min(subnets, key=lambda subnet: used[subnet])
    else:
        settings["placement"] = group.availability_zones[0]
    ec2 = group.autoscaling_backend.ec2_backend
    made = ec2.run_instances(version.image_id, 1, version.user_data, [], **settings).instances[0]
    profile: dict[str, str] = data.get("IamInstanceProfile") or {}
    if profile:
        ec2.associate_iam_instance_profile(
            instance_id=made.id,
            iam_instance_profile_name=profile.get("Name"),
            iam_instance_profile_arn=profile.get("Arn"),
        )
    made.autoscaling_group = group
    made.launched_with = {
        "LaunchTemplateId": version.template.id,
        "LaunchTemplateName": version.template.name,
        "Version": str(version.number),
    }
    protected = group.new_instances_protected_from_scale_in
    group.instance_states.append(state(made, protected_from_scale_in=protected))


def _instance_type(group: Any, data: dict[str, Any]) -> str:
    overrides: list[dict[str, Any]] = _policy(group).get("LaunchTemplate", {}).get("Overrides") or []
    first = overrides[0].get("InstanceType") if overrides else None
    return str(first or data.get("InstanceType") or "")


def _security_groups(data: dict[str, Any]) -> list[str]:
    interfaces: list[dict[str, Any]] = data.get("NetworkInterfaces") or []
    return [
        *(data.get("SecurityGroupIds") or []),
        *(group for nic in interfaces for group in nic.get("Groups", [])),
    ]


def _next_is_spot(group: Any) -> bool:
    """Whether the next instance is beyond the on-demand share of the group's instances distribution.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstancesDistribution.html
    """
    distribution: dict[str, Any] = _policy(group).get("InstancesDistribution") or {}
    base = int(distribution.get("OnDemandBaseCapacity") or 0)
    percent = int(distribution.get("OnDemandPercentageAboveBaseCapacity", 100))
    above = max(0, int(group.desired_capacity or 0) - base)
    on_demand = sum(instance_state.instance.lifecycle != "spot" for instance_state in group.instance_states)
    return on_demand >= base + math.ceil(above * percent / 100)


def _policy(group: Any) -> dict[str, Any]:
    return group.mixed_instances_policy or {}


def _refuse(backend: Any, validation: Any, client_error: Any) -> None:
    """AWS's refusals, in its words.

    https://docs.aws.amazon.com/autoscaling/ec2/APIReference/CommonErrors.html and each action's own page
    """
    create, terminate, set_capacity = (
        backend.create_auto_scaling_group,
        backend.terminate_instance,
        backend.set_desired_capacity,
    )

    def create_group(this: Any, name: str, *arguments: Any, **given: Any) -> Any:
        if name in this.autoscaling_groups:
            msg = "AutoScalingGroup by this name already exists - A group with the name " + name
            raise client_error("AlreadyExists", f"{msg} already exists")
        return create(this, name, *arguments, **given)

    def set_desired_capacity(this: Any, group_name: str, desired_capacity: int | None) -> None:
        group = this.autoscaling_groups.get(group_name)
        if group is None:
            raise validation("AutoScalingGroup name not found - null")
        wanted = int(desired_capacity or 0)
        if wanted > group.max_size:
            limit = f"above max value {group.max_size}"
        elif wanted < group.min_size:
            limit = f"below min value {group.min_size}"
        else:
            set_capacity(this, group_name, desired_capacity)
            return
        raise validation(f"New SetDesiredCapacity value {wanted} is {limit} for the AutoScalingGroup.")

    def terminate_instance(this: Any, instance_id: str, should_decrement: bool) -> Any:
        states = this.describe_auto_scaling_instances([instance_id])
        if not instance_id or not states:
            msg = f"Instance Id not found - No managed instance found for instance ID: {instance_id}"
            raise validation(msg)
        group = states[0].auto_scaling_group
        if should_decrement and group.desired_capacity <= group.min_size:
            msg = f"Currently, desiredSize equals minSize ({group.min_size}). Terminating instance without"
            raise validation(f"{msg} replacement will violate group's min size constraint.")
        return terminate(this, instance_id, should_decrement)

    backend.create_auto_scaling_group = create_group
    backend.set_desired_capacity = set_desired_capacity
    backend.terminate_instance = terminate_instance


def _patch_answers(response: Any, client_error: Any) -> None:
    delete, update = response.delete_auto_scaling_group, response.update_auto_scaling_group

    def delete_group(asked: Any) -> Any:
        """A group with instances goes only with ForceDelete, and then they go too, protected or not.

        https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteAutoScalingGroup.html
        """
        backend = asked.autoscaling_backend
        group = backend.autoscaling_groups.get(asked._get_param("AutoScalingGroupName"))
        if group is not None:
            left = [instance_state.instance.id for instance_state in group.instance_states]
            if left and not asked._get_bool_param("ForceDelete", False):
                msg = (
                    "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance"
                )
                raise client_error("ResourceInUse", f"{msg} request(s) still in the group.")
            group.min_size, group.instance_states = 0, []
            if left:
                backend.ec2_backend.terminate_instances(left)
        return delete(asked)

    def update_group(asked: Any) -> Any:
        answer = update(asked)
        group = asked.autoscaling_backend.autoscaling_groups[asked._get_param("AutoScalingGroupName")]
        rebalance = asked._get_bool_param("CapacityRebalance", None)
        if rebalance is not None:
            group.capacity_rebalance = rebalance
        cooldown = asked._get_int_param("DefaultCooldown")
        if cooldown is not None:
            group.default_cooldown = cooldown
        return answer

    response.delete_auto_scaling_group = delete_group
    response.update_auto_scaling_group = update_group
