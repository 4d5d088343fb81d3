"""`slipway stacks log | unlock | explain STACK`: who did what to a stack, who has it now, why it waits."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from slipway.cli.contract import ending, terminal
from slipway.cli.delivery.place import STACK, STORE, Place, place_of
from slipway.cli.options import AS_JSON, ROOT, YES
from slipway.cli.stacks import STATUS, WIDE, ask
from slipway.errors import SlipwayError

if TYPE_CHECKING:
    from slipway.stacks.log import Record
    from slipway.store import Lease

_PLANS = 5
"""Runs with a plan that are listed, the last ones by name."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog=ending(
            "0 printed; 1 an error, or with --verify a record is missing or was changed.",
            "slipway stacks log prod",
            "slipway stacks log prod --verify --json",
        )
    )(log)
    app.command(
        epilog=ending(STATUS, "slipway stacks unlock prod --over ada@host:4711"),
    )(unlock)
    app.command(epilog=ending(STATUS, "slipway stacks explain prod"))(explain)


def log(
    stack: STACK,
    *,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read it from its beginning, each record against the one before.")
    ] = False,
    last: Annotated[int, typer.Option(min=1, help="How many records to print, without --verify.")] = 20,
    store: STORE = "",
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Print what was done to a stack: which plan, by which run of whom, at which commit, under which lease.

    Nobody can change a record, take one out or reorder them without --verify telling.
    """
    from slipway.stacks.log import newest

    record = place_of(root, stack, store).log()
    records = list(record.records()) if verify else list(newest(record, last))
    if as_json:
        typer.echo(json.dumps({"records": [asdict(each) for each in records], "verified": verify}, indent=2))
        return
    if not records:
        typer.echo(f"nothing was ever done to {record.name}")
        return
    terminal(soft_wrap=True, width=WIDE).print(_table(records))
    if verify:
        typer.echo(f"{len(records)} records, each follows the one before", err=True)


def unlock(
    stack: STACK,
    *,
    over: Annotated[
        str, typer.Option(metavar="HOLDER", help="The holder of the lease is over, as you made sure.")
    ] = "",
    store: STORE = "",
    yes: YES = False,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Let go of a stack's lease whose holder is over. Its own lock in Pulumi is what `recover` looks after.

    A run that GitHub calls over, and a lease that ran out, hold nobody up: the next apply takes over.
    """
    from slipway.cli.delivery import runs
    from slipway.platform.plan_store import lease_key
    from slipway.store import Leases

    place = place_of(root, stack, store)
    key = lease_key(place.target.project, place.target.stack)
    leases = Leases(
        place.opened.store, is_over=lambda holder: (over != "" and holder == over) or runs.is_over(holder)
    )
    held = leases.read(key)
    if held is None or not held.owner:
        _tell(place, "", f"nobody has the lease of {place.target.name}", as_json=as_json)
        return
    if over and held.owner != over:
        raise SlipwayError(
            f"another one has the lease by now: {held.owner}",
            where=key,
            fix=f"look: slipway stacks explain {stack}",
        )
    if over and not yes:
        ask(f"{over} changes nothing any more, and {place.target.name} may be taken from it?")
    leases.release(leases.acquire(key, owner=runs.owner(runs.run_here("")), seconds=60))
    _tell(
        place, held.owner, f"the lease of {place.target.name} is free; {held.owner} had it", as_json=as_json
    )


def _tell(place: Place, holder: str, text: str, *, as_json: bool) -> None:
    typer.echo(json.dumps({"stack": place.target.name, "taken_from": holder}, indent=2) if as_json else text)


def explain(stack: STACK, *, store: STORE = "", as_json: AS_JSON = False, root: ROOT = Path()) -> None:
    """Say whether what lies here is applied, and if not, what there is to wait for."""
    from slipway.platform.plan_store import PLANS, lease_key
    from slipway.stacks.plans import admission
    from slipway.store import Leases

    place = place_of(root, stack, store)
    target, kept = place.target, place.opened.store
    last = place.log().last()
    lease = Leases(kept).read(lease_key(target.project, target.stack))
    prefix = f"{PLANS.of(target.project, target.stack)}/"
    plans = [key.removeprefix(prefix) for key in kept.list(prefix)][-_PLANS:]
    freezes = [each for each in target.block.freeze if each.covers(datetime.now(UTC))]
    told: dict[str, Any] = {
        "stack": target.name,
        "applied": admission.is_on_record(last, target.sources.digest),
        "last": asdict(last.entry) if last else None,
        "lease": {"holder": lease.owner, "expires": lease.expires} if lease and lease.owner else None,
        "freeze": [each.reason for each in freezes],
        "runs": plans,
    }
    typer.echo(json.dumps(told, indent=2) if as_json else "\n".join(_lines(place, last, lease, told)))


def _lines(place: Place, last: "Record | None", lease: "Lease | None", told: dict[str, Any]) -> Iterator[str]:
    name = place.target.name
    if told["applied"]:
        yield f"{name}: what lies here is applied"
    elif last is None:
        yield f"{name}: nothing was ever applied from here"
    else:
        yield f"{name}: what lies here is not what was applied last"
    if last is not None:
        entry = last.entry
        who = f"run {entry.run} of {entry.actor}"
        yield f"  {entry.event} by {who} at {entry.commit[:12]}, {_moment(entry.at)}"
        if entry.event == "begun":
            yield "  how that ended nobody wrote down: plan anew, and look at what the plan says"
    if lease is not None and lease.owner:
        yield f"  the lease is held by {lease.owner}, until {_moment(lease.expires)} unless it is renewed"
    for reason in told["freeze"]:
        yield f"  nothing is applied now: {reason}"
    if told["runs"]:
        yield f"  runs that have planned: {', '.join(told['runs'])}"


def _table(records: "list[Record]") -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("", "when", "what", "run", "by", "commit", "plan", "lease", "did"):
        table.add_column(heading, no_wrap=True)
    for record in records:
        entry = record.entry
        did = ", ".join(f"{number} {op}" for op, number in entry.counts.items()) or entry.note
        what = entry.event if entry.operation == "up" else f"{entry.event} ({entry.operation})"
        table.add_row(
            str(record.number),
            _moment(entry.at),
            what,
            entry.run,
            entry.actor,
            entry.commit[:12],
            entry.plan[:12],
            str(entry.token),
            did,
        )
    return table


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
