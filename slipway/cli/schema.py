"""`slipway schema`: the form of the settings files, for editors and for docs/settings.md."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from slipway.cli.contract import ending


class File(StrEnum):
    """The kinds of settings files, and what a check of a plan answers."""

    SERVICE = "service"
    STACK = "stack"
    PROJECT = "project"
    DELIVERY = "delivery"
    FINDINGS = "findings"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=ending("0 printed or written; 1 an error.", "slipway schema service"))(schema)


def schema(
    file: Annotated[
        File | None,
        typer.Argument(
            help="services/<name>.yaml, Pulumi.<stack>.yaml, Pulumi.yaml, slipway.yaml; or a check's answer."
        ),
    ] = None,
    *,
    write: Annotated[
        Path | None,
        typer.Option("--write", help="Write all schemas and the page below this folder.", file_okay=False),
    ] = None,
) -> None:
    """Print the JSON schema of a settings file, which the files name so that editors complete and check.

    slipway schema service
    slipway schema --write docs      # docs/schemas/*.json and docs/settings.md
    """
    # The models are slow to make, and no other command pays for them.
    from slipway.platform.schema import SCHEMAS as OF_PLATFORM  # noqa: PLC0415
    from slipway.platform.schema import settings_page  # noqa: PLC0415
    from slipway.stacks.checks.contract import schema as findings  # noqa: PLC0415
    from slipway.stacks.settings import schema as delivery  # noqa: PLC0415

    schemas = {**OF_PLATFORM, File.DELIVERY.value: delivery, File.FINDINGS.value: findings}
    if write is not None:
        (write / "schemas").mkdir(parents=True, exist_ok=True)
        for name, of_file in schemas.items():
            (write / "schemas" / f"{name}.json").write_text(_text(of_file()), encoding="utf-8")
        (write / "settings.md").write_text(settings_page(), encoding="utf-8")
    elif file is None:
        raise typer.BadParameter(
            "name a file: service, stack, project, delivery or findings", param_hint="'file'"
        )
    else:
        typer.echo(_text(schemas[file.value]()), nl=False)


def _text(value: dict[str, object]) -> str:
    return json.dumps(value, indent=2) + "\n"
