"""`slipway drift STACK`: what was changed behind Pulumi's back, what an apply would do, and who is told.

Exit status: 0 no drift; 2 drift; 1 an error; 130 interrupted.
"""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway.cli.contract import ending
from slipway.cli.delivery.looking import keep_look
from slipway.cli.delivery.place import STORE, has_store, place_at
from slipway.cli.options import AS_JSON, AS_MARKDOWN, ENDPOINT, REPOSITORY, ROOT, Form, form_of
from slipway.cli.stacks import ENGINE, opened, report, show
from slipway.errors import SlipwayError
from slipway.platform.stack import Stack

if TYPE_CHECKING:
    from slipway.stacks.drift.looking import Look
    from slipway.stacks.drift.posting import Posted
    from slipway.stacks.drift.report import Report
    from slipway.stacks.target import Target

DRIFT = 2
SECRET, DATADOG_KEY = "SLIPWAY_CALLBACK_SECRET", "DD_API_KEY"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=ending(
            "0 no drift, or with --from all are told; 2 drift; 1 an error; 130 interrupted.",
            "slipway drift staging --json",
            "slipway drift local --record",
            "slipway drift network/prod --issue --repository acme/infra",
            "slipway drift prod --out drift.json",
            "slipway drift prod --from drift.json --issue --callback https://hooks.example.com/drift",
        )
    )(drift)


@dataclass(frozen=True)
class Telling:
    """Who is told of what was found."""

    issue: bool
    repository: str
    endpoint: str | None
    callbacks: Sequence[str]
    datadog: str

    def __bool__(self) -> bool:
        return bool(self.issue or self.callbacks or self.datadog)

    def require_complete(self) -> None:
        """Say what is missing before anybody looks. Raises SlipwayError."""
        from slipway.cli.posting import require_repository
        from slipway.stacks.drift.callbacks import require_safe

        if self.issue:
            require_repository(self.repository)
        for address in (*self.callbacks, *([self.datadog] if self.datadog else [])):
            require_safe(address)
        for wanted, name in ((self.callbacks, SECRET), (self.datadog, DATADOG_KEY)):
            if wanted and not os.environ.get(name):
                raise SlipwayError(
                    "there is no secret for those who are told", where=name, fix=f"export {name}=<it>"
                )


def drift(
    stack: Annotated[
        str, typer.Argument(help="A stack of this project, or of any of the repository as project/stack.")
    ],
    *,
    engine: ENGINE = "auto",
    program: Annotated[
        bool,
        typer.Option(
            "--program", help="Also show what the program asks for otherwise, and what was not applied."
        ),
    ] = False,
    record: Annotated[
        bool,
        typer.Option("--record", help="Keep in the store of plans when it was looked, and how much differs."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write all that was found there, for --from.", dir_okay=False),
    ] = None,
    given: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Tell of what an earlier look found, and do not look."),
    ] = None,
    issue: Annotated[
        bool, typer.Option("--issue", help="Tell it in the stack's one issue, and close that when mended.")
    ] = False,
    repository: REPOSITORY = "",
    callback: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help=f"POST it there as JSON, signed with {SECRET}; repeatable."),
    ] = None,
    datadog: Annotated[
        str,
        typer.Option(metavar="URL", help=f"Make an event there: the API of a site; {DATADOG_KEY} is used."),
    ] = "",
    store: STORE = "",
    endpoint: ENDPOINT = None,
    as_json: AS_JSON = False,
    as_markdown: AS_MARKDOWN = False,
    root: ROOT = Path(),
) -> None:
    """Compare the cloud with what was made: name what was changed or deleted behind Pulumi's back.

    What slipway.yaml ignores is left out up to the day that it names. With --program, with --out, or where
    anybody is told, the program is compared with the state as well, and main with what was applied last.
    """
    form = form_of(as_json=as_json, as_markdown=as_markdown)
    telling = Telling(issue, repository, endpoint, callback or (), datadog)
    if given is not None:
        _tell(_read(given, root, stack), root, telling, form)
    elif program or out or telling:
        _look(root, stack, telling, form, engine=engine, store=store, record=record, out=out)
    else:
        _compare(root, stack, engine, form, record=record, store=store)


def _compare(root: Path, stack: str, engine: ENGINE, form: Form, *, record: bool, store: str) -> None:
    """The cloud with the state alone."""
    from slipway.stacks.drift.ignores import ignoring

    target = _target(root, stack)
    folder, name = (root, stack) if target is None else (target.folder, target.stack)
    with opened(folder, name, engine, changes=False) as session:
        result = session.drift()
    if target is not None:
        found = ignoring(result, target.block.drift.ignore, datetime.now(UTC).date())
        result = found.result
        for each in found.ignored:
            typer.echo(each, err=True)
    if record:
        keep_look(root, stack, result, store)
    report(result, form)
    if result.changed:
        _say_how(stack)
        raise typer.Exit(DRIFT)


