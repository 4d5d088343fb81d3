"""The client against the GitHub stand-in: tokens, pages, limits and lost answers as GitHub has them."""

import logging
import time
from pathlib import Path
from typing import Any

import pytest

from slipway.errors import ServiceError
from slipway.github import (
    Client,
    GithubError,
    GithubRateLimited,
    as_app,
    as_installation,
    connect,
    path,
    token,
)
from slipway.github.library import repository
from tests.github.conftest import App, StandIn

LABELS = "/repos/acme/app/labels"


def label(name: str) -> dict[str, str]:
    return {"name": name, "color": "ededed"}


@pytest.fixture
def labels(job: Client) -> Any:
    """A function that makes labels; they are gone afterwards."""

    def make(*names: str) -> None:
        for name in names:
            job.post(LABELS, label(name))

    yield make
    for found in list(job.every(LABELS)):
        job.delete(path("repos", "acme", "app", "labels", found["name"]))


def test_all_pages_of_a_list_are_read_as_they_are_asked_for(
    stand_in: StandIn, job: Client, labels: Any
) -> None:
    names = [f"label-{number:03}" for number in range(205)]
    labels(*names)
    stand_in.seen.clear()
    items = job.every(LABELS)
    first = next(items)
    assert len(stand_in.calls("GET")) == 1
    listed = [found["name"] for found in [first, *items]]
    assert sorted(name for name in listed if name.startswith("label-")) == names
    assert len(stand_in.calls("GET")) == 3


def test_a_list_within_an_object_is_found_by_its_name(job: Client) -> None:
    for name in ("one", "two", "a/b"):
        job.put(path("repos", "acme", "app", "environments", name))
    found = job.every("/repos/acme/app/environments", "environments")
    assert {item["name"] for item in found} == {"one", "two", "a/b"}
    assert job.find(path("repos", "acme", "app", "environments", "a/b")) is not None
    job.delete(path("repos", "acme", "app", "environments", "a/b"))
    assert job.find(path("repos", "acme", "app", "environments", "a/b")) is None
    with pytest.raises(GithubError, match="GET /repos/acme/app/environments holds no list nothing"):
        list(job.every("/repos/acme/app/environments", "nothing"))


def test_an_app_is_itself_by_a_token_that_it_signs_once(stand_in: StandIn, app: App) -> None:
    signed: list[bytes] = []

    def sign(message: bytes) -> bytes:
        signed.append(message)
        return app.sign(message)

    client = connect(as_app(app.id, sign), stand_in.url)
    shown: Any = client.get("/app")
    assert shown["id"] == app.id
    client.get("/app")
    assert len(signed) == 1
    with pytest.raises(GithubError, match="answers 401 to GET /app"):
        connect(as_app(app.id, lambda _: b"forged"), stand_in.url).get("/app")


def test_an_installation_gets_a_token_for_what_it_asks(stand_in: StandIn, app: App) -> None:
    as_itself = connect(as_app(app.id, app.sign), stand_in.url)
    client = connect(
        as_installation(as_itself, app.installation, repositories=["app"], permissions={"contents": "read"}),
        stand_in.url,
    )
    shown: Any = client.get("/repos/acme/app")
    assert shown["full_name"] == "acme/app"
    with pytest.raises(GithubError, match="answers 404 to GET /repos/acme/web"):
        client.get("/repos/acme/web")
    with pytest.raises(GithubError) as raised:
        client.post(LABELS, label("x"))
    assert (raised.value.status, raised.value.code, raised.value.service) == (403, "403", "GitHub")
    assert raised.value.fix == "the token needs issues=write; pull_requests=write"
    assert isinstance(raised.value, ServiceError)
    assert stand_in.calls("POST").count(f"/app/installations/{app.installation}/access_tokens") == 1


def test_a_token_that_was_taken_back_is_renewed_once(stand_in: StandIn, app: App) -> None:
    auth = as_installation(connect(as_app(app.id, app.sign), stand_in.url), app.installation)
    client = connect(auth, stand_in.url)
    client.get("/repos/acme/app")
    stand_in.github.world.tokens.pop(auth.token)
    client.get("/repos/acme/app")
    assert len(stand_in.calls("POST")) == 2
    with pytest.raises(GithubError, match="answers 401 to GET /rate_limit: Bad credentials"):
        connect(token("nobody-issued-it"), stand_in.url).get("/rate_limit")


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_limit_is_waited_out_whatever_the_method(
    stand_in: StandIn, job: Client, labels: Any, waits: list[float], status: int
) -> None:
    for call in (lambda: list(job.every(LABELS)), lambda: labels(f"limited-{status}")):
        waits.clear()
        stand_in.fail({"status": status, "retry_after": 7, "times": 2})
        call()
        assert waits == [7.0, 7.0]


