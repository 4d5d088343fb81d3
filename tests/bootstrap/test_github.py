"""`slipway bootstrap --github`: what it makes, repairs, leaves alone and refuses; it can be cut short."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.bootstrap.github import GithubReport, set_up
from slipway.bootstrap.next_steps import environment
from slipway.bootstrap.plan import BootstrapPlan
from slipway.bootstrap.steps import Action
from slipway.errors import SlipwayError
from slipway.github.values import set_secret
from slipway.platform.app_key import NEW_KEY, PRIVATE_KEY
from tests.bootstrap import github, samples

APPLY, PLAN = "infra-prod-apply", "infra-prod-plan"


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway.bootstrap.steps._PAUSE_SECONDS", 0)


@pytest.fixture
def stand_in() -> Iterator[github.StandIn]:
    with github.serving() as running:
        yield running


def made(stand_in: github.StandIn, plan: BootstrapPlan | None = None, **options: Any) -> GithubReport:
    settings: dict[str, Any] = {"agree": lambda _: True, "done": lambda _: None, **options}
    return set_up(plan or samples.plan(), stand_in.client, **settings)


def reviewers(stand_in: github.StandIn) -> list[tuple[str, int]]:
    listed = stand_in.environment(APPLY)["rules"]["reviewers"]
    return [(item["type"], item["reviewer"]["id"]) for item in listed]


def test_the_apply_job_gets_its_environment_and_the_plan_job_a_closed_one(stand_in: github.StandIn) -> None:
    report = made(stand_in)
    assert {step.action for step in report.steps} == {Action.CREATE}
    found = stand_in.environment(APPLY)
    assert reviewers(stand_in) == [("Team", 70), ("User", 7)]
    assert found["rules"]["prevent_self_review"] is True
    assert found["rules"]["can_admins_bypass"] is False
    assert found["branches"] == ["main"]
    assert found["variables"] == samples.plan().variables
    closed = stand_in.environment(PLAN)
    assert closed["rules"]["deployment_branch_policy"]["custom_branch_policies"] is True
    assert closed["branches"] == [], "no branch may use it before its stack says which"


def test_a_second_run_changes_nothing(stand_in: github.StandIn) -> None:
    made(stand_in)
    before = list(stand_in.changes)
    report = made(stand_in, agree=lambda _: pytest.fail("there is nothing to agree to"))
    assert {step.action for step in report.steps} == {Action.KEEP}
    assert stand_in.changes == before


def test_it_is_finished_wherever_it_was_cut_short(stand_in: github.StandIn) -> None:
    made(stand_in)
    whole = {name: stand_in.environment(name) for name in (APPLY, PLAN)}
    for number in range(len(stand_in.changes)):
        with github.serving() as other:
            other.refuse = number
            with pytest.raises(SlipwayError, match="cut short"):
                made(other)
            other.refuse = None
            made(other)
            assert {name: other.environment(name) for name in (APPLY, PLAN)} == whole, number


def test_what_differs_is_repaired_and_what_was_set_besides_stays(stand_in: github.StandIn) -> None:
    made(stand_in)
    door = f"/repos/acme/platform/environments/{APPLY}"
    stand_in.github.world.users["grace"] = 8
    by_hand = {"wait_timer": 5, "reviewers": [{"type": "User", "id": 8}], "can_admins_bypass": True}
    by_hand["prevent_self_review"] = True
    policy = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
    stand_in.client.put(door, {**by_hand, **policy})
    stand_in.client.post(f"{door}/deployment-branch-policies", {"name": "release/*"})
    stand_in.client.patch(f"{door}/variables/AWS_REGION", {"name": "AWS_REGION", "value": "elsewhere"})
    report = made(stand_in)
    said = {step.id: (step.action, step.detail) for step in report.steps}
    assert said["door"] == (
        Action.UPDATE,
        "team:release-managers does not approve; user:ada does not approve; "
        "administrators may pass by approval and wait",
    )
    assert said["AWS_REGION"] == (Action.UPDATE, "elsewhere -> eu-west-1")
    action, detail = said["branch-main"]
    assert (action, "left as it is: release/* may apply, too" in detail) == (Action.KEEP, True)
    assert f"gh api --method DELETE repos/acme/platform/environments/{APPLY}/deployment-branch" in detail
    found = stand_in.environment(APPLY)
    assert reviewers(stand_in) == [("Team", 70), ("User", 7), ("User", 8)]
    assert found["rules"]["wait_timer"] == 5
    assert found["rules"]["can_admins_bypass"] is False
    assert found["branches"] == ["main", "release/*"]
    assert found["variables"]["AWS_REGION"] == "eu-west-1"
    again = {step.id: step.detail for step in made(stand_in).steps}
    assert again["door"] == "left as they are: grace may approve, too"


def test_that_whoever_starts_an_apply_may_approve_it_is_told_and_left_as_somebody_set_it(
    stand_in: github.StandIn,
) -> None:
    made(stand_in)
    door = f"/repos/acme/platform/environments/{APPLY}"
    listed = [{"type": kind, "id": number} for kind, number in reviewers(stand_in)]
    policy = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
    stand_in.client.put(
        door, {**policy, "reviewers": listed, "prevent_self_review": False, "can_admins_bypass": False}
    )
    door_step = {step.id: step for step in made(stand_in).steps}["door"]
    assert door_step.action == Action.KEEP
    assert "whoever starts an apply may approve it" in door_step.detail
    assert "https://github.com/acme/platform/settings/environments" in door_step.detail
    assert stand_in.environment(APPLY)["rules"]["prevent_self_review"] is False


@pytest.mark.parametrize("policy", [None, {"protected_branches": True, "custom_branch_policies": False}])
def test_a_plan_environment_that_github_made_for_a_job_is_closed(
    stand_in: github.StandIn, policy: dict[str, bool] | None
) -> None:
    """A job that names an environment which is not there makes it, open to every branch."""
    place = f"/repos/acme/platform/environments/{PLAN}"
    stand_in.client.put(place, {"deployment_branch_policy": policy, "wait_timer": 5})
    said = {step.id: (step.action, step.detail) for step in made(stand_in).steps}
    assert said["plan"][0] == Action.UPDATE
    assert "it is open to other branches" in said["plan"][1]
    closed = stand_in.environment(PLAN)
    assert closed["rules"]["deployment_branch_policy"]["custom_branch_policies"] is True
    assert (closed["branches"], closed["rules"]["wait_timer"]) == ([], 5)
    stand_in.client.post(f"{place}/deployment-branch-policies", {"name": "main"})
    assert {step.action for step in made(stand_in).steps} == {Action.KEEP}, "its stack opened it"


@pytest.mark.parametrize("name", [APPLY, PLAN])
@pytest.mark.parametrize("holds", [True, False])
def test_where_an_open_environment_holds_the_apps_key_it_says_what_to_do(
    stand_in: github.StandIn, name: str, *, holds: bool
) -> None:
    made(stand_in)
    place = f"/repos/acme/platform/environments/{name}"
    if holds:
        set_secret(stand_in.client, place, PRIVATE_KEY, "key")
    stand_in.client.put(place, {})
    details = "; ".join(step.detail for step in made(stand_in).steps)
    assert "it is open to other branches" in details
    assert (NEW_KEY in details) is holds
    assert NEW_KEY not in "; ".join(step.detail for step in made(stand_in).steps), "it is closed by then"


def test_that_administrators_may_pass_by_is_repaired_where_there_is_something_to_pass(
    stand_in: github.StandIn,
) -> None:
    made(stand_in, named())
    door = f"/repos/acme/platform/environments/{APPLY}"
    policy = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}
    stand_in.client.put(door, {**policy, "can_admins_bypass": True})
    assert {step.action for step in made(stand_in, named()).steps} == {Action.KEEP}
    stand_in.client.put(door, {**policy, "wait_timer": 5, "can_admins_bypass": True})
    said = {step.id: (step.action, step.detail) for step in made(stand_in, named()).steps}
    assert said["door"] == (Action.UPDATE, "administrators may pass by approval and wait")
    rules = stand_in.environment(APPLY)["rules"]
    assert (rules["can_admins_bypass"], rules["wait_timer"]) == (False, 5)


def test_more_reviewers_than_github_takes_are_refused_before_anything_is_made(
    stand_in: github.StandIn,
) -> None:
    stand_in.github.world.users |= {f"other-{number}": 100 + number for number in range(5)}
    by_hand = [{"type": "User", "id": 100 + number} for number in range(5)]
    stand_in.client.put(f"/repos/acme/platform/environments/{APPLY}", {"reviewers": by_hand})
    before = list(stand_in.changes)
    with pytest.raises(SlipwayError, match="7 reviewers, of whom GitHub takes 6") as refused:
        made(stand_in)
    assert "other-0" in refused.value.fix
    assert stand_in.changes == before
    made(stand_in, named("team:release-managers"))


def named(*reviewers: str, **more: Any) -> BootstrapPlan:
    plan = samples.plan()
    return replace(plan, github=replace(plan.github, reviewers=reviewers, **more))


@pytest.mark.parametrize(
    ("plan", "said", "fix"),
    [
        (
            named("team:strangers"),
            "strangers cannot read acme/platform",
            "gh api --method PUT orgs/acme/teams/strangers/repos/acme/platform -f permission=pull",
        ),
        (
            named("user:ada", "user:eve"),
            "the user eve cannot read acme/platform",
            "gh api --method PUT repos/acme/platform/collaborators/eve -f permission=pull",
        ),
        (named("team:nobody"), "knows no team nobody", "correct the name"),
        (named("user:nobody"), "knows no user nobody", "correct the name"),
        (named(unprotected="the plan 'free' cannot"), "cannot", "a plan that can hold"),
    ],
)
def test_what_github_would_not_hold_is_refused_before_anything_is_made(
    stand_in: github.StandIn, plan: BootstrapPlan, said: str, fix: str
) -> None:
    with pytest.raises(SlipwayError, match=said) as refused:
        made(stand_in, plan)
    assert fix in refused.value.fix
    assert stand_in.changes == []


def test_reviewers_whom_github_left_out_are_noticed(
    stand_in: github.StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a team loses the repository between the look and the call."""
    monkeypatch.setattr("slipway.localcloud.github.routes.environments.reads", lambda *_: False)
    with pytest.raises(SlipwayError, match="does not show") as refused:
        made(stand_in)
    assert "team:release-managers does not approve" in refused.value.where


