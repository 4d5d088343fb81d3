"""CONTRIBUTING's walk from a service's file to what it gets: short, whole, each file leads to the next."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST = 15
DECLARED = ("aws.iam.Role(", "github.RepositoryEnvironment(", "k8s.rbac.v1.Role(", "k8s.rbac.v1.RoleBinding(")
"""What the walk leads to."""


def section() -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    return text.partition("## From a service's file to what it gets\n")[2].partition("\n## ")[0]


WALK = re.findall(r"^\d+\. `([^`]+)`", section(), re.MULTILINE)


def imported(file: str) -> set[str]:
    """The project's files that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {f"{name.replace('.', '/')}.py" for name in names}


def test_the_walk_is_short_and_its_files_are_there() -> None:
    assert "\nFifteen files" in section()
    assert len(WALK) == len(set(WALK)) == MOST
    assert [file for file in WALK if not (ROOT / file).is_file()] == []


@pytest.mark.parametrize(("place", "file"), list(enumerate(WALK))[2:])
def test_a_file_of_the_walk_belongs_to_one_before_it(place: int, file: str) -> None:
    before = WALK[1:place]
    assert any(file in imported(other) or other in imported(file) for other in before)


def test_the_walk_names_functions_that_are_there() -> None:
    named = set(re.findall(r"`(_?[a-z]+(?:_[a-z]+)*)(?:\(\))?`", section()))
    sources = "".join((ROOT / file).read_text() for file in [*WALK, "slipway/platform/rules/__init__.py"])
    assert {name for name in named if f"def {name}(" not in sources} == set()


@pytest.mark.parametrize("resource", DECLARED)
def test_the_walk_leads_to_what_a_service_gets(resource: str) -> None:
    declared = {
        path.relative_to(ROOT).as_posix()
        for room in ("components", "infra")
        for path in (ROOT / room).rglob("*.py")
        if resource in path.read_text()
    }
    assert declared & set(WALK)


@pytest.mark.parametrize("component", ["CiRole", "ServiceRepository", "ClusterAccess"])
def test_nothing_stands_between_the_program_and_a_component_of_the_walk(component: str) -> None:
    """Else the walk would leave out a file through which a reader has to go."""
    assert f"{component}Args(" in (ROOT / "infra/program.py").read_text()
