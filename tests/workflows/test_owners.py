"""CODEOWNERS gives everything that decides who may do what to stricter owners; what that is, imports say."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("components", "infra", "runners", "slipway")
GUARDING = re.compile(
    r"aws\.iam\.\w+|aws\.eks\.Access\w+|aws\.kms\.Key\b|aws\.lambda_\.Permission|aws\.\w+\.\w*Policy\b"
    r"|github\.\w*(?:Environment|Ruleset|Permissions|Secret|RunnerGroup)\w*|rbac\.v1\.\w+"
)
"""Resources that are a rule on access themselves."""

USED = ("components.github", "components.identity", "slipway.access")
"""Whoever uses these says who may do what, or wires it."""

BY_NAME = (
    "CODEOWNERS",
    ".github/",
    "Pulumi.yaml",
    "requirements/",
    "runners/",
    "slipway/aws/",
    "slipway/github/",
)
"""What no import leads to: owners, workflows, settings, what is installed, what runs with the fleet's rights,
and the ways to AWS and GitHub."""


def imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}", *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def files_of(modules: set[str]) -> Iterator[Path]:
    for module in modules:
        base = ROOT / module.replace(".", "/")
        yield from (path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists())


def deciding() -> set[str]:
    """Whoever says who may do what or makes a guarding resource, and all that `slipway.access` uses."""
    sources = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    found = {
        path
        for path in sources
        if any(name.startswith(USED) for name in imported(path))
        or (path.is_relative_to(ROOT / "components") and GUARDING.search(path.read_text()))
    }
    seen = waiting = {path for path in sources if path.is_relative_to(ROOT / "slipway/access")}
    while waiting:
        waiting = {used for path in waiting for used in files_of(imported(path))} - seen
        seen = seen | waiting
    found |= seen
    # A file without a statement decides nothing.
    written = {path.relative_to(ROOT).as_posix() for path in found if path.read_text().strip()}
    stacks = {path.name for path in ROOT.glob("Pulumi.*.yaml") if path.name != "Pulumi.local.yaml"}
    return written | stacks | set(BY_NAME)


def owners_of(path: str, lines: list[str]) -> list[str]:
    """The owners that the last line that matches gives; our lines name files and folders from the root."""
    owners: list[str] = []
    for line in lines:
        pattern, *names = line.split()
        inside = pattern.endswith("/") and f"/{path}".startswith(pattern)
        if inside or pattern in {"*", f"/{path}"}:
            owners = names
    return owners


def rules() -> list[str]:
    lines = (ROOT / "CODEOWNERS").read_text().splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def test_what_decides_access_has_stricter_owners() -> None:
    found = deciding()
    assert len(found) > 60
    assert {path for path in found if owners_of(path, rules()) != ["@acme/platform-security"]} == set()


def test_every_line_names_something_that_is_there() -> None:
    named = [line.split()[0].lstrip("/") for line in rules() if not line.startswith("*")]
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("path", ["slipway/access/trust.py", "infra/foundation.py", "slipway/errors.py"])
def test_the_last_line_that_matches_decides(path: str) -> None:
    assert owners_of(path, [*rules(), "/slipway/ @x", "/infra/foundation.py @x"]) == ["@x"]
    assert owners_of(path, ["* @all", "/slip @x"]) == ["@all"]
