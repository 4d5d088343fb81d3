"""The parts of a rehearsal: what is asked for, an instance's life, and what its report promises."""

import threading
from typing import Any

import pytest

from slipway.errors import SlipwayError
from slipway.rehearsal.instance import Instance, Ledger, Phase
from slipway.rehearsal.report import Report
from slipway.rehearsal.residue import Search
from slipway.rehearsal.settings import fraction
from slipway.rehearsal.stand_in import Answer

CLEAN = Search(looked_at={}, found=())


@pytest.mark.parametrize(
    ("text", "value"), [("20%", 0.2), ("0.2", 0.2), ("0", 0), ("100%", 1), ("2.5%", 0.025)]
)
def test_shares(text: str, value: float) -> None:
    assert fraction(text, "--drop") == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "20", "101%", "-1%", "1.5", "a%", "%"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(SlipwayError, match="is no share"):
        fraction(text, "--drop")


def report(**more: Any) -> Report:
    good: dict[str, Any] = {"jobs": 100, "done": 100, "launched": 100, "messages": 300, "search": CLEAN}
    return Report(**{**good, **more})


def test_a_good_rehearsal_breaks_no_promise() -> None:
    assert all(held for _, held in report().promises())


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"done": 99}, "every job is done"),
        ({"open_in_table": 1}, "the fleet knows it"),
        ({"killed": ["i-1"]}, "no instance was ended"),
        ({"launched": 106}, "more instances than jobs"),
        (
            {"github_calls": {"POST /orgs/{org}/actions/runners/generate-jitconfig": 103}},
            "GitHub calls an instance",
        ),
        ({"invocations": {"slipway-local-runner-planner": 361}}, "invocations a message"),
        ({"second_claims": [409, 200]}, "a second claim"),
        ({"foreign_jobs_served": 1}, "not on the list"),
        ({"unexplained": ["job 1: unknown_job"]}, "not on the list"),
        ({"search": Search(looked_at={}, found=("logs: g",))}, "no runner credential"),
        ({"search": None}, "no runner credential"),
    ],
)
def test_each_promise_can_be_broken(broken: dict[str, Any], words: str) -> None:
    failed = [promise for promise, held in report(**broken).promises() if not held]
    assert len(failed) == 1
    assert words in failed[0]


@pytest.mark.parametrize(("jobs", "extra"), [(20, 3), (100, 5), (1000, 50)])
def test_a_few_instances_too_many_are_a_share_of_many_jobs_alone(jobs: int, extra: int) -> None:
    for launched, held in ((jobs + extra, True), (jobs + extra + 1, False)):
        told = report(jobs=jobs, done=jobs, launched=launched).promises()
        assert dict(told)["at most 5% more instances than jobs, or 3"] is held


@pytest.mark.parametrize(("launched", "held"), [(107, True), (110, False)])
def test_an_approval_may_cost_one_instance_that_idles(*, launched: int, held: bool) -> None:
    played = report(jobs=100, approvals=2, launched=launched)
    assert dict(played.promises())["at most 5% more instances than jobs, or 3, and one an approval"] is held
    assert played.overprovision == pytest.approx((launched - 102) / 100)


def test_recovery_and_spares_are_counted_apart() -> None:
    told = report(
        github_calls={
            "POST /jit": 100,
            "GET /app/hook/deliveries": 7,
            "GET /repos/{owner}/{repo}/actions/runs/{run}": 3,
            "POST /app/hook/deliveries/{id}/attempts": 60,
        },
        launched=107,
        spares=2,
    )
    assert told.github_calls_per_job == 1
    assert told.recovery_calls_per_job == 0.7
    assert all(held for _, held in told.promises())
    assert told.to_json()["promises"]["every job is done"] is True


class FakeCloud:
    """Both controls, and the fleet's API, from a list of answers to claims."""

    def __init__(self, *claims: Answer, finishes: tuple[int, ...] = (200,)) -> None:
        self.claims = list(claims)
        self.finishes = list(finishes)
        self.said: list[str] = []
        self.connected = threading.Event()

    def credentials(self, instance: str) -> dict[str, str]:
        return {"AccessKeyId": "a", "SecretAccessKey": f"secret-of-{instance}", "Token": "t"}

    def post(self, url: str, credentials: object, body: object) -> Answer:
        route = url.rpartition("/")[2]
        self.said.append(route)
        if route == "claim":
            return self.claims.pop(0)
        return Answer(status=self.finishes.pop(0), body={}, retry_after_s=0.01)

    def connect(self, jit: str) -> Answer:
        self.said.append(f"connect {jit}")
        self.connected.set()
        return Answer(status=200, body={"id": 9}, retry_after_s=0)

    def complete(self, number: int, conclusion: str) -> int:
        self.said.append(f"{conclusion} {number}")
        return 200

    def disconnect(self, runner: int) -> None:
        self.said.append(f"disconnect {runner}")


def answer(status: int, **body: object) -> Answer:
    return Answer(status=status, body=body, retry_after_s=0.01)


def live(cloud: Any, *, greedy: bool = False, job: int | None = 5, stopped: bool = False) -> Ledger:
    """Run one instance to its end; `job` is what GitHub hands it."""
    stopping, ledger = threading.Event(), Ledger()
    one = Instance("i-1", "http://x", (cloud, cloud), ledger, work_s=0, greedy=greedy, stopping=stopping)
    if stopped:
        stopping.set()
    one.start()
    if job is not None and cloud.connected.wait(2):
        one.hand(job)
    elif not stopped:
        cloud.connected.wait(2)
        stopping.set()
    one.join(60)
    assert one.phase is Phase.GONE
    return ledger


def test_an_instance_asks_until_it_may_runs_one_job_and_finishes() -> None:
    cloud = FakeCloud(answer(204), answer(503), answer(200, jitconfig="J"), finishes=(503, 200))
    ledger = live(cloud)
    assert cloud.said == ["claim", "claim", "claim", "connect J", "success 5", "finish", "finish"]
    assert (ledger.done, ledger.configurations, ledger.troubles) == ([5], ["J"], [])
    assert "secret-of-i-1" in ledger.credentials


def test_a_greedy_one_claims_again_and_notes_the_answer() -> None:
    cloud = FakeCloud(answer(200, jitconfig="J"), answer(409))
    assert live(cloud, greedy=True).second_claims == [409]


def test_one_that_gets_no_job_leaves_when_it_is_over() -> None:
    cloud = FakeCloud(answer(200, jitconfig="J"))
    assert live(cloud, job=None).done == []
    assert cloud.said == ["claim", "connect J", "disconnect 9", "finish"]


def test_one_that_never_claimed_finishes_too() -> None:
    cloud = FakeCloud()
    live(cloud, job=None, stopped=True)
    assert cloud.said == ["finish"]


def test_a_refused_claim_is_reported() -> None:
    ledger = live(FakeCloud(answer(403)), job=None)
    assert "403 to its claim" in ledger.troubles[0]
