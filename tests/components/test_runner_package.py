"""The functions' zip files: the same bytes for the same sources, whatever the machine."""

import base64
import hashlib
import os
import shutil
import threading
import zipfile
from pathlib import Path

import pytest

from components.runners.package import package
from slipway.errors import SlipwayError
from tests.components.samples_runners import ROOT


def sources(root: Path) -> Path:
    folder = root / "runners" / "webhook"
    folder.mkdir(parents=True)
    (root / "runners" / "__init__.py").write_text("")
    (folder / "b.py").write_text("B = 2\n")
    (folder / "a.py").write_text("A = 1\n")
    return root


PARTS = ("runners/__init__.py", "runners/webhook")


def test_the_same_sources_make_the_same_bytes_elsewhere_and_later(tmp_path: Path) -> None:
    first = sources(tmp_path / "one")
    made = package(first, PARTS, tmp_path / "build")
    second = tmp_path / "two"
    shutil.copytree(first, second)
    os.utime(second / "runners" / "webhook" / "a.py", (1, 1))
    (second / "runners" / "webhook" / "a.py").chmod(0o700)
    (second / "runners" / "webhook" / "__pycache__").mkdir()
    (second / "runners" / "webhook" / "__pycache__" / "a.cpython-311.pyc").write_bytes(b"cache")
    again = package(second, PARTS, tmp_path / "other")
    assert again.sha256 == made.sha256
    assert Path(again.path).name == Path(made.path).name
    assert Path(again.path).read_bytes() == Path(made.path).read_bytes()


def test_a_changed_source_makes_another_file(tmp_path: Path) -> None:
    root = sources(tmp_path / "one")
    made = package(root, PARTS, tmp_path / "build")
    (root / "runners" / "webhook" / "a.py").write_text("A = 2\n")
    changed = package(root, PARTS, tmp_path / "build")
    assert changed.sha256 != made.sha256
    assert changed.path != made.path
    assert Path(made.path).exists()


def test_the_hash_is_what_lambda_computes_and_the_paths_are_what_handlers_name(tmp_path: Path) -> None:
    made = package(sources(tmp_path / "one"), PARTS, tmp_path / "build")
    content = Path(made.path).read_bytes()
    assert base64.b64decode(made.sha256) == hashlib.sha256(content).digest()
    with zipfile.ZipFile(made.path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["runners/__init__.py", "runners/webhook/a.py", "runners/webhook/b.py"]
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}


def test_many_packagers_leave_one_whole_file(tmp_path: Path) -> None:
    root = sources(tmp_path / "one")
    build = tmp_path / "build"
    threads = [threading.Thread(target=package, args=(root, PARTS, build)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(build.iterdir())) == 1
    with zipfile.ZipFile(next(build.iterdir())) as archive:
        assert archive.testzip() is None


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="runners/gone is not there"):
        package(sources(tmp_path / "one"), ("runners/gone",), tmp_path / "build")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SlipwayError, match="nothing to package"):
        package(tmp_path, ("empty",), tmp_path / "build")


@pytest.mark.parametrize("folder", ["webhook", "control"])
def test_the_functions_fit(folder: str, tmp_path: Path) -> None:
    made = package(ROOT, ("runners/__init__.py", f"runners/{folder}"), tmp_path)
    limit = {"webhook": 50_000, "control": 1_000_000}[folder]
    assert Path(made.path).stat().st_size <= limit
