"""The fence in the program: what is fenced is the world that a stack is of, not its name."""

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


def test_a_stack_on_a_stand_in_accepts_loopback_and_nothing_else(fenced: Stack) -> None:
    require_fence(settings(fenced, LOOPBACK))
    with pytest.raises(SlipwayError, match=f"'{fenced}' runs on a stand-in only"):
        require_fence(settings(fenced, None))
    with pytest.raises(SlipwayError, match="'github' is not on this machine"):
        require_fence(settings(fenced, {**LOOPBACK, "github": "https://api.github.com"}))


def test_any_other_stack_is_refused_on_a_stand_in(fenced: Stack) -> None:
    for stack in set(Stack) - {fenced, Stack.LOCAL}:
        require_fence(settings(stack, None))
        with pytest.raises(SlipwayError, match="is a real one and cannot run on stand-ins"):
            require_fence(settings(stack, LOOPBACK))
