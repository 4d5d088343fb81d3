"""What a job with a credential, and an image, are made of: the runtime lock, digests, verified downloads."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from tests.workflows.workflows import ROOT, Workflow, ours

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
OURS = {"components", "infra", "runners", "slipway", "tools"}
DOWNLOADERS = ("pulumi/actions", "hashicorp/setup-packer")
"""Actions that download a program which then meets the credential."""

with_credential = [
    pytest.param(workflow, name, job, id=f"{workflow.path.stem}-{name}")
    for workflow in ours()
    for name, job in workflow.jobs.items()
    if "id-token" in job["permissions"]
]


def locked(name: str) -> set[tuple[str, str]]:
    """Distributions of a lock with their versions; a few have two, for two kinds of Python."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    found = re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]+\])?==(\S+)", text, re.MULTILINE)
    return {(normal(one), version) for one, version in found}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize(("workflow", "name", "job"), with_credential)
def test_a_job_with_a_credential_installs_the_runtime_lock(
    workflow: Workflow, name: str, job: dict[str, Any]
) -> None:
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert "make install-runtime" in runs
    assert not {"make install", "make test", "make check"} & set(runs)


def test_nothing_that_only_tests_or_lints_is_in_the_runtime_lock() -> None:
    tools = [one for one in PYPROJECT["dependency-groups"]["dev"] if isinstance(one, str)]
    names = {re.split(r"[\[<>=]", one)[0] for one in tools}
    assert {"pytest", "ruff", "hypothesis"} <= names
    assert not names & {name for name, _ in locked("runtime")}


def test_both_locks_have_the_same_versions_hashed() -> None:
    assert len(locked("runtime")) > 50
    assert locked("runtime") <= locked("dev")
    for name in ("runtime", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text()
        assert len(re.findall(r"==.* \\\n    --hash=sha256:", text)) == len(locked(name))


def test_what_ships_needs_the_runtime_lock_only() -> None:
    runtime = {name for name, _ in locked("runtime")}
    owners = packages_distributions()
    for room in ("slipway", "components", "infra", "runners"):
        for file in (ROOT / room).rglob("*.py"):
            for module in _imported(file) - OURS:
                found = {normal(one) for one in owners.get(module, [])}
                assert not found or found & runtime, f"{file.relative_to(ROOT)} imports {module}"


def _imported(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {one.name.split(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_each_lock_is_what_its_target_installs() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target, lock in (("installed", "dev"), ("installed-runtime", "runtime")):
        assert (
            f"$(VENV)/{target}: requirements/{lock}.txt pyproject.toml\n\t@$(call set_up,{lock})" in makefile
        )
    assert "--require-hashes -r requirements/$(1).txt" in makefile
    assert "image-block: $(INSTALLED) ##" in makefile


def test_the_base_of_an_image_is_a_digest() -> None:
    files = [path for path in ROOT.rglob("*Dockerfile") if not {".venv", ".slipway"} & set(path.parts)]
    assert files
    for path in files:
        for base in re.findall(r"^FROM (\S+)", path.read_text(), re.MULTILINE):
            assert re.search(r"@(sha256:[0-9a-f]{64}|\$\{BASE_DIGEST\})$", base), f"{path}: {base}"
        # No default that would age, and none that is a tag.
        assert re.findall(r"^ARG BASE_DIGEST.*$", path.read_text(), re.MULTILINE) in ([], ["ARG BASE_DIGEST"])


@pytest.mark.parametrize("workflow", ours(), ids=lambda one: one.name)
def test_beside_what_is_downloaded_stands_what_verifies_it(workflow: Workflow) -> None:
    for action in DOWNLOADERS:
        for found in re.finditer(
            rf"((?:^ +#.*\n)*)^ +- uses: {action}@.*\n((?:^ {{8,}}.*\n)+)", workflow.text, re.MULTILINE
        ):
            comment, inputs = found.groups()
            assert "verifies" in comment
            page = re.search(r"docs/decisions/(\d{4})", comment)
            assert page
            assert list((ROOT / "docs/decisions").glob(f"{page[1]}-*.md"))
            assert re.search(r'version: "\d+\.\d+\.\d+"', inputs), "a version, and no range"
