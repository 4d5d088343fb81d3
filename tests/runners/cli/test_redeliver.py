"""What failed for good is sent again, each event once."""

import base64

import pytest
from typer.testing import CliRunner

from slipway.cli import runners as command
from slipway.errors import SlipwayError
from slipway.runners import github as api
from slipway.runners.fleet import Fleet
from slipway.runners.redeliver import failed, period
from tests.runners.cli import fakes


def delivery(number: int, guid: str, status: int, at: str = "2099-01-01T00:00:00Z") -> fakes.Json:
    return {
        "id": number,
        "guid": guid,
        "status_code": status,
        "delivered_at": at,
        "event": "workflow_job",
        "action": "queued",
    }


def test_only_events_that_no_attempt_delivered_are_wanted_oldest_first() -> None:
    newest_first = [
        delivery(5, "b", 502),
        delivery(4, "a", 200),
        delivery(3, "c", 0),
        delivery(2, "b", 500),
        delivery(1, "a", 503),
    ]
    assert [one["id"] for one in failed(newest_first)] == [3, 5]


@pytest.mark.parametrize(("text", "length"), [("90m", 5400), ("2h", 7200), ("3d", 259_200)])
def test_periods(text: str, length: int) -> None:
    assert period(text) == length


@pytest.mark.parametrize("text", ["", "2", "h", "0h", "-1h", "4d", "2 h", "1w", "٢h"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(SlipwayError, match="is no period"):
        period(text)


@pytest.fixture
def signed(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    monkeypatch.setattr(api, "sign", lambda *_: b"signed")
    monkeypatch.setattr(command, "_fleet", lambda *_: fleet)
    fakes.configure(fleet, app_id=77)
    return fleet


def test_every_page_is_read_and_each_failure_asked_for(signed: Fleet, github: fakes.FakeGitHub) -> None:
    github.link = f'<{github.url}/app/hook/deliveries?per_page=100&cursor=2>; rel="next"'
    pages = {
        "": [delivery(9, "a", 500)],
        "2": [delivery(8, "b", 500), delivery(7, "c", 500, "2001-01-01T00:00:00Z")],
    }
    github.routes["GET /app/hook/deliveries"] = lambda query: (200, pages[query.get("cursor", [""])[0]])
    for number in (9, 8, 7):
        github.routes[f"POST /app/hook/deliveries/{number}/attempts"] = (202, {})
    result = CliRunner().invoke(command.app, ["redeliver", "local", "--since", "1h"])
    assert result.exit_code == 0, result.exception
    assert "2 of 2 deliveries failed for good; sent again" in result.output
    posted = [path for method, path, _ in github.calls if method == "POST"]
    assert posted == ["/app/hook/deliveries/8/attempts", "/app/hook/deliveries/9/attempts"]
    signature = base64.urlsafe_b64encode(b"signed").decode()
    assert all(headers["Authorization"].endswith(f".{signature}") for _, _, headers in github.calls)


def test_a_dry_run_asks_for_nothing(signed: Fleet, github: fakes.FakeGitHub) -> None:
    github.routes["GET /app/hook/deliveries"] = (200, [delivery(9, "a", 500)])
    result = CliRunner().invoke(command.app, ["redeliver", "local", "--dry-run"])
    assert "1 of 1 deliveries failed for good; would be sent again" in result.output
    assert [method for method, _, _ in github.calls] == ["GET"]


def test_githubs_refusal_is_passed_on(signed: Fleet, github: fakes.FakeGitHub) -> None:
    github.routes["GET /app/hook/deliveries"] = (401, {"message": "Bad credentials"})
    result = CliRunner().invoke(command.app, ["redeliver", "local"])
    assert isinstance(result.exception, SlipwayError)
    assert "401" in str(result.exception)
    assert "Bad credentials" in str(result.exception)
