"""`.slipway` is ours alone, or no command goes on: what is in it is believed, and written to."""

import errno
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.bootstrap.run import project as rehearsal
from slipway.engine.cli_local import passphrase
from slipway.engine.fence import Home
from slipway.errors import SlipwayError
from slipway.localcloud import runtime
from slipway.private_folder import private_folder

FOLDER = ".slipway"
LINKS = ("cloud.log", "cloud.json", "passphrase", "state", "pulumi", "build", "rehearsal", "git", "nowhere")
COMMANDS: dict[str, Callable[[Path], object]] = {
    "start": runtime.start,
    "stop": runtime.stop,
    "running": runtime.running,
    "status": runtime.status,
    "states": lambda root: Home(root, "slipway").states("slipway"),
    "pulumi": lambda root: Home(root, "slipway").pulumi("slipway"),
    "passphrase": passphrase,
    "rehearsal": lambda root: rehearsal(root, "prod", "http://127.0.0.1:1"),
}
every_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Something of ours that a link leads to."""
    made = tmp_path / "elsewhere"
    made.mkdir()
    (made / "precious").write_text("precious")
    return made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    (made / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n")
    (made / "Pulumi.prod.yaml").write_text("config: {}\n")
    return made


@every_command
def test_a_folder_that_is_a_link_is_refused(
    command: Callable[[Path], object], root: Path, elsewhere: Path
) -> None:
    (root / FOLDER).symlink_to(elsewhere)
    with pytest.raises(SlipwayError, match="link") as refused:
        command(root)
    assert refused.value.where == str(root / FOLDER)
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]


@every_command
def test_another_users_folder_is_refused(
    command: Callable[[Path], object], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / FOLDER).mkdir(mode=0o777)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(SlipwayError, match="another user"):
        command(root)
    assert list((root / FOLDER).iterdir()) == []


@every_command
def test_a_link_in_it_is_refused_and_what_it_leads_to_stays(
    command: Callable[[Path], object], root: Path, elsewhere: Path
) -> None:
    (root / FOLDER).mkdir(mode=0o700)
    (root / FOLDER / "cloud.log").symlink_to(elsewhere / "precious")
    with pytest.raises(SlipwayError, match="link") as refused:
        command(root)
    assert refused.value.where == str(root / FOLDER / "cloud.log")
    assert (elsewhere / "precious").read_text() == "precious"


@pytest.mark.parametrize("name", LINKS)
def test_whatever_is_in_it_may_be_no_link(root: Path, elsewhere: Path, name: str) -> None:
    (root / FOLDER).mkdir(mode=0o700)
    (root / FOLDER / name).symlink_to(elsewhere)
    with pytest.raises(SlipwayError, match="link"):
        private_folder(root)


@pytest.mark.parametrize("mode", [0o777, 0o720, 0o702])
def test_a_folder_that_others_may_write_into_is_refused(root: Path, mode: int) -> None:
    (root / FOLDER).mkdir()
    (root / FOLDER).chmod(mode)
    with pytest.raises(SlipwayError, match="other users may write"):
        private_folder(root)


def test_a_file_of_its_name_is_refused(root: Path) -> None:
    (root / FOLDER).write_text("")
    with pytest.raises(SlipwayError, match="no folder"):
        private_folder(root)


def test_it_is_made_for_its_owner_only_and_only_when_asked_for(root: Path) -> None:
    assert not private_folder(root).exists()
    assert private_folder(root, make=True).stat().st_mode & 0o777 == 0o700
    assert private_folder(root) == root / FOLDER


def test_a_rehearsal_writes_no_stack_file_through_a_link(root: Path, elsewhere: Path) -> None:
    (root / FOLDER / "rehearsal").mkdir(mode=0o700, parents=True)
    (root / FOLDER).chmod(0o700)
    copy = root / FOLDER / "rehearsal" / "Pulumi.prod.yaml"
    copy.symlink_to(elsewhere / "precious")
    os.utime(elsewhere / "precious", (0, 0))
    rehearsal(root, "prod", "http://127.0.0.1:1")
    assert (elsewhere / "precious").read_text() == "precious"
    assert copy.read_text() == "config: {}\n"
    assert not copy.is_symlink()


def test_a_full_disk_is_told_where_it_can_still_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    private_folder(tmp_path)
    with pytest.raises(OSError, match="No space left"):
        private_folder(tmp_path, make=True)
