"""A stack of any repository is planned, and exactly that is applied: by commands, on the embedded cloud."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.platform.plan_store import lease_key
from slipway.stacks.log import Log
from slipway.stacks.summary import Summary
from slipway.store import FolderStore, LeaseLost, Leases
from tests.program.conftest import Project, git

SECRET = "correct-horse-battery"
PROGRAM = """\
import pulumi
import pulumi_aws as aws

from sizes import DAYS

config = pulumi.Config()
address = pulumi.Config("slipway").require_object("endpoints")["aws"]
services = aws.ProviderEndpointArgs(logs=address, ssm=address, sts=address)
cloud = aws.Provider(
    "cloud",
    region="eu-west-1",
    endpoints=[services],
    access_key="none",
    secret_key="none",
    skip_credentials_validation=True,
    skip_requesting_account_id=True,
)
there = pulumi.ResourceOptions(provider=cloud)
aws.cloudwatch.LogGroup("logs", name="shop", retention_in_days=DAYS, opts=there)
password = pulumi.Output.secret(config.require("password"))
aws.ssm.Parameter("password", name="/shop/password", type="SecureString", value=password, opts=there)
pulumi.export("password", password)
"""
STACK = f"config:\n  shop:password: {SECRET}\n"


def repository(root: Path) -> Project:
    """A project of somebody who has nothing of the platform, below the top of a repository."""
    folder = root / "apps" / "shop"
    folder.mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "Pulumi.local.yaml").write_text(STACK)
    (folder / "__main__.py").write_text(PROGRAM)
    (folder / "sizes.py").write_text("DAYS = 7\n")
    (root / ".gitignore").write_text(".slipway\n")
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root, "first")
    return Project(folder)


def commit(root: Path, message: str) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Project]:
    made = repository(tmp_path)
    made.ok("cloud", "start")
    yield made
    made.run("cloud", "stop")


def planned(shop: Project, *arguments: str) -> dict[str, Any]:
    return json.loads(shop.ok("plan", "local", "--json", *arguments))


def test_what_a_mandatory_check_finds_fault_with_is_planned_and_shown_and_not_applied(shop: Project) -> None:
    top = shop.root.parents[1]
    (top / "packs").mkdir()
    (top / "packs/PulumiPolicy.yaml").write_text("runtime: python\n")
    without = shop.run("plan", "local", "--policy-pack", str(top / "packs"))
    assert (without.returncode, "the embedded engine runs no policy pack" in without.stderr) == (1, True)
    (top / "check.py").write_text(
        "import json, sys\nsteps = json.load(sys.stdin)['summary']['steps']\n"
        "said = {'rule': 'size', 'message': f'{len(steps)} steps'}\n"
        "print(json.dumps({'version': 1, 'findings': [said]}))\n"
    )
    settings = "defaults: {checks: {large: {run: python3 check.py, level: mandatory}}}\n"
    (top / "slipway.yaml").write_text(settings)
    made = planned(shop)
    (finding,) = made["summary"]["findings"]
    assert (finding["level"], finding["text"]) == ("mandatory", "size: 4 steps")
    assert "large: size: 4 steps" in refused(shop, "--run", made["run"])
    # What it has found is sealed with the plan: taking the check away does not let it through.
    (top / "slipway.yaml").unlink()
    assert "large: size: 4 steps" in refused(shop, "--run", made["run"])
    assert days(shop) is None


def store(shop: Project) -> FolderStore:
    return FolderStore(shop.root / ".slipway" / "plans")


def days(shop: Project) -> int | None:
    groups = shop.client("logs").describe_log_groups()["logGroups"]
    return groups[0]["retentionInDays"] if groups else None


def refused(shop: Project, *arguments: str) -> str:
    done = shop.run("apply", "local", "--yes", "--json", *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    return str(json.loads(done.stdout)["error"]["what"])


def test_what_was_planned_is_applied_once_and_anything_else_is_refused(shop: Project) -> None:
    top = shop.root.parents[1]
    first = planned(shop, "--out", "plans")
    assert (first["changed"], first["counts"]) == (True, {"create": 4})
    assert days(shop) is None
    summary = Summary.from_bytes((shop.root / "plans/shop.local.json").read_bytes())
    assert (summary.name, summary.run, len(summary.commit)) == ("shop/local", first["run"], 40)

    assert json.loads(shop.ok("apply", "local", "--run", first["run"], "--yes", "--json"))["ok"]
    assert days(shop) == 7
    # As a job does that runs again.
    again = json.loads(shop.ok("apply", "local", "--run", first["run"], "--yes", "--json"))
    assert (again["ok"], again["applied"]) == (True, "before")

    # What nothing is made of may change; what something is made of may not.
    second = planned(shop)
    (shop.root / "sizes.py").write_text("# Days.\nDAYS = 7\n")
    (top / "README.md").write_text("hello")
    commit(top, "words")
    assert json.loads(shop.ok("apply", "local", "--run", second["run"], "--yes", "--json"))["ok"]
    assert "state" in refused(shop, "--run", first["run"])
    third = planned(shop)
    (shop.root / "sizes.py").write_text("DAYS = 14\n")
    assert "apps/shop/sizes.py has changed" in refused(shop, "--run", third["run"])
    assert days(shop) == 7

    log = Log(store(shop), Leases(store(shop)), "shop", "local")
    records = list(log.records())
    assert [record.entry.event for record in records] == ["begun", "applied", "begun", "applied"]
    assert len({record.entry.evidence for record in records}) == 1
    assert {record.entry.run for record in records} == {first["run"], second["run"]}
    kept = b"".join(path.read_bytes() for path in (shop.root / ".slipway" / "plans").rglob("*="))
    told = (shop.root / "plans/shop.local.json").read_text() + json.dumps([first, second, third])
    assert SECRET.encode() not in kept
    assert SECRET not in told


def test_the_dashboard_says_what_is_applied_what_drifted_and_what_waits(shop: Project) -> None:
    """As on any day: something is applied, somebody else changes it, and it is looked at."""

    def told() -> dict[str, Any]:
        made = json.loads(shop.ok("dashboard", "local", "--out", "board", "--json"))
        assert made["stacks"] == 1
        page = (shop.root / "board/index.html").read_text()
        assert "shop/local" in page
        assert SECRET not in page + (shop.root / "board/dashboard.json").read_text()
        return dict(made["counts"])

    assert told() == {"never applied": 1}
    run = planned(shop)["run"]
    assert told() == {"never applied": 1, "plan open": 1}
    shop.ok("apply", "local", "--run", run, "--yes")
    assert told() == {"drift not looked for": 1}
    shop.ok("drift", "local", "--record")
    assert told() == {"in order": 1}
    shop.client("logs").put_retention_policy(logGroupName="shop", retentionInDays=30)
    assert shop.run("drift", "local", "--record").returncode == 2
    (shop.root / "sizes.py").write_text("DAYS = 14\n")
    assert told() == {"drift": 1, "merged, not applied": 1}
    (stack,) = json.loads((shop.root / "board/dashboard.json").read_bytes())["stacks"]
    assert (stack["applied"]["run"], sum(stack["look"]["counts"].values())) == (run, 1)


def test_who_has_the_lease_has_the_stack(shop: Project) -> None:
    run = planned(shop)["run"]
    leases = Leases(store(shop))
    key = lease_key("shop", "local")
    lease = leases.acquire(key, owner="acme/shop/runs/812/attempts/1", seconds=600)
    done = shop.run("apply", "local", "--run", run, "--yes")
    assert done.returncode == 2
    assert "acme/shop/runs/812/attempts/1 holds" in done.stderr
    leases.release(lease)
    assert days(shop) is None
    shop.ok("apply", "local", "--run", run, "--yes")
    assert days(shop) == 7


def test_nothing_is_applied_in_a_freeze_or_after_a_newer_commit(shop: Project) -> None:
    top = shop.root.parents[1]
    run = planned(shop)["run"]
    settings = top / "slipway.yaml"
    frozen = "{begins: 2020-01-01T00:00:00Z, ends: 2999-01-01T00:00:00Z, reason: the year is ending}"
    settings.write_text(f"defaults:\n  freeze:\n    - {frozen}\n")
    assert "the year is ending" in refused(shop, "--run", run)
    settings.unlink()
    older = planned(shop)["run"]
    (top / "README.md").write_text("hello")
    commit(top, "newer")
    newer = planned(shop)["run"]
    shop.ok("apply", "local", "--run", newer, "--yes")
    git(top, "checkout", "--quiet", "HEAD~")
    assert f"run {newer} came here with the newer commit" in refused(shop, "--run", older)


def test_a_stack_is_deleted_by_a_plan_too(shop: Project) -> None:
    shop.ok("apply", "local", "--run", planned(shop)["run"], "--yes")
    run = planned(shop, "--destroy")["run"]
    shop.ok("apply", "local", "--run", run, "--yes")
    assert days(shop) is None


def test_a_job_is_told_whether_there_is_anything_to_apply(
    shop: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = tmp_path / "output"
    monkeypatch.setenv("GITHUB_OUTPUT", str(told))
    run = planned(shop, "--job-output")["run"]
    shop.ok("apply", "local", "--run", run, "--yes")
    planned(shop, "--job-output")
    # Made of something else, with the same outcome: that has to be put on record.
    (shop.root / "sizes.py").write_text("WEEKS = 1\nDAYS = 7 * WEEKS\n")
    assert not planned(shop, "--job-output")["changed"]
    assert told.read_text().split() == ["apply=true", "apply=false", "apply=true"]


def test_a_plan_that_fails_is_not_stored(shop: Project) -> None:
    (shop.root / "__main__.py").write_text("raise RuntimeError('no')\n")
    done = shop.run("plan", "local")
    assert done.returncode == 1
    assert "no" in done.stdout + done.stderr
    assert store(shop).list("") == []


NETWORK = """\
import pathlib

