"""A stack is changed behind Pulumi's back: by commands, on the embedded cloud, until its issue is closed."""

import hashlib
import hmac
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.github import Client, connect, token
from slipway.localcloud import runtime
from slipway.localcloud.github.world import APP_TOKEN
from slipway.stacks.drift import issue
from slipway.stacks.drift.report import Report
from tests.program.conftest import Project, git
from tests.program.test_delivery import SECRET, commit, repository
from tests.stacks.receiver import Receiver, receiver

REPOSITORY = "acme/shop"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A stack that was applied as it lies there, and its repository on the GitHub stand-in."""
    made = repository(tmp_path)
    monkeypatch.setenv("GITHUB_TOKEN", APP_TOKEN)
    monkeypatch.setenv("GITHUB_REPOSITORY", REPOSITORY)
    made.ok("cloud", "start")
    runtime.seed(
        runtime.require(made.root),
        {
            "organizations": [{"login": "acme", "id": 1}],
            "repositories": [{"owner": "acme", "name": "shop", "id": 2}],
        },
    )
    applied(made)
    yield made
    made.run("cloud", "stop")


def applied(shop: Project) -> str:
    run = str(json.loads(shop.ok("plan", "local", "--json"))["run"])
    shop.ok("apply", "local", "--run", run, "--yes")
    return run


def looked(shop: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return shop.run("drift", "local", "--issue", "--endpoint", "cloud", *arguments)


def issues(shop: Project) -> list[dict[str, Any]]:
    client: Client = connect(token(APP_TOKEN), runtime.require(shop.root).github)
    return list(client.every(f"/repos/{REPOSITORY}/issues?state=all"))


@pytest.mark.slow
def test_one_issue_tells_of_each_kind_of_drift_until_it_is_mended(
    shop: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    top, logs = shop.root.parents[1], shop.client("logs")
    done = looked(shop)
    assert (done.returncode, issues(shop)) == (0, []), done.stderr
    assert "issue none" in done.stderr

    # Somebody changes the cloud: an issue is opened, and by a second look no second one.
    logs.put_retention_policy(logGroupName="shop", retentionInDays=30)
    monkeypatch.setenv("SLIPWAY_CALLBACK_SECRET", "s3cret")
    with receiver() as hooks:
        done = looked(shop, "--callback", hooks.url, "--json")
    assert done.returncode == 2, done.stderr
    (opened,) = issues(shop)
    assert (opened["state"], opened["title"]) == ("open", "Drift: shop/local")
    assert [each["name"] for each in opened["labels"]] == [issue.LABEL]
    assert "Cloud against state: <b>1 changed</b>" in opened["body"]
    assert "Program against state: <b>no changes</b>" in opened["body"]
    assert "retentionInDays: 30" in opened["body"]
    told = json.loads(done.stdout)
    assert (told["found"], told["issue"]["url"]) == (True, opened["html_url"])
    _is_genuine(hooks, opened["html_url"])
    looked(shop)
    (again,) = issues(shop)
    assert (again["number"], again["state"]) == (opened["number"], "open")

    # What a plan would do, and what no run applied, is told apart from that.
    (shop.root / "sizes.py").write_text("DAYS = 14\n")
    assert "is not committed" in looked(shop).stderr
    commit(top, "longer")
    looked(shop)
    (both,) = issues(shop)
    assert "Cloud against state: <b>1 changed</b>. Program against state: <b>1 to update</b>" in both["body"]
    assert "What is merged was not applied" in both["body"]
    assert "<code>apps/shop/sizes.py</code>" in both["body"]

    # It is mended from main, and the issue closed; then somebody does it again.
    assert json.loads(shop.ok("up", "local", "--yes", "--json"))["ok"]
    applied(shop)
    done = looked(shop)
    assert done.returncode == 0, done.stdout + done.stderr
    (closed,) = issues(shop)
    assert (closed["number"], closed["state"]) == (opened["number"], "closed")
    assert "Mended" in closed["body"]
    assert "retentionInDays: 30" in closed["body"]
    logs.delete_log_group(logGroupName="shop")
    assert looked(shop).returncode == 2
    (reopened,) = issues(shop)
    assert (reopened["number"], reopened["state"]) == (opened["number"], "open")
    assert "Cloud against state: <b>1 gone</b>" in reopened["body"]
    assert "Mended" not in reopened["body"]

    _ignored_up_to_a_day(shop, top)
    _told_by_another_job(shop, tmp_path, reopened["number"])
    everything = json.dumps(issues(shop)) + (tmp_path / "drift.json").read_text()
    assert SECRET not in everything
    assert SECRET not in hooks.bodies[0].decode()


def _is_genuine(hooks: Receiver, url: str) -> None:
    """Taken at the third attempt, signed as GitHub signs."""
    assert hooks.statuses == [503, 503, 204]
    body, headers = hooks.bodies[-1], hooks.headers[-1]
    expected = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={expected}"
    payload = json.loads(body)
    assert (payload["stack"], payload["status"], payload["issue"]) == ("shop/local", "drift", url)
    assert payload["cloud"] == {
        "changed": 1,
        "gone": 0,
        "resources": [
            {
                "name": "logs",
                "type": "aws:cloudwatch/logGroup:LogGroup",
                "what": "changed",
                "properties": ["retentionInDays"],
            }
        ],
    }


def _ignored_up_to_a_day(shop: Project, top: Path) -> None:
    """What is known is no drift, for a plain look as well; the day after, it is, and that is said."""
    settings = top / "slipway.yaml"
    known = "{resource: '*LogGroup', until: %s, reason: it is being moved}"
    settings.write_text(f"defaults: {{drift: {{ignore: [{known % '2999-01-01'}]}}}}\n")
    done = shop.run("drift", "local")
    assert (done.returncode, "ignored until 2999-01-01" in done.stderr) == (0, True), done.stdout
    settings.write_text(f"defaults: {{drift: {{ignore: [{known % '2020-01-01'}]}}}}\n")
    done = shop.run("drift", "shop/local")
    assert (done.returncode, "this was ignored until 2020-01-01" in done.stdout) == (2, True), done.stdout
    settings.unlink()


def _told_by_another_job(shop: Project, folder: Path, number: int) -> None:
    """One job looks and writes it down, another one tells of it, and takes it for its own stack alone."""
    file = folder / "drift.json"
    done = shop.run("drift", "local", "--out", str(file), "--markdown")
    assert done.returncode == 2, done.stderr
    assert done.stdout.startswith("<!-- slipway:drift")
    told = Report.from_bytes(file.read_bytes())
    assert (told.name, len(told.gone)) == ("shop/local", 1)
    assert looked(shop, "--from", str(file)).returncode == 0
    assert [each["number"] for each in issues(shop)] == [number]
    file.write_text(file.read_text().replace('"local"', '"prod"'))
    assert "this report is of shop/prod, and not of shop/local" in looked(shop, "--from", str(file)).stderr
    file.write_text("{}")
    assert "this is no report" in looked(shop, "--from", str(file)).stderr
    git(shop.root, "checkout", "--quiet", "-b", "aside")
    commit_aside(shop)
    assert "is not on main" in looked(shop).stderr
    shop.run("drift", "local", "--program", "--out", str(file))


def commit_aside(shop: Project) -> None:
    (shop.root / "sizes.py").write_text("DAYS = 60\n")
    commit(shop.root, "not merged")
