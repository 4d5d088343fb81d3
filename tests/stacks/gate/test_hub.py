"""`slipway gate` against the GitHub stand-in: pull requests, reviews, a merge queue, statuses of an App."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from slipway.cli import app
from slipway.stacks.gate.asks import Group
from slipway.stacks.gate.hub import Hub as GithubHub
from slipway.stacks.gate.judging import Judge
from slipway.stacks.gate.posting import CONTEXT
from slipway.stacks.gate.verdict import Why
from tests.localcloud.github_git import Hub, git, hub
from tests.stacks.gate.clone import SETTINGS, Clone, clone
from tests.stacks.gate.test_gathering import bigger

SLUG = "acme-slipway"
APP = {"id": 42, "slug": SLUG}
LEAST = {
    "metadata": "read", "actions": "read", "pull_requests": "read", "statuses": "write", "members": "read",
}  # fmt: skip
"""What the workflow's token of the App has."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hub]:
    with hub(tmp_path_factory.mktemp("gate")) as made:
        yield made


@dataclass
class Place:
    """A repository on GitHub, somebody's clone of it, and the job's, which has main alone."""

    hub: Hub
    work: Clone
    job: Path

    def push(self, branch: str) -> str:
        self.work.git("push", "--quiet", "--force", "origin", branch)
        if branch == "main":
            git(self.job, "pull", "--quiet", "origin", "main")
        return self.work.git("rev-parse", branch)

    def pull(self, files: Mapping[str, str | None], branch: str = "change", by: str = "mia") -> int:
        self.work.commit(files, branch)
        self.push(branch)
        made = self.hub.as_user(by, "POST", "/pulls", {"title": branch, "head": branch, "base": "main"})
        return int(made.json["number"])

    def approve(self, pull: int, by: str) -> None:
        assert self.hub.as_user(by, "POST", f"/pulls/{pull}/reviews", {"event": "APPROVE"}).status == 200

    def gate(
        self, *arguments: str, event: tuple[str, dict[str, Any]] | None = None, **variables: str
    ) -> Result:
        given = {"GITHUB_TOKEN": "gate-app", "GITHUB_REPOSITORY": self.hub.slug, **variables}
        if event is not None:
            file = self.job.parent / "event.json"
            file.write_text(json.dumps(event[1]))
            given |= {"GITHUB_EVENT_NAME": event[0], "GITHUB_EVENT_PATH": str(file)}
            arguments = ("--event", *arguments)
        store = f"file://{self.work.plans}"
        where = ("--endpoint", self.hub.url, "--root", str(self.job), "--store", store)
        return CliRunner(env=given).invoke(app, ["gate", *arguments, *where])

    def statuses(self, commit: str) -> list[tuple[str, str, str]]:
        found = self.hub.ok("GET", f"/commits/{commit}/statuses")
        assert all(each["context"] == CONTEXT for each in found)
        return [(each["creator"]["login"], each["state"], each["description"]) for each in found]


@pytest.fixture
def place(server: Hub, tmp_path: Path) -> Place:
    made = server.use()
    made.call("GET", "/branches")  # by which it is made
    world = server.app.world
    name = made.slug.partition("/")[2]
    writes = {"ana": [name], "ben": [name], "mia": [name], "eve": list[str]()}
    users = [{"login": login, "id": id_, "writes": writes[login]} for id_, login in enumerate(writes, 1)]
    team = {"organization": "acme", "slug": "app", "id": 7, "members": ["ana", "eve"]}
    token = {"token": "gate-app", "permissions": LEAST, "app": APP}
    world.seed({"users": users, "teams": [team], "tokens": [token]})
    work = clone(tmp_path)
    work.git("remote", "add", "origin", str(made.folder))
    work.git("push", "--quiet", "origin", "main")
    git(tmp_path, "clone", "--quiet", "--single-branch", "--branch", "main", str(made.folder), "job")
    return Place(made, work, tmp_path / "job")


