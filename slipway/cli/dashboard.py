"""`slipway dashboard`: what all stacks are like now, as a page for people and as JSON."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway.cli.contract import ending
from slipway.cli.delivery.place import STORE
from slipway.cli.options import AS_JSON, ENDPOINT, ROOT, endpoint_of
from slipway.errors import SlipwayError

if TYPE_CHECKING:
    from slipway.stacks.dashboard.board import Board, Workflow

STATUS = "0 written, whatever there is to look at; 1 an error; 130 interrupted."
_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=ending(
            STATUS, "slipway dashboard --out dashboard", "slipway dashboard local --out dashboard --json"
        )
    )(dashboard)


def dashboard(
    stack: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[STACK...]",
            help="Stacks of this project, or any as project/stack; all of repository and store if none.",
        ),
    ] = None,
    *,
    out: Annotated[
        Path,
        typer.Option(metavar="FOLDER", help="Where index.html and dashboard.json go.", file_okay=False),
    ],
    store: STORE = "",
    repository: Annotated[
        str, typer.Option(envvar="GITHUB_REPOSITORY", metavar="OWNER/NAME", help="For links and workflows.")
    ] = "",
    endpoint: ENDPOINT = None,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Write what all stacks are like now as a page that loads nothing from anywhere, and as JSON.

    Of each: what was applied last and by whom, what became of the last run, open plans, who has the lease,
    the last look for drift (`slipway drift --record`), and whether what lies here is applied. What needs
    attention comes first. With a token in GITHUB_TOKEN or GH_TOKEN, the last runs of each workflow, too.
    """
    from slipway.stacks.dashboard.page import page

    board = _board(root, stack or [], store, repository)
    board = replace(board, workflows=_workflows(root, endpoint, repository))
    out.mkdir(parents=True, exist_ok=True)
    (out / "dashboard.json").write_bytes(board.to_bytes())
    (out / "index.html").write_text(page(board), encoding="utf-8")
    _tell(board, out, as_json=as_json)


def _board(root: Path, stacks: list[str], store: str, repository: str) -> "Board":
    from slipway.cli.delivery.place import store_of
    from slipway.stacks.dashboard.board import Board
    from slipway.stacks.dashboard.gathering import gather
    from slipway.stacks.target import tree_of

    tree = tree_of(root, stacks)
    opened = store_of(tree, store)
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    return Board(
        made=time.time(),
        repository=f"{server}/{repository}" if repository else "",
        commit=tree.commit,
        stacks=tuple(gather(opened.store, tree.evidence, tree.folders)),
    )


def _workflows(root: Path, endpoint: str | None, repository: str) -> "tuple[Workflow, ...]":
    token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN")
    if not token or not repository:
        return ()
    if repository.count("/") != 1:
        raise SlipwayError(f"{repository!r} is no repository", fix="--repository OWNER/NAME")
    from slipway.github import connect
    from slipway.github import token as as_token
    from slipway.platform.naming import GITHUB_API
    from slipway.stacks.dashboard.workflows import last_runs

    url = endpoint_of(root, endpoint, "github") or os.environ.get("GITHUB_API_URL") or GITHUB_API
    return last_runs(connect(as_token(token), url), repository)


def _tell(board: "Board", out: Path, *, as_json: bool) -> None:
    from slipway.stacks.dashboard.attention import TITLES, Kind
    from slipway.stacks.dashboard.page import rows, totals

    shown = rows(board)
    if as_json:
        counts = {TITLES[kind]: number for kind, number in totals(shown)}
        written = [str(out / name) for name in ("index.html", "dashboard.json")]
        typer.echo(json.dumps({"stacks": len(shown), "counts": counts, "written": written}, indent=2))
        return
    told = [row for row in shown if row.remarks[0].kind is not Kind.FINE]
    for row in told[:_SHOWN]:
        said = "; ".join(f"{each.title}: {each.more}" if each.more else each.title for each in row.remarks)
        typer.echo(f"{row.facts.name}: {said}")
    if len(told) > _SHOWN:
        typer.echo(f"and {len(told) - _SHOWN:,} more stacks to look at")
    typer.echo(f"{len(shown) - len(told):,} of {len(shown):,} stacks are in order: {out / 'index.html'}")
