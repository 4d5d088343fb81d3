"""Every list that a real stack gives AWS, GitHub or Kubernetes: whether its order means anything.

The embedded providers compare as a set exactly what the upstream provider does (TypeSet in its schema, which
Pulumi's schema cannot tell from a list). All else is compared by position there, so a service that does not
keep the order would drift for ever. Such a list is sorted where it is declared; of every other one it is said
here why its order stays.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from slipway.engine.recording import Rendered
from slipway.platform.resource_types import row_of

ONE = "there is one, or none"
KEPT = {
    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_LaunchTemplate.html: from the most wanted
    ("autoscaling/group:Group", "mixedInstancesPolicy.launchTemplate.overrides"): "an order of preference",
    # https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html
    ("eks/nodeGroup:NodeGroup", "instanceTypes"): "an order of preference",
    ("ec2/launchTemplate:LaunchTemplate", "blockDeviceMappings"): ONE,
    ("ec2/launchTemplate:LaunchTemplate", "networkInterfaces"): ONE,
    ("ecr/repository:Repository", "encryptionConfigurations"): ONE,
    ("index/repositoryEnvironment:RepositoryEnvironment", "reviewers"): ONE,
    ("index/repositoryRuleset:RepositoryRuleset", "conditions.refName.excludes"): ONE,
    ("index/repositoryRuleset:RepositoryRuleset", "conditions.refName.includes"): ONE,
    ("lambda/function:Function", "architectures"): ONE,
    (
        "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "rules",
    ): ONE,
}
SORTED = {
    ("ec2/launchTemplate:LaunchTemplate", "tagSpecifications"): "resourceType",
    ("ecr/repository:Repository", "imageTagMutabilityExclusionFilters"): "filter",
    ("index/actionsRunnerGroup:ActionsRunnerGroup", "selectedWorkflows"): "",
    ("s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "rules"): "id",
}
"""Lists upstream whose order means nothing, with the property by which they are sorted."""
AS_WRITTEN = ("kubernetes:", "eks:")
"""The API server stores the order of every list as it is written; pulumi-eks is a component of aws types."""


def lists(value: Any, path: str = "") -> Iterator[tuple[str, list[Any]]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from lists(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list | tuple):
        yield path, list(value)
        for item in value:
            yield from lists(item, path)


@pytest.fixture(scope="module")
def declared(rendered: Mapping[str, Rendered]) -> dict[tuple[str, str], list[list[Any]]]:
    """By type, without its package, and path: the lists that are declared there."""
    found: dict[tuple[str, str], list[list[Any]]] = {}
    for stack in rendered.values():
        for one in stack.registrations:
            row = row_of(one.type)
            if row is None or one.type.startswith(AS_WRITTEN):
                continue
            for path, items in lists(one.inputs):
                if path not in row.unordered:
                    found.setdefault((one.type.partition(":")[2], path), []).append(items)
    return found


def test_each_list_is_a_set_upstream_or_its_order_stays(
    declared: Mapping[tuple[str, str], list[list[Any]]],
) -> None:
    unexplained = sorted(declared.keys() - KEPT.keys() - SORTED.keys())
    assert unexplained == [], (
        "look up upstream whether it is a TypeSet (`unordered` in the type's row) or a list"
    )
    for key, reason in KEPT.items():
        longest = max((len(items) for items in declared.get(key, [[]])), default=0)
        assert reason != ONE or longest <= 1, key


def test_a_list_without_an_order_is_sorted_where_it_is_declared(
    declared: Mapping[tuple[str, str], list[list[Any]]],
) -> None:
    several = 0
    for key, name in SORTED.items():
        for items in declared.get(key, []):
            keys = [item[name] if name else item for item in items]
            assert keys == sorted(keys), (key, json.dumps(keys))
            several += len(keys) > 1
    assert several
