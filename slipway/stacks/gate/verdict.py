"""The verdict on a change: pure, over the facts. It is open unless a rule holds it, and a rule says why.

Safety does not lie here: an apply looks at everything again under the stack's lease. What is held here is a
change whose approvals could not be used: the plan that was reviewed is not the one that would be applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from slipway.stacks.gate.facts import Approval, Facts, StackFacts

_SHORT: Final = 12
_OVER: Final = frozenset({"failed", "declined"})


class Why(StrEnum):
    """What holds a change: a closed list."""

    UNAPPLIED = "unapplied"
    FAILED = "failed"
    UNFINISHED = "unfinished"
    ELSEWHERE = "elsewhere"
    OUTDATED = "outdated"
    FROZEN = "frozen"
    UNPLANNED = "unplanned"
    PLAN_FAILED = "plan-failed"
    FINDING = "finding"
    UNAPPROVED = "unapproved"
    ALONE = "alone"


@dataclass(frozen=True, kw_only=True, order=True)
class Reason:
    """Why a stack holds a change.

    Attributes:
        stack: the one that the change touches.
        cause: the one that is to blame: it, or one that it needs.
        what: the reason in one line; `fix`: what opens it.
    """

    stack: str
    cause: str
    why: Why
    what: str
    fix: str


@dataclass(frozen=True)
class Verdict:
    """Attributes:
    touched: the stacks that the change concerns, sorted.
    reasons: what holds it, by stack; none where it is open.
    """

    touched: tuple[str, ...]
    reasons: tuple[Reason, ...]

    @property
    def open(self) -> bool:
        """Whether nothing holds it."""
        return not self.reasons

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        keys = ("stack", "cause", "why", "what", "fix")
        reasons = [{key: str(getattr(each, key)) for key in keys} for each in self.reasons]
        return {"open": self.open, "touched": list(self.touched), "reasons": reasons}


def verdict(facts: Facts) -> Verdict:
    """Whether a change may be merged, and if not, why."""
    reasons = {reason for stack in facts.touched for rule in RULES for reason in rule(facts, stack)}
    return Verdict(tuple(stack.name for stack in facts.touched), tuple(sorted(reasons)))


def is_outstanding(stack: StackFacts) -> bool:
    """Whether what is there is not what is merged, as far as anybody knows."""
    return stack.applied != stack.merged


def mends(stack: StackFacts) -> bool:
    """Whether a change of a stack may go ahead of what is merged to it: nobody waits for that any more.

    What was merged failed, was declined, or will not be applied by any run; or the change goes back to what
    is there; or it is the very change that was applied ahead of its merge. A change of one that the stack
    needs counts, too: what failed may have lacked a right that is given there.
    """
    if not stack.touched:
        return False
    last = stack.last
    if stack.proposed == stack.applied or stack.run_over:
        return True
    return last is not None and (
        last.origin == "change" or (last.event in _OVER and last.aim == stack.merged)
    )


def _applied(facts: Facts, stack: StackFacts) -> Iterator[Reason]:
    """What is merged to a stack, and to all that it needs, is applied, or is mended by this very change."""
    for other in facts.with_upstreams(stack):
        if is_outstanding(other) and not mends(other):
            why, what, fix = _outstanding(other)
            yield Reason(stack=stack.name, cause=other.name, why=why, what=what, fix=fix)


def _outstanding(stack: StackFacts) -> tuple[Why, str, str]:
    apply_it = "apply what is merged: run Infra apply on the default branch, and approve it"
    last = stack.last
    if last is None:
        return Why.UNAPPLIED, "it is merged, and was never applied", apply_it
    where = f"run {last.run}, commit {last.commit[:_SHORT]}"
    if last.origin == "elsewhere":
        return Why.ELSEWHERE, f"what was done last is of another branch: {where}", apply_it
    if last.event == "begun":
        what = f"an apply is at work, or was killed: {where}"
        return Why.UNFINISHED, what, "wait for it; if it is over, run it again"
    if last.event in _OVER and last.aim == stack.merged:
        fix = "apply it again, or mend or revert it by a change of this stack, or of one it needs"
        return Why.FAILED, f"what is merged was not applied, it {last.event}: {where}", fix
    what = "what is merged is not applied" if stack.merged else "it is removed, and is not destroyed"
    return Why.UNAPPLIED, f"{what}; the last was {last.event}: {where}", apply_it


def _up_to_date(facts: Facts, stack: StackFacts) -> Iterator[Reason]:
    """The change is of the stack as it is merged, so that what was reviewed is what a merge makes."""
    del facts
    if stack.direct and stack.left != stack.merged:
        yield Reason(
            stack=stack.name,
            cause=stack.name,
            why=Why.OUTDATED,
            what="another change was merged to it since this one left",
            fix="update the branch, and have it reviewed again",
        )


def _thawed(facts: Facts, stack: StackFacts) -> Iterator[Reason]:
    del facts
    for text in stack.freezes:
        yield Reason(
            stack=stack.name,
            cause=stack.name,
            why=Why.FROZEN,
            what=text,
            fix="wait until then, or take the freeze out of slipway.yaml by a pull request of its own",
        )


def _planned(facts: Facts, stack: StackFacts) -> Iterator[Reason]:
    """Its plan is there and succeeded, where it is to have one, and no mandatory check objects."""
    del facts

    def reason(why: Why, what: str, fix: str) -> Reason:
        return Reason(stack=stack.name, cause=stack.name, why=why, what=what, fix=fix)

    plan = stack.plan
    if plan is None:
        # What is taken out of the repository has no program left to plan.
        if stack.reviewed and stack.proposed:
            yield reason(Why.UNPLANNED, "there is no plan of this commit", "have it planned: /slipway plan")
        return
    if not plan.ok:
        yield reason(Why.PLAN_FAILED, "its plan failed", "correct what the plan says, and push it")
    for text in plan.findings:
        yield reason(Why.FINDING, text, "correct what the check says, or change the check on the base")


def _approved(facts: Facts, stack: StackFacts) -> Iterator[Reason]:
    """One of its owners has approved what changes of it, and of a deletion two people, after the plan.

    Where it changes only with one that it needs, its owners approve the plan that is applied.
    """
    if facts.approvals is None:
        return
    said = [each for each in facts.approvals if _counts(each, stack)]
    if stack.direct and stack.owners and not any(each.speaks_for.intersection(stack.owners) for each in said):
        yield Reason(
            stack=stack.name,
            cause=stack.name,
            why=Why.UNAPPROVED,
            what=f"no owner has approved it as it is now: {', '.join(stack.owners)}",
            fix="have one of them approve the newest commit, after its plan was made",
        )
    if deletes(stack) and len({each.by for each in said}) < 2:
        yield Reason(
            stack=stack.name,
            cause=stack.name,
            why=Why.ALONE,
            what="it deletes, and fewer than two people have approved that as it is now",
            fix="have two people approve the newest commit, after its plan was made",
        )


def deletes(stack: StackFacts) -> bool:
    """Whether the change takes the stack away, or something that is in it."""
    gone = bool(stack.merged) and not stack.proposed
    return gone or (stack.plan is not None and stack.plan.deletes > 0)


def _counts(approval: Approval, stack: StackFacts) -> bool:
    return stack.name in approval.covers and (stack.plan is None or approval.at >= stack.plan.made)


Rule = Callable[[Facts, StackFacts], Iterator[Reason]]
RULES: Final[tuple[Rule, ...]] = (_applied, _up_to_date, _thawed, _planned, _approved)
"""Each by itself can hold a change; none of them can open it."""
