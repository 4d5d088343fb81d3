"""What the log of each stack says was last applied, to compare a work tree with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from slipway.platform.plan_store import HEADS, LEASES
from slipway.stacks.affected import Applied
from slipway.stacks.log import Entry, Log
from slipway.stacks.plan_stores import keys_by_stack
from slipway.store import Leases, Store

_SIDE_BY_SIDE: Final = 32


def last_applied(store: Store) -> dict[str, Applied]:
    """What was last applied of each stack that there is a record of, by its id.

    Two calls of the store list the stacks, and one for each reads its head. Where an apply failed, was
    declined or did not end, nobody knows what is there, and its digest is empty.

    Args:
        store: of plans.

    Raises:
        SlipwayError: the store cannot be read.
        LogBroken: the log of a stack is not as it was written.
    """
    # Before its first head a log may have a record: that of a run that was killed in between.
    headed, leased = (keys_by_stack(store, area).keys() for area in (HEADS, LEASES))

    def entry_of(name: str) -> Entry | None:
        project, _, stack = name.partition("/")
        log = Log(store, Leases(store), project, stack)
        if name in headed:
            return log.glance()
        last = log.last()
        return last.entry if last else None

    names = sorted(headed | leased)
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
        entries = dict(zip(names, threads.map(entry_of, names), strict=True))
    return {name: _told(entry) for name, entry in entries.items() if entry is not None and not _gone(entry)}


def _gone(entry: Entry) -> bool:
    return entry.event == "applied" and entry.operation == "destroy"


def _told(entry: Entry) -> Applied:
    if entry.event == "applied":
        part = entry.operation.endswith(" of a part")
        return Applied(entry.evidence, entry.commit, "only a part of it was applied" if part else "")
    why = {"begun": "has not ended", "failed": "failed", "declined": "was declined"}[entry.event]
    return Applied("", entry.commit, f"its last apply {why}")
