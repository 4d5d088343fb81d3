"""Jobs that wait for an approval, and jobs that GitHub does not hand out: nobody but GitHub ends them."""

import pytest

from runners.control import finish_handler
from runners.control.github import GitHubClientError
from runners.control.items import JobState
from runners.control.planner import oldest_wait_ms
from runners.control.planning import read_jobs
from tests.runners.control.steps import claim, desired, started, tick, told
from tests.runners.control.world import World, call, job_message, run_message

DAY = 24 * 60


def live(world: World, minutes: int) -> int:
    """Let instances start and ask for work each minute; the most that there were at one time."""
    most = 0
    for _ in range(minutes):
        world.groups.settle()
        most = max(most, len(world.groups.alive))
        for instance in list(world.groups.alive):
            claim(world, instance)
        tick(world)
    return most


def event(world: World, action: str, **changes: object) -> None:
    told(world, job_message(action=action, received_at=world.now, **changes))


def handed(world: World) -> None:
    """GitHub hands the job to the one runner that there is."""
    (instance,) = world.groups.alive
    event(world, "in_progress", runner_name=f"test-linux-{instance}-1")
    assert (world.job()["state"], world.instance(instance)["state"]) == ("in_progress", "running")


def test_an_approval_of_ninety_minutes_between_two_queued_costs_one_instance() -> None:
    world = World()
    told(world, run_message(101), job_message())
    world.groups.settle()
    event(world, "waiting")
    world.github.jobs[1] = {"status": "waiting"}
    assert live(world, 90) == 1
    assert (world.groups.launched, world.groups.alive, desired(world)) == (1, {}, 0)
    event(world, "queued")
    world.github.jobs[1] = {"status": "queued"}
    assert live(world, 2) == 1
    handed(world)
    assert world.groups.launched == 2


def test_waiting_takes_back_the_demand_of_a_job_that_an_instance_has_reserved() -> None:
    world = World()
    told(world, run_message(101), job_message())
    (instance,) = world.groups.settle()
    claim(world, instance)
    event(world, "waiting")
    assert (world.job()["state"], world.job()["reason"]) == ("seen-waiting", "waiting_for_approval")
    assert not {"waiting", "reserved_by"} & set(world.job())
    told(world, run_message(102), job_message(2))
    assert (desired(world), world.groups.launched) == (1, 1)  # the second's, whose runner is there already
    event(world, "queued")
    assert desired(world) == 2


def test_a_job_is_reserved_and_approved_while_its_instance_waits() -> None:
    world = World()
    told(world, run_message(101), job_message())
    (instance,) = world.groups.settle()
    claim(world, instance)
    event(world, "waiting")
    event(world, "queued")
    assert (world.job()["state"], desired(world)) == ("queued", 1)
    handed(world)
    event(world, "completed", runner_name=f"test-linux-{instance}-1")
    finish_handler.respond(world.services, call(instance, body={"result": "ok"}))
    assert (world.job()["state"], desired(world), world.groups.launched) == ("completed", 0, 1)


def test_waiting_that_was_overtaken_by_queued_holds_the_job_up_for_minutes_only() -> None:
    world = World()
    told(world, run_message(101), job_message())
    event(world, "queued")
    event(world, "waiting")
    world.github.jobs[1] = {"status": "queued"}
    before = world.github.spent.calls
    tick(world, 6)
    assert (world.job()["state"], desired(world)) == ("queued", 1)
    assert world.github.spent.calls - before <= 3  # two of them for deliveries
    live(world, 2)
    handed(world)


def test_queued_that_was_overtaken_by_waiting_costs_one_idle_instance() -> None:
    world = World()
    told(world, run_message(101), job_message(action="waiting"))
    event(world, "queued")
    world.github.jobs[1] = {"status": "waiting"}
    assert live(world, 3 * 60) == 1
    assert (world.job()["state"], world.groups.launched, world.groups.alive) == ("seen-waiting", 1, {})
    event(world, "queued")
    assert desired(world) == 1


def test_a_job_that_needs_an_approval_is_asked_after_once_an_hour() -> None:
    world = World()
    told(world, run_message(101), job_message(action="waiting"))
    world.github.jobs[1] = {"status": "waiting"}
    calls: list[str] = []
    world.github.before = calls.append
    tick(world, DAY)
    assert (world.job()["state"], world.groups.launched) == ("seen-waiting", 0)
    assert 20 <= calls.count("job") <= 25


