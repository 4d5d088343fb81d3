"""Stack files as the tests change them."""

import copy
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
STACKS = ("automation", "staging", "prod", "local")


def stack_values(stack: str) -> dict[str, Any]:
    """The values of a committed stack file by key, as the program reads them."""
    config = YAML(typ="safe").load(ROOT / f"Pulumi.{stack}.yaml")["config"]
    return {key.removeprefix("slipway:"): copy.deepcopy(value) for key, value in config.items()}


@pytest.fixture
def prod() -> dict[str, Any]:
    return stack_values("prod")


@pytest.fixture
def local() -> dict[str, Any]:
    return stack_values("local")


@pytest.fixture
def automation() -> dict[str, Any]:
    return stack_values("automation")
