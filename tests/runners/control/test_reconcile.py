"""The tick's duties towards the fleet, one by one."""

import json

import pytest
from botocore.exceptions import ClientError

from runners.control.reconcile import TickFailed
from tests.runners.control.memory import nothing
from tests.runners.control.steps import claim, desired, started, tick, told
from tests.runners.control.world import (
    World,
    class_settings,
    job_message,
    run_message,
)


def test_a_plan_that_could_not_be_made_is_made_by_the_tick() -> None:
    world = World()

    def throttled(what: str) -> None:
        if what == "set_desired":
            raise ClientError({"Error": {"Code": "Throttling", "Message": ""}}, what)

    world.groups.before = throttled
    told(world, run_message(101), job_message())
    assert desired(world) == 0
    world.groups.before = nothing
    tick(world)
    assert desired(world) == 1


def test_idle_instances_end_when_nobody_waits_for_them_and_not_before() -> None:
    world = World()
    world.groups.desired["slipway-test-linux"] = 2
    world.groups.settle()
    tick(world, 10)
    for one in list(world.groups.alive):
        claim(world, one)
    assert desired(world) == 2
    tick(world, 2)
    assert (desired(world), len(world.groups.alive)) == (0, 0)


def test_spares_and_the_minimum_are_kept() -> None:
    world = World(linux=class_settings(spares=1, minimum=2))
    tick(world)
    assert desired(world) == 2
    for _ in range(30):
        for one in world.groups.settle() or list(world.groups.alive):
            claim(world, one)
        tick(world)
    assert desired(world) == 2


def test_an_instance_that_never_claims_ends_although_a_job_waits_and_another_starts() -> None:
    world = World()
    told(world, run_message(101), job_message())
    (silent,) = world.groups.settle()
    tick(world, 17)
    assert world.groups.ended == [silent]
    assert desired(world) == 1
    assert world.groups.settle() != []


def test_an_instance_that_keeps_calling_is_not_taken_for_silent() -> None:
    world = World(linux=class_settings(spares=1))
    tick(world)
    (instance,) = world.groups.settle()
    for _ in range(60):
        claim(world, instance)
        tick(world)
    assert world.groups.ended == []


def test_a_running_instance_ends_only_past_its_maximum_life() -> None:
    world = World(linux=class_settings(max_minutes=60))
    instance = started(world)
    tick(world, 69)
    assert world.groups.ended == []
    tick(world, 3)
    assert world.groups.ended == [instance]


def test_completed_ends_exactly_its_instance_if_that_does_not_finish_by_itself() -> None:
    world = World()
    first, second = started(world, 1), started(world, 2)
    told(world, job_message(1, "completed", runner_name=f"test-linux-{first}-1"))
    tick(world, 2)
    assert (world.groups.ended, list(world.groups.alive)) == ([first], [second])


def test_a_claimed_instance_whose_runner_got_no_job_ends_only_if_github_lets_the_runner_go() -> None:
    world = World()
    told(world, run_message(101), job_message())
    (instance,) = world.groups.settle()
    claim(world, instance)
    (number,) = world.github.registered
    world.github.busy.add(number)
    tick(world, 20)
    assert world.groups.ended == []
    world.github.busy.clear()
    tick(world, 16)
    assert world.groups.ended == [instance]
    assert (world.job()["state"], world.job()["reason"], desired(world)) == ("queued", "not_handed_out", 0)


def test_a_job_reserved_by_an_instance_that_is_gone_waits_again() -> None:
    world = World()
    told(world, run_message(101), job_message())
    (instance,) = world.groups.settle()
    claim(world, instance)
    world.groups.vanish(instance)
    tick(world, 3)
    assert world.instance(instance)["state"] == "ended"
    assert (world.job()["state"], world.job()["waiting"]) == ("queued", "linux")
    assert (desired(world), len(world.groups.settle())) == (1, 1)


def test_instances_of_an_old_image_end_while_nobody_waits() -> None:
    world = World(linux=class_settings(spares=2))
    tick(world)
    old, new = world.groups.settle()
    claim(world, old)
    claim(world, new)
    world.groups.old.add(old)
    tick(world)
    assert world.groups.ended == [old]
    assert desired(world) == 2


def test_missing_capacity_is_the_reason_and_the_job_starts_when_there_is_some() -> None:
    world = World()
    world.groups.capacity = 0
    told(world, run_message(101), job_message())
    assert world.groups.settle() == []
    tick(world)
    assert world.job()["reason"] == "no_capacity"
    world.groups.capacity = 5
    (instance,) = world.groups.settle()
    assert claim(world, instance)["statusCode"] == 200


def test_a_duty_that_fails_stops_no_other_and_fails_the_tick() -> None:
    world = World()
    told(world, job_message())
    world.github.runs[101] = {"head_repository": {"id": 1}, "repository": {"id": 1}}

    def broken(what: str) -> None:
        if what == "describe":
            raise ClientError({"Error": {"Code": "Throttling", "Message": ""}}, what)

    world.groups.before = broken
    with pytest.raises(TickFailed, match="groups"):
        tick(world)
    world.groups.before = nothing
    tick(world)
    assert desired(world) == 1


def test_the_tick_measures_what_the_alarms_watch() -> None:
    world = World()
    told(world, run_message(101), job_message())
    world.kept.lines.clear()
    tick(world)
    found: dict[str, float] = {}
    for line in world.kept.lines:
        record = json.loads(line)
        for group in record.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert group["Namespace"] == "Slipway/Runners"
            for metric in group["Metrics"]:
                assert set(group["Dimensions"][0]) <= {"Fleet", "Class"}
                found[metric["Name"]] = record[metric["Name"]]
    assert found["OldestQueuedSeconds"] == 60
    assert found["QueuedJobs"] == 1
    assert {
        "ClaimableInstances",
        "RunningInstances",
        "ImageAgeDays",
        "RunnerVersionBehind",
        "GithubCalls",
    } <= set(found)
