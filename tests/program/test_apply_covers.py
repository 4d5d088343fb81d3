"""Whoever applies a stack may make, read, change and remove each resource that the stack renders.

The rendered stacks are the truth: types come from their registrations, rights from the policies of the
roles `infra-<stack>-apply` and `-plan`, and the actions of a type's life from its row.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from slipway.access.evaluate import Request, context_of, decide_identity
from slipway.access.world import Role, World
from slipway.cli.matrices import world_of
from slipway.engine.recording import Rendered
from slipway.engine.registration import Registration
from slipway.platform.resource_types import row_of

STACKS = ("automation", "staging", "prod")
REGION = "eu-west-1"
ACCOUNTS = {"automation": "111111111111", "staging": "222222222222", "prod": "333333333333"}
ROLE = "aws:iam/role:Role"
OWN = ("infra-apply-role", "infra-apply-policy-", "ci-boundary-policy")
"""The apply role, its policies and the boundary: bootstrap changes them, and the role never itself."""
EXCEPTIONS = {
    # A changed target replaces it: another's way out must not be turned elsewhere.
    ("aws:ec2/route:Route", "ec2:ReplaceRoute"): "fleet-peering-far-",
    # It could put the value too, which is whoever's who runs `slipway runners app create`.
    ("aws:secretsmanager/secret:Secret", "secretsmanager:UpdateSecret"): "fleet-",
}
"""Type and action -> the beginning of the names of resources that do without it."""


@pytest.fixture(scope="module")
def world(rendered: dict[str, Rendered]) -> World:
    return world_of(list(rendered.values()))


def role_of(world: World, stack: str, verb: str, item: Registration | None = None) -> Role:
    """The role that does it, or the one that it becomes for what is in the fleet's account."""
    name = f"infra-{stack}-{verb}"
    if item and "::fleet::" in item.provider:
        name = f"network-{stack}" if verb == "apply" else f"network-{stack}-read"
    (role,) = [role for arn, role in world.roles.items() if arn.endswith(f"/{name}")]
    return role


class Inputs(dict[str, str]):
    """A resource's inputs for an ARN's braces; `x` for what the program does not say or does not know."""

    def __init__(self, item: Registration, account: str, roles: dict[str, Registration]) -> None:
        texts = {key: value for key, value in item.inputs.items() if isinstance(value, str)}
        for urn in item.property_dependencies.get("role", ()):
            texts |= {"role": str(roles[urn].inputs["name"]), "path": str(roles[urn].inputs["path"])}
        super().__init__({"path": "/", **texts, "account": account, "region": REGION})
        self["url"] = self["url"].removeprefix("https://")

    def __missing__(self, key: str) -> str:
        return "x"


def context(item: Registration, role: Role) -> dict[str, Any]:
    """What the condition keys of an apply role's statements say where this resource is changed."""
    boundary = item.inputs.get("permissionsBoundary")
    here = f"{REGION}:{role.account}"
    return {
        "aws:PrincipalArn": role.arn,
        "aws:RequestedRegion": REGION,
        # What the fleet's stack made has its tag, and who asked for a peering is the other side.
        "aws:ResourceTag/slipway:stack": "automation",
        "aws:ResourceTag/Name": "slipway-automation-private-a",
        "ec2:RequesterVpc": f"arn:aws:ec2:{REGION}:{ACCOUNTS[item.urn.split(':')[2]]}:vpc/x",
        "dynamodb:LeadingKeys": ["config"],
        "ec2:CreateAction": "RunInstances",
        "ec2:LaunchTemplate": f"arn:aws:ec2:{here}:launch-template/x",
        # Of a policy inside a role it is the role's, and all have the same.
        "iam:PermissionsBoundary": boundary
        if isinstance(boundary, str)
        else f"arn:aws:iam::{role.account}:policy/slipway/slipway-ci-boundary",
        "lambda:FunctionArn": f"arn:aws:lambda:{here}:function:slipway-automation-runner-x",
    }


