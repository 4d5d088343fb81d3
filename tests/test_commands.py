"""Every command explains itself, and the README names it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from typer.testing import CliRunner

from slipway.cli import app

README = Path(__file__).parents[1] / "README.md"
COMMANDS: Any = typer.main.get_command(app)


def commands() -> Iterator[tuple[str, Any]]:
    """Each command with its words, such as `runners status`; of a group in a group, the group alone."""
    for name, command in COMMANDS.commands.items():
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            yield from ((f"{name} {key}", value) for key, value in inner.items())


def named(text: str) -> set[str]:
    """The commands in the first cells of the README's table, which names a group once in a row."""
    names: set[str] = set()
    for cell in re.findall(r"^\| (`slipway [^|]*) \|", text, re.MULTILINE):
        first, *others = re.findall(r"`([^`]+)`", cell)
        words = first.split()[1:]
        group = words[0] if words[0] in COMMANDS.commands and len(words) > 1 else ""
        group = group if hasattr(COMMANDS.commands.get(group), "commands") else ""
        names.add(f"{group} {words[1]}" if group else words[0])
        names.update(f"{group} {other.split()[0]}".strip() for other in others)
    return names


def test_the_readme_names_every_command() -> None:
    missing = {name for name, _ in commands()} - named(README.read_text())
    assert not missing, f"README.md has no row for slipway {', slipway '.join(sorted(missing))}"


def test_the_readme_names_no_command_that_is_not_there() -> None:
    gone = named(README.read_text()) - {name for name, _ in commands()}
    assert not gone, (
        f"README.md has a row for slipway {', slipway '.join(sorted(gone))}, which does not exist"
    )


def test_every_command_says_what_it_is_for_and_how_it_ends() -> None:
    for name, command in commands():
        assert command.help, f"slipway {name} has no docstring"
        if not hasattr(command, "commands"):
            assert "Exit status" in (command.epilog or ""), f"slipway {name} has no epilog on its exit status"
        for option in ("-h", "--help"):
            shown = CliRunner().invoke(app, [*name.split(), option])
            assert (shown.exit_code, "Usage" in shown.output) == (0, True), f"slipway {name} {option}"