@pytest.mark.parametrize("status", ["completed", "in_progress", "queued"])
def test_whatever_became_of_an_approval_is_found_without_its_event(status: str) -> None:
    world = World()
    told(world, run_message(101), job_message(action="waiting"))
    world.github.jobs[1] = {"status": status, "conclusion": "failure", "runner_name": None}
    tick(world, 6)
    assert world.job()["state"] == status


@pytest.mark.parametrize("minutes", range(20, 55, 5))
def test_while_github_hands_out_nothing_a_job_has_one_idle_instance_at_most_and_then_runs(
    minutes: int,
) -> None:
    world = World()
    told(world, run_message(101), job_message())
    world.github.jobs[1] = {"status": "queued"}
    assert live(world, minutes) == 1
    for _ in range(12):  # it is left alone for five minutes, then for ten
        if [one for one in world.groups.alive if world.instance(one)["state"] == "claimed"]:
            break
        assert live(world, 1) <= 1
    handed(world)
    assert world.groups.launched <= 3


def test_a_job_that_github_never_hands_out_stays_queued_and_is_tried_less_and_less_often() -> None:
    world = World()
    told(world, run_message(101), job_message())
    world.github.jobs[1] = {"status": "queued"}
    calls: list[str] = []
    world.github.before = calls.append
    assert live(world, DAY) == 1
    while world.groups.alive:
        live(world, 1)
    assert (world.job()["state"], world.job()["reason"]) == ("queued", "not_handed_out")
    assert world.groups.launched <= 25
    assert calls.count("job") <= world.groups.launched + 1
    world.github.jobs[1] = {"status": "completed", "conclusion": "cancelled"}
    live(world, 61)
    assert (world.job()["state"], world.job()["conclusion"]) == ("completed", "cancelled")


def test_before_another_instance_is_started_github_is_asked_whether_it_is_still_wanted() -> None:
    world = World()
    told(world, run_message(101), job_message())
    world.github.jobs[1] = {"status": "waiting"}
    live(world, 10 * 60)
    assert (world.job()["state"], world.groups.launched) == ("seen-waiting", 1)
    told(world, job_message(received_at=world.now))
    assert (world.job()["state"], desired(world)) == ("queued", 1)


def test_a_redelivered_queued_gives_a_job_that_is_left_alone_its_demand_at_once() -> None:
    world = World()
    told(world, run_message(101), job_message())
    world.github.jobs[1] = {"status": "queued"}
    live(world, 10 * 60)
    while world.groups.alive:
        live(world, 1)
    assert desired(world) == 0
    event(world, "queued")
    assert desired(world) == 1
    assert live(world, 2) == 1


def test_a_job_that_github_does_not_know_gets_no_further_instance_and_is_not_ended() -> None:
    world = World()
    told(world, run_message(101), job_message())
    with pytest.raises(GitHubClientError):
        world.github.job("acme/skill-pool", 1)
    live(world, 5 * 60)
    assert (world.job()["state"], world.groups.launched) == ("queued", 1)


def test_a_job_that_an_earlier_version_refused_for_good_is_tried_again() -> None:
    world = World()
    told(world, run_message(101), job_message())
    put = {"state": "refused", "reason": "not_handed_out", "unused": 3}
    world.table.items["job#1#1"] = {**world.job(), **put}
    world.table.items["job#1#1"].pop("waiting")
    world.github.jobs[1] = {"status": "queued"}
    live(world, 2)
    handed(world)


def test_a_wait_for_an_approval_is_no_wait_for_an_instance() -> None:
    world = World()
    told(world, run_message(101), job_message())
    event(world, "waiting")
    world.github.jobs[1] = {"status": "waiting"}
    tick(world, 90)
    event(world, "queued")
    tick(world, 2)
    assert oldest_wait_ms(read_jobs(world.services, "linux"), world.now) == 2 * 60_000


@pytest.mark.parametrize("action", ["waiting", "queued"])
def test_a_job_that_has_started_is_not_moved_by_late_events(action: str) -> None:
    world = World()
    started(world)
    event(world, action)
    assert world.job()["state"] == JobState.IN_PROGRESS
    event(world, "completed")
    event(world, action)
    assert world.job()["state"] == JobState.COMPLETED


def test_a_refused_job_stays_refused_while_it_waits() -> None:
    world = World()
    told(world, run_message(101), job_message(labels=["gpu"]))
    event(world, "waiting", labels=["gpu"])
    assert (world.job()["state"], world.job()["reason"]) == ("refused", "no_class_matches_labels")
