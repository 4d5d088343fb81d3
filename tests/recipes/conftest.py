"""A copy of the tree, in which a recipe is followed and the tests that should notice are run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = (
    *("slipway", "runners", "components", "infra", "services", "docs", "examples"),
    *("README.md", "CONTRIBUTING.md", "Pulumi.yaml"),
    *(f"Pulumi.{stack}.yaml" for stack in ("automation", "staging", "prod", "local")),
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    add(tmp_path, *COPIED)
    return tmp_path


def replace(file: Path, old: str, new: str) -> None:
    """Change a text that is there once."""
    text = file.read_text()
    assert text.count(old) == 1, f"{file.name}: {old!r}"
    file.write_text(text.replace(old, new))


def add(copy: Path, *names: str) -> None:
    """Bring more files and folders of the project into the copy, such as the tests that should notice."""
    for name in names:
        source, copied = ROOT / name, copy / name
        copied.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            # With what Python compiled of it, which it takes as long as a file has its size and time.
            shutil.copytree(source, copied)
        else:
            shutil.copy(source, copied)


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python on the code of the copy."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def notice(copy: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """Run tests of the project in the copy."""
    add(copy, *tests)
    return run_tests(copy, *tests)


def run_tests(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run tests that the copy has already."""
    return run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *arguments)


def slipway(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command of the copy."""
    return run(copy, "-c", "from slipway.cli import main; main()", *arguments)
