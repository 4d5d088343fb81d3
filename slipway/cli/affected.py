"""`slipway affected`: the stacks that a change concerns, each with its reason."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slipway.cli.contract import ending
from slipway.cli.delivery.place import STORE
from slipway.cli.options import AS_JSON, ROOT
from slipway.errors import SlipwayError

if TYPE_CHECKING:
    from slipway.stacks.affected import Affected, Applied
    from slipway.stacks.comparison import Comparison

_MATRIX = 256
"""Jobs of one matrix (https://docs.github.com/en/actions/reference/limits)."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=ending(
            "0 printed, however many there are; 1 an error.",
            "slipway affected",
            "slipway affected --base origin/main --head HEAD --json",
            "slipway affected --applied",
        )
    )(affected)


def affected(
    *,
    base: Annotated[
        str | None,
        typer.Option(help="Compare with where the change left this revision; by default the default branch."),
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="The revision to look at; by default the working tree.")
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Compare with --base itself, wherever the two parted.")
    ] = False,
    applied: Annotated[
        bool,
        typer.Option("--applied", help="Compare with what the store of plans says was last applied."),
    ] = False,
    store: STORE = "",
    matrix: Annotated[
        bool, typer.Option("--matrix", help="Print a matrix for GitHub Actions, in one line.")
    ] = False,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Print which stacks a change concerns, upstreams first, and what of each changed.

    Any repository of Pulumi projects, in any language. Nothing is run, and no cloud is asked, nor GitHub;
    with --applied, the store of plans is.
    """
    if matrix and as_json:
        raise typer.BadParameter("choose one of --json and --matrix")
    if exact and base is None:
        raise typer.BadParameter("--exact needs --base")
    if applied and base is not None:
        raise typer.BadParameter("choose one of --base and --applied")
    with _compared(root, base, head, exact=exact, store=store if applied else None) as compared:
        if matrix:
            typer.echo(json.dumps(_matrix(compared)))
        elif as_json:
            typer.echo(json.dumps(_json(compared), indent=2))
        else:
            typer.echo(_text(compared))


def _compared(
    root: Path, base: str | None, head: str | None, *, exact: bool, store: str | None
) -> "AbstractContextManager[Comparison]":
    """Args: store: its address, empty for that of slipway.yaml; None to compare two moments."""
    from slipway.stacks.comparison import compare, compare_with_applied

    if store is None:
        return compare(root, base, head, exact=exact)

    def applied() -> "Mapping[str, Applied]":
        from slipway.cli.delivery.place import store_of
        from slipway.stacks.applied import last_applied
        from slipway.stacks.target import tree_of

        return last_applied(store_of(tree_of(root), store).store)

    return compare_with_applied(root, head, applied)


def _json(compared: "Comparison") -> dict[str, Any]:
    return {
        "base": compared.before.tree.commit if compared.applied is None else "",
        "head": compared.after.tree.commit,
        "stacks": len(compared.after.evidence),
        "affected": [one.to_json() for one in compared.affected],
    }


def _matrix(compared: "Comparison") -> dict[str, Any]:
    if len(compared.affected) > _MATRIX:
        raise SlipwayError(
            f"{len(compared.affected)} stacks are affected, and a matrix has at most {_MATRIX} jobs",
            fix="take --json, and let a job do several",
        )
    return {"include": [_job(compared, one) for one in compared.affected]}


def _job(compared: "Comparison", one: "Affected") -> dict[str, str]:
    project, stack, settings = compared.project_of(one)
    return {
        "stack": one.stack,
        "project": project.name,
        "name": stack,
        "folder": project.folder or ".",
        "change": one.change.value,
        "environment": settings.environment or "",
    }


def _text(compared: "Comparison") -> str:
    before = compared.before.tree.name if compared.applied is None else "what was last applied"
    after = compared.after.tree.name
    of = f"of {len(compared.after.evidence)} stacks, {before} compared with {after}"
    if not compared.affected:
        return f"nothing is affected {of}"
    width = max(len(one.stack) for one in compared.affected)
    lines = [f"{one.change.value:<7}  {one.stack:<{width}}  {one.reason}" for one in compared.affected]
    return "\n".join([*lines, f"{len(compared.affected)} affected {of}"])
