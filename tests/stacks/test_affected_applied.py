"""What is merged, compared by the command with what the store of plans says was last applied."""

import json
from pathlib import Path
from typing import Any

import pytest

from slipway.errors import SlipwayError
from slipway.platform.plan_store import head_key, lease_key
from slipway.stacks.log import Entry, Log
from slipway.stacks.target import tree_of
from slipway.store import FolderStore, Leases
from tests.git import git
from tests.stacks.clones import Checkout
from tests.stacks.test_affected import APP, NETWORK, SETTINGS

ALL = ("network/dev", "network/prod", "app/prod")


class Applied:
    """A clone on main, with a store beside it."""

    def __init__(self, folder: Path) -> None:
        self.clone = Checkout.begun(folder / "repository", {**NETWORK, **APP, **SETTINGS})
        self._folder = folder / "store"
        self.store = FolderStore(self._folder)
        self.arguments = ("--applied", "--store", f"file://{folder / 'store'}")

    def record(self, *names: str, event: str = "applied", operation: str = "up", **changes: Any) -> None:
        """Have an apply recorded of stacks as they lie there."""
        tree = tree_of(self.clone.top)
        for name in names:
            project, stack = name.split("/")
            log = Log(self.store, Leases(self.store, is_over=lambda _: True), project, stack)
            lease = log.leases.acquire(lease_key(project, stack), owner="812-1", seconds=600)
            said = {"evidence": tree.evidence.get(name, ""), "commit": tree.commit, **changes}
            entry = {"plan": "a" * 64, "run": "812-1", "actor": "ada", "at": 1.7e9, "token": lease.token}
            log.append(Entry(event=event, operation=operation, **{**entry, **said}), lease)  # type: ignore[arg-type]

    def head(self, project: str, stack: str) -> Path:
        """The file that says which record is the last."""
        return self._folder / f"{head_key(project, stack)}="

    def told(self, *arguments: str) -> dict[str, dict[str, Any]]:
        return self.clone.affected(*self.arguments, *arguments)

    def reasons(self, *arguments: str) -> dict[str, tuple[str, str]]:
        return {name: (one["change"], one["reason"]) for name, one in self.told(*arguments).items()}


@pytest.fixture
def applied(tmp_path: Path) -> Applied:
    return Applied(tmp_path)


def test_what_was_never_applied_is_to_be_created_and_what_was_is_not_told(applied: Applied) -> None:
    assert applied.reasons() == {
        "network/dev": ("create", "it was never applied"),
        "network/prod": ("create", "it was never applied"),
        "app/prod": ("create", "it was never applied; needs network/prod"),
    }
    applied.record(*ALL)
    assert applied.reasons() == {}


def test_several_merges_that_no_run_applied_are_told_together_by_what_they_changed(applied: Applied) -> None:
    applied.record(*ALL)
    applied.clone.commit({"network/Pulumi.dev.yaml": "config:\n  network:size: 9\n"})
    applied.clone.commit({"app/__main__.py": "import pulumi\n"})
    expected = {
        "network/dev": ("update", "network/Pulumi.dev.yaml: network:size"),
        "app/prod": ("update", "app/Pulumi.prod.yaml: app:name, app/__main__.py"),
    }
    assert applied.reasons() == expected
    applied.record("network/dev")
    assert applied.reasons() == {"app/prod": expected["app/prod"]}


def test_a_change_that_was_reverted_before_it_was_applied_concerns_nothing(applied: Applied) -> None:
    applied.record(*ALL)
    applied.clone.commit({"network/__main__.py": "import pulumi\n"})
    assert {*applied.reasons()} == {*ALL}
    git(applied.clone.top, "revert", "--no-edit", "HEAD")
    assert applied.reasons() == {}


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ("failed", "its last apply failed"),
        ("declined", "its last apply was declined"),
        ("begun", "its last apply has not ended"),
    ],
)
def test_where_nobody_knows_what_is_there_the_stack_is_concerned(
    applied: Applied, event: str, why: str
) -> None:
    applied.record(*ALL)
    applied.record("app/prod", event=event)
    assert applied.reasons() == {"app/prod": ("update", why)}


def test_an_apply_of_a_part_leaves_the_rest_to_be_applied(applied: Applied) -> None:
    applied.record(*ALL)
    applied.record("app/prod", operation="up of a part", evidence="part of it")
    assert applied.reasons() == {"app/prod": ("update", "only a part of it was applied")}


def test_a_stack_that_left_the_repository_is_to_be_destroyed_until_it_was(applied: Applied) -> None:
    applied.record(*ALL)
    git(applied.clone.top, "rm", "-r", "--quiet", "app")
    applied.clone.commit({"slipway.yaml": "projects: {}\n"})
    assert applied.reasons() == {"app/prod": ("destroy", "it is gone")}
    done = applied.clone.run(*applied.arguments, "--matrix")
    # Its settings are those that it was applied with: no later commit has any for it.
    assert [each["environment"] for each in json.loads(done.stdout)["include"]] == ["live"]
    applied.record("app/prod", operation="destroy")
    assert applied.reasons() == {}


def test_a_commit_that_the_clone_lacks_leaves_out_the_reasons_alone(applied: Applied) -> None:
    applied.record(*ALL, evidence="e" * 64, commit="c" * 40)
    assert applied.reasons()["network/dev"] == ("update", "it differs from what was last applied")
    git(applied.clone.top, "rm", "-r", "--quiet", "app")
    applied.clone.commit({"slipway.yaml": "projects: {}\n"})
    done = applied.clone.run(*applied.arguments, "--matrix")
    assert isinstance(done.exception, SlipwayError)
    assert done.exception.fix.endswith(f"git fetch origin {'c' * 40}")


def test_a_first_apply_that_was_killed_before_its_head_is_seen(applied: Applied) -> None:
    applied.record(*ALL)
    applied.head("app", "prod").unlink()
    applied.clone.commit({"app/__main__.py": "import pulumi\n"})
    assert applied.reasons()["app/prod"][0] == "update", "not created: its log has a record"


def test_a_log_that_was_changed_is_told(applied: Applied) -> None:
    applied.record(*ALL)
    applied.head("app", "prod").write_text("{")
    done = applied.clone.run(*applied.arguments)
    assert isinstance(done.exception, SlipwayError)
    assert "heads/app/prod/head.json" in done.exception.what


def test_it_is_compared_with_one_thing(applied: Applied) -> None:
    assert "choose one of --base and --applied" in applied.clone.run("--applied", "--base", "main").output
    done = applied.clone.run("--applied")
    assert isinstance(done.exception, SlipwayError)
    assert "add `store: s3://<bucket>`" in done.exception.fix
