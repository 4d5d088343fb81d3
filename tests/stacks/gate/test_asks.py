"""What an event of GitHub asks the gate, and how commits come into its clone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from slipway.errors import SlipwayError
from slipway.stacks.gate import fetching
from slipway.stacks.gate.asks import Group, ask_of, by_head
from slipway.stacks.gate.fetching import fetch
from slipway.stacks.gate.people import standing
from slipway.stacks.trees import Repository
from tests.localcloud.github_git import git

BASE, HEAD = "b" * 40, "a" * 40
QUEUE = f"gh-readonly-queue/main/pr-12-{BASE}"


def run(event: str, branch: str = "change", head: str = HEAD) -> dict[str, Any]:
    return {"workflow_run": {"event": event, "head_branch": branch, "head_sha": head}}


@pytest.mark.parametrize(
    ("event", "payload", "asked"),
    [
        ("pull_request_target", {"pull_request": {"number": 12, "title": "x"}}, 12),
        ("workflow_run", run("merge_group", QUEUE), Group(pull=12, head=HEAD, base=BASE)),
        ("workflow_run", run("push"), None),
        ("workflow_run", run("pull_request_review"), None),
        # A branch of that name, which somebody pushed: it is no merge group, and all are looked at.
        ("workflow_run", run("pull_request_review", QUEUE), None),
        ("workflow_dispatch", {}, None),
        ("schedule", {}, None),
    ],
)
def test_an_event_asks(event: str, payload: dict[str, Any], asked: object) -> None:
    assert ask_of(event, payload) == asked


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("pull_request", {"pull_request": {"number": 12}}),
        ("pull_request_review", {"pull_request": {"number": 12}}),
        ("merge_group", {"merge_group": {"head_sha": HEAD, "base_sha": BASE}}),
        ("pull_request_target", {}),
        ("pull_request_target", {"pull_request": {"number": "12; rm -rf /"}}),
        ("workflow_run", run("merge_group", "main")),
        ("workflow_run", run("merge_group", f"{QUEUE}x")),
        ("workflow_run", run("merge_group", QUEUE, "--upload-pack=evil")),
    ],
)
def test_another_event_is_refused(event: str, payload: dict[str, Any]) -> None:
    with pytest.raises(SlipwayError, match="is not asked by an event"):
        ask_of(event, payload)


def test_pull_requests_of_one_head_are_told_together() -> None:
    pulls = [{"number": number, "head": {"sha": sha}} for number, sha in ((1, "a"), (2, "b"), (3, "a"))]
    numbers = {head: [pull["number"] for pull in several] for head, several in by_head(pulls).items()}
    assert numbers == {"a": [1, 3], "b": [2]}
    assert [*by_head(pulls, 3)] == ["a"]
    assert by_head(pulls, 4) == {}


def test_only_people_approve_and_nobody_what_they_wrote_themselves() -> None:
    def review(login: str, state: str = "APPROVED", kind: str = "User") -> dict[str, Any]:
        said = {"state": state, "commit_id": HEAD, "submitted_at": "2026-11-29T20:15:00Z"}
        return {"user": {"login": login, "type": kind}, **said}

    reviews = [
        *(
            review("ana"),
            review("Mia"),
            review("robot[bot]", kind="Bot"),
            {"user": None, "state": "APPROVED"},
        ),
        *(review("ben"), review("ben", "DISMISSED"), review("eve"), review("eve", "CHANGES_REQUESTED")),
        *(review("ana", "COMMENTED"), review("dan", "CHANGES_REQUESTED"), review("DAN")),
    ]
    assert [each.by for each in standing(reviews, "mia")] == ["ana", "dan"]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A repository, and a clone of its first commit."""
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    git(theirs, "init", "--quiet", "--initial-branch", "main")
    git(theirs, "commit", "--quiet", "--allow-empty", "--message", "one")
    git(tmp_path, "clone", "--quiet", str(theirs), str(ours))
    return theirs, ours


def test_commits_come_as_data_and_one_that_is_gone_keeps_no_other_away(pair: tuple[Path, Path]) -> None:
    theirs, ours = pair
    (theirs / "evil.sh").write_text("echo evil\n")
    git(theirs, "add", "--all")
    git(theirs, "commit", "--quiet", "--message", "two")
    head = git(theirs, "rev-parse", "HEAD")
    before = git(ours, "rev-parse", "HEAD")
    repository = Repository(ours)
    assert fetch(repository, [head, HEAD, before]) == [HEAD]
    assert repository.commit(head) == head
    assert [path.name for path in ours.iterdir()] == [".git"]
    assert git(ours, "for-each-ref", "--format", "%(refname)") == "\n".join(
        ["refs/heads/main", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]
    )


@pytest.mark.parametrize(
    ("address", "sent"),
    [("https://github.com/acme/x", True), ("http://evil.example/x", False), ("git@github.com:acme/x", False)],
)
def test_a_token_goes_to_its_host_alone_and_stands_in_no_command_line(
    pair: tuple[Path, Path], address: str, sent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ours = pair
    git(ours, "remote", "set-url", "origin", address)
    asked: list[tuple[list[str], dict[str, str]]] = []
    really: Any = subprocess.run

    def noted(command: list[str], **more: Any) -> Any:
        if "fetch" not in command:
            return really(command, **more)
        asked.append((command, more["env"]))
        return subprocess.CompletedProcess[bytes](command, 1)

    monkeypatch.setattr(fetching.subprocess, "run", noted)
    assert fetch(Repository(ours), [HEAD], "secret-token") == [HEAD]
    for command, environment in asked:
        assert not any("secret" in part or "Authorization" in part for part in command)
        given = {key: value for key, value in environment.items() if key not in os.environ}
        names = {value for key, value in given.items() if key.startswith("GIT_CONFIG_KEY")}
        assert ("http.https://github.com/.extraHeader" in names) is sent
        assert any(value.startswith("Authorization: Basic") for value in given.values()) is sent
