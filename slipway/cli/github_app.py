"""`slipway app`: the GitHub App that the platform's jobs change GitHub's settings with."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway.cli.contract import ending
from slipway.cli.options import AS_JSON, ENDPOINT, ROOT, endpoint_of, show_page
from slipway.cli.owner import owner
from slipway.errors import SlipwayError
from slipway.private_folder import rehearsed

if TYPE_CHECKING:
    from slipway.apps.platform import Found, Made, PlatformApp
    from slipway.platform.organization import Github
    from slipway.platform.settings import Settings

app = typer.Typer(
    name="app",
    help="The platform's GitHub App, as which its jobs change GitHub's settings.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_EXACT = "0 exactly as declared; 1 an error, or something is lacking or differs."


@app.command(epilog=ending(_EXACT, "slipway app create --open"))
def create(
    *,
    code: Annotated[
        str | None,
        typer.Option(help="GitHub's code, out of the address that the browser ended at, if done by hand."),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser here.")] = False,
    endpoint: ENDPOINT = None,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Make the App with the least permissions, give its key to the jobs, name it in Pulumi.yaml.

    An owner of the organisation opens the page that this prints and agrees on GitHub. An
    owner's token is taken from GITHUB_TOKEN, GH_TOKEN or standard input. Where there is an App already, this
    says what there is, and makes none.
    """
    from slipway.apps import flow
    from slipway.bootstrap.stack_file import name_app
    from slipway.runners.fleet import GITHUB_WEB

    endpoint = endpoint_of(root, endpoint, "github")
    folder, settings = _project(root, endpoint)
    platform_app = _app(root, settings, endpoint)
    platform_app.require_environments()
    found = platform_app.look()
    if found.client_id is not None:
        if found.app_id is not None:
            name_app(folder, found.app_id)
        _report(_settings(folder), found, as_json=as_json)
        return

    def ask() -> str:
        page = show_page(settings.organization.github.organization, open_browser=open_browser)
        return code or flow.code(platform_app.declared, endpoint or GITHUB_WEB, page)

    _made(folder, platform_app.create(ask), as_json=as_json)


@app.command(epilog=ending(_EXACT, "slipway app check"))
def check(*, endpoint: ENDPOINT = None, as_json: AS_JSON = False, root: ROOT = Path()) -> None:
    """Compare the App with what is declared: its permissions, its installation, and who has its key."""
    endpoint = endpoint_of(root, endpoint, "github")
    _, settings = _project(root, endpoint)
    _report(settings, _app(root, settings, endpoint).look(), as_json=as_json)


@app.command(epilog=ending("0 done; 1 an error that says what to do.", "slipway app key < key.pem"))
def key(
    *,
    client_id: Annotated[
        str | None, typer.Option(help="Of an App whose client id no environment has yet.")
    ] = None,
    endpoint: ENDPOINT = None,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Take another private key of the App from standard input, and give it to every job's environment.

    GitHub's page of the App makes the key and gives it as a file: pass it in with `<`, then delete it, and
    the old key on that page. It takes an owner's token in GITHUB_TOKEN or GH_TOKEN.
    """
    if sys.stdin.isatty():
        raise SlipwayError("the key is read from standard input", fix="slipway app key < FILE")
    pem = sys.stdin.read()
    endpoint = endpoint_of(root, endpoint, "github")
    folder, settings = _project(root, endpoint)
    platform_app = _app(root, settings, endpoint)
    platform_app.require_environments()
    _made(folder, platform_app.take_key(pem, client_id), as_json=as_json)


def _project(root: Path, endpoint: str | None) -> "tuple[Path, Settings]":
    from slipway.bootstrap.run import project
    from slipway.platform.stack import Stack

    folder = project(root.resolve(), Stack.AUTOMATION, endpoint)
    return folder, _settings(folder)


def _settings(folder: Path) -> "Settings":
    from slipway.platform import reading
    from slipway.platform.stack import Stack

    return reading.load(folder, Stack.AUTOMATION)


def _app(root: Path, settings: "Settings", endpoint: str | None) -> "PlatformApp":
    from slipway.apps.platform import PlatformApp
    from slipway.platform import naming
    from slipway.platform.stack import ACCOUNT_STACKS

    environments = [
        name
        for stack in ACCOUNT_STACKS
        for name in (naming.apply_environment(stack), naming.plan_environment(stack))
    ]
    repository = settings.organization.github.repository
    return PlatformApp(owner(root, endpoint), repository, environments, [naming.GATE])


def _made(folder: Path, made: "Made", *, as_json: bool) -> None:
    from slipway.bootstrap.stack_file import name_app
    from slipway.platform.app_key import CLIENT_ID, PRIVATE_KEY

    changed = name_app(folder, made.app_id)
    if as_json:
        typer.echo(json.dumps({**vars(made), "installation_url": made.installation_url}, indent=2))
        return
    typer.echo(f"GitHub App {made.slug} ({made.app_id}): every apply and plan environment has its client id")
    typer.echo(f"({CLIENT_ID}) and its private key ({PRIVATE_KEY}), which nobody can read.")
    typer.echo(f"{folder / 'Pulumi.yaml'} {'now names it' if changed else 'named it already'}.")
    if rehearsed(folder):
        typer.echo(
            "\nThis was a rehearsal: GitHub was a stand-in, where the App is installed already, and that"
        )
        typer.echo("file is a copy. Nothing of yours has changed, and there is nothing to commit.")
        return
    typer.echo(f"\nInstall it on the repositories that the platform serves:\n\n  {made.installation_url}\n")
    typer.echo("Then: slipway app check")


def _report(settings: "Settings", found: "Found", *, as_json: bool) -> None:
    wrong = _wrong(found, settings.organization.github)
    if as_json:
        body = {**vars(found), "differences": [vars(one) for one in found.differences], "ok": not wrong}
        typer.echo(json.dumps(body, indent=2))
    else:
        if found.client_id is not None:
            number = f" ({found.app_id})" if found.app_id else ""
            typer.echo(f"GitHub App {found.slug or found.client_id}{number} {found.installation}".rstrip())
        for line in wrong or ["exactly as declared, installed, and every job has its key"]:
            typer.echo(f"  {line}")
    if wrong:
        raise typer.Exit(1)


def _wrong(found: "Found", github: "Github") -> list[str]:
    from slipway.platform.app_key import CLIENT_ID, NEW_KEY

    if found.client_id is None:
        return ["there is none: slipway app create"]
    wrong = [str(difference) for difference in found.differences]
    if found.app_id is None:
        wrong += [
            "it is not installed, or was deleted; GitHub lists it under the organisation's GitHub Apps.",
            "If it was deleted, have the environments forget it, and run slipway app create again:",
            f"  for name in {' '.join(found.naming)}; do "
            f'gh variable delete {CLIENT_ID} --repo {github.repository} --env "$name"; done',
        ]
    elif found.app_id != github.app_id:
        wrong.append(f"Pulumi.yaml names App {github.app_id}: slipway app create writes this one there")
    for name in found.read_by_any:
        wrong.append(f"{name} is open to other branches, whose jobs could read its key:")
        wrong.append(f"  slipway bootstrap {name.split('-')[1]} --github; then, {NEW_KEY}")
    if found.lacking:
        wrong.append(f"its key is lacking in {', '.join(found.lacking)}: make another on its page on GitHub,")
        wrong.append(f"  then slipway app key --client-id {found.client_id} < FILE")
    return wrong
