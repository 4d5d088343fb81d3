"""What `slipway runners simulate` prints, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from slipway.cli import runners as command
from slipway.errors import SlipwayError
from slipway.rehearsal import counters, play, ready
from slipway.rehearsal.play import Moment
from slipway.rehearsal.report import Report
from slipway.rehearsal.residue import Search
from slipway.rehearsal.settings import Settings
from slipway.runners import fleet as fleets
from slipway.runners.fleet import Fleet
from tests.runners.cli import fakes

MOMENT = Moment(asked=10, queued=8, started=5, done=3, instances=4, launched=6, ticks=2, doing="playing")


def invoke(monkeypatch: pytest.MonkeyPatch, report: Report, *arguments: str) -> tuple[Any, list[Settings]]:
    asked: list[Settings] = []

    class Played:
        def __init__(self, fleet: object, root: Path, settings: Settings, told: Any) -> None:
            asked.append(settings)
            self.told = told

        def run(self) -> Report:
            self.told(MOMENT)
            return report

    monkeypatch.setattr(fleets, "load", lambda *_: None)
    monkeypatch.setattr(play, "Rehearsal", Played)
    return CliRunner().invoke(command.app, ["simulate", *arguments]), asked


def report(**more: Any) -> Report:
    search = Search(looked_at={"tables": 7, "logs": 9}, found=())
    events = {"sent": 25, "dropped": 6, "duplicated": 5}
    whole = {"jobs": 10, "done": 10, "launched": 10, "messages": 25, "search": search, "events": events}
    return Report(**{**whole, **more})


def test_it_plays_what_was_asked_and_prints_what_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    result, asked = invoke(
        monkeypatch,
        report(longest_wait_s=3.25, invocations={"slipway-local-runner-claim": 12}, aws_calls=130),
        *(
            "--jobs",
            "10",
            "--drop",
            "20%",
            "--duplicate",
            "0.3",
            "--reorder",
            "--seed",
            "7",
            "--approvals",
            "0.4",
        ),
    )
    assert result.exit_code == 0, result.exception
    assert asked == [Settings(jobs=10, drop=0.2, duplicate=0.3, reorder=True, seed=7, approvals=0.4)]
    words = " ".join(result.output.split())
    for expected in (
        "jobs done 10 of 10",
        "events 25 sent, 6 lost, 5 doubled",
        "longest wait 3.2 s",
        "AWS calls a job 13.0",
        "invocations claim 12;",
        "searched 7 tables, 9 logs",
        "held every job is done",
        "playing: 3 of 10 jobs done, 3 waiting, 2 running; 4 instances, 6 launched; 2 ticks",
    ):
        assert expected in words
    assert "BROKEN" not in words


def test_a_broken_promise_is_shown_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    killed, _ = invoke(monkeypatch, report(killed=["i-7"]))
    assert killed.exit_code == 1
    assert "BROKEN  no instance was ended while its job ran" in killed.output
    assert "ended while their job ran: i-7" in killed.output
    unfinished, _ = invoke(monkeypatch, report(done=9, troubles=["i-1: late"] * 30))
    assert unfinished.exit_code == 1
    assert "BROKEN  every job is done" in unfinished.output
    assert "troubles: and 10 more" in unfinished.output


def test_json_is_one_object_on_standard_output(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _ = invoke(monkeypatch, report(), "--json")
    told = json.loads(result.stdout)
    assert told["promises"]["every job is done"] is True
    assert told["search"]["looked_at"] == {"tables": 7, "logs": 9}


BROKEN: dict[str, dict[str, Any]] = {
    "every job is done": {"done": 9},
    "the fleet knows it of each": {"open_in_table": 1},
    "no instance was ended while its job ran": {"killed": ["i-7"]},
    "at most 5% more instances than jobs": {"launched": 14},
    "at most 1.02 GitHub calls an instance": {"github_calls": {"POST /x": 12}},
    "at most 1.2 invocations a message": {"invocations": {"x-planner": 31}},
    "a second claim is refused": {"second_claims": [409, 200]},
    "a repository that is not on the list": {"foreign_jobs_served": 1},
    "no runner credential is found": {"search": Search(looked_at={"logs": 9}, found=("logs: g",))},
}


def test_each_promise_is_broken_below() -> None:
    words = [words for words, _ in report().promises()]
    assert len(words) == len(BROKEN)
    assert all(one.startswith(tuple(BROKEN)) for one in words)


@pytest.mark.parametrize("promise", BROKEN)
@pytest.mark.parametrize("how", [(), ("--json",)])
def test_each_broken_promise_fails_also_as_json(
    monkeypatch: pytest.MonkeyPatch, promise: str, how: tuple[str, ...]
) -> None:
    result, _ = invoke(monkeypatch, report(**BROKEN[promise]), *how)
    assert result.exit_code == 1
    if how:
        (broken,) = [words for words, held in json.loads(result.stdout)["promises"].items() if not held]
        assert broken.startswith(promise)
    else:
        assert f"BROKEN  {promise}" in result.output
        assert result.output.count("BROKEN") == 1


def test_only_the_embedded_cloud_is_played_with() -> None:
    real = Fleet(stack="prod", name="prod", region="eu-west-1", account="1", organization="acme")
    with pytest.raises(SlipwayError, match="on the embedded cloud only"):
        ready.cloud_of(real)


def test_a_fleet_without_a_usable_class_cannot_be_played(fleet: Fleet) -> None:
    fakes.configure(fleet, {"a": {**fakes.CLASS, "image": None}, "b": {**fakes.CLASS, "maximum": 0}})
    with pytest.raises(SlipwayError, match="may have an instance"):
        ready.classes(fleet)


def test_aws_calls_are_lines_of_the_log_since_the_start(tmp_path: Path) -> None:
    folder = tmp_path / ".slipway"
    folder.mkdir()
    log = folder / "cloud.log"
    log.write_text("t aws POST '/' 200 1ms\n")
    start = log.stat().st_size
    with log.open("a") as more:
        more.write("t aws POST '/' 200 1ms\nt github POST '/slipway/x' 200 1ms\n")
        more.write("t aws POST '/slipway/tick' 200 1ms\nt aws POST '/123/queue' 200 1ms\nnoise\n")
    assert counters.aws_calls(tmp_path, start) == 2
    assert counters.aws_calls(tmp_path / "nowhere", 0) == 0


def test_a_difference_holds_what_changed() -> None:
    def reading(calls: int, own: int) -> counters.Counters:
        none: dict[str, int] = {}
        return counters.Counters(
            github={"GET /app": calls, "GET /same": 3},
            webhooks=none,
            invocations=none,
            errors=none,
            log_at=0,
            own=own,
        )

    spent = reading(5, 9).since(reading(2, 4))
    assert (spent.github, spent.own) == ({"GET /app": 3}, 5)
