"""A comment about a run that a stranger's program made: what it says of itself decides nothing."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from slipway.cli import app
from slipway.errors import SlipwayError
from slipway.github import connect, token
from slipway.stacks.comment import origin
from slipway.stacks.comment.origin import Origin, as_said_by, files_in, origin_of, pull_of
from slipway.stacks.comment.page import page
from slipway.stacks.comment.posting import post
from tests.localcloud.github_git import Hub, hub
from tests.stacks.plans import summary
from tests.stacks.test_comment import checked

RUN = "https://github.com/acme/shop/actions/runs/7"
BEGAN = "2026-11-30T01:00:00Z"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hub]:
    with hub(tmp_path_factory.mktemp("origins")) as made:
        yield made


@pytest.fixture
def repo(server: Hub) -> Hub:
    """A repository with an open pull request, number 1, and another one, number 2."""
    made = server.use()
    for name in ("one", "two"):
        made.write(name, name)
        made.branch(name)
        made.write("a", name, name)
        made.pull(name)
    return made


def event(repo: Hub, branch: str = "one", **fields: Any) -> dict[str, Any]:
    """As GitHub tells of a run that has ended."""
    run = {
        "event": "pull_request",
        "head_branch": branch,
        "head_sha": repo.ok("GET", f"/git/ref/heads/{branch}")["object"]["sha"],
        "head_repository": {"full_name": repo.slug, "owner": {"login": "acme"}},
        "repository": {"full_name": repo.slug},
        "html_url": RUN,
        "run_started_at": BEGAN,
        **fields,
    }
    return {"action": "completed", "workflow_run": run}


def run(repo: Hub, folder: Path, told: object, *more: str) -> Any:
    """`slipway comment` in the job that follows."""
    repo.token("job")
    (folder / "event.json").write_text(json.dumps(told))
    environment = {
        "GITHUB_TOKEN": "job",
        "GITHUB_REPOSITORY": repo.slug,
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
    }
    arguments = ["comment", str(folder / "preview"), "--of-run", "--endpoint", repo.url, *more]
    return CliRunner().invoke(app, arguments, env=environment)


def comments(repo: Hub, number: int = 1) -> list[Any]:
    found: list[Any] = repo.ok("GET", f"/issues/{number}/comments")
    return found


@pytest.fixture
def preview(tmp_path: Path) -> Path:
    """What the pull request's program made: a summary that says it is of elsewhere, and much else besides."""
    folder = tmp_path / "preview"
    folder.mkdir()
    lured = summary(1, 300, run="https://evil.example/login", commit="e" * 40, created="2099-01-01T00:00:00Z")
    (folder / "2.json").write_bytes(replace(lured, engine="pulumi").to_bytes())
    return folder


def test_it_is_written_where_github_says_and_says_where_it_is_from(repo: Hub, preview: Path) -> None:
    done = run(repo, preview.parent, event(repo))
    assert done.exit_code == 0, done.output
    (only,) = comments(repo)
    assert comments(repo, 2) == []
    body = only["body"]
    checked(body)
    assert body.startswith(f"<!-- slipway:infrastructure {BEGAN} -->")
    assert "evil.example/login" not in body
    assert "eeeeeeeeeeee" not in body
    assert RUN in body
    assert "from the program alone" in body
    sha = event(repo)["workflow_run"]["head_sha"]
    assert f"<code>{sha[:12]}</code>" in body


def test_a_later_run_is_not_kept_out_by_one_that_says_it_is_of_the_future(repo: Hub, preview: Path) -> None:
    run(repo, preview.parent, event(repo))
    (preview / "2.json").write_bytes(summary(1, 3).to_bytes())
    done = run(repo, preview.parent, event(repo, run_started_at="2026-11-30T02:00:00Z"), "--json")
    assert json.loads(done.stdout)["done"] == "updated"
    assert json.loads(run(repo, preview.parent, event(repo), "--json").stdout)["done"] == "superseded"


