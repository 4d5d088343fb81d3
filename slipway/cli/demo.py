"""`slipway demo infra`: infrastructure delivery, played on this machine."""

# ruff: noqa: PLC0415 - what the command needs is imported when it runs: no other command pays for it
import json
import shutil
import sys
import tempfile
import time
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway.cli.contract import ending, terminal
from slipway.cli.options import AS_JSON

if TYPE_CHECKING:
    from slipway.demo.infra import Told

app = typer.Typer(help="What the platform does, played on this machine: no account, no credential.")
_LINES = 14
"""So many lines of what a command printed are shown; the rest is counted."""


@app.callback()
def demo() -> None:
    """What the platform does, played on this machine: no account, no credential."""


@app.command(
    epilog=ending(
        "0 played; 1 a step was not as it should be.", "slipway demo infra", "slipway demo infra --no-open"
    )
)
def infra(
    *,
    keep_open: Annotated[
        bool,
        typer.Option("--open/--no-open", help="Open the dashboard, where there is a browser."),
    ] = True,
    folder: Annotated[
        Path | None,
        typer.Option(help="An empty folder to play in; one of its own otherwise.", file_okay=False),
    ] = None,
    as_json: AS_JSON = False,
) -> None:
    """Play infrastructure delivery on eight small stacks: planned, refused, applied, drifted and mended.

    Each step is a command as one types it. The dashboard stays; the stacks and their cloud go at the end.
    """
    from slipway.demo.infra import Play
    from slipway.errors import SlipwayError

    place = folder or Path(tempfile.mkdtemp(prefix="slipway-demo-"))
    place.mkdir(parents=True, exist_ok=True)
    if any(place.iterdir()):
        raise SlipwayError("the folder is not empty", where=str(place), fix="give an empty one, or none")
    began = time.monotonic()
    play = Play(place.resolve(), (lambda _: None) if as_json else _tell)
    try:
        page = play.run()
    finally:
        _end(place)
    seconds = time.monotonic() - began
    if as_json:
        steps = [{"command": one.command, "seconds": round(one.seconds, 1)} for one in play.told]
        told = {"steps": steps, "seconds": round(seconds, 1), "dashboard": str(page)}
        typer.echo(json.dumps(told, indent=2))
        return
    typer.echo(f"\n{len(play.told)} commands, {seconds:.0f} s. The dashboard: {page.as_uri()}")
    if keep_open and sys.stdout.isatty():
        webbrowser.open(page.as_uri())


def _tell(step: "Told") -> None:
    lines = step.printed.splitlines()
    screen = terminal(soft_wrap=True)
    screen.print(f"\n[bold]{step.about}[/bold]")
    screen.print(f"$ {step.command}  ({step.seconds:.1f} s)", style="cyan", markup=False)
    for line in lines[:_LINES]:
        screen.print(f"  {line}", markup=False, highlight=False)
    if len(lines) > _LINES:
        screen.print(f"  ... and {len(lines) - _LINES} lines more", style="dim", markup=False)


def _end(place: Path) -> None:
    """Stop the cloud, and leave what people look at."""
    from slipway.localcloud import runtime
    from slipway.private_folder import private_folder

    runtime.stop(place)
    shutil.rmtree(private_folder(place), ignore_errors=True)
