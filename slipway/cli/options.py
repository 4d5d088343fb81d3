"""Options that several commands share."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

Form = Literal["text", "markdown", "json"]


def project_folder(given: Path) -> Path:
    """The folder that was given; where none was, the nearest one upwards that has a Pulumi.yaml."""
    here = Path.cwd()
    if given != Path() or (here / "Pulumi.yaml").exists():
        return given
    return next((folder for folder in here.parents if (folder / "Pulumi.yaml").exists()), given)


ROOT = Annotated[
    Path,
    typer.Option(
        "--root",
        help="The project's folder; by default this one, or the nearest above it with a Pulumi.yaml.",
        file_okay=False,
        exists=True,
        callback=project_folder,
        show_default=False,
    ),
]
STACK_HELP = "A stack of this project: automation, staging, prod or local."
STACK = Annotated[str, typer.Argument(help=STACK_HELP)]
AS_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
AS_MARKDOWN = Annotated[
    bool, typer.Option("--markdown", help="Print it for a pull request or a job's summary.")
]
ENDPOINT = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Rehearse on a stand-in on this machine, without credentials; your files stay. `cloud` is the "
        "embedded cloud of this project.",
    ),
]
REPOSITORY = Annotated[
    str,
    typer.Option(envvar="GITHUB_REPOSITORY", metavar="OWNER/NAME", help="On GitHub, where it is written."),
]
YES = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def form_of(*, as_json: bool, as_markdown: bool) -> Form:
    """How a command prints its answer. Raises typer.BadParameter where it is told to do both."""
    if as_json and as_markdown:
        raise typer.BadParameter("choose one of --json and --markdown")
    return "json" if as_json else "markdown" if as_markdown else "text"


def endpoint_of(root: Path, given: str | None, service: Literal["aws", "github"]) -> str | None:
    """Where a stand-in answers that was named by its address, or as `cloud`; None for the real service.

    Raises:
        SlipwayError: no embedded cloud runs for this project.
    """
    if given != "cloud":
        return given
    from slipway.localcloud import runtime  # noqa: PLC0415 - for a rehearsal alone

    return str(getattr(runtime.require(root.resolve()), service))


def show_page(organization: str, *, open_browser: bool) -> Callable[[str], None]:
    """How the page of the manifest flow is shown to an owner of the organisation."""

    def show(url: str) -> None:
        typer.echo(f"Open this as an owner of {organization}:\n\n  {url}\n", err=True)
        if open_browser and sys.stdout.isatty():
            typer.launch(url)

    return show
