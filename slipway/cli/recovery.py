"""`slipway recover STACK`: what a killed run left behind.

Exit status: 0 cleared up, or nothing to clear up; 1 an error that says what to do; 130 interrupted.
"""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
from pathlib import Path
from typing import Annotated

import typer

from slipway.cli.contract import ending, terminal
from slipway.cli.options import AS_JSON, AS_MARKDOWN, ROOT, STACK, YES, form_of
from slipway.cli.stacks import ENGINE, STATUS, WIDE, ask, opened, report
from slipway.errors import SlipwayError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=ending(STATUS, "slipway recover local", "slipway recover prod --over 2261349f"))(
        recover
    )


def recover(
    stack: STACK,
    *,
    engine: ENGINE = "auto",
    over: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LOCK",
            envvar="SLIPWAY_OVER",
            help="The holder of this lock is over, as you made sure. Repeatable.",
        ),
    ] = None,
    made: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URN=ID",
            envvar="SLIPWAY_MADE",
            help="An interrupted creation made the object with this id. Repeatable.",
        ),
    ] = None,
    not_made: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URN",
            envvar="SLIPWAY_NOT_MADE",
            help="An interrupted creation made nothing. Repeatable.",
        ),
    ] = None,
    yes: YES = False,
    as_json: AS_JSON = False,
    as_markdown: AS_MARKDOWN = False,
    root: ROOT = Path(),
) -> None:
    """Clear up after a killed run: locks whose holder is over, and creations that nobody saw the end of.

    Each creation is looked up by the name that the program gives it. What is there and ours is taken into the
    state, what is somebody else's is named. On a stand-in, `up` and `destroy` begin with this by themselves.
    """
    form = form_of(as_json=as_json, as_markdown=as_markdown)
    from slipway.engine import display
    from slipway.engine.interruption import Answers

    answers = Answers(frozenset(over or ()), dict(map(_pair, made or ())), frozenset(not_made or ()))
    with opened(root, stack, engine) as session:
        left = session.interrupted(answers)
    shown = left.result()
    if not left or not shown.ok:
        report(shown, form)
        return
    if not yes:
        terminal(soft_wrap=True, stderr=True, width=WIDE).print(display.rich(shown))
        ask("Clear this up?")
    report(session.recover(left), form)


def _pair(text: str) -> tuple[str, str]:
    urn, equals, id_ = text.rpartition("=")
    if not (urn.startswith("urn:pulumi:") and equals and id_):
        raise SlipwayError(f"{text!r} names no object", where="--made", fix="--made 'URN=ID'")
    return urn, id_
