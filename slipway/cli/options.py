"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ROOT = Annotated[Path, typer.Option("--root", help="The project's folder.", file_okay=False, exists=True)]
STACK = Annotated[str, typer.Argument(help="A stack of this project: automation, staging, prod or local.")]
AS_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
YES = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
