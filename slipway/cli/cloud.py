"""`slipway cloud`: start, stop and look at the embedded cloud.

Exit status: 0 done, or running; 1 an error that says what to do; 3 not running (`status` only).
"""

import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from slipway.errors import SlipwayError
from slipway.localcloud import runtime
from slipway.localcloud.cloud import read_runtime_file

app = typer.Typer(
    name="cloud",
    help="The embedded cloud: AWS, GitHub and Kubernetes on this machine, in one background process.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

NOT_RUNNING = 3
_EXIT = "Exit status: 0 done; 1 an error that says what to do."

Root = Annotated[
    Path | None,
    typer.Option(
        help="Folder whose .slipway/ belongs to the cloud; by default the project's.", file_okay=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]


@app.command(epilog=_EXIT)
def start(
    root: Root = None,
    port: Annotated[
        list[str] | None,
        typer.Option(
            help="SERVICE=PORT, repeatable; aws, github, kubernetes or console. Default: free ports."
        ),
    ] = None,
    kubeconfig: Annotated[
        Path | None,
        typer.Option(
            envvar="SLIPWAY_KUBECONFIG",
            help="A control plane to use instead of the recording stand-in; never the ambient one.",
        ),
    ] = None,
    *,
    allow_remote_kubernetes: Annotated[
        bool,
        typer.Option("--allow-remote-kubernetes", help="Accept a control plane that is not on loopback."),
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds to wait for every endpoint to answer.")
    ] = runtime.START_S,
    as_json: AsJson = False,
) -> None:
    """Start the embedded cloud, unless it already runs, and print its endpoints."""
    with _errors(as_json=as_json):
        ports = dict(_port(one) for one in port or [])
        before = read_runtime_file(_root(root))
        with Console(stderr=True).status("starting the embedded cloud"):
            cloud = runtime.start(
                _root(root),
                ports,
                timeout,
                kubeconfig=kubeconfig,
                allow_remote_kubernetes=allow_remote_kubernetes,
            )
        if before == cloud and not as_json:
            typer.echo(f"the embedded cloud already runs: {cloud.console}; more by `slipway cloud status`")
            return
        _print(runtime.status(_root(root)), as_json=as_json)


@app.command(epilog=_EXIT)
def stop(root: Root = None, *, as_json: AsJson = False) -> None:
    """Stop the embedded cloud and forget everything in it. Does nothing where none runs."""
    with _errors(as_json=as_json):
        stopped = runtime.stop(_root(root))
    if as_json:
        typer.echo(json.dumps({"stopped": stopped}))
    else:
        typer.echo("the embedded cloud is stopped" if stopped else "the embedded cloud was not running")


@app.command(epilog="Exit status: 0 running; 1 an error that says what to do; 3 not running.")
def status(root: Root = None, *, as_json: AsJson = False) -> None:
    """Say what runs, where, what it holds, and which types are only recorded."""
    with _errors(as_json=as_json):
        found = runtime.status(_root(root))
    _print(found, as_json=as_json)
    if not found.running:
        raise typer.Exit(NOT_RUNNING)


def _root(given: Path | None) -> Path:
    """The folder given, or the nearest one upwards that has a Pulumi.yaml, or the current one."""
    if given is not None:
        return given.resolve()
    here = Path.cwd()
    return next((one for one in (here, *here.parents) if (one / "Pulumi.yaml").exists()), here)


def _port(text: str) -> tuple[str, int]:
    service, _, number = text.partition("=")
    if not number.isdecimal():
        raise SlipwayError(f"{text!r} is no SERVICE=PORT", fix="for example --port aws=5000")
    return service, int(number)


@contextmanager
def _errors(*, as_json: bool) -> Generator[None]:
    """With `--json` an error is JSON as well; without, the `slipway` command prints it."""
    try:
        yield
    except SlipwayError as error:
        if not as_json:
            raise
        typer.echo(json.dumps({"error": {"what": error.what, "where": error.where, "fix": error.fix}}))
        raise typer.Exit(error.exit_code) from error


def _print(status: runtime.Status, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(status.to_json(), indent=2))
        return
    cloud = status.cloud
    if cloud is None:
        typer.echo("the embedded cloud is not running; start it by `slipway cloud start`")
        return
    console = Console(highlight=False, soft_wrap=True)
    endpoints = Table("endpoint", "address", "what it is", box=None, pad_edge=False)
    endpoints.add_row("aws", cloud.aws, f"moto, account {cloud.account}")
    endpoints.add_row("github", cloud.github, "REST stand-in")
    endpoints.add_row("git", cloud.git, "the GitHub stand-in's bare repositories, <owner>/<name>.git")
    endpoints.add_row("kubernetes", cloud.kubernetes, cloud.kubernetes_label)
    endpoints.add_row("console", cloud.console, "status page")
    console.print(endpoints)
    console.print()
    console.print(_holdings(status.detail))
    console.print()
    recorded = {name: one["reason"] for name, one in status.detail["recorded"].items()}
    console.print(_reasons("only recorded", recorded))
    console.print()
    console.print(_reasons("not enforced", status.detail["not_enforced"]))
    unknown: dict[str, int] = status.detail["requests"]["unknown"]
    if unknown:
        console.print()
        console.print(
            _reasons("asked for, and not served", {call: f"{n} times" for call, n in unknown.items()})
        )


def _holdings(detail: dict[str, Any]) -> Table:
    table = Table("holds", "number", box=None, pad_edge=False)
    held: dict[str, dict[str, int]] = detail["counts"]
    for service, counts in held.items():
        for name, number in counts.items():
            table.add_row(f"{service}: {name}", str(number))
    for name, one in detail["recorded"].items():
        if one["count"]:
            table.add_row(f"recorded: {name}", str(one["count"]))
    if not table.row_count:
        table.add_row("nothing yet", "")
    return table


def _reasons(title: str, reasons: dict[str, str]) -> Table:
    table = Table(Column(title, no_wrap=True), "", box=None, pad_edge=False)
    for name, reason in reasons.items():
        table.add_row(name, reason)
    return table
