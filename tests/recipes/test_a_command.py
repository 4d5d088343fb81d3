"""CONTRIBUTING's recipe for a command, followed in a copy of the tree on the files that it names."""

from pathlib import Path

import pytest

from tests.recipes.conftest import ROOT, add, notice, replace, run_tests, slipway

NOTICING = ("tests/test_commands.py", "tests/test_imports.py")
FILES = ("slipway/cli/greet.py", "slipway/cli/__init__.py", "README.md")
COMMAND = '''"""`slipway greet`: says good day."""

import json
from pathlib import Path
from typing import Annotated

import typer

from slipway.cli.contract import ending
from slipway.cli.options import AS_JSON, ROOT


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=ending("0 said; 1 an error.", "slipway greet Ada"))(greet)


def greet(
    name: Annotated[str, typer.Argument(help="Whom to greet.")],
    *,
    as_json: AS_JSON = False,
    root: ROOT = Path(),
) -> None:
    """Say good day to somebody."""
    typer.echo(json.dumps({"greeted": name}) if as_json else f"Good day, {name}.")
'''


def follow(copy: Path) -> None:
    """Do what the recipe says, in the order in which it says it."""
    (copy / FILES[0]).write_text(COMMAND)
    replace(copy / FILES[1], " github_app,", " github_app, greet,")
    replace(copy / FILES[1], "bootstrap.register(app)\n", "bootstrap.register(app)\ngreet.register(app)\n")
    replace(
        copy / FILES[2],
        "| `slipway schema service`",
        "| `slipway greet NAME` | good day |\n| `slipway schema service`",
    )


def test_the_recipe_names_these_files() -> None:
    recipe = (ROOT / "CONTRIBUTING.md").read_text().partition("### A command\n")[2].partition("\n#")[0]
    for file in (FILES[0].replace("greet", "<name>"), *FILES[1:], "tests/test_commands.py"):
        assert f"`{file}`" in recipe


def test_a_command_that_follows_the_recipe_is_there_and_passes(copy: Path) -> None:
    follow(copy)
    assert "greet" in slipway(copy, "--help").stdout
    assert "Whom to greet." in slipway(copy, "greet", "--help").stdout
    assert slipway(copy, "greet", "Ada").stdout == "Good day, Ada.\n"
    checked = notice(copy, *NOTICING)
    assert checked.returncode == 0, checked.stdout


LEFT_OUT = (
    ("README.md", "| `slipway greet NAME` | good day |\n", "", "README.md has no row for slipway greet"),
    ("slipway/cli/greet.py", '    """Say good day to somebody."""\n', "", "no docstring"),
    ("slipway/cli/greet.py", "    as_json: AS_JSON = False,\n", "", "no --json"),
    ("slipway/cli/greet.py", "import typer\n", "import typer\nfrom infra import program\n", "imports infra"),
)
WITHOUT_END = (
    (
        "slipway/cli/greet.py",
        'epilog=ending("0 said; 1 an error.", "slipway greet Ada")',
        "",
        "no epilog on its exit",
    ),
)
UNREGISTERED = (
    ("slipway/cli/__init__.py", "greet.register(app)\n", "", "has a row for slipway greet, which does not"),
)


@pytest.mark.parametrize(
    "steps", [LEFT_OUT, WITHOUT_END, UNREGISTERED], ids=["explained and alike", "its end", "registered"]
)
def test_each_step_left_out_is_noticed_by_name(copy: Path, steps: tuple[tuple[str, ...], ...]) -> None:
    follow(copy)
    for file, old, new, _ in steps:
        replace(copy / file, old, new)
    add(copy, *NOTICING)
    checked = run_tests(copy, *NOTICING, "-k", "greet or readme or test_imports")
    assert checked.returncode == 1
    for *_, complaint in steps:
        assert complaint in checked.stdout