def test_a_pull_request_is_fetched_judged_and_told(place: Place) -> None:
    number = place.pull(bigger())
    head = place.work.git("rev-parse", "change")
    held = place.gate("--pull", str(number), "--fetch", "--json")
    assert held.exit_code == 2, held.output
    (change,) = json.loads(held.stdout)["changes"]
    assert change["commit"] == head
    (verdict,) = change["verdicts"]
    assert [reason["why"] for reason in verdict["reasons"]] == ["unapproved"]
    assert place.statuses(head) == []
    place.approve(number, "ana")
    told = place.gate("--pull", str(number), "--fetch", "--post")
    assert told.exit_code == 0, told.output
    assert place.statuses(head) == [(f"{SLUG}[bot]", "success", "concerns app/prod")]
    # What is checked out is what was, and no file of the change came.
    assert git(place.job, "rev-parse", "HEAD") == git(place.job, "rev-parse", "main")
    assert git(place.job, "status", "--porcelain") == ""


def test_who_may_not_write_and_whose_change_it_is_approve_nothing(place: Place) -> None:
    number = place.pull(bigger())
    place.approve(number, "eve")  # in the team, and reads only
    place.approve(number, "ben")  # writes, and is no owner
    assert place.gate("--pull", str(number), "--fetch").exit_code == 2
    place.approve(number, "ana")
    assert place.gate("--pull", str(number), "--fetch").exit_code == 0
    text = {"event": "REQUEST_CHANGES", "body": "no"}
    assert place.hub.as_user("ana", "POST", f"/pulls/{number}/reviews", text).status == 200
    assert place.gate("--pull", str(number), "--fetch").exit_code == 2


def test_an_app_that_approves_is_nobody(place: Place) -> None:
    number = place.pull({"app/Pulumi.prod.yaml": None})
    for _ in range(2):
        assert place.hub.call("POST", f"/pulls/{number}/reviews", {"event": "APPROVE"}).status == 200
    held = place.gate("--pull", str(number), "--fetch", "--json")
    reasons = json.loads(held.stdout)["changes"][0]["verdicts"][0]["reasons"]
    assert {reason["why"] for reason in reasons} == {"unapproved", "alone"}


RUN_OF_APPLY = ("workflow_run", {"workflow_run": {"event": "push", "head_sha": "a" * 40}})


def test_after_an_apply_every_open_pull_request_is_told_again_and_only_what_is_new(place: Place) -> None:
    # The gate judges `app` by its owners; nobody has to approve `network`.
    first = place.pull(bigger("network"), "first")
    second = place.pull(bigger("app"), "second")
    place.approve(second, "ana")
    assert place.gate("--fetch", "--post", event=RUN_OF_APPLY, SLIPWAY_APP_SLUG=SLUG).exit_code == 0
    one, two = (place.work.git("rev-parse", branch) for branch in ("first", "second"))
    assert [len(place.statuses(each)) for each in (one, two)] == [1, 1]
    place.work.merge("first")
    place.push("main")
    assert place.hub.call("PATCH", f"/pulls/{first}", {"state": "closed"}).status == 200
    for _ in range(2):
        assert place.gate("--fetch", "--post", event=RUN_OF_APPLY, SLIPWAY_APP_SLUG=SLUG).exit_code == 0
    (_, state, text), *earlier = place.statuses(two)
    assert (state, len(earlier)) == ("failure", 1)
    assert text.startswith("app/prod needs network/prod: what is merged is not applied")
    place.work.apply("network/prod")
    assert place.gate("--fetch", "--post", event=RUN_OF_APPLY, SLIPWAY_APP_SLUG=SLUG).exit_code == 0
    assert [state for _, state, _ in place.statuses(two)] == ["success", "failure", "success"]


def test_what_another_app_said_does_not_keep_ours_silent(place: Place) -> None:
    number = place.pull(bigger())
    head = place.work.git("rev-parse", "change")
    asked = ("--pull", str(number), "--fetch", "--post")
    assert place.gate(*asked, SLIPWAY_APP_SLUG=SLUG).exit_code == 0
    ((_, _, reason),) = place.statuses(head)
    place.approve(number, "ana")
    assert place.gate(*asked, SLIPWAY_APP_SLUG=SLUG).exit_code == 0
    place.hub.call(
        "POST", f"/statuses/{head}", {"state": "failure", "context": CONTEXT, "description": reason}
    )
    text = {"event": "REQUEST_CHANGES", "body": "no"}
    place.hub.as_user("ana", "POST", f"/pulls/{number}/reviews", text)
    assert place.gate(*asked, SLIPWAY_APP_SLUG=SLUG).exit_code == 0
    ours = [state for login, state, _ in place.statuses(head) if login == f"{SLUG}[bot]"]
    assert ours == ["failure", "success", "failure"]


