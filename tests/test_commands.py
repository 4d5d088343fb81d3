"""Every command explains itself and behaves like the others, and the README names it."""

import errno
import json
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from slipway.cli import app, main
from slipway.cli.options import project_folder
from slipway.errors import SlipwayError

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


def leaves(group: Any = COMMANDS, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Each command that does something, however deep it stands."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


LEAVES = dict(leaves())
PRINTS_JSON_ANYWAY = {"schema"}
NEEDS_NO_PROJECT = PRINTS_JSON_ANYWAY | {"version", "demo infra"}


def options(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("name", LEAVES)
def test_a_command_says_what_it_is_for_and_how_it_ends(name: str) -> None:
    assert LEAVES[name].help, "no docstring"
    assert "Exit status" in (LEAVES[name].epilog or ""), "no epilog on its exit status"
    for option in ("-h", "--help"):
        shown = CliRunner().invoke(app, [*name.split(), option])
        assert (shown.exit_code, "Usage" in shown.output) == (0, True)


@pytest.mark.parametrize("name", LEAVES)
def test_a_command_shows_how_it_is_called(name: str) -> None:
    """By lines that its own options accept."""
    examples = re.findall(r"Example: (.+)", LEAVES[name].epilog)
    assert examples
    for example in examples:
        words = shlex.split(example.partition("<")[0])
        assert words[: 1 + len(name.split())] == ["slipway", *name.split()], example
        LEAVES[name].make_context(name, words[1 + len(name.split()) :])


@pytest.mark.parametrize("name", LEAVES)
def test_a_command_is_called_like_the_others(name: str) -> None:
    given = options(LEAVES[name])
    assert name in PRINTS_JSON_ANYWAY or "--json" in given, "no --json"
    assert name in NEEDS_NO_PROJECT or "--root" in given, "no --root"
    assert ("--yes" in given) == ("-y" in given)
    assert not given & {"--format", "--output", "-o"}, "a second way to ask for a form"


@pytest.mark.parametrize("name", [name for name, command in LEAVES.items() if "--json" in options(command)])
def test_an_error_is_json_where_json_is_asked_for(name: str) -> None:
    shown = CliRunner().invoke(app, [*name.split(), "--json", "--nonsense"])
    told = json.loads(shown.stdout)["error"]
    assert "--nonsense" in told["what"]
    assert told["fix"].endswith(f"{name} --help")
    assert shown.exit_code != 0


def test_every_mistake_of_the_settings_is_told_by_itself(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  slipway:platform:\n    region: 1\n")
    shown = CliRunner().invoke(app, ["runners", "status", "prod", "--json", "--root", str(tmp_path)])
    mistakes = json.loads(shown.stdout)["error"]["mistakes"]
    assert {"file": "Pulumi.prod.yaml", "line": 3}.items() <= mistakes[1].items()
    assert {mistake["key"] for mistake in mistakes} >= {"slipway:organization", "slipway:platform.region"}


@pytest.mark.parametrize(
    ("number", "says"),
    [(errno.ENOSPC, "make room on the disk"), (errno.EROFS, "a folder that you may write to")],
)
def test_what_the_disk_refuses_is_told_with_the_place(
    number: int, says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), str(tmp_path / "x"))

    monkeypatch.setattr(Path, "mkdir", refuse)
    shown = CliRunner().invoke(app, ["schema", "--write", str(tmp_path / "docs")])
    assert isinstance(shown.exception, SlipwayError)
    assert shown.exception.where == str(tmp_path / "x")
    assert says in shown.exception.fix


def test_the_versions_are_told_by_a_command_and_by_the_usual_option() -> None:
    told = json.loads(CliRunner().invoke(app, ["version", "--json"]).stdout)
    assert list(told) == ["slipway", "python", "pulumi"]
    for arguments in (["version"], ["--version"]):
        assert f"slipway {told['slipway']}\n" in CliRunner().invoke(app, arguments).stdout


@pytest.mark.parametrize(("typed", "meant"), [("acess", "access"), ("runners statsu", "status")])
def test_a_mistyped_name_of_a_command_is_told_with_the_nearest(typed: str, meant: str) -> None:
    shown = CliRunner().invoke(app, [*typed.split(), "--json"])
    assert f"Did you mean '{meant}'?" in json.loads(shown.stdout)["error"]["what"]


def test_the_project_is_found_from_below_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "docs" / "images"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert project_folder(Path()) == Path()
    (tmp_path / "Pulumi.yaml").touch()
    assert project_folder(Path()) == tmp_path
    assert project_folder(Path("elsewhere")) == Path("elsewhere")


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["preview", "nope"], 1)])
def test_no_color_leaves_no_escape_on_a_terminal(arguments: list[str], code: int) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "xterm-256color"}
    environment.pop("GITHUB_ACTIONS", None)
    slipway = Path(sys.executable).parent / "slipway"
    ended = subprocess.run(
        [slipway, *arguments], stdout=theirs, stderr=theirs, env=environment, check=False, timeout=120
    )
    os.close(theirs)
    shown = b""
    while len(shown) < 100_000:
        try:
            part = os.read(ours, 10_000)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert ended.returncode == code
    assert b"Usage" in shown or b"there is no stack" in shown
    assert b"\x1b" not in shown


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            "schema foo",
            "Invalid value for 'file': "
            "'foo' is not one of 'service', 'stack', 'project', 'delivery', 'findings'.",
        ),
        ("schema", "Invalid value for 'file': name a file: service, stack, project, delivery or findings"),
        ("preview prod --engine foo", "Invalid value for '--engine': 'foo' is not one of 'auto', "),
        ("runners simulate --jobs x", "Invalid value for '--jobs': found 'x'; expected a whole number"),
        *(
            (f"{typed} nowhere --json --markdown", "choose one of --json and --markdown")
            for typed in ("up --yes", "preview", "refresh", "destroy --yes", "drift", "recover")
        ),
        ("access --json --markdown", "choose one of --json and --markdown"),
    ],
)
def test_a_mistyped_command_is_told_in_our_words(
    typed: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["slipway", *typed.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert said in told
    assert "  do:    slipway " in told