def _say_how(stack: str) -> None:
    # Of a stack on a stand-in it is remembered that a refresh comes first.
    how = f"slipway up {stack}" if stack == Stack.LOCAL else f"slipway up {stack} --refresh"
    typer.echo(f"Drift. `{how}` repairs it.", err=True)


def _target(root: Path, stack: str) -> "Target | None":
    """The stack with what slipway.yaml says of it; None where there is no such file, or in a rehearsal."""
    from slipway.private_folder import rehearsed
    from slipway.stacks.discovery import SETTINGS_FILE
    from slipway.stacks.target import find

    here = root.resolve()
    if "/" in stack:
        return find(root, stack)
    if rehearsed(here) or not any((each / SETTINGS_FILE).is_file() for each in (here, *here.parents)):
        return None
    return find(root, stack)


def _look(
    root: Path,
    stack: str,
    telling: Telling,
    form: Form,
    *,
    engine: ENGINE,
    store: str,
    record: bool,
    out: Path | None,
) -> None:
    """All that there is to compare."""
    from slipway.cli.delivery import runs
    from slipway.stacks.drift import looking
    from slipway.stacks.target import find

    telling.require_complete()
    target = find(root, stack)
    if out or telling:
        looking.require_merged(target)
    kept = place_at(target, store).opened.store if store or has_store(target) else None
    with opened(target.folder, target.stack, engine, changes=False) as session:
        now = datetime.now(UTC)
        look = looking.look(session, target, kept, now=now, run=runs.link(), is_over=runs.is_over)
    if record:
        keep_look(root, stack, look.cloud, store)
    if look.report is None:
        report(look.cloud, form)
        raise typer.Exit(1)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(look.report.to_bytes())
    if form == "text":
        _show(look)
    _tell(look.report, root, telling, form)
    if look.report.found:
        raise typer.Exit(DRIFT)


def _show(look: "Look") -> None:
    """For a person at a terminal."""
    show(look.cloud, "text")
    if look.program is not None:
        show(look.program, "text")
    told = look.report
    if told is None:
        return
    if told.unapplied is not None:
        last = told.unapplied
        typer.echo(f"what lies here was not applied: {last.event} last {last.commit[:12]}, by {last.run}")
        for part in last.parts:
            typer.echo(f"  {part}")
    for each in (*told.ignored, *told.notes):
        typer.echo(each, err=True)


def _read(file: Path, root: Path, stack: str) -> "Report":
    """Raises SlipwayError for a file that is no report, or one of another stack."""
    from slipway.stacks.drift.report import Report
    from slipway.stacks.target import find

    try:
        told = Report.from_bytes(file.read_bytes(), str(file))
    except FileNotFoundError:
        raise SlipwayError(
            "there is no such file", where=str(file), fix=f"slipway drift {stack} --out {file}"
        ) from None
    name = find(root, stack).name
    if told.name != name:
        raise SlipwayError(f"this report is of {told.name}, and not of {name}", where=str(file))
    return told


def _tell(told: "Report", root: Path, telling: Telling, form: Form) -> None:
    """Print it for programs and job summaries, and tell whoever is to be told, the issue first."""
    from slipway.stacks.comment.page import JOB_SUMMARY
    from slipway.stacks.drift.callbacks import in_words
    from slipway.stacks.drift.issue import body

    telling.require_complete()
    if form == "markdown":
        address = f"{_server()}/{telling.repository}" if telling.repository else ""
        typer.echo(body(told, repository=address, limit=JOB_SUMMARY), nl=False)
    posted = _post(told, root, telling) if telling.issue else None
    if posted is not None:
        typer.echo(f"issue {posted.done}: {posted.url or 'none is needed'}", err=True)
    _send(told, telling, posted.url if posted else "")
    if form == "json":
        more = {"issue": asdict(posted)} if posted else {}
        typer.echo(json.dumps({**told.to_json(), "found": told.found, **more}, indent=2))
    typer.echo(f"{told.name}: {in_words(told)}", err=True)


def _server() -> str:
    return os.environ.get("GITHUB_SERVER_URL") or "https://github.com"


def _post(told: "Report", root: Path, telling: Telling) -> "Posted":
    from slipway.cli.posting import author_of, client_of
    from slipway.stacks.drift.posting import post

    client = client_of(root, telling.endpoint, "the issue")
    return post(client, telling.repository, told, server=_server(), author=author_of(client))


def _send(told: "Report", telling: Telling, issue: str) -> None:
    """To all of them, whichever is out of order. Raises what the last of these raised."""
    from slipway.stacks.drift.callbacks import datadog, signed
    from slipway.stacks.drift.sending import send

    secret = os.environ.get(SECRET, "").encode()
    messages = [signed(told, each, secret, issue=issue) for each in telling.callbacks]
    if telling.datadog:
        messages.append(datadog(told, telling.datadog, os.environ.get(DATADOG_KEY, ""), issue=issue))
    failed: SlipwayError | None = None
    for message in messages:
        try:
            send(message)
        except SlipwayError as error:
            failed = error
        else:
            typer.echo(f"told {message.place}", err=True)
    if failed is not None:
        raise failed
