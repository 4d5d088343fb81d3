"""`slipway runners`: what a fleet does, why a job waits, its GitHub App, and a rehearsal of it all."""

# ruff: noqa: PLC0415 -- what a command needs is imported when it runs: no other command pays for it
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway.cli import simulate
from slipway.cli.contract import ending, terminal
from slipway.cli.options import AS_JSON, ROOT, show_page
from slipway.errors import SlipwayError

if TYPE_CHECKING:
    from slipway.runners.app import Check, Created
    from slipway.runners.explain import Explanation
    from slipway.runners.fleet import Fleet
    from slipway.runners.status import FleetStatus

_STATUS = "0 done; 1 an error that says what to do."
_UNKNOWN = 1
STACK = Annotated[str, typer.Argument(help="The stack with the fleet: automation, or local.")]

app = typer.Typer(
    name="runners",
    help="The runner fleet: what it does, why a job waits, its GitHub App, and a rehearsal.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
github_app = typer.Typer(
    name="app", help="The fleet's GitHub App.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(github_app)
simulate.register(app)


@app.command(epilog=ending(_STATUS, "slipway runners status local"))
def status(stack: STACK = "automation", *, as_json: AS_JSON = False, root: ROOT = Path()) -> None:
    """Show each class: its instances, its jobs by state, and how long the oldest one has waited."""
    from slipway.runners.status import status as look

    found = look(_fleet(root, stack))
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
    else:
        _show_status(found)


@app.command(
    epilog=ending(
        "0 explained; 1 an error, or a job that the fleet has never heard of.",
        "slipway runners explain 1 local",
    )
)
def explain(
    job: Annotated[int, typer.Argument(help="The job's id: the number at the end of its address.")],
    stack: STACK = "automation",
    *,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Tell a job's story and the one reason, out of a closed list, for where it is."""
    from slipway.runners.explain import SENTENCES, Reason
    from slipway.runners.explain import explain as look

    found = look(_fleet(root, stack), job)
    if as_json:
        body = [one.to_json() for one in found]
        typer.echo(json.dumps({"job_id": job, "attempts": body} if body else _unknown(job), indent=2))
    for one in found if not as_json else []:
        _show_story(one)
    if not found:
        if not as_json:
            typer.echo(f"job {job}: unknown_job. {SENTENCES[Reason.UNKNOWN]}")
        raise typer.Exit(_UNKNOWN)


@app.command(epilog=ending(_STATUS, "slipway runners redeliver --since 1d --dry-run"))
def redeliver(
    stack: STACK = "automation",
    *,
    since: Annotated[str, typer.Option(help="How far back to look: 90m, 2h, 1d; 3 days at most.")] = "2h",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look only.")] = False,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Have GitHub send again every delivery that the webhook never took."""
    from slipway.runners.redeliver import period
    from slipway.runners.redeliver import redeliver as run

    def tell(delivery: dict[str, object]) -> None:
        if not as_json:
            words = f"{delivery['event']}.{delivery.get('action')}, answered {delivery['status_code']}"
            typer.echo(f"{delivery['delivered_at']}  {words}")

    length = period(since)
    done = run(_fleet(root, stack), length, dry_run=dry_run, on_request=tell)
    if as_json:
        typer.echo(json.dumps({"looked_at": done.looked_at, "failed": done.failed, "asked": done.asked}))
    else:
        what = "would be sent again" if dry_run else "sent again"
        typer.echo(f"{len(done.failed)} of {done.looked_at} deliveries failed for good; {what}.")


@github_app.command(epilog=ending(_STATUS, "slipway runners app create automation --open"))
def create(
    stack: STACK = "automation",
    *,
    rotate: Annotated[bool, typer.Option("--rotate", help="Replace the App that there is.")] = False,
    code: Annotated[
        str | None,
        typer.Option(help="GitHub's code, out of the address that the browser ended at, if done by hand."),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser here.")] = False,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Make the fleet's GitHub App with the least permissions; its secrets go straight into KMS and Secrets
    Manager.

    An owner of the organisation opens the page that this prints and agrees on GitHub. On `local` the GitHub
    stand-in agrees by itself.
    """
    from slipway.runners.app import create as make
    from slipway.runners.app import require_free

    fleet = _fleet(root, stack)
    held = require_free(fleet, rotate=rotate)
    made = make(fleet, (lambda: code) if code else (lambda: _code(fleet, open_browser)), replaces=held)
    if as_json:
        typer.echo(json.dumps({**vars(made), "installation_url": made.installation_url}, indent=2))
    else:
        _show_created(fleet, made)


@github_app.command(
    epilog=ending(
        "0 exactly as declared; 1 an error, or a difference (but for the numbers that --write wrote).",
        "slipway runners app check local",
        "slipway runners app check --app-id 7 --write",
    )
)
def check(
    stack: STACK = "automation",
    *,
    app_id: Annotated[
        int | None, typer.Option(help="Of an App that the stack's configuration does not name yet.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write its numbers into the stack file; `up` then applies them.")
    ] = False,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Compare the live App's permissions, events and installation with the declared minimum."""
    from slipway.runners.app import check as compare

    found = compare(_fleet(root, stack), app_id)
    ok = found.as_declared if write else found.ok
    if as_json:
        body = {
            **vars(found),
            "differences": [vars(difference) for difference in found.differences],
            "ok": ok,
        }
        typer.echo(json.dumps(body, indent=2))
    else:
        _show_check(found)
    if write and found.installation_id:
        from slipway.bootstrap.stack_file import StackFile

        file = StackFile(root, stack)
        file.set_fleet_app(found.app_id, found.installation_id)
        if not as_json:
            typer.echo(f"{file.path} names it; `slipway up {stack}` applies that")
    elif write and not as_json:
        typer.echo("not installed yet, nothing written")
    if not ok:
        raise typer.Exit(1)


@github_app.command("rotate-secret", epilog=ending(_STATUS, "slipway runners app rotate-secret"))
def rotate_secret(stack: STACK = "automation", *, as_json: AS_JSON = False, root: ROOT = Path()) -> None:
    """Have GitHub sign its events with a new secret. The old one is accepted until the next rotation."""
    from slipway.runners.app import renew_secret

    fleet = _fleet(root, stack)
    number = renew_secret(fleet)
    secret = fleet.names.webhook_secret
    if as_json:
        typer.echo(json.dumps({"app_id": number, "secret": secret}))
    else:
        typer.echo(f"GitHub App {number} signs with a new secret, which is in {secret}.")


@github_app.command("rotate-key", epilog=ending(_STATUS, "slipway runners app rotate-key < key.pem"))
def rotate_key(stack: STACK = "automation", *, as_json: AS_JSON = False, root: ROOT = Path()) -> None:
    """Take a new private key of the same App from standard input into KMS, and sign with it from now on.

    GitHub's page of the App makes the key and gives it as a file: pass it in with `<`, then delete it.
    """
    from slipway.runners.app import renew_key

    fleet = _fleet(root, stack)
    if sys.stdin.isatty():
        raise SlipwayError("the key is read from standard input", fix="slipway runners app rotate-key < FILE")
    key = renew_key(fleet, sys.stdin.read())
    if as_json:
        typer.echo(json.dumps({"alias": fleet.names.app_key, "key": key}))
    else:
        typer.echo(
            f"{fleet.names.app_key} is key {key}. "
            "Delete the file, and the old key on GitHub's page of the App."
        )


def _fleet(root: Path, stack: str) -> "Fleet":
    from slipway.runners.fleet import load

    return load(root, stack)


def _code(fleet: "Fleet", open_browser: bool) -> str:
    from slipway.apps import flow
    from slipway.runners import state
    from slipway.runners.manifest import declared

    app = declared(fleet, state.configuration(fleet))
    return flow.code(app, fleet.github_web, show_page(fleet.organization, open_browser=open_browser))


def _unknown(job: int) -> dict[str, object]:
    return {"job_id": job, "attempts": [], "reason": "unknown_job"}


def _show_status(found: "FleetStatus") -> None:
    from rich.table import Column, Table

    from slipway.runners.state import mending

    names = ("class", "desired/max", "starting", "claimable", "running", "jobs", "oldest wait")
    table = Table(*(Column(name, no_wrap=name != "jobs") for name in names), box=None, pad_edge=False)
    for runner_class in found.classes:
        jobs = ", ".join(f"{number} {state}" for state, number in runner_class.jobs.items()) or "none"
        wait = "" if runner_class.oldest_wait_s is None else duration(runner_class.oldest_wait_s)
        counts = (runner_class.starting, runner_class.claimable, runner_class.running)
        table.add_row(
            runner_class.name, f"{runner_class.desired}/{runner_class.maximum}", *map(str, counts), jobs, wait
        )
    console = terminal(highlight=False, soft_wrap=True)
    console.print(table)
    console.print(f"webhook: {found.webhook}", markup=False)
    for runner_class in found.classes:
        if not runner_class.image:
            console.print(
                f"{runner_class.name}: no image, so no instance may start", style="yellow", markup=False
            )
        if runner_class.trouble:
            console.print(
                f"{runner_class.name}: AWS refuses instances: {runner_class.trouble}",
                style="red",
                markup=False,
            )
    for reason, number in found.refused.items():
        console.print(f"refused: {number} {reason}", markup=False)
    for key in found.malformed:
        text = f"cannot be read: the table's item {key}; {mending(key)}"
        console.print(text, style="red", markup=False)


def _show_story(found: "Explanation") -> None:
    from datetime import UTC, datetime

    job = found.job
    attempt = f", attempt {job.attempt}" if job.attempt > 1 else ""
    typer.echo(f"job {job.job_id}{attempt} of {job.repository}: {job.state}")
    typer.echo(f"  labels {', '.join(job.labels)}; class {job.class_name or 'none'}")
    story = sorted(job.timeline, key=lambda event: event["at"])
    for event in story:
        at = datetime.fromtimestamp(event["at"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        since = duration((event["at"] - story[0]["at"]) / 1000)
        typer.echo(f"  {at}  +{since:<7} {event['what']}  {event.get('detail') or ''}".rstrip())
    typer.echo(f"{found.reason}: {found.sentence}" + (f" ({found.detail})" if found.detail else ""))


def _show_created(fleet: "Fleet", made: "Created") -> None:
    typer.echo(f"GitHub App {made.slug} ({made.app_id}) is made.")
    typer.echo(f"  its private key: KMS, {fleet.names.app_key}, key {made.key_id}; nobody can read it")
    typer.echo(f"  its webhook's secret: Secrets Manager, {fleet.names.webhook_secret}")
    typer.echo("\nNext:\n")
    typer.echo(f"  1. install it on the repositories of the fleet: {made.installation_url}")
    typer.echo(f"  2. slipway runners app check {fleet.stack} --app-id {made.app_id} --write")
    typer.echo(f"     (app_id: {made.app_id} and its installation, into Pulumi.{fleet.stack}.yaml)")
    typer.echo(f"  3. slipway up {fleet.stack}")
    if made.replaced_key:
        typer.echo(
            "\nUntil step 3 the fleet cannot speak to GitHub: jobs wait, and none is lost. Then delete the"
        )
        typer.echo(
            f"old App on GitHub, and its key: aws kms schedule-key-deletion --key-id {made.replaced_key}"
        )


def _show_check(found: "Check") -> None:
    where = f"installation {found.installation_id}" if found.installation_id else "not installed"
    typer.echo(f"GitHub App {found.slug} ({found.app_id}), {where}")
    if not found.installation_matches:
        typer.echo(f"  the fleet's configuration names installation {found.declared_installation}")
    if found.webhook != found.declared_webhook:
        typer.echo(f"  its events go to {found.webhook or 'nowhere'}, declared {found.declared_webhook}")
    for difference in found.differences:
        typer.echo(f"  {difference}")
    typer.echo("exactly as declared" if found.ok else "not as declared")


def duration(seconds: float) -> str:
    """Seconds as people say them: `0.4s`, `12s`, `3m05s`, `2h07m`."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest}s"
    hours, minutes_rest = divmod(minutes, 60)
    return f"{hours}h{minutes_rest:02}m" if hours else f"{minutes}m{rest:02}s"
