"""Auto Scaling groups: what they hold, raising their desired capacity, ending one instance."""

from collections.abc import Iterable
from typing import Any, Protocol

from botocore.exceptions import ClientError

from runners.control.planner import Group
from runners.control.table import error_code

_PAGE = 50
"""DescribeAutoScalingInstances's limit of ids."""


class Groups(Protocol):
    """What the functions need of Auto Scaling. Errors of the service are botocore's own."""

    def describe(self, names: Iterable[str]) -> dict[str, Group]:
        """The groups there are, by name, in one call for all."""
        ...

    def set_desired(self, name: str, desired: int) -> None:
        """Set the desired capacity."""
        ...

    def members(self, instances: Iterable[str]) -> dict[str, str]:
        """The group of each instance that is in one and not on its way out."""
        ...

    def terminate(self, instance: str) -> bool:
        """End the instance and lower its group's desired capacity. False if it is in no group (any more)."""
        ...

    def failing(self, name: str) -> bool:
        """Whether the group's newest launch failed."""
        ...


class AutoScaling:
    """The service itself."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def describe(self, names: Iterable[str]) -> dict[str, Group]:
        """See `Groups`."""
        pages = self._client.get_paginator("describe_auto_scaling_groups").paginate(
            AutoScalingGroupNames=sorted(names)
        )
        return {
            description["AutoScalingGroupName"]: _group(description)
            for page in pages
            for description in page["AutoScalingGroups"]
        }

    def set_desired(self, name: str, desired: int) -> None:
        """See `Groups`."""
        self._client.set_desired_capacity(
            AutoScalingGroupName=name, DesiredCapacity=desired, HonorCooldown=False
        )

    def members(self, instances: Iterable[str]) -> dict[str, str]:
        """See `Groups`."""
        ids, group_of = sorted(set(instances)), dict[str, str]()
        for start in range(0, len(ids), _PAGE):
            answer = self._client.describe_auto_scaling_instances(InstanceIds=ids[start : start + _PAGE])
            for member in answer["AutoScalingInstances"]:
                if not member["LifecycleState"].startswith(("Terminat", "Detach")):
                    group_of[member["InstanceId"]] = member["AutoScalingGroupName"]
        return group_of

    def terminate(self, instance: str) -> bool:
        """See `Groups`."""
        try:
            self._terminate(instance, lower=True)
        except ClientError as error:
            if error_code(error) != "ValidationError":
                raise
            if "min size" not in str(error):
                return False  # the documented answer for an instance that no group has
            # A group at its minimum wants a replacement rather than one less.
            self._terminate(instance, lower=False)
        return True

    def _terminate(self, instance: str, *, lower: bool) -> None:
        self._client.terminate_instance_in_auto_scaling_group(
            InstanceId=instance, ShouldDecrementDesiredCapacity=lower
        )

    def failing(self, name: str) -> bool:
        """See `Groups`."""
        answer = self._client.describe_scaling_activities(AutoScalingGroupName=name, MaxRecords=1)
        activities: list[dict[str, Any]] = answer.get("Activities") or []
        return bool(activities) and activities[0].get("StatusCode") == "Failed"


def _group(description: dict[str, Any]) -> Group:
    instances = {
        instance["InstanceId"]: instance["LifecycleState"] for instance in description.get("Instances") or ()
    }
    versions = {instance["InstanceId"]: _version(instance) for instance in description.get("Instances") or ()}
    current = _version(description)
    if not current.isdigit():
        # A group on `$Latest` does not say which that is: the highest that an instance has is the best known.
        current = str(max((int(version) for version in versions.values() if version.isdigit()), default=0))
    return Group(
        name=description["AutoScalingGroupName"],
        desired=description["DesiredCapacity"],
        maximum=description["MaxSize"],
        instances=instances,
        old=frozenset(
            instance for instance, version in versions.items() if version.isdigit() and version != current
        ),
    )


def _version(description: dict[str, Any]) -> str:
    """The launch template's version of an instance, or of a group with or without a mixed policy."""
    source: Any = description.get("MixedInstancesPolicy") or description
    for part in ("LaunchTemplate", "LaunchTemplateSpecification"):
        source = source.get(part) or source
    return str(source.get("Version") or "")
