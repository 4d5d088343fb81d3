"""`slipway plan | apply STACK`: what was planned is applied, and nothing else.

Exit status: 0 done; 1 an error that says what to do; 130 interrupted. `apply`: 2 where it was refused, and
nothing was changed.
"""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway.cli.contract import ending, terminal
from slipway.cli.options import AS_JSON, ROOT, YES
from slipway.cli.stacks import ENGINE, STATUS, WIDE, ask, opened, report
from slipway.errors import SlipwayError
from slipway.platform.stack import Stack

if TYPE_CHECKING:
    from slipway.engine.interface import Result
    from slipway.stacks.plan_stores import PlanStore
    from slipway.stacks.plans.bundle import Opened
    from slipway.stacks.target import Target

REFUSED = 2
STACK = Annotated[
    str, typer.Argument(help="A stack of this project, or of any project here as project/stack.")
]
STORE = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        envvar="SLIPWAY_STORE",
        help="Where plans are, in place of `store` in slipway.yaml: s3://… or file://….",
    ),
]
_RUN = typer.Option("--run", metavar="ID-ATTEMPT", help="The run that planned; in Actions the present one.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog=ending(STATUS, "slipway plan staging", "slipway plan prod --out plans/prod.json --json")
    )(plan)
    app.command(
        epilog=ending(
            "0 applied; 2 refused, and nothing was changed; 1 an error; 130 interrupted.",
            "slipway apply prod --run ada-20261130T101500-1",
            "slipway apply prod --yes --json",
        )
    )(apply)


def plan(
    stack: STACK,
    *,
    destroy: Annotated[bool, typer.Option("--destroy", help="Plan to delete everything in it.")] = False,
    run: Annotated[
        str, typer.Option("--run", metavar="ID-ATTEMPT", help="What the plan goes by, unless in Actions.")
    ] = "",
    base: Annotated[str, typer.Option(help="The revision that is compared with, for the record.")] = "",
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the summary there, for `comment`.", dir_okay=False),
    ] = None,
    store: STORE = "",
    engine: ENGINE = "auto",
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Plan what `up` would do, seal that for `apply` alone to open, and store it with a summary.

    The summary holds no secret; of each secret it tells only whether it is another.
    """
    from slipway.cli import delivery_runs
    from slipway.stacks.plans import making, stored
    from slipway.stacks.summaries import summarize

    place = _place(root, stack, store)
    present = delivery_runs.run_here(place.target.commit, given=run, base=base)
    with opened(place.target.folder, place.target.stack, engine, changes=False) as session:
        manifest, made = making.make(session.engine, place.target.sources, present, destroy=destroy)
    summary = summarize(
        made.result,
        made.operation,
        run=delivery_runs.link() or present.id,
        commit=present.commit,
        created=f"{datetime.fromtimestamp(manifest.made, UTC):%Y-%m-%dT%H:%M:%SZ}",
    )
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(summary.to_bytes())
    if not made.result.ok:
        report(made.result, "json" if as_json else "text")
    digest = stored.put(place.opened.store, manifest, made, place.opened.keys, summary.to_bytes())
    if as_json:
        told = {"run": present.id, "digest": digest, "store": place.opened.address, **summary.to_json()}
        typer.echo(json.dumps({**told, "changed": summary.changed, "counts": summary.counts}, indent=2))
        return
    report(made.result, "text")
    typer.echo(f"plan {digest[:12]} lies in {place.opened.address}", err=True)
    typer.echo(f"Apply it: slipway apply {stack} --run {present.id}", err=True)


def apply(
    stack: STACK,
    *,
    run: Annotated[str, _RUN] = "",
    store: STORE = "",
    engine: ENGINE = "auto",
    yes: YES = False,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Do what a run has planned, if everything is still as it was then, and nothing else.

    The stack's lease is held meanwhile. What is compared: sources, configuration, upstreams, versions, state,
    and under the lease a fresh preview, old values included.
    """
    from slipway.engine.plan import PlanRefused
    from slipway.stacks.plans.admission import Frozen
    from slipway.store import LeaseHeld

    place = _place(root, stack, store)
    try:
        result = _apply(place, stack, run, engine, yes=yes)
    except (PlanRefused, LeaseHeld, Frozen) as refused:
        refused.exit_code = REFUSED
        raise
    report(result, "json" if as_json else "text")


@dataclass(frozen=True)
class _Place:
    """A stack, and the store of its plans."""

    target: "Target"
    opened: "PlanStore"


def _place(root: Path, stack: str, store: str) -> _Place:
    """Raises SlipwayError: no such stack, or no store that could be opened."""
    from slipway.stacks.plan_stores import open_store
    from slipway.stacks.target import find

    target = find(root, stack)
    return _Place(target, open_store(store or _store_of(target), target.top))


def _store_of(target: "Target") -> str:
    """Where slipway.yaml says; of a stack on a stand-in, beside its state."""
    from slipway.private_folder import private_folder

    if target.stack == Stack.LOCAL:
        return f"file://{private_folder(target.folder, make=True) / 'plans'}"
    if not target.store:
        raise SlipwayError(
            "it is not said where plans are stored",
            where=str(target.top / "slipway.yaml"),
            fix="add `store: s3://<bucket>`, or give --store file://<folder>",
        )
    return target.store


def _run_of_job(place: _Place, stack: str) -> str:
    """Nothing in Actions, where the job's own run counts. Raises SlipwayError elsewhere."""
    from slipway.platform.plan_store import PLANS

    if os.environ.get("GITHUB_ACTIONS") == "true":
        return ""
    prefix = f"{PLANS.of(place.target.project, place.target.stack)}/"
    runs = [key.removeprefix(prefix) for key in place.opened.store.list(prefix)]
    raise SlipwayError(
        "it is not said which run's plan is meant",
        where=place.opened.address,
        fix=f"slipway apply {stack} --run RUN, one of: {', '.join(runs[-5:])}"
        if runs
        else f"slipway plan {stack}",
    )


def _show(planned: "Opened") -> None:
    from slipway.engine import display

    terminal(soft_wrap=True, stderr=True, width=WIDE).print(display.rich(planned.plan.result))


def _apply(place: _Place, stack: str, run: str, engine: ENGINE, *, yes: bool) -> "Result":
    from slipway.cli import delivery_runs
    from slipway.platform.plan_store import lease_key
    from slipway.stacks.log import Log
    from slipway.stacks.plans import admission, making, stored
    from slipway.store import Leases, hold

    target, store = place.target, place.opened.store
    present = delivery_runs.run_here(target.commit, given=run or _run_of_job(place, stack))
    admission.require_thawed(target.block.freeze, datetime.now(UTC), target.name)
    planned = stored.pick(store, place.opened.keys, target.project, target.stack, present.id)
    if not yes:
        _show(planned)
        ask(f"Apply this to {target.name}?")
    leases = Leases(store, is_over=delivery_runs.is_over)
    log = Log(store, leases, target.project, target.stack)
    key = lease_key(target.project, target.stack)
    with hold(leases, key, owner=delivery_runs.owner(present)) as held:
        admission.require_newest(log.last(), present.commit, target.is_ancestor, target.name)
        with opened(target.folder, target.stack, engine) as session:
            return making.apply(
                planned,
                session.engine,
                target.sources,
                present,
                store=store,
                log=log,
                held=held,
                applies=session,
            )
