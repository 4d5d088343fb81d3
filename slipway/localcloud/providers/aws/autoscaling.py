"""Auto Scaling groups and their warm pools."""

from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import (
    AutoName,
    Handler,
    Rule,
    changed,
    lower_first,
    not_emulated,
    one_of,
    pattern,
    pick,
    renamed,
    upper_first,
)
from slipway.localcloud.providers.values import Props, block, items

_FIELDS = {
    "MinSize": "minSize",
    "MaxSize": "maxSize",
    "DesiredCapacity": "desiredCapacity",
    "DefaultCooldown": "defaultCooldown",
    "HealthCheckType": "healthCheckType",
    "HealthCheckGracePeriod": "healthCheckGracePeriod",
    "NewInstancesProtectedFromScaleIn": "protectFromScaleIn",
    "CapacityRebalance": "capacityRebalance",
}
PROTECTION_BATCH = 50
"""https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceProtection.html"""
_POOL = {
    "PoolState": "poolState",
    "MinSize": "minSize",
    "MaxGroupPreparedCapacity": "maxGroupPreparedCapacity",
    "InstanceReusePolicy": "instanceReusePolicy",
}


def _template(inputs: Props) -> Props:
    """What instances are launched from: one launch template, or several types of one."""
    given: Props = {}
    if inputs.get("mixedInstancesPolicy"):
        given["MixedInstancesPolicy"] = renamed(inputs["mixedInstancesPolicy"], rename=upper_first)
    if inputs.get("launchTemplate"):
        fields = {"LaunchTemplateId": "id", "LaunchTemplateName": "name", "Version": "version"}
        one = pick(inputs["launchTemplate"], fields)
        if "LaunchTemplateId" in one:
            one.pop("LaunchTemplateName", None)  # the service takes either; the name may have been read
        given["LaunchTemplate"] = one
    specification = block(block(given.get("MixedInstancesPolicy")).get("LaunchTemplate"))
    named = block(specification.get("LaunchTemplateSpecification"))
    if "LaunchTemplateId" in named:
        named.pop("LaunchTemplateName", None)
    return given


def _network(inputs: Props) -> Props:
    subnets = items(inputs.get("vpcZoneIdentifiers"))
    if subnets:
        return {"VPCZoneIdentifier": ",".join(subnets)}
    return pick(inputs, {"AvailabilityZones": "availabilityZones"})


def _tags(id_: str, listed: list[Props]) -> list[Props]:
    return [
        {
            "ResourceId": id_,
            "ResourceType": "auto-scaling-group",
            "Key": one["key"],
            "Value": one["value"],
            "PropagateAtLaunch": bool(one["propagateAtLaunch"]),
        }
        for one in listed
    ]


def _create(call: AwsCall, inputs: Props) -> None:
    template = _template(inputs)
    if len(template) != 1:
        raise ProviderError(
            f"the group {inputs['name']} is launched from nothing, or from two things",
            fix="give it either `launchTemplate` or `mixedInstancesPolicy`",
        )
    call.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=inputs["name"],
        **pick(inputs, _FIELDS),
        **template,
        **_network(inputs),
        Tags=_tags(inputs["name"], items(inputs.get("tags"))),
    )


def _group(call: AwsCall, name: str) -> Props | None:
    found = call.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    listed: list[Props] = found["AutoScalingGroups"]
    return listed[0] if listed else None


def _read(call: AwsCall, id_: str, old: Props) -> Props | None:
    found = _group(call, id_)
    if found is None:
        return None
    subnets = [one for one in str(found.get("VPCZoneIdentifier") or "").split(",") if one]
    mixed = found.get("MixedInstancesPolicy")
    template = block(found.get("LaunchTemplate"))
    single = {"id": "LaunchTemplateId", "name": "LaunchTemplateName", "version": "Version"}
    return {
        **{name: found.get(field) for field, name in _FIELDS.items()},
        "name": id_,
        "arn": found["AutoScalingGroupARN"],
        "vpcZoneIdentifiers": subnets or None,
        "availabilityZones": sorted(set(found["AvailabilityZones"])),
        "mixedInstancesPolicy": renamed(mixed, rename=lower_first) if mixed else None,
        "launchTemplate": pick(template, single) if template and not mixed else None,
        "suspendedProcesses": sorted(one["ProcessName"] for one in items(found.get("SuspendedProcesses")))
        or None,
        "tags": [
            {"key": one["Key"], "value": one["Value"], "propagateAtLaunch": bool(one["PropagateAtLaunch"])}
            for one in items(found.get("Tags"))
        ]
        or None,
        "warmPool": _pool(call, id_),
        "warmPoolSize": 0,
        "predictedCapacity": 0,
        "serviceLinkedRoleArn": found.get("ServiceLinkedRoleARN"),
    }


