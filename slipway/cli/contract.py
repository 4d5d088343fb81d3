"""What all commands have in common: errors as JSON where JSON was asked for, help and colours."""

import errno
import json
import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from slipway.errors import SlipwayError


class Commands(TyperGroup):
    """The top of the commands. With `--json` an error is one JSON object on standard output, too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Remember whether JSON is asked for, before the command itself is found."""
        ctx.meta[__name__] = asks_for_json(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was found."""
        try:
            with _disk():
                return super().invoke(ctx)
        except (SlipwayError, typer.TyperException) as error:
            if ctx.meta[__name__]:
                typer.echo(json.dumps({"error": described(error)}, indent=2))
            raise


@contextmanager
def _disk() -> Generator[None]:
    """What the disk refuses, as an error that a person can act on; other failures as they are."""
    try:
        yield
    except OSError as error:
        fix = _DISK.get(error.errno or 0)
        if fix is None:
            raise
        # Of a temporary file the name says nothing, but its folder does.
        where = str(error.filename or Path.cwd())
        raise SlipwayError(f"the system says: {error.strerror}", where=where, fix=fix) from error


_WRITABLE = "work in a folder that you may write to, or point --root at one"
_DISK = {
    errno.ENOSPC: "make room on the disk, then run the command again",
    errno.EDQUOT: "make room within your quota, then run the command again",
    errno.EROFS: _WRITABLE,
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
}
"""What to do about what a disk refuses, by its error number."""


def ending(status: str, *examples: str) -> str:
    """The end of a command's help: its exit codes, and command lines to try."""
    return "\n\n".join([f"Exit status: {status}", *(f"Example: {example}" for example in examples)])


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for JSON, as far as that can be told of one that may be wrong."""
    return "--json" in arguments


def described(error: SlipwayError | typer.TyperException) -> dict[str, Any]:
    """An error for programs: `what`, `where`, `fix`, and the mistakes of settings one by one."""
    if isinstance(error, SlipwayError):
        return error.to_json()
    return {"what": said(error), "where": "", "fix": help_of(error)}


def said(error: typer.TyperException) -> str:
    """What is wrong with a command as it was typed, in the words that settings have for the same mistake."""
    from pydantic import ValidationError  # noqa: PLC0415 - slow, and for this alone

    from slipway.platform.mistakes import expectation, shown  # noqa: PLC0415 - likewise

    text = error.format_message()
    if not isinstance(error.__cause__, ValidationError):
        return text
    where, (details, *_) = text.partition(": ")[0], error.__cause__.errors(include_url=False)
    if details["type"] == "value_error":  # typer's own sentence
        return f"{where}: {expectation(details)}"
    return f"{where}: found {shown(details['input'])}; expected {expectation(details)}"


def help_of(error: typer.TyperException) -> str:
    """The command that says how the mistyped one is used."""
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'slipway'} --help"


def terminal(*, stderr: bool = False, **options: Any) -> Console:
    """A console that writes no escape at all where NO_COLOR is set (https://no-color.org).

    Rich leaves bold text and moving lines in, which a screen reader or a recording shows as they are.
    """
    plain = False if os.environ.get("NO_COLOR") else None
    return Console(stderr=stderr, force_terminal=plain, **options)


def plain_help() -> None:
    """Let typer's help follow NO_COLOR as well; to be called before a command is parsed."""
    if os.environ.get("NO_COLOR"):
        os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"


def show(error: SlipwayError | typer.TyperException) -> None:
    """Print an error for a person, on standard error."""
    console = terminal(stderr=True, highlight=False, soft_wrap=True)
    if isinstance(error, SlipwayError):
        text, more = str(error), ""
    else:
        text, more = said(error), f"\n  do:    {help_of(error)}"
    console.print("[red]error:[/red] ", end="")
    console.print(text + more, markup=False)
    sys.stdout.flush()
