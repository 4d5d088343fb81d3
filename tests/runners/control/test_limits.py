"""GitHub's rate limits, as the functions meet them on the wire: nobody calls into a closed window."""

import http.client
import json
from collections.abc import Callable

import pytest

from runners.control import planner_handler
from runners.control.config import Fleet
from runners.control.github import Answer, GitHubRest, Spent
from tests.runners.control.steps import MINUTE, claim, tick, told
from tests.runners.control.world import World, job_message, run_message

Window = Callable[[int], Answer | None]
"""Minutes since the beginning -> how GitHub refuses then, or None."""

SECONDARY = Answer(
    403, {}, b'{"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}'
)


class Tokens:
    """Credentials that cost no call."""

    def installation_token(self) -> str:
        return "ghs_token"

    def app_jwt(self) -> str:
        return "jwt"

    def forget(self, token: str) -> None:
        pass


class Limited(World):
    """A fleet whose GitHub answers by HTTP; `calls` are the minutes of those into a closed window."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self.window = window
        self.begin = self.now
        self.calls: list[int] = []
        self.services.connect = self.wired

    def wired(self, fleet: Fleet) -> GitHubRest:
        return GitHubRest("http://github", "acme", Tokens(), self.answer, Spent(), clock=lambda: self.now)

    def answer(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        minute = (self.now - self.begin) // MINUTE
        refusal = self.window(minute)
        if refusal is not None:
            self.calls.append(minute)
            return refusal
        if url.endswith("generate-jitconfig"):
            return Answer(200, {}, json.dumps({"encoded_jit_config": "jit", "runner": {"id": 1}}).encode())
        return Answer(200, {}, b"[]" if "/deliveries" in url else b'{"status": "queued", "runners": []}')

    def live(self, minutes: int) -> None:
        """Ticks, and an instance that asks for its configuration, each minute; no tick fails."""
        told(self, run_message(101), job_message())
        (instance,) = self.groups.settle()
        for _ in range(minutes):
            claim(self, instance)
            tick(self)


def test_a_limit_with_a_reset_in_forty_minutes_costs_one_call() -> None:
    def window(minute: int) -> Answer | None:
        reset = str((world.begin + 40 * MINUTE) // 1000)
        return (
            Answer(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}) if minute < 40 else None
        )

    world = Limited(window)
    world.live(44)
    assert world.calls == [0]
    assert world.table.items["instance#i-00000001"]["state"] == "claimed"


def test_a_secondary_limit_without_a_time_is_waited_out_longer_each_time_and_fails_no_tick() -> None:
    world = Limited(lambda minute: SECONDARY if minute < 40 else None)
    world.live(75)
    waits = [later - earlier for earlier, later in zip(world.calls, world.calls[1:], strict=False)]
    assert len(world.calls) <= 6
    assert waits == sorted(waits)
    assert min(waits) >= 1
    assert world.table.items["instance#i-00000001"]["state"] == "claimed"


def test_a_secondary_limit_long_after_another_waits_for_a_minute_again() -> None:
    world = Limited(lambda minute: SECONDARY if minute in (0, 30) else None)
    world.live(32)
    assert world.calls == [0, 30]
    assert world.table.items["github"]["grown"] == 60


def test_calls_that_were_under_way_when_the_limit_was_met_do_not_make_it_grow() -> None:
    world = Limited(lambda _: SECONDARY)
    told(world, *[run_message(100 + n) for n in range(9)], *[job_message(n) for n in range(9)])
    instances = world.groups.settle()
    inner: list[str] = []

    def meanwhile(minute: int) -> Answer | None:
        if inner:
            claim(world, inner.pop())
        return SECONDARY

    world.window = meanwhile
    first, *inner = instances
    claim(world, first)
    assert len(world.calls) == 9
    assert world.table.items["github"]["blocked_until"] == world.now + MINUTE


def test_the_tick_plans_although_github_lets_no_runner_go() -> None:
    """An instance whose runner got no job is released by a call, and others wait for a plan meanwhile."""
    world = Limited(lambda _: None)
    told(world, run_message(101), job_message())
    (instance,) = world.groups.settle()
    assert claim(world, instance)["statusCode"] == 200
    world.now += 16 * MINUTE
    world.window = lambda _: SECONDARY
    world.groups.vanish(instance)
    world.groups.alive[instance] = "slipway-test-linux"
    told(world, run_message(102), job_message(2))
    world.groups.desired["slipway-test-linux"] = 1
    planner_handler.respond(world.services, {"tick": True})
    assert (len(world.calls), world.groups.ended) == (1, [])
    assert world.groups.desired["slipway-test-linux"] == 2


@pytest.mark.parametrize(
    "fault", [http.client.IncompleteRead(b""), http.client.BadStatusLine("x"), OSError()]
)
def test_an_answer_that_breaks_off_is_no_answer(fault: Exception) -> None:
    world = Limited(lambda _: None)

    def broken(*_: object) -> Answer:
        raise fault

    world.answer = broken  # type: ignore[method-assign]
    world.live(1)
    assert world.table.items["github"]["reason"] == "github_unavailable"
