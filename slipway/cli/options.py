"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer


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
STACK = Annotated[str, typer.Argument(help="A stack of this project: automation, staging, prod or local.")]
AS_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
YES = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
