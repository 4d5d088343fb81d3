"""docs/seeds.md names commands, tests, workflows and decisions: each of them is there."""

import re
from pathlib import Path

from typer.main import get_command

from slipway.cli import app

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "seeds.md").read_text()


def test_every_test_that_it_names_is_there() -> None:
    named = set(re.findall(r"`(tests/[^`]+)`", TEXT))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_every_command_that_it_names_is_there() -> None:
    known = get_command(app).commands  # pyright: ignore[reportAttributeAccessIssue]
    named = set(re.findall(r"`slipway ([a-z]+)", TEXT))
    assert len(named) > 5
    assert named - set(known) == set()


def test_every_row_names_what_shows_it() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "shown by" not in line]
    assert len(rows) > 25
    assert [row for row in rows if not re.search(r"`tests/[^`]+`(, `tests/[^`]+`)* \|$", row)] == []


def test_every_workflow_and_decision_that_it_names_is_there() -> None:
    titles = [file.read_text().partition("\nname: ")[2].partition("\n")[0] for file in WORKFLOWS]
    named = set(re.findall(r"workflows? (?:`?)(Infra \w+|Runner image)", TEXT)) | set(
        re.findall(r"and (Infra \w+) \|", TEXT)
    )
    assert named
    assert named <= set(titles)
    for number in re.findall(r"decision (\d+)", TEXT):
        assert list((ROOT / "docs" / "decisions").glob(f"{int(number):04}-*.md")), number


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
