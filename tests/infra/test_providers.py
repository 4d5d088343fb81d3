"""The fence in the program: what is fenced is the world that a stack is of, not its name."""

from pathlib import Path
from typing import Any

import pytest

from infra.providers import require_fence
from slipway.errors import SlipwayError
from slipway.platform.settings import Endpoints, Settings
from slipway.platform.stack import Stack
from tests.platform.conftest import parse, stack_values

LOOPBACK = {"aws": "http://127.0.0.1:1", "github": "http://127.0.0.1:2", "kubernetes": "http://127.0.0.1:3"}


def settings(stack: Stack, endpoints: dict[str, str] | None) -> Settings:
    found = parse(stack.value, stack_values(stack.value))
    return found.model_copy(update={"endpoints": Endpoints(**endpoints) if endpoints else None})


@pytest.fixture(params=[Stack.LOCAL, Stack.STAGING])
def fenced(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The only stack whose cloud is a stand-in, whatever its name."""
    stack: Any = request.param
    monkeypatch.setattr(Stack, "on_stand_in", property(lambda self: self is stack))
    return stack


def test_a_stack_on_a_stand_in_accepts_loopback_and_nothing_else(fenced: Stack, tmp_path: Path) -> None:
    require_fence(settings(fenced, LOOPBACK), tmp_path)
    with pytest.raises(SlipwayError, match=f"'{fenced}' runs on a stand-in only"):
        require_fence(settings(fenced, None), tmp_path)
    with pytest.raises(SlipwayError, match="'github' is not on this machine"):
        require_fence(settings(fenced, {**LOOPBACK, "github": "https://api.github.com"}), tmp_path)


def test_any_other_stack_is_refused_on_a_stand_in(fenced: Stack, tmp_path: Path) -> None:
    for stack in set(Stack) - {fenced, Stack.LOCAL}:
        require_fence(settings(stack, None), tmp_path)
        with pytest.raises(SlipwayError, match="is a real one and cannot run on stand-ins"):
            require_fence(settings(stack, LOOPBACK), tmp_path)


def test_a_real_stack_runs_on_a_stand_in_in_a_rehearsals_copy_alone(tmp_path: Path) -> None:
    copy = tmp_path / ".slipway" / "rehearsal"
    require_fence(settings(Stack.PROD, LOOPBACK), copy)
    with pytest.raises(SlipwayError, match="'aws' is not on this machine"):
        require_fence(settings(Stack.PROD, {**LOOPBACK, "aws": "https://aws.example.com"}), copy)
    for other in (copy.parent, copy / "deeper", tmp_path / "rehearsal"):
        with pytest.raises(SlipwayError, match="is a real one"):
            require_fence(settings(Stack.PROD, LOOPBACK), other)
