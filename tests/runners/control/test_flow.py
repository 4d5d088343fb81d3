"""A job's way through the functions, over stores in memory."""

import hashlib
import json
import textwrap
from typing import Any

import pytest

from runners.control import claim_handler, finish_handler, planner_handler
from runners.control.items import MINTING_MS
from tests.runners.control.world import World, call, class_settings, job_message, records, run_message


@pytest.fixture
def world() -> World:
    return World()


def told(world: World, *messages: dict[str, Any]) -> None:
    answer = planner_handler.respond(world.services, records(*messages))
    assert answer == {"batchItemFailures": []}


def claim(world: World, instance: str, name: str = "linux") -> dict[str, Any]:
    return claim_handler.respond(world.services, call(instance, name))


def finish(world: World, instance: str, result: str = "ok", log: str = "") -> dict[str, Any]:
    return finish_handler.respond(world.services, call(instance, body={"result": result, "log": log}))


def desired(world: World) -> int:
    return world.groups.desired["slipway-test-linux"]


def ready(world: World, job: int = 1) -> str:
    """A queued job and the instance started for it."""
    told(world, run_message(100 + job), job_message(job))
    (instance,) = world.groups.settle()
    return instance


def test_a_job_goes_from_queued_to_completed_on_one_instance(world: World) -> None:
    instance = ready(world)
    answer = claim(world, instance)
    assert answer["statusCode"] == 200
    handed = json.loads(answer["body"])
    assert handed == {
        "jitconfig": f"jit-of-test-linux-{instance}-1",
        "runner_name": f"test-linux-{instance}-1",
        "job_timeout_minutes": 360,
        "cicd": False,
    }
    told(world, job_message(1, "in_progress", runner_name=handed["runner_name"]))
    assert world.job()["state"] == "in_progress"
    assert world.instance(instance)["state"] == "running"
    told(world, job_message(1, "completed", runner_name=handed["runner_name"]))
    assert finish(world, instance)["statusCode"] == 200
    assert world.groups.ended == [instance]
    assert desired(world) == 0
    assert [line["what"] for line in world.job()["timeline"]] == [
        "queued",
        "reserved",
        "in_progress",
        "completed",
    ]


def test_a_second_claim_gets_no_second_configuration(world: World) -> None:
    instance = ready(world)
    assert claim(world, instance)["statusCode"] == 200
    assert claim(world, instance)["statusCode"] == 409
    assert len(world.github.registered) == 1


@pytest.mark.parametrize("at", range(6))
def test_twelve_claims_at_once_by_one_instance_mint_one_configuration(world: World, at: int) -> None:
    instance = ready(world)
    answers: list[int] = []
    calls: list[str] = []

    def meanwhile(what: str) -> None:
        """All others come at one of the first one's calls of a store or of GitHub."""
        calls.append(what)
        if len(calls) == at + 1:
            answers.extend(claim(world, instance)["statusCode"] for _ in range(11))

    world.table.before = world.github.before = world.groups.before = meanwhile
    answers.append(claim(world, instance)["statusCode"])
    assert len(calls) > at, "the first claim makes fewer calls"
    assert len(world.github.registered) == 1
    assert set(answers) <= {200, 204, 409, 503}
    assert (len(answers), answers.count(200)) == (12, 1)


def test_a_claim_that_did_not_live_to_hand_out_its_configuration_leaves_the_next_one_to_the_next(
    world: World,
) -> None:
    instance = ready(world)

    def crash(_: str) -> None:
        raise KeyboardInterrupt

    world.github.before = crash
    with pytest.raises(KeyboardInterrupt):
        claim(world, instance)
    world.github.before = lambda _: None
    assert claim(world, instance)["statusCode"] == 503
    world.now += MINTING_MS
    assert claim(world, instance)["statusCode"] == 200
    assert "minting_until" not in world.instance(instance)


def test_a_claim_without_demand_gets_nothing(world: World) -> None:
    world.groups.desired["slipway-test-linux"] = 1
    (instance,) = world.groups.settle()
    assert claim(world, instance)["statusCode"] == 204
    assert world.instance(instance)["state"] == "idle"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sts::123456789012:assumed-role/runner-other-linux/i-00000001",
        "arn:aws:sts::123456789012:assumed-role/runner-test-linux/somebody",
        "arn:aws:iam::123456789012:user/somebody",
        "",
    ],
)
def test_who_is_no_instance_of_the_fleet_gets_nothing(world: World, arn: str) -> None:
    ready(world)
    event = call("i-00000001")
    event["requestContext"]["authorizer"]["iam"]["userArn"] = arn
    assert claim_handler.respond(world.services, event)["statusCode"] == 403
    assert finish_handler.respond(world.services, event)["statusCode"] == 403
    assert world.groups.ended == []


