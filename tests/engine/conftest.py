from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence
from tests.engine.toy import ToyProvider, World

MakeEngine = Callable[..., EmbeddedEngine]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def engine(tmp_path: Path, world: World) -> MakeEngine:
    def make(program: Callable[[], Any], config: Any = None, **options: Any) -> EmbeddedEngine:
        options.setdefault("passphrase", "correct horse")
        options.setdefault("fence", Fence())
        return EmbeddedEngine(
            program, "demo", "local", config or {}, tmp_path / "state", {"toy": ToyProvider(world)}, **options
        )

    return make
