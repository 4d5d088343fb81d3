"""Delivery of a project of somebody else, on either engine: a change from outside, and equal plans."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from slipway.stacks.log import Log
from slipway.stacks.summary import Summary
from slipway.store import Leases
from tests.program.both import ENGINES
from tests.program.conftest import Project, git
from tests.program.test_delivery import SECRET, days, repository, store

PROVIDER = "pulumi:providers:aws"


@dataclass
class Delivered:
    """The project, and the engine that its commands are told to use."""

    shop: Project
    engine: str = ""

    def status(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """How a command on `local` ended, and the JSON that it printed."""
        done = self.shop.run(*arguments, "--json", "--engine", self.engine)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def done(self, *arguments: str) -> dict[str, Any]:
        """The JSON of a command that has to succeed."""
        code, told = self.status(*arguments)
        assert code == 0, told
        return told

    def plan(self, *arguments: str) -> tuple[str, Summary]:
        """The run that planned, and its summary."""
        run = self.done("plan", "local", "--out", "plans", *arguments)["run"]
        return run, Summary.from_bytes((self.shop.root / "plans/shop.local.json").read_bytes())

    def apply(self, run: str) -> tuple[int, dict[str, Any]]:
        return self.status("apply", "local", "--run", run, "--yes")

    def says(self, number: int) -> None:
        """Commit how many days the program asks for."""
        (self.shop.root / "sizes.py").write_text(f"DAYS = {number}\n")
        git(self.shop.root, "commit", "--all", "--allow-empty", "--quiet", "--message", f"{number} days")


@pytest.fixture
def delivered(tmp_path: Path) -> Iterator[Delivered]:
    shop = repository(tmp_path)
    shop.ok("cloud", "start")
    yield Delivered(shop)
    shop.run("cloud", "stop")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_change_from_outside_makes_a_plan_stale_and_the_next_one_shows_it(
    delivered: Delivered, engine: str
) -> None:
    delivered.engine, shop = engine, delivered.shop
    run, summary = delivered.plan()
    assert (summary.counts, days(shop)) == ({"create": 4}, None)
    assert delivered.apply(run)[0] == 0
    assert days(shop) == 7

    delivered.says(14)
    stale, summary = delivered.plan()
    assert properties(summary) == {("retentionInDays", "7", "14")}
    shop.client("logs").put_retention_policy(logGroupName="shop", retentionInDays=30)
    assert delivered.status("drift", "local")[0] == 2
    assert delivered.status("refresh", "local")[0] == 0
    code, told = delivered.apply(stale)
    assert code == 2
    assert "the state of the stack's resources has changed" in told["error"]["what"]
    assert days(shop) == 30, "a refused apply changes nothing"

    run, summary = delivered.plan()
    assert properties(summary) == {("retentionInDays", "30", "14")}
    assert summary.messages == ()
    assert delivered.apply(run)[0] == 0
    assert days(shop) == 14

    # What no reading of the sources finds, the next plan has seen.
    shared = shop.root.parents[1] / "shared"
    shared.mkdir()
    (shared / "days.txt").write_text("14")
    reads = "int((Path(__file__).parents[2] / ('sha' + 'red') / ('days' + '.txt')).read_text())"
    (shop.root / "sizes.py").write_text(f"from pathlib import Path\n\nDAYS = {reads}\n")
    (message,) = delivered.plan()[1].messages
    assert "the program opened shared/days.txt, and a change" in message.text
    (shared.parent / "slipway.yaml").write_text("projects: {shop: {paths: [apps/shop/**, shared/*.txt]}}\n")
    assert delivered.plan()[1].messages == ()
    delivered.says(14)
    assert delivered.apply(run)[1]["applied"] == "before"
    assert delivered.status("drift", "local")[0] == 0
    records = Log(store(shop), Leases(store(shop)), "shop", "local").records()
    assert [record.entry.event for record in records] == ["begun", "applied"] * 2


def properties(summary: Summary) -> set[tuple[str, str | None, str | None]]:
    """What changes, each with what it was and will be."""
    return {(each.path, each.old, each.new) for step in summary.steps for each in step.properties}


@pytest.mark.parametrize("engine", ENGINES[1:])
def test_both_engines_plan_the_same_steps(delivered: Delivered, engine: str) -> None:
    plans = {name: lifetime(delivered, name) for name in ("embedded", engine)}
    assert plans["embedded"] == plans[engine]
    assert SECRET not in json.dumps(plans)


def lifetime(delivered: Delivered, engine: str) -> list[Any]:
    """The steps of the plans that make a stack, change it and delete it, by an engine. Nothing is left."""
    delivered.engine = engine
    seen: list[Any] = []
    for number, arguments in ((7, ()), (14, ()), (14, ("--destroy",))):
        delivered.says(number)
        run, summary = delivered.plan(*arguments)
        steps = sorted((without_version(asdict(step)) for step in summary.steps), key=itemgetter("urn"))
        # A plan's key is its own, so that equal secrets of two plans look different.
        text = re.sub(r"\[secret [0-9a-f]+\]", "[secret]", json.dumps(steps))
        seen.append([summary.counts, json.loads(text)])
        assert delivered.apply(run)[0] == 0
    assert days(delivered.shop) is None
    return seen


def without_version(step: dict[str, Any]) -> dict[str, Any]:
    """Pulumi itself adds the plugin's version to what a provider is given."""
    added = [one for one in step["properties"] if (step["type"], one["path"]) == (PROVIDER, "version")]
    return {**step, "properties": [one for one in step["properties"] if one not in added]}