def test_an_instance_outside_of_its_classes_group_gets_nothing(world: World) -> None:
    ready(world)
    assert claim(world, "i-0000beef")["statusCode"] == 403
    assert finish(world, "i-0000beef")["statusCode"] == 403


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (job_message(labels=["ubuntu-latest"]), "no_class_matches_labels"),
        (job_message(labels=["self-hosted", "gpu"]), "no_class_matches_labels"),
        (job_message(labels=[]), "no_class_matches_labels"),
        (job_message(slug="acme/other"), "repository_not_allowed"),
        (job_message(private=False), "public_repository"),
    ],
)
def test_a_job_that_may_have_no_runner_is_answered_with_the_reason(
    world: World, message: dict[str, Any], reason: str
) -> None:
    told(world, run_message(101), message)
    assert (world.job()["state"], world.job()["reason"]) == ("refused", reason)
    assert desired(world) == 0


@pytest.mark.parametrize("first", ["job", "run"])
@pytest.mark.parametrize("head", [2, None])
def test_a_forks_job_gets_no_runner(world: World, first: str, head: int | None) -> None:
    messages = [job_message(), run_message(101, head=head)]
    for message in messages if first == "job" else reversed(messages):
        told(world, message)
    assert (world.job()["state"], world.job()["reason"]) == ("refused", "fork_pull_request")
    assert desired(world) == 0


def test_a_job_of_unknown_origin_waits_for_its_run(world: World) -> None:
    told(world, job_message())
    assert (world.job()["state"], world.job()["reason"]) == ("queued", "origin_unknown")
    assert desired(world) == 0
    told(world, run_message(101))
    assert world.job()["waiting"] == "linux"
    assert desired(world) == 1


def test_a_class_may_admit_forks_and_public_repositories() -> None:
    world = World(linux=class_settings(forks=True, public=True))
    told(world, job_message(private=False))
    assert desired(world) == 1


@pytest.mark.parametrize("labels", [["SELF-HOSTED", "Linux"], ["x64"]])
def test_labels_match_as_github_matches_them(world: World, labels: list[str]) -> None:
    told(world, run_message(101), job_message(labels=labels))
    assert desired(world) == 1


def test_queued_waiting_queued_gives_one_runner(world: World) -> None:
    told(world, run_message(101), job_message(), job_message(action="waiting"), job_message())
    told(world, job_message())
    assert (world.job()["state"], desired(world)) == ("queued", 1)


def test_a_job_that_waits_for_approval_gets_its_runner_after_it(world: World) -> None:
    told(world, run_message(101), job_message(action="waiting"))
    assert (world.job()["reason"], desired(world)) == ("waiting_for_approval", 0)
    told(world, job_message())
    assert desired(world) == 1


def test_replays_of_captured_messages_change_nothing(world: World) -> None:
    instance = ready(world)
    claim(world, instance)
    name = f"test-linux-{instance}-1"
    sent = [
        run_message(101),
        job_message(),
        job_message(1, "in_progress", runner_name=name),
        job_message(1, "completed", runner_name=name),
    ]
    for message in sent:
        told(world, message)
    finish(world, instance)
    before = json.dumps(world.table.items, default=str)
    for message in [*sent, *reversed(sent)]:
        told(world, {**message, "delivery": "fresh", "received_at": world.now + 5})
    assert desired(world) == 0
    assert {k: v for k, v in json.loads(before).items() if k.startswith(("job", "instance"))} == {
        k: v
        for k, v in json.loads(json.dumps(world.table.items, default=str)).items()
        if k.startswith(("job", "instance"))
    }


def test_a_replay_from_before_any_living_run_begins_nothing(world: World) -> None:
    old = job_message(created_at="2026-01-01T00:00:00Z")
    told(world, run_message(101), old)
    assert "job#1#1" not in world.table.items


def test_jobs_handed_to_each_others_runners_both_run_and_start_nobody_else(world: World) -> None:
    told(world, run_message(101), run_message(102), job_message(1), job_message(2))
    first, second = world.groups.settle()
    claim(world, first)
    claim(world, second)
    mine = {world.instance(one)["job"]: one for one in (first, second)}
    crossed = {1: mine["job#2#1"], 2: mine["job#1#1"]}
    for job, instance in crossed.items():
        told(world, job_message(job, "in_progress", runner_name=f"test-linux-{instance}-1"))
    assert [world.instance(crossed[job])["job"] for job in (1, 2)] == ["job#1#1", "job#2#1"]
    for job, instance in crossed.items():
        told(world, job_message(job, "completed", runner_name=f"test-linux-{instance}-1"))
        finish(world, instance)
    assert (desired(world), world.groups.launched, world.kept.messages) == (0, 2, [])


def test_a_runner_taken_by_an_unreserved_job_leaves_its_own_in_the_queue(world: World) -> None:
    first = ready(world)
    claim(world, first)
    told(world, run_message(102), job_message(2))
    told(world, job_message(2, "in_progress", runner_name=f"test-linux-{first}-1"))
    assert (world.job(1)["state"], world.job(1)["waiting"]) == ("queued", "linux")
    (second,) = world.groups.settle()
    assert claim(world, second)["statusCode"] == 200