def test_a_status_of_another_app_merges_nothing(place: Place) -> None:
    """The ruleset names the App: what a workflow of the pull request says with its own token is not it."""
    number = place.pull(bigger())
    head = place.work.git("rev-parse", "change")
    check = {"context": CONTEXT, "integration_id": APP["id"]}
    rule = {"type": "required_status_checks", "parameters": {
        "required_status_checks": [check], "strict_required_status_checks_policy": False,
    }}  # fmt: skip
    place.hub.ok("POST", "/rulesets", {
        "name": "gate", "target": "branch", "enforcement": "active", "rules": [rule],
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
    })  # fmt: skip
    place.hub.ok("POST", f"/statuses/{head}", {"state": "success", "context": CONTEXT})
    assert place.hub.call("PUT", f"/pulls/{number}/merge", {}).status == 405
    place.approve(number, "ana")
    assert place.gate("--pull", str(number), "--fetch", "--post").exit_code == 0
    assert place.hub.call("PUT", f"/pulls/{number}/merge", {}).status == 200


def test_two_pull_requests_of_one_head_are_held_by_either(place: Place) -> None:
    place.hub.branch("release")
    first = place.pull(bigger())
    made = {"title": "again", "head": "change", "base": "release"}
    second = int(place.hub.as_user("mia", "POST", "/pulls", made).json["number"])
    place.approve(second, "ana")
    assert place.gate("--pull", str(second), "--fetch").exit_code == 2
    place.approve(first, "ana")
    assert place.gate("--pull", str(second), "--fetch").exit_code == 0


def test_an_entry_of_a_merge_queue_is_judged_against_the_one_before_it(place: Place) -> None:
    first, second = place.pull(bigger("network"), "first"), place.pull(bigger(), "second")
    place.approve(second, "ana")
    main = place.work.git("rev-parse", "main")
    entries: list[tuple[str, str]] = []
    base = main
    for number, branch in ((first, "first"), (second, "second")):
        name = f"gh-readonly-queue/main/pr-{number}-{base}"
        place.work.git("checkout", "--quiet", "-b", name, base)
        base = place.work.merge(branch, name)
        place.work.git("push", "--quiet", "origin", name)
        entries.append((name, base))
    for name, head in entries:
        run = {"event": "merge_group", "head_branch": name, "head_sha": head}
        told = place.gate("--fetch", "--post", event=("workflow_run", {"workflow_run": run}))
        assert told.exit_code == 0, told.output
    (_, state, _), (_, later, why) = (place.statuses(head)[0] for _, head in entries)
    assert (state, later) == ("success", "failure")
    assert why.startswith("app/prod needs network/prod: what is merged is not applied")


Run = tuple[str, str]
"""Of a workflow on the base: its file, and its status."""


class Github:
    """GitHub, as far as it tells of one pull request, and of the runs of the base."""

    def __init__(self, head: str, runs: list[Run]) -> None:
        self._pull = {"number": 1, "head": {"sha": head}, "user": {"login": "mia"}}
        self._runs = runs

    def every(self, place: str, key: str = "") -> Iterator[dict[str, Any]]:
        del key
        yield from [self._pull] if place.endswith("/pulls?state=open") else []

    def find(self, place: str) -> dict[str, Any]:
        if place.endswith("/pulls/1"):
            return self._pull
        assert "/actions/runs?head_sha=" in place
        return {"workflow_runs": [{"path": path, "status": status} for path, status in self._runs]}


APPLIES, OTHER = ".github/workflows/infra-apply.yml", ".github/workflows/ci.yml"