def test_a_no_and_a_look_change_nothing(stand_in: github.StandIn) -> None:
    with pytest.raises(SlipwayError, match="nothing was changed"):
        made(stand_in, agree=lambda _: False)
    assert {step.action for step in made(stand_in, dry_run=True).steps} == {Action.CREATE}
    assert stand_in.changes == []


def test_the_printed_commands_do_the_same_each_time(stand_in: github.StandIn, tmp_path: Path) -> None:
    made(stand_in)
    whole = {name: stand_in.environment(name) for name in (APPLY, PLAN)}
    program = tmp_path / "gh"
    program.write_text(f"#!{sys.executable}\nfrom tests.bootstrap import gh\ngh.main()\n")
    program.chmod(stat.S_IRWXU)
    with github.serving() as other:
        settings = {"GH_HOST_URL": other.url, "PYTHONPATH": str(Path(__file__).parents[2])}
        path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
        # As GitHub makes it for a job that names it: open to every branch.
        other.client.put(f"/repos/acme/platform/environments/{PLAN}", {})
        for _ in range(2):
            for command in environment(samples.plan()):
                subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", command],
                    env={"PATH": path, **settings},
                    check=True,
                    capture_output=True,
                )
            assert {name: other.environment(name) for name in (APPLY, PLAN)} == whole
