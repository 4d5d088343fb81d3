"""When AWS throttles and tables falter, messages come again a little, never a storm; all jobs are planned."""

import json
import random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from runners.control import claim_handler, planner_handler
from runners.control.items import MINTING_MS
from runners.control.writes import Write
from tests.runners.control.memory import nothing
from tests.runners.control.model import FaultyTable
from tests.runners.control.world import World, call, class_settings, job_message, run_message

MESSAGES, BATCH = 122, 10


def throttled(what: str) -> ClientError:
    return ClientError({"Error": {"Code": "ThrottlingException", "Message": what}}, what)


def drain(world: World) -> tuple[int, int]:
    """Work off a queue of jobs and their runs. How often messages were handed over, and functions invoked."""
    queue = [
        json.dumps(one)
        for number in range(MESSAGES // 2)
        for one in (run_message(100 + number), job_message(number))
    ]
    handed = invoked = 0
    while queue:
        taken, queue = queue[:BATCH], queue[BATCH:]
        event = {"Records": [{"messageId": str(n), "body": body} for n, body in enumerate(taken)]}
        handed, invoked = handed + len(taken), invoked + 1
        answer = planner_handler.respond(world.services, event)
        queue += [taken[int(one["itemIdentifier"])] for one in answer["batchItemFailures"]]
        assert invoked < 1_000
    return handed, invoked


def test_a_throttled_group_costs_no_message_a_second_delivery() -> None:
    world = World(linux=class_settings(maximum=100))
    world.groups.maximum = 100
    bucket = {"tokens": 5.0}

    def before(what: str) -> None:
        if what == "set_desired":
            bucket["tokens"] = min(5.0, bucket["tokens"] + 0.2)
            if bucket["tokens"] < 1:
                raise throttled(what)
            bucket["tokens"] -= 1

    world.groups.before = before
    handed, invoked = drain(world)
    assert handed == MESSAGES
    assert invoked <= 1.2 * MESSAGES
    bucket["tokens"] = 5
    planner_handler.respond(world.services, {"tick": True})
    assert world.groups.desired["slipway-test-linux"] == MESSAGES // 2


def test_a_table_that_throttles_and_loses_conditions_costs_a_fifth_more_at_most() -> None:
    world = World(linux=class_settings(maximum=100))
    world.groups.maximum = 100
    chance = random.Random(5)  # noqa: S311 -- replayable by its seed

    def before(what: str) -> None:
        if chance.random() < 0.02:
            raise throttled(what)

    table = FaultyTable(before)
    table.items = world.table.items
    table.fails = lambda: chance.random() < 0.05
    world.table = table
    world.services = world.container()
    handed, _ = drain(world)
    assert handed <= 1.2 * MESSAGES
    table.before = nothing
    table.fails = lambda: False
    for _ in range(3):
        world.now += 60_000
        planner_handler.respond(world.services, {"tick": True})
    assert world.groups.desired["slipway-test-linux"] == MESSAGES // 2


def test_a_table_out_of_reach_loses_no_message() -> None:
    world = World()
    world.services.fleet()
    world.table.before = _always
    event = {"Records": [{"messageId": "m", "body": json.dumps(job_message())}]}
    answer = planner_handler.respond(world.services, event)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m"}]}
    assert claim_handler.respond(world.services, call("i-00000001"))["statusCode"] == 503


def _always(what: str) -> None:
    raise throttled(what)


@pytest.mark.parametrize("when", range(1, 9))
def test_a_claim_that_crashes_anywhere_leaves_a_job_that_can_still_start(when: int) -> None:
    world = World()
    event: dict[str, Any] = {
        "Records": [
            {"messageId": str(n), "body": json.dumps(one)}
            for n, one in enumerate((run_message(101), job_message()))
        ]
    }
    planner_handler.respond(world.services, event)
    (instance,) = world.groups.settle()
    calls = {"left": when}

    def crash(_: str) -> None:
        calls["left"] -= 1
        if calls["left"] == 0:
            raise KeyboardInterrupt

    world.table.before = world.groups.before = world.github.before = crash
    try:
        claim_handler.respond(world.services, call(instance))
    except KeyboardInterrupt:
        world.table.before = world.groups.before = world.github.before = nothing
        world.now += MINTING_MS
        answer = claim_handler.respond(world.container(), call(instance))
        assert answer["statusCode"] == 200
        assert len(set(world.github.registered.values())) == len(world.github.registered)
    assert world.job()["state"] == "reserved"
    assert world.instance(instance)["state"] == "claimed"


def test_writes_that_were_never_applied_are_found_out() -> None:
    """The stand-in's own check: a condition that is said to have failed changes nothing."""
    table = FaultyTable()
    table.fails = lambda: True
    assert table.write(Write("x", when={"pk": ("absent", None)}, put={"a": 1})) is None
    assert table.items == {}
