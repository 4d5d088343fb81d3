"""Gathers the facts of a change: from Git trees, from the store of plans, and of what people said of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Final

from slipway.stacks.gate.facts import Approval, Facts, Last, Origin, Planned, StackFacts
from slipway.stacks.gate.people import Said, moment
from slipway.stacks.gate.trees import Proposal
from slipway.stacks.log import Entry, Log
from slipway.stacks.plans.stored import review_of
from slipway.stacks.settings import PullRequest
from slipway.stacks.summary import Summary
from slipway.store import Leases, Store

_AT_ONCE: Final = 16
"""Calls of the store."""
_DATA: Final = frozenset({"data-deleted", "data-replaced"})


def gather(
    proposal: Proposal,
    store: Store,
    now: datetime,
    *,
    said: Iterable[Said] | None = None,
    run_over: bool = False,
) -> Facts:
    """All that a verdict on a change rests on.

    Args:
        proposal: the change.
        store: of plans.
        now: for freezes.
        said: the standing approvals; None where nobody was asked.
        run_over: see `StackFacts`.

    Raises:
        SlipwayError: a tree, the settings or the store cannot be read.
        LogBroken: the log of a stack that is concerned is not as it was written.
    """
    proposal.require_right()
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        names = [*proposal.concerned]
        entries = dict(zip(names, threads.map(partial(_last, store), names), strict=True))
        plans = _plans(proposal, store, threads)
    origins = _Origins(proposal)
    stacks: dict[str, StackFacts] = {}
    for name, needs in proposal.concerned.items():
        merged, left, proposed = proposal.digests(name)
        touched, entry, block = name in proposal.touched, entries[name], proposal.block(name)
        stacks[name] = StackFacts(
            name=name,
            needs=needs,
            merged=merged,
            left=left,
            proposed=proposed,
            touched=touched,
            direct=name in proposal.direct,
            last=_told(entry, merged, origins) if entry else None,
            run_over=run_over,
            owners=tuple(owner.lower() for owner in block.owners),
            reviewed=block.pull_request is PullRequest.REVIEWED,
            plan=plans.get(name),
            freezes=tuple(
                f"nothing is applied until {each.ends.isoformat()}: {each.reason}"
                for each in block.freeze
                if each.covers(now)
            ),
        )
    return Facts(stacks=stacks, approvals=None if said is None else _approvals(proposal, said))


def _last(store: Store, name: str) -> Entry | None:
    project, _, stack = name.rpartition("/")
    return Log(store, Leases(store), project, stack).glance()


def _told(entry: Entry, merged: str, origins: Callable[[str], Origin]) -> Last:
    done = entry.event == "applied" and entry.evidence == merged
    return Last(
        event=entry.event,
        operation="destroy" if entry.operation == "destroy" else "up",
        evidence=entry.evidence,
        commit=entry.commit,
        run=entry.run,
        # Where what is there is what is merged, it does not matter whose commit it came from.
        origin="main" if done else origins(entry.commit),
    )


class _Origins:
    """Where a commit is; Git is asked once of each."""

    def __init__(self, proposal: Proposal) -> None:
        self._proposal = proposal
        self._known: dict[str, Origin] = {}

    def __call__(self, commit: str) -> Origin:
        if commit not in self._known:
            is_ancestor = self._proposal.readings.repository.is_ancestor
            self._known[commit] = (
                "main"
                if is_ancestor(commit, self._proposal.base)
                else "change"
                if is_ancestor(commit, self._proposal.head)
                else "elsewhere"
            )
        return self._known[commit]


def _plans(proposal: Proposal, store: Store, threads: ThreadPoolExecutor) -> Mapping[str, Planned]:
    asked = [name for name in proposal.touched if proposal.block(name).pull_request is PullRequest.REVIEWED]

    def of(name: str) -> Summary | None:
        project, _, stack = name.rpartition("/")
        return review_of(store, project, stack, proposal.head)

    found = zip(asked, threads.map(of, asked), strict=True)
    return {name: _planned(summary) for name, summary in found if summary is not None}


def _planned(summary: Summary) -> Planned:
    deleted = summary.counts.get("delete", 0)
    lost = sum(risk.kind in _DATA for risk in summary.risks)
    return Planned(
        made=moment(summary.created, float("inf")),
        ok=summary.ok,
        deletes=max(deleted, lost, int(summary.operation == "destroy")),
        findings=tuple(each.text for each in summary.held_by),
    )


def _approvals(proposal: Proposal, said: Iterable[Said]) -> tuple[Approval, ...]:
    return tuple(
        Approval(by=each.by, at=each.at, speaks_for=each.speaks_for, covers=proposal.covered(each.commit))
        for each in said
    )
