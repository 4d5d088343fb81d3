"""`slipway plan | apply STACK...`: what was planned is applied, and nothing else.

Exit status: 0 done; 1 an error that says what to do; 130 interrupted. `apply`: 2 where it was refused, and
nothing was changed.
"""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway.cli.contract import ending, terminal
from slipway.cli.delivery.place import STACKS, STORE, Place, place_of
from slipway.cli.delivery.policies import held, packs_of
from slipway.cli.options import AS_JSON, ROOT, YES
from slipway.cli.stacks import ENGINE, STATUS, WIDE, ask, report
from slipway.errors import SlipwayError

if TYPE_CHECKING:
    from slipway.cli.delivery.parts import Part
    from slipway.engine.interface import Result
    from slipway.stacks.plans.bundle import Manifest, Opened
    from slipway.stacks.summary import Summary
    from slipway.stacks.target import Target

REFUSED = 2
_JOB_OUTPUT = "GITHUB_OUTPUT"
APPLY_STATUS = "0 applied; 2 refused, and nothing was changed; 1 an error; 130 interrupted."


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(
        epilog=ending(
            STATUS,
            "slipway plan staging",
            "slipway plan staging prod --out plans",
            "slipway plan prod --target 'urn:pulumi:prod::shop::aws:sqs/queue:Queue::*'",
        )
    )(plan)
    app.command(
        epilog=ending(
            APPLY_STATUS,
            "slipway apply prod --run ada-20261130T101500.123-1",
            "slipway apply staging prod --yes --json",
        )
    )(apply)


