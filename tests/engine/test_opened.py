"""What Python programs open is noted, here and in processes that are started, and nothing else changes."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from slipway.engine.opened import NOTES, watching


def child(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    names = ("here", "thread", "child", "grandchild", "apart")
    made = [tmp_path / name for name in names]
    for path in made:
        path.write_text(path.name)
    return made


def test_what_is_opened_is_noted_wherever_a_program_runs(files: list[Path], tmp_path: Path) -> None:
    here, thread, below, deeper, apart = files
    with watching() as watch:
        apart.read_text()
        with watch.here():
            here.read_bytes()
            other = threading.Thread(target=thread.read_text)
            other.start()
            other.join()
        apart.read_text()
        child("open('child').close()", tmp_path)
        nested = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'open(\"grandchild\")'])"
        child(nested, tmp_path)
        assert {path for path in watch.files if path.is_relative_to(tmp_path)} == {
            here,
            thread,
            below,
            deeper,
        }


def test_what_is_gone_is_left_out_and_a_link_is_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("it")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    with watching() as watch, watch.here():
        (tmp_path / "link").read_text()
        (tmp_path / "gone").write_text("for a moment")
        (tmp_path / "gone").unlink()
        assert {path for path in watch.files if path.is_relative_to(tmp_path)} == {tmp_path / "file"}


def test_the_environment_is_as_it_was_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    before = dict(os.environ)
    with watching():
        assert os.environ["PYTHONPATH"].endswith(f"{os.pathsep}/somewhere")
    assert dict(os.environ) == before
    assert NOTES not in before


def test_a_sitecustomize_of_the_programs_own_is_still_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.of_its_own = __name__\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said = "import sys; print(getattr(sys, 'of_its_own', 'none'))"
    assert child(said, tmp_path) == "sitecustomize"
    with watching():
        assert child(said, tmp_path) == "sitecustomize"


def test_a_program_runs_on_where_nothing_can_be_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with watching():
        monkeypatch.setenv(NOTES, str(tmp_path / "not there"))
        assert child("print(len(open('/proc/self/stat').read()) > 0)", tmp_path) == "True"
