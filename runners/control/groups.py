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
            told["AutoScalingGroupName"]: _group(told) for page in pages for told in page["AutoScalingGroups"]
        }

    def set_desired(self, name: str, desired: int) -> None:
        """See `Groups`."""
        self._client.set_desired_capacity(
            AutoScalingGroupName=name, DesiredCapacity=desired, HonorCooldown=False
        )

    def members(self, instances: Iterable[str]) -> dict[str, str]:
        """See `Groups`."""
        ids, found = sorted(set(instances)), dict[str, str]()
        for start in range(0, len(ids), _PAGE):
            answer = self._client.describe_auto_scaling_instances(InstanceIds=ids[start : start + _PAGE])
            for told in answer["AutoScalingInstances"]:
                if not told["LifecycleState"].startswith(("Terminat", "Detach")):
                    found[told["InstanceId"]] = told["AutoScalingGroupName"]
        return found

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


def _group(told: dict[str, Any]) -> Group:
    instances = {one["InstanceId"]: one["LifecycleState"] for one in told.get("Instances") or ()}
    versions = {one["InstanceId"]: _version(one) for one in told.get("Instances") or ()}
    current = _version(told)
    if not current.isdigit():
        # A group on `$Latest` does not say which that is: the highest that an instance has is the best known.
        current = str(max((int(one) for one in versions.values() if one.isdigit()), default=0))
    return Group(
        name=told["AutoScalingGroupName"],
        desired=told["DesiredCapacity"],
        maximum=told["MaxSize"],
        instances=instances,
        old=frozenset(one for one, version in versions.items() if version.isdigit() and version != current),
    )


def _version(told: dict[str, Any]) -> str:
    """The launch template's version of an instance, or of a group with or without a mixed policy."""
    found: Any = told.get("MixedInstancesPolicy") or told
    for part in ("LaunchTemplate", "LaunchTemplateSpecification"):
        found = found.get(part) or found
    return str(found.get("Version") or "")
