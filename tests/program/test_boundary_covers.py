"""The boundary refuses nothing that a rendered role is given, nor of AWS's policies but what is listed here.

So whatever a role gains here, or loses, shows as a line of a test.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from components.cluster.service_roles import NODE_POLICIES, SERVICE_POLICIES
from slipway.access.boundary import boundary_policy
from slipway.access.conditions import strings
from slipway.access.extents import Texts
from slipway.access.patterns import written
from slipway.access.permissions import MANAGED_POLICY_LIMIT
from slipway.access.powers import Powers
from slipway.access.trust import rendered
from slipway.access.world import Role, World

AWS_OWN: Any = json.loads(aws_managed_policies_data)


def asked(statements: list[Any]) -> Iterator[tuple[str, str]]:
    """What statements allow: each action with each resource."""
    for statement in statements:
        if statement["Effect"] == "Allow":
            actions, resources = strings(statement["Action"]), strings(statement["Resource"])
            yield from ((action, resource) for action in actions or () for resource in resources or ())


def is_within(role: Role, action: str, resource: str) -> bool:
    """Whether one statement of the boundary has all of it, whatever its conditions."""
    powers = Powers.of(role)
    actions, resources = Texts((written(action.lower()),)), Texts((written(resource),))
    return any(
        limit.actions.covers(actions) and limit.resources.covers(resources)
        for limit in powers.limits or ()
        if limit.condition_holds(powers.own) is not False
    )


def test_what_a_role_is_given_is_within_the_boundary(world: World) -> None:
    assert len(world.roles) > 20
    for arn, role in world.roles.items():
        outside = [one for one in asked(role.statements) if not is_within(role, *one)]
        assert outside == [], arn


LEFT_OUT = {"AmazonEKSClusterPolicy": {"autoscaling:UpdateAutoScalingGroup"}}
"""Nobody's any more: the first autoscaler's, which was part of Kubernetes.

Of the same policy volumes, routes, instances and their tags are left for what image builds made."""


@pytest.mark.parametrize("policy", [*SERVICE_POLICIES, *NODE_POLICIES])
def test_what_aws_gives_the_roles_of_a_cluster_is_within_the_boundary(policy: str, world: World) -> None:
    role = next(role for arn, role in world.roles.items() if arn.endswith("/slipway-prod-service"))
    statements = AWS_OWN[policy]["Document"]["Statement"]
    powers = Powers.of(replace(role, statements=statements))
    outside = {action for action, resource in asked(statements) if not powers.may(action, resource)}
    assert outside == LEFT_OUT.get(policy, set())


def test_the_boundary_is_no_larger_than_iam_takes() -> None:
    assert len(rendered(boundary_policy("1" * 12))) <= MANAGED_POLICY_LIMIT
