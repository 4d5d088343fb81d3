"""Steps that the tests of the tick share."""

from typing import Any

from runners.control import claim_handler, planner_handler
from tests.runners.control.world import (
    World,
    call,
    job_message,
    records,
    run_message,
)

MINUTE = 60_000


def told(world: World, *messages: dict[str, Any]) -> None:
    answer = planner_handler.respond(world.services, records(*messages))
    assert answer == {"batchItemFailures": []}


def tick(world: World, minutes: int = 1) -> None:
    for _ in range(minutes):
        world.now += MINUTE
        planner_handler.respond(world.services, {"tick": True})


def claim(world: World, instance: str) -> dict[str, Any]:
    return claim_handler.respond(world.services, call(instance))


def desired(world: World) -> int:
    return world.groups.desired["slipway-test-linux"]


def started(world: World, job: int = 1) -> str:
    """A job that runs, and its instance."""
    told(world, run_message(100 + job), job_message(job))
    (instance,) = world.groups.settle()
    assert claim(world, instance)["statusCode"] == 200
    told(world, job_message(job, "in_progress", runner_name=f"test-linux-{instance}-1"))
    return instance