@pytest.mark.parametrize(
    ("runs", "opens"),
    [
        ([(APPLIES, "completed")], True),
        ([(f"{APPLIES}@refs/heads/main", "completed"), (OTHER, "queued")], True),
        ([(APPLIES, "completed"), (APPLIES, "waiting")], False),
        ([(APPLIES, "in_progress")], False),
        ([(OTHER, "completed")], False),
        ([], False),
    ],
)
def test_what_nobody_will_apply_any_more_opens_for_a_change_that_mends_it(
    tmp_path: Path, runs: list[Run], opens: bool
) -> None:
    """Who declines a job of GitHub's leaves no record: only its run tells."""
    made = clone(tmp_path, SETTINGS.replace('"@acme/app"', ""))
    made.commit(bigger("network"))
    mend, other = made.commit(bigger("network", size=3), "mend"), made.commit(bigger(), "other")
    with made.readings() as readings:
        address = f"file://{made.plans}"
        judge = Judge(readings, readings.repository.commit("main"), address, datetime.now(UTC))
        for head, expected in ((mend, opens), (other, False)):
            client = Github(head, runs)
            (judged,) = GithubHub(client, "acme/x", judge).judged(None)  # pyright: ignore[reportArgumentType]
            assert judged.open is expected, judged


def test_what_is_before_it_in_a_merge_queue_is_awaited_whatever_became_of_the_base(tmp_path: Path) -> None:
    made = clone(tmp_path, SETTINGS.replace('"@acme/app"', ""))
    one = made.commit(bigger("network"), "first")
    made.git("checkout", "--quiet", "-b", "second", "first")
    two = made.commit(bigger("network", size=3), "second")
    with made.readings() as readings:
        address = f"file://{made.plans}"
        judge = Judge(readings, readings.repository.commit("main"), address, datetime.now(UTC))
        client = Github(two, [(APPLIES, "completed")])
        asked = Group(pull=1, head=two, base=one)
        (judged,) = GithubHub(client, "acme/x", judge).judged(asked)  # pyright: ignore[reportArgumentType]
    assert {reason.why for reason in judged.verdicts[0].reasons} == {Why.UNAPPLIED}


def test_one_that_cannot_be_judged_is_not_open_and_keeps_no_other_from_it(place: Place) -> None:
    place.pull({"slipway.yaml": SETTINGS.replace("needs", "neds")}, "wrong")
    place.pull({"README.md": "# y\n"}, "right")
    told = place.gate("--fetch", "--post", "--json", event=("schedule", {}))
    assert told.exit_code == 1
    wrong, right = (place.statuses(place.work.git("rev-parse", each)) for each in ("wrong", "right"))
    assert [state for _, state, _ in wrong] == ["error"]
    assert [(state, text) for _, state, text in right] == [("success", "concerns no stack")]


def test_without_fetch_it_says_how_to_have_the_commit(place: Place) -> None:
    number = place.pull(bigger())
    told = place.gate("--pull", str(number))
    assert told.exit_code == 1
    assert "does not have the revision" in str(told.exception)


def test_names_that_would_break_a_line_are_shown_on_one(place: Place) -> None:
    project = 'name: "a\\nb\\u001b[31m"\nruntime: yaml\n'
    number = place.pull({"evil/Pulumi.yaml": project, "evil/Pulumi.p.yaml": "", "x/Pulumi.yaml": "name: x"})
    place.gate("--pull", str(number), "--fetch", "--post")
    ((_, _, text),) = place.statuses(place.work.git("rev-parse", "change"))
    assert text.isprintable()
    assert len(text) <= 140


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--pull", "1", "--event"), "choose one"),
        (("--pull", "1", "--head", "x"), "has its own"),
        (("--post",), "for a pull request"),
        (("--fetch",), "for a pull request"),
        (("--pull", "99"), "no pull request 99 is open"),
        (("--event",), "no job of GitHub Actions"),
    ],
)
def test_what_makes_no_sense_is_refused(place: Place, arguments: tuple[str, ...], said: str) -> None:
    done = place.gate(*arguments, GITHUB_EVENT_NAME="", GITHUB_EVENT_PATH="")
    assert done.exit_code in {1, 2}
    assert said in f"{done.output} {done.exception}"


def test_on_a_laptop_github_is_not_asked(place: Place) -> None:
    place.work.commit(bigger())
    place.work.git("push", "--quiet", "origin", "main")
    git(place.job, "fetch", "--quiet", "origin", "main")
    done = place.gate("--head", "FETCH_HEAD", "--base", "main", GITHUB_TOKEN="", GITHUB_REPOSITORY="")
    assert (done.exit_code, done.output) == (0, "FETCH_HEAD: open, concerns app/prod\n")
