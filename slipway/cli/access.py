"""`slipway access`: who can reach what, computed from the rendered policies of every stack."""

# ruff: noqa: PLC0415 - what renders is imported when the command runs: no other command pays for it
from pathlib import Path
from typing import Annotated

import typer

from slipway.cli.contract import ending
from slipway.cli.options import AS_JSON, AS_MARKDOWN, ROOT, form_of
from slipway.engine.revisions import revision


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=ending(
            "0 printed; 1 an error.", "slipway access --stack prod", "slipway access --diff origin/main"
        )
    )(access)


def access(
    stack: Annotated[
        list[str] | None,
        typer.Option(help="A stack to look at, repeatable; by default every real one together."),
    ] = None,
    diff_base: Annotated[
        str | None, typer.Option("--diff", metavar="BASE", help="Show only what differs from this revision.")
    ] = None,
    *,
    as_json: AS_JSON = False,
    as_markdown: AS_MARKDOWN = False,
    root: ROOT = Path(),
) -> None:
    """Print who can reach which role and what that lets them do: every job context against every role.

    Computed from the policy documents that the program renders, without any credential.
    """
    root, form = root.resolve(), form_of(as_json=as_json, as_markdown=as_markdown)
    # Before anything slow is imported: a mistyped revision is told at once.
    base = None if diff_base is None else revision(root, diff_base)

    from slipway.access import render
    from slipway.cli import matrices

    if base is None:
        show = {"text": render.to_text, "markdown": render.to_markdown, "json": render.to_json}[form]
        typer.echo(show(matrices.matrix_of(root, matrices.real_stacks(root, stack))))
    else:
        show_diff = {
            "text": render.diff_to_text,
            "markdown": render.diff_to_markdown,
            "json": render.diff_to_json,
        }[form]
        typer.echo(show_diff(matrices.difference(root, stack, base)))
