"""`slipway comment`: what plans do, as the one comment of a pull request and as a job's summary."""

# ruff: noqa: PLC0415 - what only posting needs is imported when something is posted
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway.cli.contract import ending
from slipway.cli.options import AS_JSON, ENDPOINT, REPOSITORY, ROOT
from slipway.errors import SlipwayError

if TYPE_CHECKING:
    from slipway.stacks.comment.posting import Posted
    from slipway.stacks.summary import Summary

STATUS = "0 written, or the comment is as it should be; 1 an error."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=ending(
            STATUS,
            "slipway comment plans/prod.json",
            "slipway comment plans/prod.json --pull 12 --job-summary",
            "slipway comment preview --of-run",
        )
    )(comment)


def comment(
    summaries: Annotated[
        list[Path],
        typer.Argument(
            metavar="SUMMARY...", help="Summaries of plans, one of each stack, or folders of them."
        ),
    ],
    *,
    pull: Annotated[
        int | None, typer.Option(min=1, help="Write it on this pull request, in the one comment of ours.")
    ] = None,
    of_run: Annotated[
        bool,
        typer.Option(
            "--of-run",
            help="Write it on the pull request of the run that this job follows, as GitHub's event names it.",
        ),
    ] = False,
    repository: REPOSITORY = "",
    approved: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="SUMMARY", help="The summary that was approved last, to compare with; repeatable."
        ),
    ] = None,
    artifact: Annotated[
        str, typer.Option(metavar="URL", help="Where the whole plans are, for what has no room.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there, too.", dir_okay=False)
    ] = None,
    job_summary: Annotated[
        bool, typer.Option("--job-summary", help="Add it to the job's summary, which has more room.")
    ] = False,
    endpoint: ENDPOINT = None,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Show what plans do: what to look at first, every deletion and replacement, then all that has room.

    Without --pull nothing is asked of GitHub, and no token is needed. With it, the token of GITHUB_TOKEN or
    GH_TOKEN writes the comment, or changes the one that is there. With --of-run, in a job on `workflow_run`,
    the summaries are believed in nothing that says where they belong.
    """
    from slipway.stacks.comment.page import COMMENT, JOB_SUMMARY, page

    if of_run and pull is not None:
        raise typer.BadParameter("choose one of --pull and --of-run")
    told, before = _read(summaries), {each.name: each for each in _read(approved or [])}
    if of_run:
        told, pull = _of_run(root, endpoint, repository, told)
        if pull is None:
            typer.echo("its pull request is closed, or has moved on", err=True)
    body = page(told, approved=before, artifact=artifact, limit=COMMENT)
    if out is not None:
        out.write_text(body, encoding="utf-8")
    if job_summary:
        _add_to_job_summary(page(told, approved=before, artifact=artifact, limit=JOB_SUMMARY))
    posted = None if pull is None else _post(root, endpoint, repository, pull, body)
    if as_json:
        typer.echo(json.dumps(_described(told, body, posted), indent=2))
    elif posted is not None:
        typer.echo(f"{posted.done}: {posted.url}")
    elif out is None and not job_summary:
        typer.echo(body, nl=False)


def _read(files: Sequence[Path]) -> "list[Summary]":
    """Raises SlipwayError for a file that is no summary, or a second one of a stack."""
    from slipway.stacks.summary import Summary

    found: dict[str, Summary] = {}
    for file in _spread(files):
        try:
            text = file.read_bytes()
        except FileNotFoundError:
            raise SlipwayError(
                "there is no such file", where=str(file), fix="slipway plan writes it"
            ) from None
        summary = Summary.from_bytes(text, str(file))
        if summary.name in found:
            raise SlipwayError(
                f"two summaries are of {summary.name}", where=str(file), fix="give one of them"
            )
        found[summary.name] = summary
    return list(found.values())


def _spread(files: Sequence[Path]) -> Iterator[Path]:
    from slipway.stacks.comment.origin import files_in

    for each in files:
        yield from files_in(each) if each.is_dir() else [each]


def _of_run(
    root: Path, endpoint: str | None, repository: str, told: "list[Summary]"
) -> "tuple[list[Summary], int | None]":
    """What is told with its true origin, and the pull request; None where it takes no comment any more."""
    from slipway.cli.posting import client_of, require_repository
    from slipway.stacks.comment.origin import as_said_by, origin_of, pull_of

    require_repository(repository)
    place = os.environ.get("GITHUB_EVENT_PATH", "")
    try:
        event = json.loads(Path(place).read_bytes()) if place else None
    except (OSError, ValueError):
        event = None
    origin = origin_of(event, repository)
    pull = pull_of(client_of(root, endpoint, "the comment"), repository, origin)
    return as_said_by(origin, told), pull


def _add_to_job_summary(text: str) -> None:
    place = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not place:
        raise SlipwayError(
            "there is no job to add a summary to",
            where="GITHUB_STEP_SUMMARY",
            fix="leave --job-summary to the workflow, or give --out FILE",
        )
    with Path(place).open("a", encoding="utf-8") as file:
        file.write(text)


def _post(root: Path, endpoint: str | None, repository: str, pull: int, body: str) -> "Posted":
    from slipway.cli.posting import author_of, client_of, require_repository
    from slipway.stacks.comment.posting import post

    require_repository(repository)
    client = client_of(root, endpoint, "the comment")
    return post(client, repository, pull, body, author=author_of(client))


def _described(told: "Sequence[Summary]", body: str, posted: "Posted | None") -> dict[str, object]:
    stacks = [
        {"stack": each.name, "ok": each.ok, "counts": each.counts, "risks": len(each.risks)} for each in told
    ]
    done = {"done": posted.done, "url": posted.url} if posted is not None else {}
    return {"stacks": stacks, "characters": len(body), **done}
