"""The gate's rules, over facts alone: each holds by itself, and whatever is held can be opened."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.stacks.gate import verdict as rules
from slipway.stacks.gate.facts import Approval, Facts, Last, Planned, StackFacts
from slipway.stacks.gate.verdict import Reason, Why, is_outstanding, mends, verdict
from tests import sampling

OWNER = "@acme/network"


def last(event: str = "applied", evidence: str = "a", **more: Any) -> Last:
    given: dict[str, Any] = {"operation": "up", "commit": "c" * 40, "run": "812-1", **more}
    return Last(event=event, evidence=evidence, **given)  # pyright: ignore[reportArgumentType]


def stack(name: str = "app/prod", **more: Any) -> StackFacts:
    """A stack that a change touches and nothing holds: what is merged is applied."""
    given: dict[str, Any] = {
        "merged": "a", "left": "a", "proposed": "b", "touched": True, "direct": True, "last": last(),
    } | more  # fmt: skip
    return StackFacts(name=name, **given)


def upstream(**more: Any) -> StackFacts:
    return stack("network/prod", proposed="a", touched=False, direct=False, **more)


def facts(*stacks: StackFacts, approvals: Iterable[Approval] | None = ()) -> Facts:
    return Facts(
        stacks={each.name: each for each in stacks},
        approvals=None if approvals is None else tuple(approvals),
    )


def approval(by: str = "ana", at: float = 100.0, **more: Any) -> Approval:
    given: dict[str, Any] = {"speaks_for": frozenset({OWNER}), "covers": frozenset({"app/prod"}), **more}
    return Approval(by=by, at=at, **given)


BELOW = frozenset({"network/prod"})
UNAPPLIED = last(evidence="older")
HELD: dict[str, tuple[Facts, Why, str]] = {
    "the stack itself": (facts(stack(last=UNAPPLIED)), Why.UNAPPLIED, "app/prod"),
    "one below it": (facts(stack(needs=BELOW), upstream(last=UNAPPLIED)), Why.UNAPPLIED, "network/prod"),
    "never applied": (facts(stack(needs=BELOW), upstream(last=None)), Why.UNAPPLIED, "network/prod"),
    "removed, not destroyed": (facts(stack(merged="", left="", proposed="b")), Why.UNAPPLIED, "app/prod"),
    "below, failed": (facts(stack(needs=BELOW), upstream(last=last("failed"))), Why.FAILED, "network/prod"),
    "below, declined": (
        facts(stack(needs=BELOW), upstream(last=last("declined"))), Why.FAILED, "network/prod",
    ),
    "failed, and more merged since": (facts(stack(last=last("failed", "older"))), Why.UNAPPLIED, "app/prod"),
    "at work": (facts(stack(last=last("begun"))), Why.UNFINISHED, "app/prod"),
    "another branch's": (
        facts(stack(last=last(evidence="x", origin="elsewhere"))), Why.ELSEWHERE, "app/prod",
    ),
    "destroyed, and still merged": (facts(stack(last=last(operation="destroy"))), Why.UNAPPLIED, "app/prod"),
    "needs one that the change touches as well": (
        facts(stack(needs=BELOW), stack("network/prod", last=UNAPPLIED)), Why.UNAPPLIED, "network/prod",
    ),
    "outdated": (facts(stack(left="older")), Why.OUTDATED, "app/prod"),
    "frozen": (facts(stack(freezes=("until Monday",))), Why.FROZEN, "app/prod"),
    "not planned": (facts(stack(reviewed=True)), Why.UNPLANNED, "app/prod"),
    "plan failed": (facts(stack(plan=Planned(made=1, ok=False))), Why.PLAN_FAILED, "app/prod"),
    "a check": (facts(stack(plan=Planned(made=1, findings=("too dear",)))), Why.FINDING, "app/prod"),
    "nobody approved": (facts(stack(owners=(OWNER,))), Why.UNAPPROVED, "app/prod"),
    "another team approved": (
        facts(stack(owners=("@acme/other",)), approvals=[approval()]), Why.UNAPPROVED, "app/prod",
    ),
    "approved before the plan": (
        facts(stack(owners=(OWNER,), plan=Planned(made=101)), approvals=[approval()]),
        Why.UNAPPROVED, "app/prod",
    ),
    "approved as it was before": (
        facts(stack(owners=(OWNER,)), approvals=[approval(covers=frozenset())]), Why.UNAPPROVED, "app/prod",
    ),
    "one person deletes": (facts(stack(proposed=""), approvals=[approval()]), Why.ALONE, "app/prod"),
    "one person twice": (
        facts(stack(proposed=""), approvals=[approval(), approval(at=101)]), Why.ALONE, "app/prod",
    ),
    "one person deletes in it": (
        facts(stack(plan=Planned(made=1, deletes=1)), approvals=[approval()]), Why.ALONE, "app/prod",
    ),
}  # fmt: skip
"""What holds: facts in which everything else is as it should be, the one reason, and who is to blame."""


@pytest.mark.parametrize("case", HELD)
def test_it_holds_for_this_reason_alone(case: str) -> None:
    given, why, cause = HELD[case]
    found = verdict(given)
    assert not found.open
    assert {reason.why for reason in found.reasons} == {why}
    assert {reason.cause for reason in found.reasons} == {cause}
    assert all(reason.what and reason.fix for reason in found.reasons)


RULE_OF = {
    "_up_to_date": {Why.OUTDATED},
    "_thawed": {Why.FROZEN},
    "_planned": {Why.UNPLANNED, Why.PLAN_FAILED, Why.FINDING},
    "_approved": {Why.UNAPPROVED, Why.ALONE},
    "_applied": {Why.UNAPPLIED, Why.FAILED, Why.UNFINISHED, Why.ELSEWHERE},
}


@pytest.mark.parametrize("name", RULE_OF)
def test_without_its_rule_each_would_be_open(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without = tuple(rule for rule in rules.RULES if rule.__name__ != name)
    assert len(without) == len(rules.RULES) - 1
    monkeypatch.setattr(rules, "RULES", without)
    opened = {case for case, (given, _, _) in HELD.items() if verdict(given).open}
    assert opened == {case for case, (_, why, _) in HELD.items() if why in RULE_OF[name]}


OPEN: dict[str, Facts] = {
    "nothing is touched": facts(upstream(last=UNAPPLIED)),
    "all is applied": facts(stack(needs=BELOW), upstream()),
    "a new stack": facts(stack(merged="", left="", last=None)),
    "applied from a branch, and merged since": facts(stack(last=last(origin="elsewhere"))),
    "mends what failed": facts(stack(last=last("failed"))),
    "mends what was declined": facts(stack(last=last("declined"))),
    "mends a failed destroy": facts(
        stack(merged="", left="", last=last("failed", "z", operation="destroy"))
    ),
    "goes back to what is there": facts(stack(proposed="older", last=UNAPPLIED)),
    "takes away what is destroyed": facts(
        stack(proposed="", last=last(operation="destroy")), approvals=[approval(), approval("ben")]
    ),
    "is what was applied ahead": facts(stack(last=last(evidence="x", origin="change"))),
    "nobody waits for it any more": facts(stack(last=UNAPPLIED, run_over=True)),
    "failed, and may be mended by one it needs": facts(
        stack(needs=BELOW, direct=False, last=last("failed")),
        replace(upstream(), touched=True, direct=True, proposed="b"),
    ),
    "never begun, and no run is to": facts(
        stack(needs=BELOW, direct=False, last=None, run_over=True),
        replace(upstream(), touched=True, direct=True, proposed="b"),
    ),
    "one that needs a mended one": facts(
        stack(needs=BELOW, direct=False), stack("network/prod", last=last("failed"))
    ),
    "approved after the plan": facts(
        stack(owners=(OWNER,), reviewed=True, plan=Planned(made=100)), approvals=[approval()]
    ),
    "approved on the laptop, by nobody": facts(stack(owners=(OWNER,), proposed=""), approvals=None),
    "only one below it changes, which its owners need not approve": facts(
        stack(direct=False, owners=(OWNER,))
    ),
    "two people delete": facts(
        stack(proposed="", owners=(OWNER,)),
        approvals=[approval(), approval("ben", speaks_for=frozenset())],
    ),
    "removed: no program is left to plan": facts(
        stack(proposed="", reviewed=True), approvals=[approval(), approval("ben")]
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OPEN)
def test_it_is_open(case: str) -> None:
    assert verdict(OPEN[case]).reasons == ()


# Facts of any kind. Few digests, so that they meet.
DIGESTS = st.sampled_from(["", "a", "b", "c"])
NAMES = [f"p{number}/prod" for number in range(6)]


@st.composite
def any_last(draw: st.DrawFn) -> Last | None:
    if draw(st.booleans()):
        return None
    return Last(
        event=draw(st.sampled_from(["begun", "applied", "failed", "declined"])),
        operation=draw(st.sampled_from(["up", "destroy"])),
        evidence=draw(st.sampled_from(["a", "b", "c"])),
        commit="c" * 40,
        run="1-1",
        origin=draw(st.sampled_from(["main", "change", "elsewhere"])),
    )


@st.composite
def any_stack(draw: st.DrawFn, number: int) -> StackFacts:
    below = NAMES[:number]
    plan = st.builds(
        Planned,
        made=st.sampled_from([1.0, 9.0]),
        ok=st.booleans(),
        deletes=st.integers(0, 1),
        findings=st.sampled_from([(), ("no",)]),
    )
    touched = draw(st.booleans())
    return StackFacts(
        name=NAMES[number],
        needs=frozenset(draw(st.lists(st.sampled_from(below), max_size=2))) if below else frozenset(),
        merged=draw(DIGESTS),
        left=draw(DIGESTS),
        proposed=draw(DIGESTS),
        touched=touched,
        direct=touched and draw(st.booleans()),
        last=draw(any_last()),
        run_over=draw(st.booleans()),
        owners=draw(st.sampled_from([(), ("@x",), ("@x", "@y")])),
        reviewed=draw(st.booleans()),
        plan=draw(st.none() | plan),
        freezes=draw(st.sampled_from([(), ("closed",)])),
    )


@st.composite
def any_facts(draw: st.DrawFn) -> Facts:
    number = draw(st.integers(1, len(NAMES)))
    stacks = [draw(any_stack(each)) for each in range(number)]
    people = st.builds(
        Approval,
        by=st.sampled_from(["ana", "ben"]),
        at=st.sampled_from([5.0, 10.0]),
        speaks_for=st.frozensets(st.sampled_from(["@x", "@y"])),
        covers=st.frozensets(st.sampled_from(NAMES)),
    )
    approvals = draw(st.none() | st.lists(people, max_size=3).map(tuple))
    return Facts(stacks={each.name: each for each in stacks}, approvals=approvals)


def below(found: Facts, name: str) -> set[str]:
    """By another way than the gate's."""
    needs = found.stacks[name].needs
    return {*needs}.union(*(below(found, need) for need in needs))


