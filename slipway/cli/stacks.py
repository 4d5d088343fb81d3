"""`slipway up | preview | refresh | destroy STACK`.

Exit status: 0 done; 1 an error that says what to do; 130 interrupted.
"""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
import gc
import json
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway.cli.contract import ending, terminal
from slipway.cli.options import AS_JSON, AS_MARKDOWN, ROOT, STACK, STACK_HELP, YES, Form, form_of
from slipway.engine.interface import Choice, Result
from slipway.engine.revisions import revision
from slipway.errors import SlipwayError
from slipway.platform.stack import Stack

if TYPE_CHECKING:
    from slipway.cli.session import Session

_LONG = 60
"""Steps from which on what was done is shown by component; `--json` always has every one."""
WIDE = 2_000

_ENGINE = typer.Option("--engine", help="auto: the Pulumi CLI where it is on PATH; `local` keeps its own.")
ENGINE = Annotated[Choice, _ENGINE]
STATUS = "0 done; 1 an error that says what to do; 130 interrupted."


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog=ending(STATUS, "slipway up local --yes", "slipway up staging --refresh"))(up)
    app.command(
        epilog=ending(
            STATUS, "slipway preview local", "slipway preview staging prod --offline --base origin/main"
        )
    )(preview)
    app.command(epilog=ending(STATUS, "slipway refresh staging"))(refresh)
    app.command(epilog=ending(STATUS, "slipway destroy local --yes"))(destroy)


def up(
    stack: STACK,
    *,
    engine: ENGINE = "auto",
    yes: YES = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="First bring the state to what the cloud says.")
    ] = False,
    as_json: AS_JSON = False,
    as_markdown: AS_MARKDOWN = False,
    root: ROOT = Path(),
) -> None:
    """Bring a stack to what its stack file says. After `drift` found something, that is repaired too."""
    form = form_of(as_json=as_json, as_markdown=as_markdown)
    if not yes:
        _confirm(root, stack, engine, "Apply this?")
    result = _run(root, stack, engine, lambda session: session.up(refresh=refresh))
    report(result, form)
    if stack == Stack.LOCAL:
        _meet_github(root)


def _meet_github(root: Path) -> None:
    """Make the GitHub App of the local fleet, if there is a fleet: nobody else does so on a stand-in."""
    from slipway.runners import fleet, local_app

    if fleet.declared(root, Stack.LOCAL):
        webhook = local_app.ensure(fleet.load(root, Stack.LOCAL))
        typer.echo(f"the GitHub stand-in sends its events to {webhook}", err=True)


def preview(
    stack: Annotated[list[str], typer.Argument(help=f"{STACK_HELP} With --offline several.")],
    *,
    engine: ENGINE = "auto",
    offline_: Annotated[
        bool, typer.Option("--offline", help="From the program alone: no state, network or credential.")
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(help="With --offline: show only what the change since this Git revision does."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="With --offline: write a summary of each there, as <project>.<stack>.json, for `comment`.",
            file_okay=False,
        ),
    ] = None,
    as_json: AS_JSON = False,
    as_markdown: AS_MARKDOWN = False,
    root: ROOT = Path(),
) -> None:
    """Show what `up` would do, property by property, without doing it.

    With a base, what the change newly allows comes first, computed of the stacks that are named.
    """
    form, stacks = form_of(as_json=as_json, as_markdown=as_markdown), list(dict.fromkeys(stack))
    typed = f"slipway preview {' '.join(stacks)} --offline"
    if not offline_:
        for option, value in (("--base", base), ("--out", out)):
            if value is not None:
                raise SlipwayError(f"{option} needs --offline", fix=f"{typed} {option} {value}")
    if len(stacks) > 1 and not offline_:
        raise SlipwayError("several stacks at once need --offline", fix=f"{typed}, or one after another")
    if offline_ and Stack.LOCAL in stacks:
        raise SlipwayError(
            "an offline preview is for real stacks; `local` is compared with its embedded cloud",
            fix="slipway preview local",
        )
    if not offline_:
        report(
            _run(root, stacks[0], engine, lambda session: session.preview(), changes=False),
            form,
        )
        return
    if base is not None:
        revision(root, base)  # a mistyped one is told at once, before the imports that take longest
    from slipway.cli.previews import preview_offline

    results = preview_offline(root, stacks, base, form, out)
    if not all(result.ok for result in results):
        raise typer.Exit(1)


