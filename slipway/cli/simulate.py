"""`slipway runners simulate`: the whole loop on the embedded cloud, with losses, and what came of it."""

# ruff: noqa: PLC0415 -- what the command needs is imported when it runs: no other command pays for it
import json
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway.cli.contract import ending, terminal
from slipway.cli.options import AS_JSON, ROOT

if TYPE_CHECKING:
    from slipway.rehearsal.play import Moment
    from slipway.rehearsal.report import Report

_LINE_EVERY_S = 5.0
"""How often it says where it is, where nobody watches a live line."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    status = "0 every promise was held; 1 an error, or one was broken."
    app.command(epilog=ending(status, "slipway runners simulate --jobs 20 --drop 10%"))(simulate)


def simulate(
    *,
    jobs: Annotated[int, typer.Option(min=1, help="How many jobs are queued.")] = 100,
    drop: Annotated[str, typer.Option(help="Share of events that GitHub loses, such as 20%.")] = "0%",
    duplicate: Annotated[str, typer.Option(help="Share of events that GitHub sends twice.")] = "0%",
    reorder: Annotated[bool, typer.Option("--reorder", help="Send events in any order.")] = False,
    approvals: Annotated[str, typer.Option(help="Share of jobs that wait for an approval.")] = "0%",
    silence: Annotated[float, typer.Option(min=0, help="GitHub hands out nothing for so long, in s.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed loses the same events.")] = 1,
    patience: Annotated[float, typer.Option(min=5, help="Give up after so many seconds of nothing.")] = 420,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Play jobs, lost events and instances against the deployed functions of the stack `local`.

    GitHub and AWS are the embedded cloud's; the webhook, the queue, the planner, claim and finish are what
    `slipway up local` deployed.
    """
    import gc

    from slipway.rehearsal.play import Rehearsal
    from slipway.rehearsal.settings import Settings, fraction
    from slipway.runners.fleet import LOCAL, load

    gc.enable()  # a run may be long and large
    settings = Settings(
        jobs=jobs,
        drop=fraction(drop, "--drop"),
        duplicate=fraction(duplicate, "--duplicate"),
        reorder=reorder,
        approvals=fraction(approvals, "--approvals"),
        silence_s=silence,
        seed=seed,
        patience_s=patience,
    )
    folder = root.resolve()
    with _progress(jobs) as watcher:
        report = Rehearsal(load(folder, LOCAL), folder, settings, watcher).run()
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=2))
    else:
        _show(report)
    if not all(kept for _, kept in report.promises()):
        raise typer.Exit(1)


@contextmanager
def _progress(jobs: int) -> "Generator[Callable[[Moment], None]]":
    """A bar on a terminal, a line every few seconds elsewhere; on standard error."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = terminal(stderr=True, highlight=False)
    if not console.is_terminal:
        last = [0.0, ""]

        def line(now: "Moment") -> None:
            if now.doing != last[1] or time.monotonic() - float(last[0]) >= _LINE_EVERY_S:
                last[:] = [time.monotonic(), now.doing]
                console.print(_words(now), markup=False, soft_wrap=True)

        yield line
        return
    columns = (BarColumn(), TextColumn("{task.completed}/{task.total}"), TextColumn("{task.description}"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("starting", total=jobs)
        yield lambda now: bar.update(task, completed=now.done, description=_words(now))


def _words(now: "Moment") -> str:
    waiting = now.queued - now.started
    counts = f"{now.done} of {now.asked} jobs done, {waiting} waiting, {now.started - now.done} running"
    return f"{now.doing}: {counts}; {now.instances} instances, {now.launched} launched; {now.ticks} ticks"


def _show(report: "Report") -> None:
    from rich.table import Table

    console = terminal(highlight=False, soft_wrap=True)
    table = Table("", "", box=None, pad_edge=False, show_header=False)
    for name, value in _figures(report):
        table.add_row(name, value)
    console.print(table)
    console.print()
    for words, kept in report.promises():
        console.print(f"{'held  ' if kept else 'BROKEN'}  {words}", style="" if kept else "red", markup=False)
    places = report.search.found if report.search else ()
    for title, lines in (
        ("ended while their job ran", report.killed),
        ("wrongly explained", report.unexplained),
        ("credentials found in", list(places)),
        ("troubles", report.troubles),
    ):
        for line in lines[:20]:
            console.print(f"{title}: {line}", markup=False)
        if len(lines) > 20:
            console.print(f"{title}: and {len(lines) - 20} more", markup=False)


def _figures(report: "Report") -> list[tuple[str, str]]:
    events, search = report.events, report.search
    calls = ", ".join(
        f"{name.rpartition('-')[2]} {count}" for name, count in sorted(report.invocations.items())
    )
    errors = ", ".join(f"{name.rpartition('-')[2]} {count}" for name, count in sorted(report.errors.items()))
    return [
        ("jobs done", f"{report.done} of {report.jobs} in {report.seconds:.0f} s"),
        (
            "events",
            f"{events.get('sent', 0)} sent, {events.get('dropped', 0)} lost, "
            f"{events.get('duplicated', 0)} doubled, {events.get('failed', 0)} not taken",
        ),
        ("instances launched", f"{report.launched}, {report.left_over} without a job"),
        ("over-provision", f"{report.overprovision:.1%}"),
        ("longest wait", f"{report.longest_wait_s:.1f} s"),
        (
            "GitHub calls a job",
            f"{report.github_calls_per_job:.3f}, recovery {report.recovery_calls_per_job:.3f}",
        ),
        ("AWS calls a job", f"{report.aws_calls_per_job:.1f}"),
        ("invocations a message", f"{report.invocations_per_message:.2f}"),
        ("invocations", f"{calls or 'none'}; {report.ticks} ticks"),
        ("errors of functions", errors or "none"),
        ("jobs of an unlisted repository", f"{report.foreign_jobs}, {report.foreign_jobs_served} served"),
        (
            "searched",
            ", ".join(f"{count} {name}" for name, count in search.looked_at.items()) if search else "nothing",
        ),
    ]
