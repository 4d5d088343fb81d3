"""The gate on a real clone and store: what of a change it sees, and by whose rules."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slipway.errors import SlipwayError
from slipway.platform.plan_store import head_key
from slipway.stacks.gate.people import Said
from slipway.stacks.gate.verdict import Verdict, Why
from slipway.stacks.settings import SettingsError
from slipway.store import Entry, FolderStore
from tests.stacks.gate.clone import SETTINGS, Clone, clone, finding, project, step

MOST_CALLS = 12
"""Of the store, for a change of a few stacks, however many there are."""
SAID_AT = 1_800_000_000.0


@pytest.fixture
def made(tmp_path: Path) -> Clone:
    return clone(tmp_path)


def bigger(name: str = "app", stack: str = "prod", size: int = 2) -> dict[str, str]:
    return {f"{name}/Pulumi.{stack}.yaml": f"config: {{{name}:size: {size}}}\n"}


def whys(found: Verdict) -> set[tuple[str, str, Why]]:
    return {(reason.stack, reason.cause, reason.why) for reason in found.reasons}


def said(commit: str, *people: str, teams: Collection[str] = ("@acme/app",)) -> list[Said]:
    return [Said(by=by, at=SAID_AT, commit=commit, speaks_for=frozenset(teams)) for by in people]


def test_a_change_of_one_stack_is_open_where_all_is_applied(made: Clone) -> None:
    made.commit(bigger(), "change")
    found = made.verdict("change")
    assert (found.open, found.touched) == (True, ("app/prod",))


def test_a_change_of_none_asks_no_store(made: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    made.commit({"README.md": "# y\n"}, "change")
    monkeypatch.delattr("slipway.stacks.gate.judging.open_store")
    assert made.verdict("change").touched == ()


def test_one_below_that_is_merged_and_not_applied_holds(made: Clone) -> None:
    made.commit(bigger(), "change")
    made.commit(bigger("network"))
    assert whys(made.verdict("change")) == {("app/prod", "network/prod", Why.UNAPPLIED)}
    made.apply("network/prod")
    assert made.verdict("change").open


def test_one_beside_holds_nothing(made: Clone) -> None:
    made.commit(bigger(), "change")
    made.commit(bigger("app", "dev"))
    assert made.verdict("change").open


def test_a_second_change_of_a_stack_waits_for_the_first_and_is_updated(made: Clone) -> None:
    made.commit(bigger(size=2), "first")
    made.commit({"app/Pulumi.yaml": "name: app\nruntime: yaml\nresources: {a: {}}\n"}, "second")
    assert made.verdict("first").open
    assert made.verdict("second").open
    made.merge("first")
    held = whys(made.verdict("second"))
    assert ("app/prod", "app/prod", Why.UNAPPLIED) in held
    made.apply("app/prod")
    assert whys(made.verdict("second")) == {("app/prod", "app/prod", Why.OUTDATED)}
    made.update("second")
    assert made.verdict("second").open


def test_a_squash_of_what_was_applied_from_the_branch_holds_nothing(made: Clone) -> None:
    made.commit(bigger(), "ahead")
    made.apply("app/prod", revision="ahead")
    made.commit(bigger("app", "prod", 3), "other")
    assert whys(made.verdict("other")) == {("app/prod", "app/prod", Why.ELSEWHERE)}
    assert made.verdict("ahead").open
    made.merge("ahead")
    made.commit(bigger("app", "prod", 4), "later")
    assert made.verdict("later").open


def test_what_failed_is_mended_by_a_change_of_that_stack_and_not_by_another(made: Clone) -> None:
    made.commit(bigger("network"))
    made.apply("network/prod", event="failed")
    made.commit(bigger("network", size=3), "mend")
    made.commit(bigger(), "other")
    assert made.verdict("mend").open
    assert whys(made.verdict("other")) == {("app/prod", "network/prod", Why.FAILED)}
    made.merge("mend")
    assert whys(made.verdict("other")) == {("app/prod", "network/prod", Why.UNAPPLIED)}


def test_a_revert_of_what_nobody_applied_is_open(made: Clone) -> None:
    made.commit(bigger())
    made.git("branch", "revert")
    assert not made.verdict("main", base="main").touched
    made.commit(bigger(size=1), "revert")
    assert made.verdict("revert").open
    made.commit(bigger(size=3), "revert")
    assert not made.verdict("revert").open


def test_owners_approve_what_is_there_now_a_merge_of_main_apart(made: Clone) -> None:
    first = made.commit(bigger(), "change")
    assert whys(made.verdict("change", said=[])) == {("app/prod", "app/prod", Why.UNAPPROVED)}
    assert made.verdict("change", said=said(first, "ana")).open
    assert not made.verdict("change", said=said(first, "ana", teams=["@acme/x"])).open
    made.commit({**bigger("network"), "README.md": "# z\n"})
    made.apply("network/prod")
    made.update("change")
    assert made.verdict("change", said=said(first, "ana")).open
    made.commit(bigger(size=3), "change")
    assert not made.verdict("change", said=said(first, "ana")).open
    assert not made.verdict("change", said=said("f" * 40, "ana")).open


def test_an_approval_does_not_reach_what_the_change_did_below_later(made: Clone) -> None:
    first = made.commit(bigger(), "change")
    made.commit(bigger("network"), "change")
    assert ("app/prod", "app/prod", Why.UNAPPROVED) in whys(made.verdict("change", said=said(first, "ana")))


def test_a_stack_that_goes_takes_two_people_and_so_does_what_goes_in_it(made: Clone) -> None:
    gone = made.commit({"app/Pulumi.prod.yaml": None}, "change")
    found = made.verdict("change", said=said(gone, "ana"))
    assert whys(found) == {("app/prod", "app/prod", Why.ALONE)}
    assert made.verdict("change", said=said(gone, "ana", "ben")).open


def test_a_reviewed_stack_needs_the_plan_of_this_commit(tmp_path: Path) -> None:
    made = clone(tmp_path, f"{SETTINGS}defaults: {{pull_request: reviewed}}\n")
    head = made.commit(bigger(), "change")
    assert whys(made.verdict("change")) == {("app/prod", "app/prod", Why.UNPLANNED)}
    made.plan("app/prod", "change", findings=(finding("advisory"),))
    assert made.verdict("change").open
    made.plan("app/prod", "change", 2, findings=(finding("mandatory"),))
    assert whys(made.verdict("change")) == {("app/prod", "app/prod", Why.FINDING)}
    made.plan("app/prod", "change", 3, ok=False)
    assert whys(made.verdict("change")) == {("app/prod", "app/prod", Why.PLAN_FAILED)}
    made.plan("app/prod", "change", 4, steps=(step("delete"),))
    assert whys(made.verdict("change", said=said(head, "ana"))) == {("app/prod", "app/prod", Why.ALONE)}
    made.plan("app/prod", "change", 5, created="2099-01-01T00:00:00Z")
    assert whys(made.verdict("change", said=said(head, "ana"))) == {("app/prod", "app/prod", Why.UNAPPROVED)}
    made.commit({"README.md": "# a\n"}, "change")
    assert whys(made.verdict("change")) == {("app/prod", "app/prod", Why.UNPLANNED)}


def test_a_plan_that_lies_where_anothers_belongs_is_none(tmp_path: Path) -> None:
    made = clone(tmp_path, f"{SETTINGS}defaults: {{pull_request: reviewed}}\n")
    made.commit(bigger(), "change")
    made.plan("app/prod", "change", commit="f" * 40)
    with pytest.raises(SlipwayError, match="belongs"):
        made.verdict("change")


def test_a_freeze_holds_while_it_lasts(tmp_path: Path) -> None:
    begins, ends = "2026-12-20T00:00:00Z", "2026-12-27T00:00:00Z"
    freeze = f"defaults: {{freeze: [{{begins: {begins}, ends: {ends}, reason: holidays}}]}}\n"
    made = clone(tmp_path, f"{SETTINGS}{freeze}")
    made.commit(bigger(), "change")
    assert made.verdict("change").open
    during = datetime(2026, 12, 24, tzinfo=UTC)
    assert whys(made.verdict("change", now=during)) == {("app/prod", "app/prod", Why.FROZEN)}


HIDING = {
    "takes the stack out": "store: file://.plans\nignore: [app/**]\n",
    "owns it": 'store: file://.plans\nprojects: {app: {owners: ["@mallory"]}}\n',
    "needs nothing": "store: file://.plans\n",
    "reads nothing": 'store: file://.plans\nprojects: {app: {paths: ["nowhere/*"]}}\n',
}


@pytest.mark.parametrize("case", HIDING)
def test_a_change_takes_nothing_from_the_gates_sight(made: Clone, case: str) -> None:
    """What it writes into slipway.yaml counts once it is merged."""
    head = made.commit({**bigger(), "slipway.yaml": HIDING[case]}, "change")
    made.commit(bigger("network"))
    found = whys(made.verdict("change", said=said(head, "mallory", teams=["@mallory"])))
    assert ("app/prod", "app/prod", Why.UNAPPROVED) in found
    assert ("app/prod", "network/prod", Why.UNAPPLIED) in found


def test_what_only_new_rules_say_concerns_a_stack_counts_as_well(tmp_path: Path) -> None:
    made = clone(tmp_path, f"{SETTINGS}ignore: [network/**]\n")
    found = made.commit({"slipway.yaml": SETTINGS}, "change")
    assert {"network/dev", "network/prod"} <= set(made.verdict(found).touched)


def test_wrong_settings_are_no_open_gate(made: Clone) -> None:
    made.commit({"slipway.yaml": "stor: x\n"}, "change")
    with pytest.raises(SettingsError):
        made.verdict("change")


def test_a_head_that_cannot_be_read_is_no_open_gate(made: Clone) -> None:
    made.commit(bigger(), "change")
    head = made.store.get(head_key("app", "prod"))
    assert head
    made.store.update(head_key("app", "prod"), head.content[:-9], head.version)
    with pytest.raises(SlipwayError, match="unreadable"):
        made.verdict("change")


def test_stacks_in_a_circle_are_no_open_gate(made: Clone) -> None:
    circle = SETTINGS.replace("projects:", "projects:\n  network: {needs: [app]}")
    made.commit({**bigger(), "slipway.yaml": circle}, "change")
    with pytest.raises(SlipwayError, match="circle"):
        made.verdict("change")


def test_a_new_project_below_is_to_be_applied_by_the_same_merge(made: Clone) -> None:
    needs = SETTINGS.replace("needs: [network]", "needs: [network, dns]")
    made.commit({**project("dns"), "slipway.yaml": needs}, "change")
    found = made.verdict("change")
    assert found.open
    assert {"dns/dev", "dns/prod", "app/dev", "app/prod"} <= set(found.touched)


def test_an_entry_of_a_merge_queue_waits_for_those_before_it(made: Clone) -> None:
    made.commit(bigger("network"), "first")
    made.commit(bigger(), "second")
    made.git("checkout", "--quiet", "-b", "queue-1", "main")
    one = made.merge("first", "queue-1")
    made.git("checkout", "--quiet", "-b", "queue-2", "queue-1")
    two = made.merge("second", "queue-2")
    assert made.verdict(one).open
    assert whys(made.verdict(two, base=one)) == {("app/prod", "network/prod", Why.UNAPPLIED)}


def test_the_store_is_called_once_for_each_stack_that_is_concerned(
    made: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"p{number:02}" for number in range(40)]
    made.commit({path: text for name in names for path, text in project(name).items()})
    calls: list[str] = []
    get = FolderStore.get

    def counted(store: FolderStore, key: str) -> Entry | None:
        calls.append(key)
        return get(store, key)

    monkeypatch.setattr(FolderStore, "get", counted)
    monkeypatch.delattr(FolderStore, "list")
    made.commit({**bigger(), **bigger("p07"), **bigger("p08", "dev")}, "change")
    touched = made.verdict("change").touched
    assert touched == ("app/prod", "p07/prod", "p08/dev")
    assert sorted(calls) == sorted(head_key(*name.split("/")) for name in (*touched, "network/prod"))
    assert len(calls) <= MOST_CALLS