import pulumi

if pathlib.Path(__file__).with_name("broken").exists():
    raise RuntimeError("no way")
pulumi.export("here", "there")
"""


def test_stacks_together_in_their_order_and_again_after_a_failure(tmp_path: Path) -> None:
    """Two projects, one of which needs the other, and a third that needs neither."""
    projects = [Project(tmp_path / name) for name in ("network", "shop", "tools")]
    for project in projects:
        project.root.mkdir()
        (project.root / "Pulumi.yaml").write_text(f"name: {project.root.name}\nruntime: python\n")
        (project.root / "Pulumi.local.yaml").write_text("config: {}\n")
        (project.root / "__main__.py").write_text(NETWORK)
    (tmp_path / ".gitignore").write_text(".slipway\nbroken\n")
    (tmp_path / "slipway.yaml").write_text("store: file://.slipway\nprojects: {shop: {needs: [network]}}\n")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path, "first")
    top = Project(tmp_path)
    everywhere = ("--store", f"file://{tmp_path}/plans")
    try:
        for project in projects:
            project.ok("cloud", "start")
        (tmp_path / "network" / "broken").write_text("")
        failed = top.run("stacks", "bring-up", "--yes", "--json", *everywhere)
        assert failed.returncode == 1, failed.stdout + failed.stderr
        told = {each["stack"]: each for each in json.loads(failed.stdout)["stacks"]}
        assert {name: each["status"] for name, each in told.items()} == {
            "network/local": 1,
            "shop/local": None,
            "tools/local": 0,
        }
        assert told["shop/local"]["waited_for"] == ["network/local"]
        assert "no way" in failed.stderr
        (tmp_path / "network" / "broken").unlink()
        done = json.loads(top.ok("stacks", "bring-up", "--yes", "--json", *everywhere))
        assert [each["stack"] for each in done["stacks"]][:2] == ["network/local", "shop/local"]
        assert "what lies here is applied" in top.ok("stacks", "explain", "shop/local", *everywhere)

        # What was planned side by side is applied in order, too; of two, the one that is deleted goes first.
        asked = ("network/local", "shop/local")
        runs = json.loads(top.ok("plan", *asked, "--destroy", "--json", *everywhere))["stacks"]
        (run,) = {each["answer"]["run"] for each in runs}
        applied = json.loads(top.ok("apply", *asked, "--run", run, "--yes", "--json", *everywhere))
        assert [each["stack"] for each in applied["stacks"]] == ["shop/local", "network/local"]
        top.ok("stacks", "tear-down", "tools/local", "--yes", *everywhere)

        store = FolderStore(tmp_path / "plans")
        log = json.loads(top.ok("stacks", "log", "shop/local", "--verify", "--json", *everywhere))
        operations = [(each["entry"]["event"], each["entry"]["operation"]) for each in log["records"]]
        assert operations == [
            ("begun", "up"),
            ("applied", "up"),
            ("begun", "destroy"),
            ("applied", "destroy"),
        ]
        whole = list(Log(store, Leases(store), "shop", "local").records())
        assert [each["number"] for each in log["records"]] == [record.number for record in whole]
        assert run in top.ok("stacks", "log", "shop/local", "--last", "1", *everywhere)
    finally:
        for project in projects:
            project.run("cloud", "stop")


def test_a_lease_is_taken_only_from_whom_is_said_to_be_over(tmp_path: Path) -> None:
    shop = repository(tmp_path)
    leases, key = Leases(store(shop)), lease_key("shop", "local")
    assert "nobody has the lease" in shop.ok("stacks", "unlock", "local")
    lease = leases.acquire(key, owner="ada@host:1", seconds=600)
    assert "ada@host:1" in shop.ok("stacks", "explain", "local")
    done = shop.run("stacks", "unlock", "local")
    assert (done.returncode, "ada@host:1 holds" in done.stderr) == (1, True)
    done = shop.run("stacks", "unlock", "local", "--over", "bob@host:1", "--yes")
    assert (done.returncode, "another one has the lease" in done.stderr) == (1, True)
    assert (
        "nobody is there to be asked" in shop.run("stacks", "unlock", "local", "--over", "ada@host:1").stderr
    )
    shop.ok("stacks", "unlock", "local", "--over", "ada@host:1", "--yes")
    with pytest.raises(LeaseLost):
        leases.check(lease)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("apply", "local"), "slipway plan shop/local"),
        (("apply", "local", "--run", "812-1", "--yes"), "has no plan for shop/local"),
        (("apply", "local", "--run", "812", "--yes"), "names no attempt of a run"),
        (("plan", "loca"), "did you mean 'local'"),
        (("plan", "shop/loca"), "did you mean 'shop/local'"),
        (("plan", "local", "--store", "http://x"), "is no store"),
        (("plan", "local", "--store", "s3://plans"), "AWS_REGION"),
    ],
)
def test_what_is_asked_for_wrongly_is_told(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    shop = repository(tmp_path)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }
    done = shop.run(*arguments, environment=environment)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