@settings(max_examples=sampling.size(20_000, 50), deadline=None)
@given(any_facts())
def test_nothing_is_open_while_something_merged_below_is_unapplied(found: Facts) -> None:
    if not verdict(found).open:
        return
    for name, one in found.stacks.items():
        if not one.touched:
            continue
        for need in below(found, name):
            other = found.stacks[need]
            there = other.last is not None and other.last.event == "applied"
            applied = "" if other.last is None or other.last.operation == "destroy" else other.last.evidence
            known = there or other.last is None
            assert (known and applied == other.merged) or other.touched


@settings(max_examples=sampling.size(20_000, 50), deadline=None)
@given(any_facts(), st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(found: Facts, chance: random.Random) -> None:
    names, approvals = [*found.stacks], None if found.approvals is None else [*found.approvals]
    chance.shuffle(names)
    if approvals:
        chance.shuffle(approvals)
    other = Facts(
        stacks={name: found.stacks[name] for name in names},
        approvals=None if approvals is None else tuple(approvals),
    )
    assert verdict(other) == verdict(found)


def _applied_as_merged(one: StackFacts) -> StackFacts:
    done = last(evidence=one.merged or "z", operation="up" if one.merged else "destroy")
    return replace(one, last=done)


def _planned_anew(one: StackFacts) -> StackFacts:
    return replace(one, plan=Planned(made=20.0, deletes=one.plan.deletes if one.plan else 0))


STEPS: dict[Why, Callable[[StackFacts], StackFacts]] = {
    **dict.fromkeys((Why.UNAPPLIED, Why.FAILED, Why.UNFINISHED, Why.ELSEWHERE), _applied_as_merged),
    Why.OUTDATED: lambda one: replace(one, left=one.merged),
    Why.FROZEN: lambda one: replace(one, freezes=()),
    **dict.fromkeys((Why.UNPLANNED, Why.PLAN_FAILED, Why.FINDING), _planned_anew),
}
"""What people may do about a reason, as it changes the facts. None of it goes around the gate."""


def done_about(found: Facts, reason: Reason) -> Facts:
    step = STEPS.get(reason.why)
    if step is not None:
        return replace(found, stacks={**found.stacks, reason.cause: step(found.stacks[reason.cause])})
    both = (
        Approval(by=by, at=30.0, speaks_for=frozenset({"@x"}), covers=frozenset(found.stacks))
        for by in ("ana", "ben")
    )
    return replace(found, approvals=(*(found.approvals or ()), *both))


@settings(max_examples=sampling.size(20_000, 50), deadline=None)
@given(any_facts())
def test_whatever_is_held_can_be_opened(found: Facts) -> None:
    for _ in range(len(Why) * len(NAMES)):
        reasons = verdict(found).reasons
        if not reasons:
            return
        found = done_about(found, reasons[0])
    pytest.fail(f"still held: {verdict(found).reasons}")


@settings(max_examples=sampling.size(20_000, 50), deadline=None)
@given(any_facts())
def test_a_change_mends_only_what_it_touches(found: Facts) -> None:
    for one in found.stacks.values():
        assert one.touched or not mends(one)
        if one.last is not None and one.last.event == "begun" and not one.run_over:
            assert is_outstanding(one)
