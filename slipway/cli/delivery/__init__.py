"""Commands of infrastructure delivery, for the stacks of any repository."""

import typer

from slipway.cli.delivery import commands, sequences


def register(app: typer.Typer) -> None:
    """Add the commands."""
    commands.register(app)
    app.add_typer(sequences.app, name="stacks")