def test_a_primary_limit_ends_when_github_says(stand_in: StandIn, job: Client, waits: list[float]) -> None:
    stand_in.fail({"status": 403, "times": 1})
    job.get(LABELS)
    assert 55 < waits[0] <= 62


def test_a_limit_that_outlasts_the_patience_is_an_error_at_once(
    stand_in: StandIn, waits: list[float]
) -> None:
    client = Client(stand_in.url, token("stand-in"), patience_s=30, sleep=waits.append)
    stand_in.fail({"status": 403})
    with pytest.raises(GithubRateLimited, match="rate limit is used up: API rate limit exceeded") as raised:
        client.get(LABELS)
    assert 55 < raised.value.wait_s <= 62
    assert raised.value.where == f"GET {LABELS}"
    assert waits == []
    stand_in.fail({"status": 429, "retry_after": 20})
    with pytest.raises(GithubRateLimited):
        client.get(LABELS)
    assert waits == [20.0]


def test_limits_without_end_are_an_error(stand_in: StandIn, job: Client, waits: list[float]) -> None:
    stand_in.fail({"status": 429, "retry_after": 1})
    with pytest.raises(GithubRateLimited):
        job.get(LABELS)
    assert waits == [1.0] * 4


def test_an_outage_is_tried_again_where_that_is_safe(
    stand_in: StandIn, job: Client, waits: list[float]
) -> None:
    stand_in.fail({"status": 502, "times": 2})
    job.get(LABELS)
    assert len(waits) == 2
    stand_in.fail({"status": 503, "times": 1, "method": "POST"})
    with pytest.raises(GithubError, match="answers 503 to POST"):
        job.post(LABELS, label("maybe"))
    assert len(waits) == 2
    assert job.find(f"{LABELS}/maybe") is None


def test_what_was_done_and_not_answered_is_not_done_twice(stand_in: StandIn, job: Client) -> None:
    stand_in.fail({"status": 502, "times": 1, "method": "POST", "after": True})
    with pytest.raises(GithubError, match="answers 502"):
        job.post(LABELS, label("lost"))
    assert stand_in.calls("POST") == [LABELS]
    # Its deletion, whose answer is lost as well, finds nothing the second time, and that is success.
    stand_in.fail({"status": 502, "times": 1, "method": "DELETE", "after": True})
    job.delete(f"{LABELS}/lost")
    assert len(stand_in.calls("DELETE")) == 2
    with pytest.raises(GithubError, match="answers 404"):
        job.delete(f"{LABELS}/lost")


def test_details_of_a_refusal_are_told_and_what_was_sent_is_not(job: Client) -> None:
    with pytest.raises(GithubError) as raised:
        job.post(f"{LABELS}?secret=in-the-query", {"name": ["secret-in-the-body"], "color": "ededed"})
    assert str(raised.value).startswith(
        "GitHub answers 422 to POST /repos/acme/app/labels: Validation Failed; "
    )
    assert "name" in str(raised.value)
    assert "secret" not in str(raised.value)
    assert "stand-in" not in str(raised.value)


def test_what_is_left_of_the_hour_is_known(job: Client) -> None:
    assert job.rate is None
    job.get(LABELS)
    assert job.rate is not None
    assert 0 < job.rate.left < job.rate.limit
    assert job.rate.resets_at > time.time()


def test_pygithubs_objects_wait_and_fail_as_we_do(
    stand_in: StandIn, job: Client, labels: Any, waits: list[float]
) -> None:
    labels(*[f"typed-{number}" for number in range(120)])
    app = repository(job, "acme/app")
    stand_in.fail({"status": 403, "retry_after": 3, "times": 1}, {"status": 502, "times": 1})
    assert len([found for found in app.get_labels() if found.name.startswith("typed-")]) == 120
    assert waits[0] == 3.0
    assert len(waits) == 2
    stand_in.fail()
    with pytest.raises(GithubError) as raised:
        app.get_label("none")
    assert raised.value.status == 404
    app.create_label("by-library", "ededed")
    assert job.find(f"{LABELS}/by-library") is not None


def test_nothing_of_the_environment_or_a_log_gets_in_between(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ambient password ambient-secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    caplog.set_level(logging.DEBUG)
    connect(token("stand-in"), stand_in.url).get(LABELS)
    repository(connect(token("stand-in"), stand_in.url), "acme/app")
    with pytest.raises(GithubError, match="answers 401"):
        connect(url=stand_in.url).get(LABELS)
    sent = [headers.get("authorization", "") for _, _, headers in stand_in.seen]
    assert sent == ["token stand-in", "token stand-in", ""]
    assert "stand-in" not in caplog.text
    assert stand_in.seen[0][2]["x_github_api_version"] == "2022-11-28"
    assert stand_in.seen[0][2]["accept"] == "application/vnd.github+json"
