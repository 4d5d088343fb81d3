"""`slipway cloud`: start, stop and look at the embedded cloud.

Exit status: 0 done, or running; 1 an error that says what to do; 3 not running (`status` only).
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table

from slipway.cli.contract import ending, terminal
from slipway.cli.options import AS_JSON, ROOT
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
_STATUS = "0 done; 1 an error that says what to do."


@app.command(epilog=ending(_STATUS, "slipway cloud start --port console=8080"))
def start(
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
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Start the embedded cloud, unless it already runs, and print its endpoints."""
    ports = dict(_port(one) for one in port or [])
    before = read_runtime_file(root.resolve())
    with terminal(stderr=True).status("starting the embedded cloud"):
        cloud = runtime.start(
            root.resolve(),
            ports,
            timeout,
            kubeconfig=kubeconfig,
            allow_remote_kubernetes=allow_remote_kubernetes,
        )
    if before == cloud and not as_json:
        typer.echo(f"the embedded cloud already runs: {cloud.console}; more by `slipway cloud status`")
        return
    _print(runtime.status(root.resolve()), as_json=as_json, brief=True)


@app.command(epilog=ending(_STATUS, "slipway cloud stop"))
def stop(*, as_json: AS_JSON = False, root: ROOT = Path()) -> None:
    """Stop the embedded cloud and forget everything in it. Does nothing where none runs."""
    stopped = runtime.stop(root.resolve())
    if as_json:
        typer.echo(json.dumps({"stopped": stopped}))
    else:
        typer.echo("the embedded cloud is stopped" if stopped else "the embedded cloud was not running")


@app.command(
    epilog=ending("0 running; 1 an error that says what to do; 3 not running.", "slipway cloud status --json")
)
def status(*, as_json: AS_JSON = False, root: ROOT = Path()) -> None:
    """Say what runs, where, what it holds, and which types are only recorded."""
    found = runtime.status(root.resolve())
    _print(found, as_json=as_json)
    if not found.running:
        raise typer.Exit(NOT_RUNNING)


def _port(text: str) -> tuple[str, int]:
    service, _, number = text.partition("=")
    if not number.isdecimal():
        raise SlipwayError(f"{text!r} is no SERVICE=PORT", fix="for example --port aws=5000")
    return service, int(number)


def _print(status: runtime.Status, *, as_json: bool, brief: bool = False) -> None:
    """`brief`: without what it holds, which is nothing yet, and what it does not do, which is a page."""
    if as_json:
        typer.echo(json.dumps(status.to_json(), indent=2))
        return
    cloud = status.cloud
    if cloud is None:
        typer.echo("the embedded cloud is not running; start it by `slipway cloud start`")
        return
    console = terminal(highlight=False, soft_wrap=True)
    endpoints = Table("endpoint", "address", "what it is", box=None, pad_edge=False)
    endpoints.add_row("aws", cloud.aws, f"moto, account {cloud.account}")
    endpoints.add_row("github", cloud.github, "REST stand-in")
    endpoints.add_row("git", cloud.git, "the GitHub stand-in's bare repositories, <owner>/<name>.git")
    endpoints.add_row("kubernetes", cloud.kubernetes, cloud.kubernetes_label)
    endpoints.add_row("console", cloud.console, "status page")
    console.print(endpoints)
    limits = len(status.detail["recorded"]) + len(status.detail["not_enforced"])
    if brief:
        console.print(
            f"\n{limits} things are only recorded or not enforced here: `slipway cloud status` lists them"
        )
        return
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
