"""`slipway access`: who can reach what, computed from the rendered policies of every stack."""

# ruff: noqa: PLC0415 - what renders is imported when the command runs: no other command pays for it
import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from slipway.cli.contract import ending
from slipway.cli.options import AS_JSON, AS_MARKDOWN, ROOT, Form, form_of
from slipway.engine.revisions import Revision, revision
from slipway.errors import SlipwayError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=ending(
            "0 printed; 1 an error.",
            "slipway access --service skill-pool",
            "slipway access --role skill-pool-production",
            "slipway access --can ecr:PutImage",
            "slipway access --diff origin/main",
        )
    )(access)


def access(
    *,
    stack: Annotated[
        list[str] | None,
        typer.Option(help="A stack to look at, repeatable; by default every real one together."),
    ] = None,
    service: Annotated[str, typer.Option(help="Only the roles of this service.")] = "",
    role: Annotated[
        str, typer.Option(help="Who can assume it: a role's name or ARN, or a pattern with *.")
    ] = "",
    repository: Annotated[
        str, typer.Option(metavar="OWNER/NAME", help="Only what jobs of this repository reach.")
    ] = "",
    can: Annotated[
        str, typer.Option(metavar="ACTION", help="Only who can do this, such as ecr:PutImage or 'iam:*'.")
    ] = "",
    diff_base: Annotated[
        str | None, typer.Option("--diff", metavar="BASE", help="Show only what differs from this revision.")
    ] = None,
    as_json: AS_JSON = False,
    as_markdown: AS_MARKDOWN = False,
    root: ROOT = Path(),
) -> None:
    """Print who can reach which role and what that lets them do: every job context against every role.

    Computed from the policy documents that the program renders, without any credential.
    """
    root, form = root.resolve(), form_of(as_json=as_json, as_markdown=as_markdown)
    if diff_base is not None:
        if service or role or repository or can:
            raise SlipwayError("a difference is shown whole", fix="leave out --diff, or the other options")
        # Before anything slow is imported: a mistyped revision is told at once.
        _show_difference(root, stack, revision(root, diff_base), form)
        return

    from slipway.access import render
    from slipway.access.selection import Question
    from slipway.cli import matrices

    names = matrices.real_stacks(root, stack)
    of_service = matrices.roles_of_service(root, names[0], service) if service else None
    question = Question(names=of_service, role=role, repository=repository, action=can)
    found = matrices.matrix_of(root, names, question)
    if form == "text":
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        typer.echo(_alarming(render.to_text(found, width)))
    else:
        typer.echo(render.to_markdown(found) if form == "markdown" else render.to_json(found))


def _show_difference(root: Path, stacks: list[str] | None, base: Revision, form: Form) -> None:
    from slipway.access import render
    from slipway.cli import matrices

    show = {
        "text": render.diff_to_text,
        "markdown": render.diff_to_markdown,
        "json": render.diff_to_json,
    }[form]
    typer.echo(show(matrices.difference(root, stacks, base)))


def _alarming(text: str) -> str:
    """The text with what goes past a reviewer in red, on a terminal that shows colours."""
    from slipway.access.matrix import PAST_REVIEW

    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return text.replace(PAST_REVIEW, typer.style(PAST_REVIEW, fg=typer.colors.RED, bold=True))
