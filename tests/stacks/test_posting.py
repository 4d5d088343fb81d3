"""The comment on a pull request: one of ours, found among many, and never somebody else's."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from slipway.cli import app
from slipway.errors import SlipwayError
from slipway.github import Client, GithubError, connect, token
from slipway.stacks.comment.page import page
from slipway.stacks.comment.posting import post
from tests.localcloud.github_git import WRITE, Hub, hub
from tests.stacks.plans import summary


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hub]:
    with hub(tmp_path_factory.mktemp("comments")) as made:
        yield made


@pytest.fixture
def repo(server: Hub) -> Hub:
    """A repository with an issue, whose comments are those of a pull request."""
    made = server.use()
    made.ok("POST", "/issues", {"title": "a change"})
    return made


def client(repo: Hub, name: str = "job", **fields: Any) -> Client:
    repo.token(name, **fields)
    return connect(token(name), repo.url, patience_s=0)


def body(created: str = "2026-11-29T20:15:00Z", number: int = 3) -> str:
    return page([summary(1, number, created=created)])


def comments(repo: Hub) -> list[Any]:
    found: list[Any] = repo.ok("GET", "/issues/1/comments?per_page=100")
    return found


def test_it_is_made_changed_and_left_alone(repo: Hub) -> None:
    job = client(repo)
    first, later = body(), body("2026-11-29T20:16:00Z", 5)
    assert [post(job, repo.slug, 1, each).done for each in (first, first, later)] == [
        "created", "unchanged", "updated",
    ]  # fmt: skip
    (only,) = comments(repo)
    assert only["body"] == later
    assert post(job, repo.slug, 1, later).url == only["html_url"]


def test_it_is_found_on_the_third_page(repo: Hub) -> None:
    for number in range(205):
        repo.ok("POST", "/issues/1/comments", {"body": f"talk {number}"})
    job = client(repo)
    assert post(job, repo.slug, 1, body()).done == "created"
    assert post(job, repo.slug, 1, body(number=4)).done == "updated"


def test_one_that_somebody_else_wrote_to_look_like_ours_is_left_alone(repo: Hub) -> None:
    forged = body("2099-01-01T00:00:00Z").replace("shop", "trust me")
    repo.as_user("mallory", "POST", "/issues/1/comments", {"body": forged})
    assert post(client(repo), repo.slug, 1, body()).done == "created"
    assert [each["body"] for each in comments(repo)] == [forged, body()]


def test_one_that_only_quotes_ours_is_left_alone(repo: Hub) -> None:
    repo.ok("POST", "/issues/1/comments", {"body": f"look at this:\n{body()}"})
    assert post(client(repo), repo.slug, 1, body()).done == "created"


def test_a_persons_own_is_taken_with_their_token_and_no_bots(repo: Hub) -> None:
    ana = client(repo, "token-of-ana", user="ana")
    repo.ok("POST", "/issues/1/comments", {"body": body()})
    assert post(ana, repo.slug, 1, body(), author="ana").done == "created"
    assert post(ana, repo.slug, 1, body(number=4), author="ana").done == "updated"


def test_of_two_that_were_made_at_once_one_stays(repo: Hub) -> None:
    for created in ("2026-11-29T20:15:00Z", "2026-11-29T20:17:00Z", "2026-11-29T20:16:00Z"):
        repo.ok("POST", "/issues/1/comments", {"body": body(created)})
    assert post(client(repo), repo.slug, 1, body("2026-11-29T20:18:00Z")).done == "updated"
    (only,) = comments(repo)
    assert "20:18:00" in only["body"]


def test_an_older_run_does_not_overwrite_a_newer_one(repo: Hub) -> None:
    job, newer, older = client(repo), body("2026-11-29T20:17:00Z"), body("2026-11-29T20:16:00Z")
    repo.ok("POST", "/issues/1/comments", {"body": body("2026-11-29T20:15:00Z")})
    repo.ok("POST", "/issues/1/comments", {"body": newer})
    assert post(job, repo.slug, 1, older).done == "superseded"
    assert [each["body"] for each in comments(repo)] == [newer]
    assert post(job, repo.slug, 1, body("")).done == "updated"  # nobody knows that it is older


def test_what_could_not_be_found_again_is_not_posted(repo: Hub) -> None:
    with pytest.raises(SlipwayError, match="found again"):
        post(client(repo), repo.slug, 1, "hello")
    assert comments(repo) == []


def test_a_token_that_may_only_read_is_refused_by_name(repo: Hub) -> None:
    reader = client(repo, "reader", permissions=dict.fromkeys(WRITE, "read"))
    with pytest.raises(GithubError, match="403") as caught:
        post(reader, repo.slug, 1, body())
    assert "issues" in caught.value.fix


class TestCommand:
    @pytest.fixture
    def plans(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        for name in (
            "GITHUB_TOKEN",
            "GH_TOKEN",
            "GITHUB_REPOSITORY",
            "GITHUB_STEP_SUMMARY",
            "GITHUB_API_URL",
        ):
            monkeypatch.delenv(name, raising=False)
        files: list[str] = []
        for stack in ("staging", "prod"):
            file = tmp_path / f"{stack}.json"
            file.write_bytes(summary(1, 4, stack=stack).to_bytes())
            files.append(str(file))
        return files

    def run(self, *arguments: str) -> Any:
        return CliRunner().invoke(app, ["comment", *arguments])

    def test_without_a_pull_request_no_token_is_needed(self, plans: list[str], tmp_path: Path) -> None:
        shown = self.run(*plans)
        assert shown.exit_code == 0
        assert shown.stdout == page([summary(1, 4, stack=each) for each in ("staging", "prod")])
        assert self.run(*plans, "--out", str(tmp_path / "out.md")).stdout == ""
        assert (tmp_path / "out.md").read_text() == shown.stdout

    def test_it_posts_for_a_job_and_for_a_person(
        self, plans: list[str], repo: Hub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GITHUB_REPOSITORY", repo.slug)
        for name, fields, done in (
            ("job", {}, "created"),
            ("job", {}, "unchanged"),
            ("ana-t", {"user": "ana"}, "created"),
        ):
            repo.token(name, **fields)
            monkeypatch.setenv("GITHUB_TOKEN", name)
            shown = self.run(*plans, "--pull", "1", "--endpoint", repo.url, "--json")
            assert json.loads(shown.stdout)["done"] == done
        assert len(comments(repo)) == 2

    def test_the_jobs_summary_is_added_to(
        self, plans: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
        (tmp_path / "summary.md").write_text("before\n")
        assert self.run(*plans, "--job-summary").exit_code == 0
        assert (tmp_path / "summary.md").read_text().startswith("before\n<!-- slipway:infrastructure")

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["--job-summary"], "there is no job"),
            (["--pull", "1"], "the repository is not said"),
            (["--pull", "1", "--repository", "shop"], "'shop' is no repository"),
            (["--pull", "1", "--repository", "acme/shop"], "there is no token"),
        ],
    )
    def test_what_is_missing_is_said(self, plans: list[str], arguments: list[str], says: str) -> None:
        shown = self.run(*plans, *arguments)
        assert isinstance(shown.exception, SlipwayError)
        assert says in shown.exception.what
        assert shown.exception.fix

    def test_a_stack_twice_a_missing_and_a_broken_file_are_named(
        self, plans: list[str], tmp_path: Path
    ) -> None:
        (tmp_path / "broken.json").write_text("{}")
        for files, says in (
            ([plans[0], plans[0]], "two summaries are of shop/staging"),
            ([str(tmp_path / "none.json")], "no such file"),
            ([str(tmp_path / "broken.json")], "no summary of a plan"),
        ):
            shown = self.run(*files)
            assert isinstance(shown.exception, SlipwayError)
            assert says in shown.exception.what
            assert shown.exception.where == files[-1]