def gaps(world: World, stack: str, items: list[Registration], verb: str) -> Iterator[str]:
    """What the role that plans or applies a stack lacks: a line for each type and action."""
    roles = {item.urn: item for item in items if item.type == ROLE}
    for item in items:
        role = role_of(world, stack, verb, item)
        row = row_of(item.type)
        if item.type.startswith("aws:") and (row is None or row.actions is None):
            yield f"{item.type} has no row with actions in slipway.platform.resource_types ({item.name})"
        if row is None or row.actions is None:
            continue
        changing = () if verb == "plan" or item.name.startswith(OWN) else sorted(row.actions.changing)
        inputs = Inputs(item, role.account, roles)
        needed = [(action, on) for action in (*row.actions.read, *changing) for on in row.actions.on]
        for action, on in (*needed, *(row.actions.dependent if changing else ())):
            # A parameter's name may begin with a slash, and its ARN has one in any case.
            arn = on.format_map(inputs).replace("parameter//", "parameter/")
            request = Request(action=action, resource=arn, context=context_of(context(item, role)))
            without = EXCEPTIONS.get((item.type, action))
            if without and item.name.startswith(without):
                continue
            if not decide_identity(role.identity, role.boundary, request).allowed:
                yield f"{role.arn.rpartition('/')[2]} may not {action} on {arn} for {item.type} ({item.name})"


def ours(stack: Rendered) -> list[Registration]:
    return [item for item in stack.registrations if item.custom and not item.type.startswith("pulumi:")]


@pytest.mark.parametrize("verb", ["plan", "apply"])
@pytest.mark.parametrize("stack", STACKS)
def test_what_a_stack_renders_is_covered(
    stack: str, verb: str, rendered: dict[str, Rendered], world: World
) -> None:
    assert list(gaps(world, stack, ours(rendered[stack]), verb)) == []


def test_a_type_that_nobody_gave_actions_is_named(rendered: dict[str, Rendered], world: World) -> None:
    (vpc,) = [item for item in ours(rendered["prod"]) if item.type == "aws:ec2/vpc:Vpc"]
    added = replace(vpc, type="aws:glacier/vault:Vault", name="vault")
    (line,) = gaps(world, "prod", [added], "apply")
    assert line.startswith("aws:glacier/vault:Vault has no row with actions")


def test_a_type_of_another_stack_is_named_with_role_and_actions(
    rendered: dict[str, Rendered], world: World
) -> None:
    """A stack without a fleet has no right to queues, whatever the table says of them."""
    queue = next(item for item in ours(rendered["automation"]) if item.type == "aws:sqs/queue:Queue")
    lines = list(gaps(world, "prod", [queue], "apply"))
    for action in ("CreateQueue", "DeleteQueue", "GetQueueAttributes", "SetQueueAttributes"):
        assert any(
            line.startswith(f"infra-prod-apply may not sqs:{action} on arn:aws:sqs:eu-west-1:")
            and "aws:sqs/queue:Queue" in line
            for line in lines
        ), lines


def test_an_image_named_by_parameter_is_found_by_the_apply_role(
    rendered: dict[str, Rendered], world: World
) -> None:
    """EC2 looks `resolve:ssm:` up as whoever names the template (Auto Scaling User Guide, SSM parameters)."""
    role = role_of(world, "automation", "apply")
    images = [str(item.inputs.get("imageId", "")) for item in ours(rendered["automation"])]
    parameters = [image.removeprefix("resolve:ssm:") for image in images if image.startswith("resolve:ssm:")]
    assert parameters
    own = context_of({"aws:PrincipalArn": role.arn})
    for name in parameters:
        request = Request("ssm:GetParameters", f"arn:aws:ssm:{REGION}::parameter{name}", own)
        assert decide_identity(role.identity, role.boundary, request).allowed, name


def test_exceptions_are_needed(rendered: dict[str, Rendered], world: World) -> None:
    for (type_, action), name in EXCEPTIONS.items():
        found = {
            line
            for stack in STACKS
            for item in ours(rendered[stack])
            if item.type == type_ and item.name.startswith(name)
            for line in gaps(world, stack, [replace(item, name=f"other-{item.name}")], "apply")
        }
        assert any(action in line for line in found), (type_, action)
