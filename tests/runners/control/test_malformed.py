"""What is not as it should be costs itself alone: an item, a message, an answer of GitHub's."""

import json
from typing import Any

import pytest

from runners.control import finish_handler, planner_handler
from runners.control.items import Instance, Job, MalformedItem
from runners.control.messages import MessageError, parse_message
from runners.control.reconcile import TickFailed
from tests.runners.control.steps import MINUTE, claim, desired, started, tick, told
from tests.runners.control.world import World, call, job_message, records, run_message

MALFORMED_JOBS: dict[str, dict[str, Any]] = {
    "no state": {"open": "linux", "waiting": "linux"},
    "an unknown state": {"state": "dancing", "open": "linux", "waiting": "linux"},
    "a time that is a text": {"state": "queued", "open": "linux", "waiting": "linux", "checked_at": "noon"},
    "a list that is a number": {"state": "queued", "open": "linux", "waiting": "linux", "labels": 5},
    "a broken number": {"state": "queued", "open": "linux", "waiting": "linux", "unused": 1.5},
    "no number": {"state": "queued", "open": "linux", "waiting": "linux", "attempt": None},
}


def put(world: World, key: str, **item: Any) -> None:
    """As somebody else's hand, or another version, may have left it."""
    world.table.items[key] = {"pk": key, **item}
    for index in ("waiting", "open", "live"):
        if index in item:
            world.table.indexes.setdefault((index, item[index]), set()).add(key)


@pytest.mark.parametrize("item", MALFORMED_JOBS.values(), ids=MALFORMED_JOBS)
def test_a_malformed_job_fails_its_own_message_of_ten_and_no_plan_tick_or_claim(item: dict[str, Any]) -> None:
    world = World()
    put(world, "job#5#1", **item)
    runs = [run_message(100 + n) for n in range(1, 6)]
    event = records(*runs, *[job_message(n) for n in range(1, 6)])
    answer = planner_handler.respond(world.services, event)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-9"}]}
    assert desired(world) == 4
    for instance in world.groups.settle():
        assert claim(world, instance)["statusCode"] == 200
    tick(world)
    assert any("job#5#1" in line for line in world.kept.lines)


def test_a_malformed_job_is_nobodys_when_its_instance_ends() -> None:
    world = World()
    instance = started(world)
    put(world, "job#9#1", state="dancing", open="linux")
    world.table.items[f"instance#{instance}"]["job"] = "job#9#1"
    answer = finish_handler.respond(world.services, call(instance, body={"result": "failed"}))
    assert (answer["statusCode"], world.groups.ended) == (200, [instance])


def test_an_instance_whose_item_is_malformed_gets_nothing_and_ends_and_the_others_live() -> None:
    world = World()
    told(world, run_message(101), job_message())
    (instance,) = world.groups.settle()
    put(world, f"instance#{instance}", live="linux", **{"class": "linux", "state": "dancing"})
    tick(world, 2)
    assert world.groups.ended == []
    assert claim(world, instance)["statusCode"] == 409
    assert (
        finish_handler.respond(world.services, call(instance, body={"result": "failed"}))["statusCode"] == 200
    )
    assert world.groups.ended == [instance]
    assert world.instance(instance)["state"] == "ended"
    tick(world)
    (other,) = world.groups.settle()
    assert claim(world, other)["statusCode"] == 200


def test_no_job_waits_for_a_machine_whose_item_is_malformed() -> None:
    world = World()
    told(world, run_message(101), job_message())
    (instance,) = world.groups.settle()
    put(world, f"instance#{instance}", live="linux", **{"class": "linux", "state": "dancing"})
    tick(world)
    (other,) = world.groups.settle()
    assert claim(world, other)["statusCode"] == 200
    tick(world)
    assert desired(world) == 2


def test_a_machine_whose_malformed_item_was_deleted_is_taken_for_a_new_one() -> None:
    """What `slipway runners status` tells a person to do, and when it may be done."""
    world = World()
    told(world, run_message(101), job_message())
    (instance,) = world.groups.settle()
    key = f"instance#{instance}"
    put(world, key, live="linux", **{"class": "linux", "state": "dancing"})
    tick(world, 60)
    assert world.groups.ended == [], "nobody knows whether it runs a job"
    del world.table.items[key]
    world.table.indexes["live", "linux"].discard(key)
    tick(world)
    assert world.instance(instance)["state"] == "idle"
    tick(world, 60)
    assert world.groups.ended == [instance]


def test_an_answer_of_another_shape_fails_its_duty_and_the_tick_and_no_other_duty() -> None:
    world = World()
    told(world, job_message())
    world.github.runs[101] = {"head_repository": "acme/skill-pool"}
    world.now += MINUTE
    called: list[str] = []
    world.github.before = called.append
    with pytest.raises(TickFailed, match="origins"):
        planner_handler.respond(world.services, {"tick": True})
    for _ in range(3):
        with pytest.raises(TickFailed):
            tick(world)
    assert "deliveries" in called


@pytest.mark.parametrize("value", [None, {"a": 1}, 1.5])
@pytest.mark.parametrize("name", ["queued_at", "unused", "class", "labels", "private", "reason"])
def test_a_job_is_read_strictly(name: str, value: Any) -> None:
    with pytest.raises(MalformedItem, match=f"job#1#1: {name}"):
        Job.parse({"pk": "job#1#1", "state": "queued", name: value})


@pytest.mark.parametrize("name", ["first_seen", "minted", "class", "job", "state"])
def test_an_instance_is_read_strictly(name: str) -> None:
    with pytest.raises(MalformedItem, match=f"instance#i-1: {name}"):
        Instance.parse({"pk": "instance#i-1", "state": "idle", name: ["a"]})


HUGE = 10**400
UNREADABLE: dict[str, dict[str, Any]] = {
    "id": {"id": HUGE},
    "run": {"run_id": HUGE},
    "attempt": {"attempt": HUGE},
    "negative": {"id": -1},
    "flag": {"id": True},
    "text": {"id": "12"},
    "time": {"created_at": "yesterday"},
    "surrogate": {"labels": ["\ud800"]},
    "name": {"runner_name": "\udfff"},
    "slug": {"slug": "acme/../x y"},
}


@pytest.mark.parametrize("changes", UNREADABLE.values(), ids=UNREADABLE)
def test_a_message_that_cannot_be_read_comes_back_alone(changes: dict[str, Any]) -> None:
    world = World()
    bad = job_message(2, **changes)
    with pytest.raises(MessageError):
        parse_message(json.dumps(bad))
    answer = planner_handler.respond(world.services, records(run_message(101), job_message(), bad))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-2"}]}
    assert desired(world) == 1


def test_a_body_that_is_nested_too_deep_comes_back_alone() -> None:
    world = World()
    event = records(run_message(101), job_message())
    event["Records"].append({"messageId": "deep", "body": "[" * 100_000})
    answer = planner_handler.respond(world.services, event)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "deep"}]}
    assert desired(world) == 1
