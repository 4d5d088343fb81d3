"""A fact that two sides must agree on is written in one place: who needs it imports it from there."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("slipway", "infra", "components", "runners")
PLATFORM = "slipway/platform"
FACTS = {
    # A part of a text -> the files that may hold it.
    "/slipway/ci/": {f"{PLATFORM}/naming.py"},
    "/slipway/infra/": {f"{PLATFORM}/naming.py"},
    "slipway-ci-boundary": {f"{PLATFORM}/naming.py"},
    "slipway-state-": {f"{PLATFORM}/naming.py"},
    "slipway-plans": {f"{PLATFORM}/naming.py"},
    "-service-helm-values": {f"{PLATFORM}/naming.py"},
    "alias/slipway-": {f"{PLATFORM}/naming.py", "components/cluster/cluster.py"},
    ".dkr.ecr.": {f"{PLATFORM}/naming.py"},
    "refs/pull/*/merge": {f"{PLATFORM}/services.py"},
    "123456789012": {f"{PLATFORM}/stack.py"},
    "https://api.github.com": {
        f"{PLATFORM}/naming.py",
        # As GitHub writes it into its answers, wherever the stand-in listens.
        "slipway/localcloud/github/payloads.py",
    },
    "token.actions.githubusercontent.com": {"slipway/access/claims.py"},
    "sts.amazonaws.com": {
        "slipway/access/claims.py",
        # What pulumi-eks makes of its own accord, for the cluster's issuer.
        "slipway/localcloud/providers/eks/cluster.py",
        "runners/boot/cicd.py",  # STS's address, on an instance
    },
}
DEFAULTS = {
    "max_minutes": {f"{PLATFORM}/runner_classes.py"},
    "idle_minutes": {f"{PLATFORM}/runner_classes.py"},
    "boot_minutes": {f"{PLATFORM}/runner_classes.py"},
    "flow_log_days": {f"{PLATFORM}/network.py"},
    "webhook_rate": {f"{PLATFORM}/runner_classes.py"},
    "disk_gib": {f"{PLATFORM}/runner_classes.py", f"{PLATFORM}/cluster.py"},
}
"""A setting's key -> the files that give it a default; what `runners/` takes for granted is compared with the
model by tests/components/test_runner_shipped.py."""


def sources() -> Iterator[tuple[str, ast.Module]]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def explanations(tree: ast.Module) -> set[int]:
    """Texts that stand alone: docstrings of modules, functions, classes and attributes."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


@pytest.fixture(scope="module")
def texts() -> list[tuple[str, str]]:
    """Every text of the product by its file, without explanations; of an f-string its fixed parts."""
    return [
        (file, node.value)
        for file, tree in sources()
        for explained in [explanations(tree)]
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explained
    ]


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_is_written_in_one_place(fact: str, texts: list[tuple[str, str]]) -> None:
    assert {file for file, text in texts if fact in text} == FACTS[fact]


@pytest.mark.parametrize("key", DEFAULTS)
def test_a_default_is_written_in_one_place(key: str) -> None:
    said = {
        file
        for file, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == key
        and isinstance(node.value, ast.Constant)
    }
    assert said == DEFAULTS[key]
