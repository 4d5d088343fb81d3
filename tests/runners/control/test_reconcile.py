"""The tick's duties, one by one."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from runners.control import claim_handler, finish_handler, planner_handler
from runners.control.github import Delivery, GitHubRefused, GitHubUnavailable
from runners.control.reconcile import TickFailed
from tests.runners.control.memory import nothing
from tests.runners.control.world import (
    SLUG,
    World,
    call,
    class_settings,
    job_message,
    records,
    run_message,
    settings,
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
    assert (world.job()["state"], desired(world)) == ("queued", 1)


def unused(world: World) -> str:
    """The next instance claims, and GitHub gives its runner nothing to do; the instance, which has ended."""
    (instance,) = world.groups.settle()
    assert claim(world, instance)["statusCode"] == 200
    tick(world, 17)
    assert world.groups.ended[-1] == instance
    return instance


def test_a_job_that_github_never_hands_out_is_refused_after_three_instances() -> None:
    world = World()
    told(world, run_message(101), job_message())
    for _ in range(2):
        unused(world)
        assert (world.job()["state"], desired(world)) == ("queued", 1)
    unused(world)
    assert (world.job()["state"], world.job()["reason"]) == ("refused", "not_handed_out")
    tick(world, 24 * 60)
    assert (world.groups.settle(), desired(world), world.groups.launched) == ([], 0, 3)


@pytest.mark.parametrize("action", ["in_progress", "completed"])
def test_a_job_refused_as_not_handed_out_may_yet_run_elsewhere(action: str) -> None:
    world = World()
    told(world, run_message(101), job_message())
    for _ in range(3):
        unused(world)
    told(world, job_message(1, action, runner_name="somebody-elses"))
    assert (world.job()["state"], world.job()["runner_name"]) == (action, "somebody-elses")


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
    raise GitHubRefused("answered 403", 403)


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
        raise GitHubRefused("answered 403", 403)

    world.github.before = suspended
    assert claim(world, instance)["statusCode"] == 503
    assert world.table.items["plan#linux"]["github_refused_until"] == world.now + 2 * MINUTE
    world.github.before = nothing
    assert claim(world, instance)["statusCode"] == 200


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


def test_a_refused_job_starts_once_the_settings_allow_its_repository() -> None:
    world = World()
    told(world, run_message(101), job_message(slug="acme/other"), job_message(2, slug="acme/third"))
    tick(world)
    assert [world.job(one)["state"] for one in (1, 2)] == ["refused", "refused"]
    allowed = settings(linux=class_settings(repositories=[SLUG, "Acme/Other"]))
    world.table.items["config"] = {"pk": "config", "body": allowed}
    tick(world, 3)
    assert [world.job(one)["state"] for one in (1, 2)] == ["queued", "refused"]
    assert desired(world) == 1


def configure(world: World, **classes: dict[str, Any]) -> None:
    world.table.items["config"] = {"pk": "config", "body": settings(**classes)}
    for one in classes.values():
        world.groups.desired.setdefault(one["group"], 0)


def test_a_job_without_a_class_starts_once_there_is_one() -> None:
    world = World()
    told(world, run_message(101), job_message(labels=["gpu"]))
    tick(world)
    assert world.job()["open"] == "-"
    configure(world, linux=class_settings(), gpu=class_settings("gpu", labels=["gpu"]))
    tick(world, 3)
    assert (world.job()["state"], world.job()["waiting"]) == ("queued", "gpu")
    assert world.groups.desired["slipway-test-gpu"] == 1


@pytest.mark.parametrize("slug", [SLUG, "acme/other"])
def test_the_jobs_of_a_class_that_is_gone_go_to_another(slug: str) -> None:
    world = World()
    told(world, run_message(101), job_message(slug=slug))
    tick(world)
    configure(world, new=class_settings("new", repositories=[SLUG, "acme/other"]))
    tick(world, 3)
    assert (world.job()["open"], world.job()["waiting"]) == ("new", "new")
    assert world.groups.desired["slipway-test-new"] == 1


def test_a_refused_job_goes_to_another_class_that_allows_it() -> None:
    world = World()
    told(world, run_message(101), job_message(slug="acme/other"))
    tick(world)
    configure(world, linux=class_settings(), new=class_settings("new", repositories=["acme/other"]))
    tick(world, 3)
    assert world.job()["waiting"] == "new"


def test_a_job_of_no_class_is_closed_when_its_run_is_over() -> None:
    world = World()
    told(world, run_message(101), job_message(labels=["gpu"]))
    world.github.runs[101] = {"status": "completed", "run_attempt": 1}
    tick(world, 40)
    assert world.job()["state"] == "completed"


def test_a_run_of_another_organization_changes_nothing() -> None:
    world = World()
    told(world, {**run_message(101), "organization": "evil"}, {**job_message(), "organization": "evil"})
    assert not [key for key in world.table.items if key.startswith(("job", "run"))]