def refresh(
    stack: STACK,
    *,
    engine: ENGINE = "auto",
    as_json: AS_JSON = False,
    as_markdown: AS_MARKDOWN = False,
    root: ROOT = Path(),
) -> None:
    """Bring a stack's state to what the cloud says."""
    form = form_of(as_json=as_json, as_markdown=as_markdown)
    report(
        _run(root, stack, engine, lambda session: session.refresh()),
        form,
    )


def destroy(
    stack: STACK,
    *,
    engine: ENGINE = "auto",
    yes: YES = False,
    as_json: AS_JSON = False,
    as_markdown: AS_MARKDOWN = False,
    root: ROOT = Path(),
) -> None:
    """Delete everything that a stack holds."""
    form = form_of(as_json=as_json, as_markdown=as_markdown)
    from slipway.cli.session import forget_gone

    if stack == Stack.LOCAL and (gone := forget_gone(root)) is not None:
        typer.echo("the embedded cloud is not running, and all that it held is gone with it", err=True)
        report(gone, form)
        return
    if not yes:
        ask(f"Delete everything in the stack '{stack}'?")
    report(
        _run(root, stack, engine, lambda session: session.destroy()),
        form,
    )


def _run(
    root: Path,
    stack: str,
    engine: Choice,
    operation: Callable[["Session"], Result],
    *,
    changes: bool = True,
) -> Result:
    """Open the stack and do this to it, with its progress. `changes`: what is reported as done is done."""
    with opened(root, stack, engine, changes=changes) as session:
        return operation(session)


@contextmanager
def opened(root: Path, stack: str, engine: Choice, *, changes: bool = True) -> Generator["Session"]:
    """A stack with its progress. `changes`: what is reported as done is done.

    Raises:
        SlipwayError: unknown stack, an engine that may not run it, or no embedded cloud for `local`.
    """
    from slipway.cli.progress import progress
    from slipway.cli.session import open_session

    gc.enable()  # a run may be long and large
    with progress(terminal(stderr=True), changes=changes) as shown:
        session = open_session(root, stack, engine, shown)
        shown.message(session.where)
        yield session


def show(result: Result, form: Form) -> None:
    """Print a run for a person."""
    from slipway.engine import display

    if form == "markdown":
        typer.echo(display.markdown(result))
        return
    short = result.operation in ("up", "destroy") and result.ok and len(result.steps) > _LONG
    # A tree is cut at the console's width, and whoever reads a plan from a pipe needs all of a line.
    console = terminal(soft_wrap=True, width=WIDE)
    console.print(display.condensed(result) if short else display.rich(result))


def report(result: Result, form: Form) -> None:
    """Print a run. Ends the command with 1, or 130, where it failed or was interrupted."""
    if form == "json":
        typer.echo(json.dumps(result.to_json(), indent=2, default=str))
    else:
        show(result, form)
    if result.cancelled:
        raise typer.Exit(130)
    if not result.ok:
        raise typer.Exit(1)


def _confirm(root: Path, stack: str, engine: Choice, question: str) -> None:
    from slipway.engine import display

    result = _run(root, stack, engine, lambda session: session.preview(), changes=False)
    terminal(soft_wrap=True, stderr=True).print(display.rich(result))
    if not result.ok:
        raise typer.Exit(1)
    ask(question)


def ask(question: str) -> None:
    """Let a person decide, who has been shown what.

    Raises:
        SlipwayError: nobody is there.
    """
    if not sys.stdin.isatty():
        raise SlipwayError("nobody is there to be asked", fix="add --yes")
    typer.confirm(question, abort=True, err=True)
