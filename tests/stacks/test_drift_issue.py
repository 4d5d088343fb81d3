"""One issue for a stack: opened, kept up to date, closed, opened again; never somebody else's."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from slipway.engine.interface import CHANGED, GONE
from slipway.errors import SlipwayError
from slipway.github import Client, GithubError, connect, token
from slipway.stacks.comment.page import COMMENT, JOB_SUMMARY
from slipway.stacks.drift import issue
from slipway.stacks.drift.posting import Posted, post
from slipway.stacks.drift.report import Report, Unapplied, report_of
from slipway.stacks.summary import Message, Step, Summary
from tests.localcloud.github_git import WRITE, Hub, hub
from tests.sampling import drawn
from tests.stacks.plans import HOSTILE, summary
from tests.stacks.test_comment import checked

SERVER = "https://github.com"
LONGEST = COMMENT.size - 2_400
"""Of an issue that is open: there is room to say that it is mended."""
EARLY, LATER, LATEST = (f"2026-11-30T0{hour}:00:00Z" for hour in (1, 2, 3))


def report(at: str = EARLY, *, drifted: int = 1, stack: str = "prod", **more: Any) -> Report:
    """A look that found so many resources changed."""
    steps = tuple(
        Step("update", f"urn:pulumi:{stack}::shop::t::r{number}", "t", f"r{number}", note=CHANGED)
        for number in range(drifted)
    )
    calm = Summary("shop", stack, "up", "pulumi", created=at, commit="c" * 40)
    return report_of(replace(calm, steps=steps), calm, **more)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hub]:
    with hub(tmp_path_factory.mktemp("drift")) as made:
        yield made


@pytest.fixture
def repo(server: Hub) -> Hub:
    return server.use()


def client(repo: Hub, name: str = "job", **fields: Any) -> Client:
    repo.token(name, **fields)
    return connect(token(name), repo.url, patience_s=0)


def posted(repo: Hub, told: Report, **more: Any) -> Posted:
    return post(client(repo), repo.slug, told, server=SERVER, **more)


def issues(repo: Hub) -> list[dict[str, Any]]:
    """Oldest first."""
    found: list[dict[str, Any]] = repo.ok("GET", "/issues?state=all&per_page=100")
    return found[::-1]


def test_it_is_opened_updated_closed_and_reopened(repo: Hub) -> None:
    assert posted(repo, report(drifted=0)) == Posted("none")
    done: list[str] = []
    for at, drifted in ((EARLY, 1), (EARLY, 1), (LATER, 2), (LATER, 0), (LATER, 0), (LATEST, 3)):
        done.append(posted(repo, report(at, drifted=drifted)).done)
    assert done == ["opened", "unchanged", "updated", "closed", "unchanged", "reopened"]
    (only,) = issues(repo)
    assert (only["state"], only["title"]) == ("open", "Drift: shop/prod")
    assert only["body"] == issue.body(report(LATEST, drifted=3), repository=f"{SERVER}/{repo.slug}")
    assert posted(repo, report(LATEST, drifted=3)).url == only["html_url"]


def test_each_kind_of_difference_opens_one_by_itself(repo: Hub) -> None:
    plan = Summary("shop", "prod", "up", "pulumi", created=EARLY)
    for number, told in enumerate(
        (
            report(stack="cloud"),
            replace(report(drifted=0, stack="program"), program=replace(plan, stack="program", ok=False)),
            report(drifted=0, stack="merged", unapplied=Unapplied("a" * 40, "failed", "812-1")),
        ),
        1,
    ):
        assert posted(repo, told).done == "opened"
        assert len(issues(repo)) == number


def test_what_it_said_last_stays_when_it_is_closed(repo: Hub) -> None:
    posted(repo, report(EARLY))
    posted(repo, report(LATER, drifted=0))
    (closed,) = issues(repo)
    assert issue.hidden_in(closed["body"]) == (issue.hidden_id("shop/prod"), LATER)
    assert (
        closed["body"].partition("It said before:</p>\n")[2]
        == (issue.body(report(EARLY), repository=f"{SERVER}/{repo.slug}").partition("\n")[2])
    )


def test_stacks_have_an_issue_each_whatever_they_are_called(repo: Hub) -> None:
    for stack in ("prod", "prod -->", "pro", "prod\n<!-- slipway:drift"):
        assert posted(repo, report(stack=stack)).done == "opened"
    assert len(issues(repo)) == 4
    assert posted(repo, report(LATER, stack="prod -->")).done == "updated"


def test_one_that_somebody_else_wrote_to_look_like_ours_is_left_alone(repo: Hub) -> None:
    forged = issue.body(report(LATEST)).replace("changed", "fine")
    repo.as_user("mallory", "POST", "/issues", {"title": "Drift", "body": forged, "labels": [issue.LABEL]})
    assert posted(repo, report(EARLY)).done == "opened"
    assert posted(repo, report(LATER, drifted=0)).done == "closed"
    assert [(each["state"], each["user"]["login"]) for each in issues(repo)] == [
        ("open", "mallory"), ("closed", "github-actions[bot]"),
    ]  # fmt: skip
    assert issues(repo)[0]["body"] == forged


def test_one_that_only_quotes_ours_and_a_pull_request_are_left_alone(repo: Hub) -> None:
    body = issue.body(report(EARLY))
    repo.ok("POST", "/issues", {"title": "look", "body": f"see:\n{body}", "labels": [issue.LABEL]})
    repo.write("a", "a")
    repo.branch("change")
    repo.write("a", "b", "change")
    number = repo.pull("change", body=body)
    repo.ok("PUT", f"/issues/{number}/labels", {"labels": [issue.LABEL]})
    assert posted(repo, report(EARLY)).done == "opened"


def test_a_persons_own_is_taken_with_their_token_and_no_apps(repo: Hub) -> None:
    posted(repo, report(EARLY))
    ana = client(repo, "token-of-ana", user="ana")
    for at, done in ((EARLY, "opened"), (LATER, "updated")):
        assert post(ana, repo.slug, report(at), server=SERVER, author="ana").done == done


def test_an_older_look_changes_nothing(repo: Hub) -> None:
    posted(repo, report(LATER))
    before = issues(repo)
    assert posted(repo, report(EARLY, drifted=0)).done == "superseded"
    assert posted(repo, report(EARLY, drifted=7)).done == "superseded"
    assert issues(repo) == before


def test_without_its_label_it_is_found_as_long_as_it_is_open(repo: Hub) -> None:
    posted(repo, report(EARLY))
    repo.ok("PUT", "/issues/1/labels", {"labels": ["ours"]})
    for number in range(105):
        repo.ok("POST", "/issues", {"title": f"talk {number}"})
    assert posted(repo, report(LATER)).done == "updated"
    found = repo.ok("GET", "/issues/1")
    assert {each["name"] for each in found["labels"]} == {"ours", issue.LABEL}


def test_of_two_that_were_opened_at_once_one_stays_open(repo: Hub) -> None:
    for at in (LATER, EARLY):
        repo.ok(
            "POST", "/issues", {"title": "Drift", "body": issue.body(report(at)), "labels": [issue.LABEL]}
        )
    assert posted(repo, report(LATEST)).done == "updated"
    assert [each["state"] for each in issues(repo)] == ["open", "closed"]
    assert posted(repo, report(LATEST, drifted=0)).done == "closed"
    assert posted(repo, report("2026-11-30T04:00:00Z")).done == "reopened"
    assert sorted(each["state"] for each in issues(repo)) == ["closed", "open"]


def test_among_many_issues_few_questions_find_it(repo: Hub) -> None:
    posted(repo, report(EARLY))
    for number in range(205):
        repo.ok("POST", "/issues", {"title": f"talk {number}"})
    asked: list[str] = []
    job = client(repo)
    exchange = job.exchange

    def counted(method: str, *rest: Any, **more: Any) -> Any:
        asked.append(method)
        return exchange(method, *rest, **more)

    job.exchange = counted  # type: ignore[method-assign]
    assert post(job, repo.slug, report(LATER), server=SERVER).done == "updated"
    assert asked == ["GET", "PATCH"]


def test_a_token_that_may_only_read_is_refused_by_name(repo: Hub) -> None:
    reader = client(repo, "reader", permissions=dict.fromkeys(WRITE, "read"))
    with pytest.raises(GithubError, match="403") as caught:
        post(reader, repo.slug, report(), server=SERVER)
    assert "issues" in caught.value.fix


def hostile(number: int) -> Report:
    """A look at a stack whose names are as bad as anybody could make them."""
    plan = summary(3, number)
    steps = tuple(
        replace(step, op="delete" if index % 3 == 0 else "update", note=GONE if index % 3 == 0 else CHANGED)
        for index, step in enumerate(summary(2, number).steps)
    )
    tail = tuple(each.encode(errors="replace").decode() for each in HOSTILE)
    seen = replace(plan, steps=steps, messages=tuple(Message("warning", each, each) for each in tail))
    return report_of(
        seen,
        plan,
        unapplied=Unapplied("a" * 40, "applied", tail[0], tail),
        ignored=tail,
        notes=tail[:5],
    )


@pytest.mark.parametrize("number", drawn([0, 1, 10, 300, 3_000, 30_000], 4))
def test_of_any_size_with_hostile_names_it_is_taken_and_calls_nobody(number: int) -> None:
    told = hostile(number)
    for limit in (COMMENT, JOB_SUMMARY):
        body = issue.body(told, repository=f"{SERVER}/acme/shop", limit=limit)
        checked(body, limit)
        gone, changed = len(told.gone), len(told.changed)
        counts = [f"{number:,} {what}" for number, what in ((gone, "gone"), (changed, "changed")) if number]
        assert f"Cloud against state: <b>{', '.join(counts) or 'no difference'}</b>." in body
        if limit is COMMENT:
            address = f"https://github.com/{'r' * 1_900}"
            closed = issue.mended(body, replace(told, cloud=replace(told.cloud, created=LATEST, run=address)))
            checked(closed)
            assert COMMENT.measure(closed) - COMMENT.measure(body) <= COMMENT.size - LONGEST
            assert COMMENT.measure(body) <= LONGEST


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_title_calls_nobody(name: str) -> None:
    title = issue.title(replace(report(), cloud=replace(report().cloud, project=name)))
    assert "@" not in title
    assert title.isprintable()
    assert len(title) <= 256


def test_a_report_is_read_as_it_was_written_and_nothing_else_is() -> None:
    told = hostile(40)
    assert Report.from_bytes(told.to_bytes()) == told
    other = replace(told, program=replace(told.program, stack="dev"))
    for text, says in (
        (b"{", "is no report"),
        (told.to_bytes().replace(b'"version": 1', b'"version": 2'), "is no report"),
        (told.to_bytes().replace(b'"ignored"', b'"ignoring"'), "is no report"),
        (other.to_bytes(), "of shop/prod and of shop/dev"),
    ):
        with pytest.raises(SlipwayError, match=says):
            Report.from_bytes(text, "drift.json")
