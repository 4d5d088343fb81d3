"""What each apply role can come to hold in four steps is what docs/apply-roles.md says, row for row."""

import json
from dataclasses import replace

from slipway.access.policies import Policy
from slipway.access.world import World
from tests.access.escalation import EVERYTHING, held_by
from tests.program.conftest import ROOT

STACKS = ("automation", "staging", "prod")
STEPS = 4


def apply_role(stack: str) -> str:
    return f"infra-{stack}-apply"


def listed() -> set[tuple[str, ...]]:
    lines = (ROOT / "docs/apply-roles.md").read_text().splitlines()
    return {
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines if "| infra-" in line
    }


def reached(world: World) -> set[tuple[str, ...]]:
    return {
        (arn.rpartition("/")[2], held.what, held.how, str(held.steps))
        for arn, role in world.roles.items()
        for held in held_by(world, role, STEPS)
        if arn.endswith(tuple(map(apply_role, STACKS)))
    }


def test_the_list_is_what_can_be_reached(world: World) -> None:
    assert reached(world) == listed()


def test_without_the_boundary_each_is_an_administrator(world: World) -> None:
    """So the computation sees the ways that the boundary closes."""
    loose = json.dumps({"Version": "2012-10-17", "Statement": [EVERYTHING]})
    for role in world.roles.values():
        if role.arn.endswith(tuple(map(apply_role, STACKS))):
            opened = replace(
                world,
                roles={
                    arn: replace(one, boundary=Policy.parse(loose), boundary_statements=(EVERYTHING,))
                    for arn, one in world.roles.items()
                },
            )
            held = {one.what for one in held_by(opened, opened.roles[role.arn], STEPS)}
            assert {"any other role", "any user", "any policy", "any function", "any instance"} <= held
