"""What keeps a plan from being applied although it is fresh: a freeze, or a newer commit that was applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from slipway.engine.plan import PlanRefused
from slipway.errors import SlipwayError

if TYPE_CHECKING:
    from slipway.stacks.log import Record
    from slipway.stacks.settings import Check, Freeze


def is_applied(last: Record | None, digest: str) -> bool:
    """Whether a plan is what was done last to the stack, and was done to its end."""
    return last is not None and last.entry.event == "applied" and last.entry.plan == digest


def is_on_record(last: Record | None, evidence: str) -> bool:
    """Whether what a stack is made of is what was applied to it last, to its end.

    Args:
        last: the stack's newest record.
        evidence: `Sources.digest`.
    """
    return last is not None and last.entry.event == "applied" and last.entry.evidence == evidence


def require_thawed(freezes: Iterable[Freeze], now: datetime, where: str) -> None:
    """Refuse to apply in a time in which nothing is applied.

    Raises:
        Frozen: with its reason, and when it ends.
    """
    for freeze in freezes:
        if freeze.covers(now):
            raise Frozen(freeze, where)


def require_passed(asked: Mapping[str, Check], looked: Mapping[str, tuple[str, ...]], where: str) -> None:
    """Refuse a plan that a mandatory check holds, or has not looked at.

    Args:
        asked: the checks of the stack as they are now.
        looked: `Manifest.checks`.

    Raises:
        PlanRefused: with what each of them says.
    """
    reasons = [f"{name}: {text}" for name, texts in looked.items() for text in texts]
    unasked = [name for name, check in asked.items() if check.level == "mandatory" and name not in looked]
    reasons += [f"{name}: it has not looked at this plan" for name in sorted(unasked)]
    if reasons:
        raise PlanRefused("mandatory checks hold this plan", tuple(reasons), where)


class Frozen(SlipwayError):
    """Nothing is applied at this time."""

    def __init__(self, freeze: Freeze, where: str) -> None:
        super().__init__(
            f"nothing is applied until {freeze.ends.isoformat()}: {freeze.reason}",
            where=where,
            fix="wait until then, or take the freeze out of slipway.yaml by a pull request",
        )


def require_newest(
    last: Record | None, commit: str, is_ancestor: Callable[[str, str], bool], where: str
) -> None:
    """Refuse a run of an older commit than the one that was last applied, or begun with.

    Args:
        last: the stack's newest record.
        commit: what the run is of.
        is_ancestor: whether one commit is an ancestor of another; false where this clone cannot tell, and
            then the state, which the newer one has changed, tells that the plan is stale.

    Raises:
        PlanRefused: with the newer one.
    """
    if last is None or last.entry.commit == commit or not is_ancestor(commit, last.entry.commit):
        return
    newer = last.entry
    raise PlanRefused(
        f"run {newer.run} came here with the newer commit {newer.commit[:12]}; this run is of {commit[:12]}",
        where=where,
    )