def test_late_news_of_what_an_ended_instance_ran_frees_the_job_it_had_reserved(world: World) -> None:
    first = ready(world)
    claim(world, first)
    told(world, run_message(102), job_message(2))
    finish(world, first)
    assert world.job(1)["doubted_at"]
    told(world, job_message(2, "completed", runner_name=f"test-linux-{first}-1"))
    assert (world.job(1)["state"], world.job(1)["waiting"]) == ("queued", "linux")
    assert "doubted_at" not in world.job(1)
    assert desired(world) == 1


def claimed(world: World, job: int) -> str:
    instance = ready(world, job)
    assert claim(world, instance)["statusCode"] == 200
    return instance


def test_two_that_ended_before_their_news_came_start_nobody_else(world: World) -> None:
    one, other = claimed(world, 1), claimed(world, 2)
    assert {finish(world, name)["statusCode"] for name in (one, other)} == {200}
    assert [world.job(job)["state"] for job in (1, 2)] == ["reserved", "reserved"]
    told(world, job_message(2, "in_progress", runner_name=f"test-linux-{one}-1"))
    assert (world.job(1)["state"], world.job(1)["reserved_by"]) == ("reserved", other)
    assert world.job(1)["doubted_at"]
    assert desired(world) == 0
    told(world, job_message(1, "completed", runner_name=f"test-linux-{other}-1"))
    assert [world.job(job)["state"] for job in (1, 2)] == ["completed", "in_progress"]
    assert desired(world) == 0


def test_a_job_left_over_by_one_that_failed_gets_an_instance(world: World) -> None:
    one, other = claimed(world, 1), claimed(world, 2)
    assert finish(world, other, "failed")["statusCode"] == 200
    assert finish(world, one)["statusCode"] == 200
    told(world, job_message(2, "in_progress", runner_name=f"test-linux-{one}-1"))
    assert world.job(1)["state"] == "queued"


def test_an_instance_that_fails_puts_its_job_back_and_asks_for_a_plan(world: World) -> None:
    instance = ready(world)
    claim(world, instance)
    finish(world, instance, "failed", "no disk\n")
    assert (world.job()["state"], world.job()["waiting"]) == ("queued", "linux")
    assert [json.loads(one) for one in world.kept.messages] == [{"kind": "plan", "class": "linux"}]
    told(world, json.loads(world.kept.messages[0]))
    assert desired(world) == 1
    assert world.kept.logs == ["no disk\n"]


SECRET = "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(60))
CARELESS = {
    "in a line": f"claimed {SECRET} end",
    "wrapped": "wrapped\n" + "\n".join(textwrap.wrap(SECRET, 64)) + "\nend",
    "a token": f"token ghs_{SECRET[:36]} end",
    # Of what is kept, the first forty characters would be the secret's last ones.
    "cut": f"start {SECRET[:1000]}" + "\nx" * 8_170 + "\nend",
}


@pytest.mark.parametrize("log", CARELESS.values(), ids=CARELESS)
def test_a_boot_log_is_kept_without_what_it_must_not_hold(world: World, log: str) -> None:
    finish(world, ready(world), "failed", log)
    (kept,) = world.kept.logs
    assert kept.endswith("end")
    assert not [n for n in range(len(SECRET) - 20) if SECRET[n : n + 20] in kept]


def test_finish_ends_its_caller_only_and_once(world: World) -> None:
    first = ready(world, 1)
    second = ready(world, 2)
    assert finish(world, first)["statusCode"] == 200
    assert finish(world, first)["statusCode"] == 200
    assert (world.groups.ended, list(world.groups.alive)) == ([first], [second])


def test_an_unreadable_message_alone_comes_back(world: World) -> None:
    event = records(run_message(101), job_message())
    event["Records"].append({"messageId": "bad", "body": "{"})
    answer = planner_handler.respond(world.services, event)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert desired(world) == 1


def test_a_burst_costs_one_desired_capacity_call(world: World) -> None:
    calls: list[str] = []
    world.groups.before = calls.append
    told(world, *[run_message(100 + n) for n in range(10)], *[job_message(n) for n in range(10)])
    assert calls.count("set_desired") == 1
    assert desired(world) == 10


def test_the_maximum_holds_and_is_the_reason(world: World) -> None:
    world = World(linux=class_settings(maximum=2))
    told(world, *[run_message(100 + n) for n in range(5)], *[job_message(n) for n in range(5)])
    assert desired(world) == 2
    assert world.table.items["plan#linux"]["reason"] == "at_maximum"


def test_without_an_image_nothing_starts_and_that_is_the_reason() -> None:
    world = World(linux=class_settings(image=None))
    told(world, run_message(101), job_message())
    assert (desired(world), world.table.items["plan#linux"]["reason"]) == (0, "no_image")
