"""The tick's duties towards GitHub, one by one."""

from typing import Any

import pytest

from runners.control import finish_handler
from runners.control.github import Delivery, GitHubClientError, GitHubUnavailable
from runners.control.reconcile import TickFailed
from tests.runners.control.memory import nothing
from tests.runners.control.steps import MINUTE, claim, desired, started, tick, told
from tests.runners.control.world import (
    World,
    call,
    class_settings,
    job_message,
    run_message,
)


def doubted(world: World) -> str:
    """A job whose instance ended well although nobody heard of its start; the instance."""
    told(world, run_message(101), job_message())
    (instance,) = world.groups.settle()
    claim(world, instance)
    finish_handler.respond(world.services, call(instance, body={"result": "ok"}))
    return instance


def test_a_job_that_github_has_still_queued_goes_back_after_three_minutes() -> None:
    world = World()
    doubted(world)
    world.github.jobs[1] = {"status": "queued"}
    before = world.github.spent.calls
    tick(world, 2)
    assert (world.job()["state"], desired(world)) == ("reserved", 0)
    tick(world, 3)
    assert (world.job()["state"], desired(world)) == ("queued", 1)
    assert world.github.spent.calls - before <= 3  # one of them for this job


@pytest.mark.parametrize("status", ["in_progress", "completed"])
def test_a_job_whose_events_are_lost_starts_nobody_else(status: str) -> None:
    world = World()
    instance = doubted(world)
    name = f"test-linux-{instance}-1"
    world.github.jobs[1] = {"status": status, "runner_name": name, "conclusion": "success"}
    tick(world, 6)
    assert (world.job()["state"], world.job()["runner_name"]) == (status, name)
    assert (desired(world), world.groups.launched) == (0, 1)


def test_a_doubt_stays_while_github_does_not_answer() -> None:
    world = World()
    doubted(world)

    def fail(slug: str, job_id: int) -> dict[str, Any]:
        raise GitHubUnavailable("answered 502", retry_after=60)

    world.github.job = fail  # type: ignore[method-assign]
    tick(world, 6)
    assert (world.job()["state"], desired(world)) == ("reserved", 0)


def test_an_unknown_origin_is_looked_up_once_a_run() -> None:
    world = World()
    told(world, job_message(1, run_id=500), job_message(2, run_id=500), job_message(3, run_id=501))
    world.github.runs[500] = {"head_repository": {"id": 1}, "repository": {"id": 1}}
    world.github.runs[501] = {"head_repository": {"id": 9}, "repository": {"id": 1}}
    before = world.github.spent.calls
    tick(world)
    assert (world.job(1)["state"], world.job(2)["state"], world.job(3)["reason"]) == (
        "queued",
        "queued",
        "fork_pull_request",
    )
    assert world.github.spent.calls - before == 2
    assert desired(world) == 2


@pytest.mark.parametrize(("conclusion", "again"), [("failure", [1]), ("success", [])])
def test_a_job_whose_spot_instance_was_taken_runs_again_where_switched_on(
    conclusion: str, again: list[int]
) -> None:
    world = World(linux=class_settings(rerun_interrupted=True))
    instance = started(world)
    world.groups.vanish(instance)
    tick(world, 3)
    assert world.github.reruns == []
    name = f"test-linux-{instance}-1"
    told(world, job_message(1, "completed", runner_name=name, conclusion=conclusion))
    tick(world, 2)
    assert world.github.reruns == again
    tick(world, 2)
    assert world.github.reruns == again


@pytest.mark.parametrize(("on_it", "again"), [(True, [1]), (False, [])])
def test_a_job_whose_start_was_never_heard_of_runs_again_if_it_failed_on_the_taken_instance(
    *, on_it: bool, again: list[int]
) -> None:
    world = World(linux=class_settings(rerun_interrupted=True))
    told(world, run_message(101), job_message())
    (instance,) = world.groups.settle()
    claim(world, instance)
    world.groups.vanish(instance)
    tick(world, 3)
    name = f"test-linux-{instance}-1" if on_it else "somebody-elses"
    told(world, job_message(1, "completed", runner_name=name, conclusion="failure"))
    tick(world, 2)
    assert world.github.reruns == again


def test_a_rerun_that_github_refuses_while_the_run_goes_on_is_tried_again() -> None:
    world = World(linux=class_settings(rerun_interrupted=True))
    instance = started(world)
    world.groups.vanish(instance)
    name = f"test-linux-{instance}-1"
    told(world, job_message(1, "completed", runner_name=name, conclusion="failure"))
    rerun, world.github.rerun = world.github.rerun, refuse  # type: ignore[method-assign]
    tick(world, 4)
    world.github.rerun = rerun  # type: ignore[method-assign]
    tick(world)
    assert world.github.reruns == [1]


def refuse(*_: Any) -> None:
    raise GitHubClientError("answered 403", 403)


def test_without_the_switch_nothing_runs_again() -> None:
    world = World()
    instance = started(world)
    world.groups.vanish(instance)
    name = f"test-linux-{instance}-1"
    told(world, job_message(1, "completed", runner_name=name, conclusion="failure"))
    tick(world, 6)
    assert world.github.reruns == []


def delivery(number: int, guid: str, *, failed: bool, again: bool = False) -> Delivery:
    return Delivery(number, guid, "workflow_job", failed, again)