@pytest.mark.parametrize(
    "fields",
    [
        {"event": "push"},
        {"event": "workflow_dispatch"},
        {"repository": {"full_name": "acme/other"}},
        {"repository": None},
        {"head_sha": ""},
        {"head_branch": None},
        {"head_repository": None},
    ],
)
def test_a_run_of_no_pull_request_here_is_refused(repo: Hub, preview: Path, fields: dict[str, Any]) -> None:
    done = run(repo, preview.parent, event(repo, **fields))
    assert isinstance(done.exception, SlipwayError)
    assert comments(repo) == []


@pytest.mark.parametrize("told", [None, [], {}, {"workflow_run": "x"}, {"pull_request": {"number": 2}}])
def test_another_event_is_refused(told: object) -> None:
    with pytest.raises(SlipwayError, match="does not follow"):
        origin_of(told, "acme/shop")


def test_one_that_has_moved_on_gets_nothing(repo: Hub, preview: Path) -> None:
    before = event(repo)
    repo.write("a", "newer", "one")
    done = run(repo, preview.parent, before)
    assert (done.exit_code, comments(repo)) == (0, [])
    assert "moved on" in done.stderr
    repo.ok("PATCH", "/pulls/1", {"state": "closed"})
    assert run(repo, preview.parent, event(repo)).exit_code == 0
    assert comments(repo) == []


def test_a_branch_of_another_owner_with_the_same_name_is_another(repo: Hub, preview: Path) -> None:
    head = {"full_name": "mallory/shop", "owner": {"login": "mallory"}}
    assert "moved on" in run(repo, preview.parent, event(repo, head_repository=head)).stderr
    for branch in ("one&state=all", "one/../two", "two"):
        told = event(repo)
        told["workflow_run"]["head_branch"] = branch
        assert "moved on" in run(repo, preview.parent, told).stderr
    assert comments(repo) == comments(repo, 2) == []


def test_of_several_none_is_guessed(repo: Hub) -> None:
    repo.branch("old")
    repo.write("x", "x", "old")
    repo.ok("POST", "/pulls", {"title": "again", "head": "one", "base": "old"})
    told = origin_of(event(repo), repo.slug)
    repo.token("job")
    with pytest.raises(SlipwayError, match="several"):
        pull_of(connect(token("job"), repo.url), repo.slug, told)


def test_only_files_of_the_folder_itself_are_read_and_not_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_bytes(summary(1, 1).to_bytes())
    folder = tmp_path / "preview"
    (folder / "deep.json").mkdir(parents=True)
    (folder / "deep.json" / "a.json").write_text("{}")
    (folder / "link.json").symlink_to(tmp_path / "secret")
    (folder / "note.txt").write_text("x")
    with pytest.raises(SlipwayError, match="no summary in it"):
        files_in(folder)
    for number in range(3):
        (folder / f"{number}.json").write_text("{}")
    assert [each.name for each in files_in(folder)] == ["0.json", "1.json", "2.json"]
    for name, most in (("MAX_FILES", 2), ("MAX_BYTES", 5)):
        with monkeypatch.context() as patch:
            patch.setattr(origin, name, most)
            with pytest.raises(SlipwayError, match="too much to read"):
                files_in(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version": 1}', "\x00" * 100, "[" * 100_000])
def test_what_is_no_summary_is_an_error_and_no_comment(repo: Hub, preview: Path, text: str) -> None:
    (preview / "1.json").write_text(text)
    done = run(repo, preview.parent, event(repo))
    assert isinstance(done.exception, SlipwayError)
    assert comments(repo) == []


def test_one_that_its_program_wrote_itself_is_not_taken_for_ours(repo: Hub, preview: Path) -> None:
    """What is posted is found again by its author, so a stranger's look-alike stays a stranger's."""
    forged = page(as_said_by(Origin("a", "b", "c" * 40, RUN, "2099-01-01T00:00:00Z"), [summary(1, 2)]))
    repo.as_user("mallory", "POST", "/issues/1/comments", {"body": forged})
    run(repo, preview.parent, event(repo))
    assert len(comments(repo)) == 2
    repo.token("job")
    assert post(connect(token("job"), repo.url), repo.slug, 1, comments(repo)[1]["body"]).done == "unchanged"
