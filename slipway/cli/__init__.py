"""The `slipway` command. Each file beside this one holds one group of its commands."""

# ruff: noqa: E402 - the first lines must come before the imports that they make faster
import gc

# Importing the SDKs makes millions of objects that all stay. Looking for garbage among them, while they come
# and once more at the end, costs a third of a short command. A long one switches it on again.
gc.disable()

import atexit
import json
import sys
from typing import Annotated

import typer

from slipway.cli import (
    access,
    affected,
    bootstrap,
    cloud,
    comment,
    dashboard,
    delivery,
    demo,
    drift,
    gate,
    github_app,
    recovery,
    runners,
    schema,
    stacks,
)
from slipway.cli.contract import Commands, ending, plain_help, show, terminal
from slipway.cli.options import AS_JSON
from slipway.errors import SlipwayError

plain_help()
app = typer.Typer(
    name="slipway",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
stacks.register(app)
drift.register(app)
recovery.register(app)
delivery.register(app)
comment.register(app)
gate.register(app)
dashboard.register(app)
access.register(app)
affected.register(app)
bootstrap.register(app)
schema.register(app)
app.add_typer(github_app.app, name="app")
app.add_typer(cloud.app, name="cloud", help="The embedded cloud that the stack `local` runs on.")
app.add_typer(runners.app, name="runners")
app.add_typer(demo.app, name="demo")


def _version_of(package: str) -> str:
    from importlib import metadata  # noqa: PLC0415 - slow, and for this alone

    return metadata.version(package)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"slipway {_version_of('slipway')}")
        raise typer.Exit


@app.command("version", epilog=ending("0 printed.", "slipway version --json"))
def versions(*, as_json: AS_JSON = False) -> None:
    """Print the versions of slipway, its Python and the Pulumi SDK, for a report of a fault."""
    told = {
        "slipway": _version_of("slipway"),
        "python": ".".join(map(str, sys.version_info[:3])),
        "pulumi": _version_of("pulumi"),
    }
    lines = "\n".join(f"{name} {version}" for name, version in told.items())
    typer.echo(json.dumps(told, indent=2) if as_json else lines)


@app.callback()
def command(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A delivery platform for a GitHub organisation on AWS: bring it up, preview it, find drift."""


def main() -> None:
    """Run the command and turn what a person can act on into a message and an exit code.

    Exit codes: 0 done, 1 an error, 130 interrupted; commands that answer a question document their own
    (`slipway drift`: 2 for drift). A mistyped command is 1 as well, because 2 already means drift.
    """
    atexit.register(gc.freeze)
    try:
        code = app(standalone_mode=False, prog_name="slipway")
        sys.exit(code if isinstance(code, int) else 0)
    except SlipwayError as error:
        show(error)
        sys.exit(error.exit_code)
    except typer.TyperException as error:  # typer brings its own click; this is their public base
        context = getattr(error, "ctx", None)
        if context and not error.format_message().strip():
            sys.exit(1)  # a group without a command, whose help typer has just printed
        show(error)
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        terminal(stderr=True).print("interrupted; run the command again to go on")
        sys.exit(130)