def test_failed_deliveries_are_asked_for_once_and_then_left_behind() -> None:
    world = World()
    world.github.pages = [
        [delivery(9, "c", failed=True), delivery(8, "b", failed=False, again=True)],
        [delivery(7, "b", failed=True), delivery(6, "a", failed=True)],
    ]
    tick(world, 3)
    assert world.github.redelivered == [6, 9]
    world.github.pages[0].insert(0, delivery(10, "a", failed=False, again=True))
    tick(world, 6)
    assert world.github.redelivered == [6, 9]
    assert world.table.items["cursor"]["scan"]["low"] == 10


def test_while_the_endpoint_is_down_one_delivery_at_a_time_tries_it() -> None:
    world = World()
    failed = [delivery(number, f"g{number}", failed=True) for number in range(40, 0, -1)]
    world.github.pages = [[delivery(41, "g1", failed=True, again=True), *failed]]
    tick(world, 5)
    assert len(world.github.redelivered) <= 5
    world.github.pages[0].insert(0, delivery(42, "g1", failed=False, again=True))
    tick(world, 2)
    assert {40, 20, 2} <= set(world.github.redelivered)


def test_a_delivery_that_the_webhook_cannot_read_is_not_asked_for_and_keeps_no_other_waiting() -> None:
    world = World()
    poison = Delivery(9, "p", "workflow_job", failed=True, redelivery=True, unreadable=True)
    world.github.pages = [
        [poison, delivery(8, "b", failed=True), delivery(7, "a", failed=True)],
        [Delivery(6, "q", "workflow_job", failed=True, redelivery=False, unreadable=True)],
    ]
    tick(world, 3)
    assert world.github.redelivered == [7, 8]


def test_a_crash_in_the_middle_of_a_scan_loses_no_delivery() -> None:
    world = World()
    world.github.pages = [[delivery(2, "b", failed=True), delivery(1, "a", failed=True)]]
    sends = world.github.redeliver

    def crash(_: int) -> None:
        raise KeyboardInterrupt

    world.github.redeliver = crash  # type: ignore[method-assign]
    world.table.items["cursor"] = {"pk": "cursor", "ticks": 2}
    with pytest.raises(KeyboardInterrupt):
        tick(world)
    world.github.redeliver = sends  # type: ignore[method-assign]
    world.services = world.container()
    tick(world, 3)
    assert world.github.redelivered == [1, 2]


def test_ghosts_are_deregistered_and_the_living_are_not() -> None:
    world = World()
    ended = started(world, 1)
    finish_handler.respond(world.services, call(ended, body={"result": "failed"}))
    alive = started(world, 2)
    (number,) = [n for n, name in world.github.registered.items() if ended in name]
    world.github.registered[77] = "somebody-elses"
    world.github.registered[78] = "test-linux-i-0ther-1"
    tick(world, 30)
    assert number not in world.github.registered
    assert {77, 78} <= set(world.github.registered)
    assert any(alive in name for name in world.github.registered.values())


def test_a_job_whose_last_event_never_came_is_closed_when_its_run_is_over() -> None:
    world = World()
    told(world, run_message(101), job_message())
    (instance,) = world.groups.settle()
    world.groups.capacity = 0
    world.groups.vanish(instance)
    world.github.runs[101] = {"status": "in_progress", "run_attempt": 1}
    tick(world, 40)
    assert world.job()["state"] == "queued"
    world.github.runs[101]["status"] = "completed"
    tick(world, 40)
    assert world.job()["state"] == "completed"
    assert "open" not in world.job()


def test_github_is_left_alone_for_as_long_as_it_asked() -> None:
    world = World()
    told(world, run_message(101), job_message())
    (instance,) = world.groups.settle()

    def limited(_: str) -> None:
        raise GitHubUnavailable("429", retry_after=600, reason="github_rate_limited")  # type: ignore[arg-type]

    world.github.before = limited
    first = claim(world, instance)
    assert first["statusCode"] == 503
    assert int(first["headers"]["retry-after"]) >= 600
    calls: list[str] = []
    world.github.before = calls.append
    assert claim(world, instance)["statusCode"] == 503
    tick(world, 3)
    assert calls == []
    assert world.table.items["plan#linux"]["reason"] == "github_rate_limited"
    world.now += 600_000
    assert claim(world, instance)["statusCode"] == 200


def test_github_refusing_a_configuration_is_kept_and_heals() -> None:
    world = World()
    told(world, run_message(101), job_message())
    (instance,) = world.groups.settle()

    def suspended(_: str) -> None:
        raise GitHubClientError("answered 403", 403)

    world.github.before = suspended
    assert claim(world, instance)["statusCode"] == 503
    assert world.table.items["plan#linux"]["github_refused_until"] == world.now + 2 * MINUTE
    world.github.before = nothing
    assert claim(world, instance)["statusCode"] == 200


def test_a_delivery_that_github_refuses_for_now_is_asked_for_again() -> None:
    world = World()
    world.github.pages = [[delivery(9, "b", failed=True), delivery(8, "a", failed=True)]]
    again, world.github.redeliver = world.github.redeliver, refuse  # type: ignore[method-assign]
    with pytest.raises(TickFailed):
        tick(world, 3)
    world.github.redeliver = again  # type: ignore[method-assign]
    tick(world, 3)
    assert world.github.redelivered == [8, 9]


def test_a_delivery_that_github_no_longer_has_is_left_behind() -> None:
    world = World()
    world.github.pages = [[delivery(9, "b", failed=True), delivery(8, "a", failed=True)]]
    asked: list[int] = []

    def gone(number: int) -> None:
        asked.append(number)
        raise GitHubClientError("answered 404", 404)

    world.github.redeliver = gone  # type: ignore[method-assign]
    tick(world, 12)
    assert asked == [8, 9]
