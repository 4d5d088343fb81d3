"""What is known of all stacks, from the store of their plans: listed by area, then read side by side."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from slipway.errors import SlipwayError
from slipway.platform.plan_store import DRIFT, HEADS, LEASES, SUMMARIES, lease_key
from slipway.stacks.dashboard.board import Done, Holder, OpenPlan, StackFacts
from slipway.stacks.log import Entry, Log, Record
from slipway.stacks.looks import last_look
from slipway.stacks.plan_stores import keys_by_stack
from slipway.stacks.plans.admission import is_on_record
from slipway.stacks.summary import Summary
from slipway.store import Leases, Store

_SIDE_BY_SIDE: Final = 32
_BACK: Final = 20
"""Records that are looked through for what was applied last."""
_PLANS: Final = 5
"""Plans of a stack that are looked at, the newest."""
_DIGITS: Final = re.compile("([0-9]+)")


@dataclass(frozen=True)
class _Listed:
    """What the store has of a stack, by the keys that it lists."""

    has_log: bool
    has_lease: bool
    has_look: bool
    runs: tuple[str, ...]


def gather(
    store: Store, evidence: Mapping[str, str] | None, only: Collection[str] | None = None
) -> list[StackFacts]:
    """What the store knows of each stack.

    It lists four areas, and reads of each stack what it has there: three objects of its log, its lease, its
    last look, and of up to five plans that came after the last run their summaries.

    Args:
        store: of plans.
        evidence: the digest of what each stack of the work tree is made of, by project/stack; None where
            nobody looked.
        only: the stacks that are asked for; all of tree and store if None.

    Raises:
        SlipwayError: the store cannot be listed. What cannot be read of one stack is that one's `problem`.
    """
    listed = _listed(store)
    names = {*listed, *(evidence or ())} if only is None else {*only}

    def facts_of(name: str) -> StackFacts:
        return _facts(store, name, listed.get(name), evidence)

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        found = pool.map(facts_of, sorted(names))
        return [facts for facts in found if only is not None or not _is_over_with(facts)]


def _is_over_with(facts: StackFacts) -> bool:
    """Whether nothing of a stack is left but its record."""
    last = facts.last
    destroyed = last is None or (last.operation == "destroy" and last.event == "applied")
    return facts.declared is False and destroyed and facts.holder is None and not facts.problem


def _listed(store: Store) -> dict[str, _Listed]:
    keys = {area: keys_by_stack(store, area) for area in (HEADS, LEASES, DRIFT, SUMMARIES)}
    return {
        name: _Listed(
            has_log=name in keys[HEADS],
            has_lease=name in keys[LEASES],
            has_look=name in keys[DRIFT],
            runs=tuple(each.removesuffix(".json") for each in keys[SUMMARIES].get(name, ())),
        )
        for name in {name for area in keys.values() for name in area}
    }


def _facts(store: Store, name: str, listed: _Listed | None, evidence: Mapping[str, str] | None) -> StackFacts:
    project, _, stack = name.partition("/")
    facts = StackFacts(project=project, stack=stack, declared=None if evidence is None else name in evidence)
    try:
        return facts if listed is None else _read(store, facts, listed, (evidence or {}).get(name))
    except SlipwayError as error:
        return replace(facts, problem=error.what)


def _read(store: Store, facts: StackFacts, listed: _Listed, evidence: str | None) -> StackFacts:
    log = Log(store, Leases(store), facts.project, facts.stack)
    # Before its first head a log may have a record: that of a run that was killed in between.
    last = log.last() if listed.has_log or listed.has_lease else None
    lease = log.leases.read(lease_key(facts.project, facts.stack)) if listed.has_lease else None
    return replace(
        facts,
        last=_done(last.entry) if last else None,
        applied=_applied(log, last),
        current=None if evidence is None or last is None else is_on_record(last, evidence),
        plans=tuple(_open(store, facts, listed.runs, last)),
        holder=Holder(owner=lease.owner, expires=lease.expires) if lease and lease.owner else None,
        look=last_look(store, facts.project, facts.stack) if listed.has_look else None,
    )


def _applied(log: Log, last: Record | None) -> Done | None:
    for _ in range(_BACK):
        if last is None or last.entry.event == "applied":
            return _done(last.entry) if last else None
        last = log.before(last) if last.number > 1 else None
    return None


def _done(entry: Entry) -> Done:
    return Done(
        event=entry.event,
        operation=entry.operation,
        run=entry.run,
        actor=entry.actor,
        commit=entry.commit,
        at=entry.at,
        counts=entry.counts,
        note=entry.note,
    )


def _open(store: Store, facts: StackFacts, runs: Iterable[str], last: Record | None) -> Iterable[OpenPlan]:
    """Plans that change something and were made after the last record, the newest last."""
    newest = sorted(runs, key=_naturally)[-_PLANS:]
    if last is not None and last.entry.run in newest:
        newest = newest[newest.index(last.entry.run) + 1 :]
    for run in newest:
        key = f"{SUMMARIES.of(facts.project, facts.stack)}/{run}.json"
        entry = store.get(key)
        if entry is None:  # it expired since it was listed
            continue
        summary = Summary.from_bytes(entry.content, key)
        if summary.ok and summary.changed and (last is None or _seconds(summary.created) > last.entry.at):
            yield OpenPlan(
                run=run,
                link=summary.run if summary.run.startswith("https://") else "",
                commit=summary.commit,
                created=summary.created,
                operation=summary.operation,
                counts={str(op): number for op, number in summary.counts.items()},
            )


def _naturally(run: str) -> list[tuple[int, str]]:
    """Numbers in a name by their value: an id of Actions with its attempt, or a person's moment."""
    return [(int(part) if part.isdecimal() else -1, part) for part in _DIGITS.split(run)]


def _seconds(created: str) -> float:
    try:
        return datetime.strptime(created, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp() + 1
    except ValueError:
        return 0.0
