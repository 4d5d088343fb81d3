"""CONTRIBUTING's recipe for a command, followed in a copy of the tree on the files that it names."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("slipway", "runners", "components", "infra", "README.md", "CONTRIBUTING.md")
NOTICING = ("tests/test_commands.py", "tests/test_imports.py")
FILES = ("slipway/cli/greet.py", "slipway/cli/__init__.py", "README.md")
COMMAND = '''"""`slipway greet`: says good day."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Exit status: 0 said; 1 an error.")(greet)


def greet(name: Annotated[str, typer.Argument(help="Whom to greet.")]) -> None:
    """Say good day to somebody."""
    typer.echo(f"Good day, {name}.")
'''


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    for name in NOTICING:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1, f"{file.name}: {old!r}"
    file.write_text(text.replace(old, new))


def follow(copy: Path) -> None:
    """Do what the recipe says, in the order in which it says it."""
    (copy / FILES[0]).write_text(COMMAND)
    replace(copy / FILES[1], "import access, bootstrap, cloud,", "import access, bootstrap, cloud, greet,")
    replace(copy / FILES[1], "bootstrap.register(app)\n", "bootstrap.register(app)\ngreet.register(app)\n")
    replace(
        copy / FILES[2],
        "| `slipway bootstrap STACK`",
        "| `slipway greet NAME` | good day |\n| `slipway bootstrap STACK`",
    )


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def notice(copy: Path) -> subprocess.CompletedProcess[str]:
    return run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *NOTICING)


def slipway(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(copy, "-c", "from slipway.cli import main; main()", *arguments)


def test_the_recipe_names_these_files() -> None:
    recipe = (ROOT / "CONTRIBUTING.md").read_text().partition("### A command\n")[2].partition("\n#")[0]
    for file in (FILES[0].replace("greet", "<name>"), *FILES[1:], "tests/test_commands.py"):
        assert f"`{file}`" in recipe


def test_a_command_that_follows_the_recipe_is_there_and_passes(copy: Path) -> None:
    follow(copy)
    assert "greet" in slipway(copy, "--help").stdout
    assert "Whom to greet." in slipway(copy, "greet", "--help").stdout
    assert slipway(copy, "greet", "Ada").stdout == "Good day, Ada.\n"
    checked = notice(copy)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("README.md", "| `slipway greet NAME` | good day |\n", "", "README.md has no row for slipway greet"),
        (
            "slipway/cli/__init__.py",
            "greet.register(app)\n",
            "",
            "has a row for slipway greet, which does not",
        ),
        (
            "slipway/cli/greet.py",
            '    """Say good day to somebody."""\n',
            "",
            "slipway greet has no docstring",
        ),
        (
            "slipway/cli/greet.py",
            'epilog="Exit status: 0 said; 1 an error."',
            "",
            "has no epilog on its exit",
        ),
        (
            "slipway/cli/greet.py",
            "import typer\n",
            "import typer\nfrom infra import program\n",
            "imports infra",
        ),
    ],
)
def test_a_step_left_out_is_noticed_by_name(
    copy: Path, file: str, old: str, new: str, complaint: str
) -> None:
    follow(copy)
    replace(copy / file, old, new)
    checked = notice(copy)
    assert checked.returncode == 1
    assert complaint in checked.stdout
