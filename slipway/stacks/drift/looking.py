"""Looks at a stack: the cloud against its state, the program against its state, main against its record."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from slipway.engine.interface import Result
from slipway.errors import SlipwayError
from slipway.platform.plan_store import lease_key
from slipway.stacks.comparison import compare
from slipway.stacks.drift.ignores import ignoring
from slipway.stacks.drift.report import Report, Unapplied, report_of
from slipway.stacks.log import Log, Record
from slipway.stacks.plans.admission import is_on_record
from slipway.stacks.summaries import summarize
from slipway.stacks.target import Target
from slipway.stacks.trees import Repository
from slipway.store import Leases, Store

NO_STORE = "whether all that is merged was applied: it is not said where plans are stored (`store`)"
NO_RECORD = "whether all that is merged was applied: no apply of this stack is on record"


class Stack(Protocol):
    """What can be asked of a stack. See `slipway.cli.session.Session`."""

    def drift(self) -> Result:
        """The cloud against the state."""
        ...

    def preview(self) -> Result:
        """The program against the state."""
        ...


@dataclass(frozen=True)
class Look:
    """What the engine found, without what is ignored, and the report; None where it could not look."""

    cloud: Result
    program: Result | None = None
    report: Report | None = None


def look(
    stack: Stack,
    target: Target,
    store: Store | None,
    *,
    now: datetime,
    run: str = "",
    is_over: Callable[[str], bool] = lambda _: False,
) -> Look:
    """Look at a stack while nobody changes it. Two runs of the engine.

    Args:
        stack: to be asked.
        target: the same as it lies in the work tree.
        store: of its plans; None where there is none.
        now: in UTC.
        run: address of the job's run; empty where a person looks.
        is_over: whether the holder of a lease has ended.

    Raises:
        SlipwayError: an apply is at work on it, or was meanwhile: what differs then is no drift.
    """
    before = _require_calm(store, target, is_over)
    found = ignoring(stack.drift(), target.block.drift.ignore, now.date())
    if not found.result.ok:
        return Look(found.result)
    program = stack.preview()
    if _require_calm(store, target, is_over) != before:
        raise _at_work(target, "was")
    log = None if store is None else Log(store, Leases(store), target.project, target.stack)
    last = None if log is None else log.last()
    missing = NO_STORE if log is None else NO_RECORD if last is None else ""
    created = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    cloud, asked = (
        summarize(each, "up", run=run, commit=target.commit, created=created)
        for each in (found.result, program)
    )
    report = report_of(
        cloud,
        asked,
        unapplied=None if last is None else unapplied(last, target),
        ignored=found.ignored,
        notes=(missing,) if missing else (),
    )
    return Look(found.result, program, report)


def unapplied(last: Record, target: Target) -> Unapplied | None:
    """What lies here and is not what was applied last, to its end; None where it is.

    Args:
        last: the stack's newest record.
        target: the stack as it lies here.
    """
    if is_on_record(last, target.sources.digest):
        return None
    entry = last.entry
    return Unapplied(entry.commit, entry.event, entry.run, _parts(target, entry.commit))


def _parts(target: Target, commit: str) -> tuple[str, ...]:
    """What differs since a commit; empty where this clone does not have it."""
    try:
        with compare(target.top, commit, "HEAD", exact=True) as compared:
            found = [one for one in compared.affected if one.stack == target.name]
    except SlipwayError:
        return ()
    return tuple(part for one in found for part in (*one.parts, *(f"needs {name}" for name in one.upstreams)))


def require_merged(target: Target) -> None:
    """Refuse to tell others of what lies here where that is not what is merged.

    Raises:
        SlipwayError: the commit is not on the default branch, or the stack's files differ from it.
    """
    repository = Repository(target.top)
    try:
        branch = repository.default_branch()
        if not repository.is_ancestor(target.commit, branch):
            raise SlipwayError(
                f"{target.commit[:12]} is not on {branch}, and others would be told of what is not merged",
                where=str(target.top),
                fix=f"git checkout {branch.removeprefix('origin/')}, or look without telling: --program",
            )
    finally:
        repository.close()
    with compare(target.top, "HEAD", None, exact=True) as compared:
        parts = next((one.parts for one in compared.affected if one.stack == target.name), None)
    if parts is not None:
        raise SlipwayError(
            f"what {target.name} is made of is not committed: {', '.join(parts[:5]) or 'an upstream'}",
            where=str(target.top),
            fix="git stash, or look without telling: --program",
        )


def _require_calm(store: Store | None, target: Target, is_over: Callable[[str], bool]) -> int:
    """The token of the stack's lease, which nobody has; 0 where there never was one."""
    if store is None:
        return 0
    lease = Leases(store).read(lease_key(target.project, target.stack))
    if lease is None:
        return 0
    if lease.owner and lease.expires > time.time() and not is_over(lease.owner):
        raise _at_work(target, f"({lease.owner}) is")
    return lease.token


def _at_work(target: Target, who: str) -> SlipwayError:
    return SlipwayError(
        f"an apply {who} at work on it, and what differs meanwhile is no drift",
        where=target.name,
        fix=f"look again when it has ended: slipway drift {target.name}",
    )
