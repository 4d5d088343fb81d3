"""Every job has exactly one reason, out of the closed list."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from runners.control.items import Instance, InstanceState, Job, JobState
from runners.control.reasons import Reason
from slipway.cli import runners as command
from slipway.runners.explain import SENTENCES, Situation, explain, reason
from slipway.runners.fleet import Fleet
from slipway.runners.state import Group
from tests.runners.cli import fakes

EMPTY = Group(desired=0, maximum=4, instances=())


def parsed(state: str, **more: Any) -> Job:
    return Job.parse(fakes.job(1, state, **more))


def around(group: Group = EMPTY, *states: str, **more: Any) -> Situation:
    instances = tuple(Instance.parse(fakes.instance(f"i-{number}", one)) for number, one in enumerate(states))
    return Situation(
        settings={**fakes.CLASS, **more.pop("settings", {})}, group=group, instances=instances, **more
    )


def full(**more: Any) -> Group:
    return Group(**{"desired": 4, "maximum": 4, "instances": (), **more})


@pytest.mark.parametrize(
    ("job", "situation", "expected"),
    [
        (parsed("completed"), around(), Reason.COMPLETED),
        (parsed("in_progress"), around(), Reason.RUNNING),
        (parsed("seen-waiting"), around(), Reason.APPROVAL),
        (parsed("refused", reason="repository_not_allowed"), around(), Reason.REPOSITORY),
        (parsed("refused", reason="public_repository"), around(), Reason.PUBLIC),
        (parsed("refused", reason="fork_pull_request"), around(), Reason.FORK),
        (parsed("queued", waiting="", reason="not_handed_out", unused=1), around(), Reason.NOT_HANDED),
        (parsed("refused", reason="no_class_matches_labels"), None, Reason.NO_CLASS),
        (parsed("queued"), None, Reason.NO_CLASS),
        (parsed("queued", waiting="", reason="origin_unknown"), around(), Reason.ORIGIN),
        (parsed("reserved", reserved_by="i-0"), around(full(), "claimed"), Reason.STARTING),
        (
            parsed("reserved", reserved_by="i-0"),
            around(full(), "claiming", github="github_unavailable"),
            Reason.GITHUB,
        ),
        (parsed("queued"), around(settings={"image": None}), Reason.NO_IMAGE),
        (parsed("queued"), around(Group(desired=0, maximum=0, instances=())), Reason.NO_IMAGE),
        (parsed("queued"), around(github="github_rate_limited"), Reason.RATE_LIMITED),
        (parsed("queued"), around(github="github_unavailable"), Reason.GITHUB),
        (parsed("queued"), around(full(), "idle", "running", "running", "running"), Reason.CLAIMABLE),
        (parsed("queued"), around(full(trouble="no t3 left")), Reason.NO_CAPACITY),
        (parsed("queued"), around(full(), "running", "running", "running"), Reason.STARTING),
        (parsed("queued"), around(full(), *["running"] * 4), Reason.MAXIMUM),
        (parsed("queued"), around(), Reason.STARTING),
    ],
)
def test_each_situation_has_its_reason(job: Job, situation: Situation | None, expected: Reason) -> None:
    assert reason(job, situation)[0] is expected


def test_an_instance_that_never_called_is_not_claimable_yet() -> None:
    booting = Instance.parse(fakes.instance("i-0", "idle", called_at=0))
    situation = Situation(settings=fakes.CLASS, group=full(desired=1), instances=(booting,))
    assert reason(parsed("queued"), situation) == (Reason.STARTING, "1 of 4 instances, 1 of them starting")


def test_a_job_that_is_left_alone_is_said_to_be_tried_again_and_when() -> None:
    job = parsed("queued", waiting="", reason="not_handed_out", unused=2, checked_at=1_700_000_000_000)
    assert reason(job, around()) == (Reason.NOT_HANDED, "2 so far; the next one from 22:23 UTC on")


def test_every_reason_has_a_sentence() -> None:
    assert set(SENTENCES) == set(Reason)


@given(
    state=st.sampled_from(list(JobState)),
    waiting=st.sampled_from(["", "standard"]),
    why=st.sampled_from(["", *Reason]),
    github=st.sampled_from(["", "at_maximum", *Reason]),
    image=st.sampled_from([None, {"id": "ami-1"}]),
    desired=st.integers(0, 5),
    maximum=st.integers(0, 5),
    instances=st.lists(st.sampled_from(list(InstanceState)), max_size=5),
    trouble=st.sampled_from(["", "none left"]),
)
def test_whatever_is_written_there_is_a_reason(
    *, state: str, waiting: str, why: str, github: str, image: Any, instances: list[str], **group: Any
) -> None:
    job = parsed(state, waiting=waiting, reason=why)
    found, _ = reason(
        job, around(Group(**group, instances=()), *instances, settings={"image": image}, github=github)
    )
    assert SENTENCES[found]
    assert found is not Reason.UNKNOWN


def test_the_story_is_told_attempt_by_attempt(fleet: Fleet) -> None:
    fakes.configure(fleet)
    fakes.group(fleet, desired=1)
    story = [{"at": 1_700_000_000_000, "what": "queued", "detail": ""}]
    fakes.put(fleet, fakes.job(5, "completed", conclusion="failure", timeline=story))
    fakes.put(fleet, fakes.job(5, "queued", pk="job#5#2", attempt=2))
    fakes.put(fleet, fakes.job(51, "queued"))
    found = explain(fleet, 5)
    assert [(one.job.attempt, one.reason) for one in found] == [(1, Reason.COMPLETED), (2, Reason.STARTING)]
    assert found[0].to_json()["timeline"] == story


def test_github_being_blocked_is_the_reason_while_it_lasts(fleet: Fleet) -> None:
    fakes.configure(fleet)
    fakes.group(fleet, desired=0)
    fakes.put(fleet, fakes.job(5, "queued"))
    fakes.put(fleet, {"pk": "github", "blocked_until": 1, "reason": "github_rate_limited"})
    assert explain(fleet, 5)[0].reason is Reason.STARTING
    fakes.put(fleet, {"pk": "github", "blocked_until": 9_999_999_999_999, "reason": "github_rate_limited"})
    assert explain(fleet, 5)[0].reason is Reason.RATE_LIMITED


def test_github_refusing_a_class_its_configurations_is_the_reason_while_it_lasts(fleet: Fleet) -> None:
    fakes.configure(fleet)
    fakes.group(fleet, desired=0)
    fakes.put(fleet, fakes.job(5, "queued"))
    for until, expected in ((1, Reason.STARTING), (9_999_999_999_999, Reason.GITHUB)):
        fakes.put(fleet, {"pk": f"plan#{fakes.job(5, 'queued')['class']}", "github_refused_until": until})
        assert explain(fleet, 5)[0].reason is expected


def test_the_command_tells_the_story(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_fleet", lambda *_: fleet)
    fakes.configure(fleet)
    story = [
        {"at": 1_700_000_065_000, "what": "claimed", "detail": "i-1"},
        {"at": 1_700_000_000_000, "what": "queued", "detail": ""},
    ]
    fakes.put(fleet, fakes.job(5, "completed", conclusion="success", timeline=story))
    result = CliRunner().invoke(command.app, ["explain", "5", "local"])
    assert result.exit_code == 0
    assert "job 5 of acme/skill-pool: completed" in result.output
    assert "  2023-11-14 22:13:20  +0.0s    queued\n" in result.output
    assert "  2023-11-14 22:14:25  +1m05s   claimed  i-1\n" in result.output
    assert "completed: It is completed. (success)" in result.output


def test_an_unknown_job_is_said_to_be_unknown(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_fleet", lambda *_: fleet)
    fakes.configure(fleet)
    fakes.put(fleet, fakes.job(50, "queued"))
    result = CliRunner().invoke(command.app, ["explain", "5", "local"])
    assert result.exit_code == 1
    assert "job 5: unknown_job." in result.output
    told = CliRunner().invoke(command.app, ["explain", "5", "local", "--json"])
    assert told.exit_code == 1
    assert json.loads(told.output)["reason"] == "unknown_job"
