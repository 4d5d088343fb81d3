"""`slipway gate`: whether a change may be merged, with reasons; and the status by which GitHub holds it."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slipway.cli.contract import ending
from slipway.cli.delivery.place import STORE, connect_in
from slipway.cli.options import AS_JSON, ENDPOINT, REPOSITORY, ROOT
from slipway.errors import SlipwayError
from slipway.platform.stack import Stack

if TYPE_CHECKING:
    from slipway.stacks.gate.judging import Judge, Judged

HELD = 2
_HEAD = "HEAD"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=ending(
            "0 open, or with --post said; 2 held; 1 an error.",
            "slipway gate",
            "slipway gate --pull 12 --fetch --json",
        )
    )(gate)


@dataclass(frozen=True, kw_only=True)
class _Where:
    root: Path
    endpoint: str | None
    repository: str


def gate(
    *,
    pull: Annotated[int | None, typer.Option(min=1, help="A pull request, and who has approved it.")] = None,
    event: Annotated[
        bool, typer.Option("--event", help="What the event of this job of GitHub Actions is about.")
    ] = False,
    head: Annotated[str, typer.Option(help="The revision with the change, without --pull.")] = _HEAD,
    base: Annotated[
        str | None,
        typer.Option(help="What it would be merged to; by default the default branch."),
    ] = None,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch what this clone lacks of a pull request, as data.")
    ] = False,
    post: Annotated[
        bool, typer.Option("--post", help="Say it on GitHub, as the commit's status slipway/gate.")
    ] = False,
    repository: REPOSITORY = "",
    store: STORE = "",
    endpoint: ENDPOINT = None,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Say whether a change may be merged: nothing unapplied lies below it, and its owners approved its plans.

    Nothing of the change is run: its files are data, and what counts for it stands on the base. Without
    --pull, nothing is said of approvals, and GitHub is not asked. Reads the store of plans, changes nothing.
    """
    if pull is not None and event:
        raise typer.BadParameter("choose one of --pull and --event")
    asked = pull is not None or event
    if asked and head != _HEAD:
        raise typer.BadParameter("a pull request has its own", param_hint="--head")
    if (post or fetch) and not asked:
        raise typer.BadParameter("it is for a pull request: give --pull N or --event")
    from slipway.stacks.gate.judging import Judged, judging

    connect = connect_in(root, Stack.AUTOMATION)
    with judging(root, base, store, now=datetime.now(UTC), connect=connect) as judge:
        if asked:
            where = _Where(root=root, endpoint=endpoint, repository=repository)
            judged = _of_github(judge, where, pull, fetch=fetch, post=post)
        else:
            proposal = judge.proposal(head)
            judged = [Judged(name=head, commit=proposal.head, verdicts=(judge.verdict(proposal),))]
    typer.echo(json.dumps(_json(judged), indent=2) if as_json else "\n".join(_text(judged)))
    failed = [each for each in judged if each.error]
    if failed and not as_json:
        raise SlipwayError(failed[0].error, where=failed[0].name)
    if failed:
        raise typer.Exit(1)
    if not post and not all(each.open for each in judged):
        raise typer.Exit(HELD)


def _of_github(
    judge: "Judge", where: _Where, pull: int | None, *, fetch: bool, post: bool
) -> "Sequence[Judged]":
    from slipway.cli.delivery import runs
    from slipway.cli.posting import client_of, require_repository
    from slipway.stacks.gate.hub import Hub

    require_repository(where.repository)
    client = client_of(where.root, where.endpoint, "the verdict")
    # In a job its own token reads the repository's contents, so that the App's need not.
    tokens = (os.environ.get(name) for name in ("SLIPWAY_FETCH_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"))
    token = next(filter(None, tokens), "") if fetch else None
    hub = Hub(client, where.repository, judge, token=token)
    judged = hub.judged(_event() if pull is None else pull)
    if post:
        slug = os.environ.get("SLIPWAY_APP_SLUG", "")
        hub.post(judged, author=f"{slug}[bot]" if slug else "", url=runs.link())
    return judged


def _event() -> Any:
    """What the event of this job asks. Raises SlipwayError outside of one."""
    from slipway.stacks.gate.asks import ask_of

    name, file = os.environ.get("GITHUB_EVENT_NAME", ""), os.environ.get("GITHUB_EVENT_PATH", "")
    try:
        payload: Any = json.loads(Path(file).read_bytes()) if name and file else None
    except (OSError, ValueError):
        payload = None
    if not isinstance(payload, dict):
        raise SlipwayError(
            "this is no job of GitHub Actions", where="GITHUB_EVENT_PATH", fix="name a pull request: --pull N"
        )
    return ask_of(name, payload)  # pyright: ignore[reportUnknownArgumentType]


def _json(judged: "Sequence[Judged]") -> dict[str, Any]:
    return {
        "open": all(each.open for each in judged),
        "changes": [each.to_json() for each in judged],
    }


def _text(judged: "Sequence[Judged]") -> list[str]:
    lines: list[str] = []
    for each in judged:
        touched = sorted({name for verdict in each.verdicts for name in verdict.touched})
        said = "open" if each.open else "not judged" if each.error else "held"
        lines.append(f"{each.name}: {said}, concerns {', '.join(touched) or 'no stack'}")
        for reason in (reason for verdict in each.verdicts for reason in verdict.reasons):
            of = reason.stack if reason.cause == reason.stack else f"{reason.stack} needs {reason.cause}"
            lines += [f"  {of}: {reason.what}", f"    do: {reason.fix}"]
    return lines or ["no pull request is open"]