def _pool(call: AwsCall, name: str) -> Props | None:
    found = call.client("autoscaling").describe_warm_pool(AutoScalingGroupName=name)
    held = block(found.get("WarmPoolConfiguration"))
    state: Props = {name: held[field] for field, name in _POOL.items() if held.get(field) is not None}
    return renamed(state, rename=lower_first) or None


def _configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    asg = call.client("autoscaling")
    if old:
        _update(call, id_, old, new)
    before, after = set(items(old.get("suspendedProcesses"))), set(items(new.get("suspendedProcesses")))
    if after - before:
        asg.suspend_processes(AutoScalingGroupName=id_, ScalingProcesses=sorted(after - before))
    if before - after:
        asg.resume_processes(AutoScalingGroupName=id_, ScalingProcesses=sorted(before - after))
    if changed(old, new, "warmPool"):
        if new.get("warmPool"):
            pool = pick(new["warmPool"], _POOL)
            asg.put_warm_pool(AutoScalingGroupName=id_, **renamed(pool, rename=upper_first))
        else:
            asg.delete_warm_pool(AutoScalingGroupName=id_, ForceDelete=True)


def _update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    """Only what changed: the desired capacity of a running group is the planner's, not the program's."""
    asg = call.client("autoscaling")
    given = {
        field: new[name]
        for field, name in _FIELDS.items()
        if new.get(name) is not None and changed(old, new, name)
    }
    if _template(old) != _template(new):
        given.update(_template(new))
    if changed(old, new, "vpcZoneIdentifiers"):
        given.update(_network(new))
    if given:
        asg.update_auto_scaling_group(AutoScalingGroupName=id_, **given)
    before = {one["Key"]: one for one in _tags(id_, items(old.get("tags")))}
    after = {one["Key"]: one for one in _tags(id_, items(new.get("tags")))}
    gone = [one for key, one in before.items() if key not in after]
    put = [one for key, one in after.items() if before.get(key) != one]
    if gone:
        asg.delete_tags(Tags=gone)
    if put:
        asg.create_or_update_tags(Tags=put)


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    """Its instances end with it: drained as in the real provider or, with `forceDelete`, by the service."""
    found = _group(call, id_)
    if found is None:
        return
    asg = call.client("autoscaling")
    if _pool(call, id_):
        asg.delete_warm_pool(AutoScalingGroupName=id_, ForceDelete=True)
    if not state.get("forceDelete"):
        _drain(call, id_, [one["InstanceId"] for one in items(found.get("Instances"))])
    asg.delete_auto_scaling_group(AutoScalingGroupName=id_, ForceDelete=bool(state.get("forceDelete")))


def _drain(call: AwsCall, id_: str, instances: list[str]) -> None:
    """Let no instance start again, and none be kept by its protection.

    hashicorp/terraform-provider-aws internal/service/autoscaling/group.go, drainGroup
    """
    asg = call.client("autoscaling")
    asg.update_auto_scaling_group(AutoScalingGroupName=id_, MinSize=0, MaxSize=0, DesiredCapacity=0)
    for start in range(0, len(instances), PROTECTION_BATCH):
        asg.set_instance_protection(
            AutoScalingGroupName=id_,
            InstanceIds=instances[start : start + PROTECTION_BATCH],
            ProtectedFromScaleIn=False,
        )
    # AWS would scale in by itself now; moto does when the capacity is set.
    asg.set_desired_capacity(AutoScalingGroupName=id_, DesiredCapacity=0)


HANDLERS = (
    Handler[AwsCall](
        token="aws:autoscaling/group:Group",
        source=f"{DOCS}/autoscaling_group",
        key="{name}",
        create=_create,
        read=_read,
        configure=_configure,
        delete=_delete,
        name=AutoName(longest=255, unless="namePrefix"),
        natural=("name",),
        defaults={
            "capacityRebalance": False,
            "forceDelete": False,
            "healthCheckGracePeriod": 300,
            "ignoreFailedScalingActivities": False,
            "metricsGranularity": "1Minute",
            "protectFromScaleIn": False,
            "waitForCapacityTimeout": "10m",
        },
        rules=(
            pattern("name", r"[^:]{1,255}", "must be 1 to 255 characters without a colon"),
            one_of("healthCheckType", "EC2"),
            Rule(name="maxSize", reason="must not be negative", accepts=lambda value: value >= 0),
            *not_emulated(
                "launchConfiguration loadBalancers targetGroupArns trafficSources instanceRefresh "
                "initialLifecycleHooks placementGroup maxInstanceLifetime enabledMetrics context"
            ),
        ),
    ),
)
