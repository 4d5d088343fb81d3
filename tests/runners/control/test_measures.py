"""What the planner counts of itself."""

import json

from runners.control import planner_handler
from tests.runners.control.world import World, job_message, records, run_message


def ticks(world: World) -> int:
    told = (json.loads(line) for line in world.kept.lines)
    return sum(record.get("Ticks", 0) for record in told if "_aws" in record)


def test_only_the_schedule_s_calls_are_counted_as_ticks() -> None:
    world = World()
    planner_handler.respond(world.services, records(run_message(101), job_message()))
    assert ticks(world) == 0
    planner_handler.respond(world.services, {"tick": True})
    assert ticks(world) == 1
