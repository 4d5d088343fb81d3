"""CONTRIBUTING's recipe for a service: the README's block in a copy of the tree, and what reads the files."""

import re
import shutil
from pathlib import Path

from tests.recipes.conftest import ROOT, run

READING = (
    "tests/platform/test_environments.py",
    "tests/platform/test_services.py",
    "tests/platform/test_runner_classes.py",
    "tests/platform/test_schema.py",
    "tests/program/test_access_of_stacks.py",
)


def test_the_tests_of_the_project_know_no_service_by_heart(copy: Path) -> None:
    (block,) = re.findall(
        r"```yaml\n(# yaml-language-server.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    (copy / "services" / "invoices.yaml").write_text(block)
    shutil.copytree(ROOT / "tests", copy / "tests")
    shutil.copytree(ROOT / ".github", copy / ".github")
    shutil.copy(ROOT / "__main__.py", copy / "__main__.py")
    checked = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *READING)
    assert checked.returncode == 0, checked.stdout[-3000:]
