"""The stack file gets its pointers and keeps every other byte."""

import difflib
from pathlib import Path

import pytest

from slipway.bootstrap.stack_file import StackFile
from slipway.errors import SlipwayError

ROOT = Path(__file__).parents[2]
PROVIDER = "awskms://alias/slipway-state-prod?region=eu-west-1"


def point(file: StackFile, *, adopt: bool = False) -> bool:
    return file.point(
        secrets_provider=PROVIDER, sealed_key=b"\x01" * 150, state_key="arn:aws:kms:x", adopt_provider=adopt
    )


@pytest.mark.parametrize("stack", ["automation", "staging", "prod"])
@pytest.mark.parametrize("adopt", [False, True])
def test_only_lines_are_added_to_the_stack_files_of_this_repository(
    stack: str, adopt: bool, tmp_path: Path
) -> None:
    before = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    lines = [line for line in before.splitlines() if not line.startswith(("secretsprovider", "encryptedkey"))]
    (tmp_path / f"Pulumi.{stack}.yaml").write_text("\n".join(lines) + "\n")
    file = StackFile(tmp_path, stack)
    assert point(file, adopt=adopt)
    changes = [
        line for line in difflib.ndiff(lines, file.path.read_text().splitlines()) if not line.startswith("  ")
    ]
    assert len(changes) == (4 if adopt else 3)
    assert all(line.startswith("+ ") for line in changes), changes
    held = file.read()
    assert (held.secrets_provider, held.state_key) == (PROVIDER, "arn:aws:kms:x")
    assert held.adopts_provider is adopt
    assert file.path.read_text().splitlines()[0] == before.splitlines()[0]


def test_pointing_twice_changes_nothing_the_second_time(folder: Path) -> None:
    file = StackFile(folder, "prod")
    assert point(file)
    before = file.path.read_bytes()
    assert not point(file)
    assert file.path.read_bytes() == before


def test_comments_stay(folder: Path) -> None:
    file = StackFile(folder, "prod")
    point(file)
    text = file.path.read_text()
    assert "# The production account." in text
    assert "region: eu-west-1  # Ireland" in text


def test_permissions_of_the_file_stay(folder: Path) -> None:
    file = StackFile(folder, "prod")
    file.path.chmod(0o640)
    point(file)
    assert file.path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("text", "message"),
    [("config: [", "not valid YAML"), ("config: {}\n", "no slipway:platform"), ("", "no slipway:platform")],
)
def test_a_file_that_cannot_be_pointed_is_refused_and_stays(folder: Path, text: str, message: str) -> None:
    file = StackFile(folder, "prod")
    file.path.write_text(text)
    with pytest.raises(SlipwayError, match=message):
        point(file)
    assert file.path.read_text() == text


def test_a_missing_file_is_named(folder: Path) -> None:
    with pytest.raises(SlipwayError, match=r"cannot be read") as caught:
        StackFile(folder, "nowhere").read()
    assert caught.value.where.endswith("Pulumi.nowhere.yaml")
