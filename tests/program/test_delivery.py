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
from slipway.store import FolderStore, Leases
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
    first = planned(shop, "--out", "first.json")
    assert (first["changed"], first["counts"]) == (True, {"create": 4})
    assert days(shop) is None
    summary = Summary.from_bytes((shop.root / "first.json").read_bytes())
    assert (summary.name, summary.run, len(summary.commit)) == ("shop/local", first["run"], 40)

    assert json.loads(shop.ok("apply", "local", "--run", first["run"], "--yes", "--json"))["ok"]
    assert days(shop) == 7
    assert "state" in refused(shop, "--run", first["run"])

    # What nothing is made of may change; what something is made of may not.
    second = planned(shop)
    (shop.root / "sizes.py").write_text("# Days.\nDAYS = 7\n")
    (top / "README.md").write_text("hello")
    commit(top, "words")
    assert json.loads(shop.ok("apply", "local", "--run", second["run"], "--yes", "--json"))["ok"]
    assert "an apply has begun with this plan before" in refused(shop, "--run", second["run"])
    third = planned(shop)
    (shop.root / "sizes.py").write_text("DAYS = 14\n")
    assert "apps/shop/sizes.py is another" in refused(shop, "--run", third["run"])
    assert days(shop) == 7

    log = Log(store(shop), Leases(store(shop)), "shop", "local")
    records = list(log.records())
    assert [record.entry.event for record in records] == ["begun", "applied", "begun", "applied"]
    assert len({record.entry.evidence for record in records}) == 1
    assert {record.entry.run for record in records} == {first["run"], second["run"]}
    kept = b"".join(path.read_bytes() for path in (shop.root / ".slipway" / "plans").rglob("*="))
    told = (shop.root / "first.json").read_text() + json.dumps([first, second, third])
    assert SECRET.encode() not in kept
    assert SECRET not in told


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


def test_a_plan_that_fails_is_not_stored(shop: Project) -> None:
    (shop.root / "__main__.py").write_text("raise RuntimeError('no')\n")
    done = shop.run("plan", "local")
    assert done.returncode == 1
    assert "no" in done.stdout + done.stderr
    assert store(shop).list("") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("apply", "local"), "slipway plan local"),
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