def plan(
    stack: STACKS,
    *,
    destroy: Annotated[bool, typer.Option("--destroy", help="Plan to delete everything in it.")] = False,
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="URN", help="Plan for this resource alone, repeatable; * and ** as in Pulumi."),
    ] = None,
    imports: Annotated[
        Path | None,
        typer.Option(
            "--import",
            metavar="FILE",
            help="Plan to take into the state what this file of `pulumi import` names, and nothing else.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    run: Annotated[
        str, typer.Option("--run", metavar="ID-ATTEMPT", help="What the plan goes by, unless in Actions.")
    ] = "",
    base: Annotated[str, typer.Option(help="The revision that is compared with, for the record.")] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write the summary there, as <project>.<stack>.json, for `comment`.",
            file_okay=False,
        ),
    ] = None,
    job_output: Annotated[
        bool,
        typer.Option(
            "--job-output",
            help="Set the job's output `apply`: true, or false where nothing changes and that is on record.",
        ),
    ] = False,
    policy_pack: Annotated[
        list[Path] | None,
        typer.Option(
            "--policy-pack",
            metavar="FOLDER",
            help="Hold the plan and its apply to this policy pack of the repository, repeatable.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    store: STORE = "",
    engine: ENGINE = "auto",
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Plan what `up` would do, seal that for `apply` alone to open, and store it with a summary.

    The summary holds no secret; of each secret it tells only whether it is another. `checks` of slipway.yaml
    look at it, and `apply` refuses what a mandatory one finds fault with. Several stacks are
    planned side by side, each as if nothing of the others were applied yet.

    Of a part (`--target`, `--import`) `apply` does just that, and the stack still counts as one with changes
    to come. It takes the Pulumi CLI.
    """
    from slipway.cli.delivery import parts, runs
    from slipway.cli.delivery.several import command, each, options
    from slipway.stacks.target import needs_among

    if job_output and (len(stack) > 1 or not os.environ.get(_JOB_OUTPUT)):
        raise typer.BadParameter(
            "it is for one stack, and in a job of GitHub Actions", param_hint="--job-output"
        )
    part = parts.part_of(stack, target or [], imports, destroy=destroy)
    if len(stack) > 1:
        given = options(run=run or runs.run_here("").id, base=base, out=out, store=store, engine=engine)
        more = ["--destroy"] if destroy else []
        more += [word for pack in policy_pack or () for word in ("--policy-pack", str(pack.resolve()))]
        stacks = needs_among(root, stack)
        each(
            dict.fromkeys(stacks, ()),
            lambda name: command(root, "plan", name, *given, *more),
            doing="plan",
            as_json=as_json,
        )
    place = place_of(root, stack[0], store)
    parts.require_targets_of(place.target, part.targets)
    packs = packs_of(place.target, policy_pack or ())
    _plan(place, run, base, engine, out, part, packs, job_output=job_output, as_json=as_json)


def _plan(  # noqa: PLR0917 - the command's own options, in their order
    place: Place,
    run: str,
    base: str,
    engine: ENGINE,
    out: Path | None,
    part: "Part",
    packs: tuple[str, ...],
    *,
    job_output: bool,
    as_json: bool,
) -> None:
    from slipway.cli.delivery import runs
    from slipway.engine.opened import watching
    from slipway.stacks.plans import making, stored
    from slipway.stacks.plans.admission import is_on_record
    from slipway.stacks.summaries import summarize, write
    from slipway.stacks.unseen import unseen, with_warning

    target = place.target
    present = runs.run_here(target.commit, given=run, base=base)
    with watching() as watch, held(target, engine, packs, changes=False) as session, watch.here():
        manifest, made = making.make(
            session.engine,
            target.sources,
            present,
            destroy=part.destroy,
            targets=part.targets,
            imports=part.imports,
        )
        made = with_warning(made, unseen(target, watch.files, packs))
    summary = summarize(
        made.result,
        made.operation,
        run=runs.link() or present.id,
        commit=present.commit,
        created=f"{datetime.fromtimestamp(manifest.made, UTC):%Y-%m-%dT%H:%M:%SZ}",
    )
    manifest = replace(manifest, policy_packs=packs)
    if summary.ok and target.block.checks:
        manifest, summary = _checked(target, manifest, summary)
    if out is not None:
        write(out, summary)
    if not made.result.ok:
        report(made.result, "json" if as_json else "text")
    digest = stored.put(place.opened.store, manifest, made, place.opened.keys, summary.to_bytes())
    if job_output:
        done = not summary.changed and is_on_record(place.log().last(), target.sources.digest)
        _set_job_output("apply", "false" if done else "true")
    if as_json:
        told = {"run": present.id, "digest": digest, "store": place.opened.address, **summary.to_json()}
        typer.echo(json.dumps({**told, "changed": summary.changed, "counts": summary.counts}, indent=2))
        return
    report(made.result, "text")
    for finding in summary.findings:
        at = f" at {finding.urn.rpartition('::')[2]}" if finding.urn else ""
        typer.echo(f"{finding.level}: {finding.check}: {finding.text}{at}", err=True)
    typer.echo(f"plan {digest[:12]} lies in {place.opened.address}", err=True)
    if summary.held_by:
        typer.echo("`apply` refuses it, because of what is mandatory.", err=True)
    else:
        typer.echo(f"Apply it: slipway apply {target.name} --run {present.id}", err=True)


def _checked(target: "Target", manifest: "Manifest", summary: "Summary") -> "tuple[Manifest, Summary]":
    """A plan's manifest and summary with what the checks of its stack say."""
    from slipway.stacks.checks.running import outcomes, run_checks

    checks = target.block.checks
    findings = run_checks(checks, summary, target.top)
    return replace(manifest, checks=outcomes(checks, findings)), replace(summary, findings=findings)


def _set_job_output(name: str, value: str) -> None:
    """https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-output-parameter"""
    with Path(os.environ[_JOB_OUTPUT]).open("a", encoding="utf-8") as file:
        file.write(f"{name}={value}\n")


def apply(
    stack: STACKS,
    *,
    run: Annotated[
        str, typer.Option("--run", metavar="ID-ATTEMPT", help="The run that planned; in Actions this one.")
    ] = "",
    store: STORE = "",
    engine: ENGINE = "auto",
    yes: YES = False,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Do what a run has planned, if everything is still as it was then, and nothing else.

    The stack's lease is held meanwhile. What is compared: sources, configuration, upstreams, versions, state,
    and under the lease a fresh preview, old values included. Run again, it goes on with what is not applied.

    Of several stacks one comes after those that it needs, or before them where they are deleted; others go
    side by side, and where one fails what needs it is left out.
    """
    from slipway.cli.delivery.several import command, each, options

    if len(stack) > 1:
        given = options(run=run, store=store, engine=engine)
        order = _order(root, stack, run, store)
        each(
            order,
            lambda name: command(root, "apply", name, *given, "--yes"),
            doing="apply",
            as_json=as_json,
            ask=None if yes else f"Apply this to {', '.join(order)}?",
        )
    place = place_of(root, stack[0], store)
    try:
        result = _apply(place, run, engine, yes=yes)
    except SlipwayError as error:
        error.exit_code = REFUSED if _refused(error) else error.exit_code
        raise
    if result is None:
        _report_applied(place, as_json=as_json)
    else:
        report(result, "json" if as_json else "text")


def _refused(error: SlipwayError) -> bool:
    """Whether it says that nothing was changed."""
    from slipway.engine.plan import PlanRefused
    from slipway.stacks.plans.admission import Frozen
    from slipway.store import LeaseHeld

    return isinstance(error, PlanRefused | LeaseHeld | Frozen)


def _report_applied(place: Place, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"ok": True, "changed": False, "applied": "before", "counts": {}}, indent=2))
    typer.echo(f"{place.target.name}: this plan is applied already, and nothing came after it", err=True)


def _order(root: Path, names: list[str], run: str, store: str) -> dict[str, frozenset[str]]:
    """Which stacks come before which, by what their plans do."""
    from slipway.cli.delivery import runs
    from slipway.stacks.apply_order import apply_order
    from slipway.stacks.plans import stored
    from slipway.stacks.target import needs_among

    needs = needs_among(root, names)
    destroyed: set[str] = set()
    for name in needs:
        place = place_of(root, name, store)
        target = place.target
        present = runs.run_here(target.commit, given=run or _run_of_job(place))
        summary = stored.summary_of(place.opened.store, target.project, target.stack, present.id)
        if summary.operation == "destroy":
            destroyed.add(name)
    return apply_order(needs, destroyed)


def _run_of_job(place: Place) -> str:
    """Nothing in Actions, where the job's own run counts. Raises SlipwayError elsewhere."""
    from slipway.platform.plan_store import PLANS

    if os.environ.get("GITHUB_ACTIONS") == "true":
        return ""
    target = place.target
    prefix = f"{PLANS.of(target.project, target.stack)}/"
    names = [key.removeprefix(prefix) for key in place.opened.store.list(prefix)]
    those = f"slipway apply {target.name} --run RUN, one of: {', '.join(names[-5:])}"
    raise SlipwayError(
        "it is not said which run's plan is meant",
        where=place.opened.address,
        fix=those if names else f"slipway plan {target.name}",
    )


def _show(planned: "Opened") -> None:
    from slipway.engine import display

    terminal(soft_wrap=True, stderr=True, width=WIDE).print(display.rich(planned.plan.result))


def _apply(place: Place, run: str, engine: ENGINE, *, yes: bool) -> "Result | None":
    """What was done; None where this plan was the last one that was applied, as after a job that runs again.

    Raises:
        PlanRefused, LeaseHeld, Frozen: nothing was changed.
    """
    from slipway.cli.delivery import runs
    from slipway.stacks.plans import admission, stored
    from slipway.stacks.plans.applying import apply_in_turn
    from slipway.store import Leases

    target, store = place.target, place.opened.store
    present = runs.run_here(target.commit, given=run or _run_of_job(place))
    planned = stored.pick(store, place.opened.keys, target.project, target.stack, present.id)
    log = place.log(Leases(store, is_over=runs.is_over))
    if admission.is_applied(log.last(), planned.digest):
        return None
    admission.require_thawed(target.block.freeze, datetime.now(UTC), target.name)
    admission.require_passed(target.block.checks, planned.manifest.checks, target.name)
    if not yes:
        _show(planned)
        ask(f"Apply this to {target.name}?")
    return apply_in_turn(
        planned,
        present,
        target.sources,
        log=log,
        owner=runs.owner(present),
        is_ancestor=target.is_ancestor,
        opens=lambda: held(target, engine, planned.manifest.policy_packs),
    )
