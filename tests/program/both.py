"""One program on either engine: the embedded one, and Pulumi's own where it is installed."""

import json
import os
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pulumi
import pytest

from slipway.engine.cli_local import local_engine
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import ENDPOINTS, Fence
from slipway.engine.interface import Engine
from slipway.engine.program import program_at
from slipway.localcloud.providers import provider

ENGINES = (
    "embedded",
    pytest.param(
        "pulumi",
        marks=[
            pytest.mark.pulumi_cli,
            pytest.mark.slow,
            pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH"),
        ],
    ),
)


def engine_of(
    name: str,
    module: str,
    root: Path,
    endpoints: Mapping[str, str],
    *,
    config: Mapping[str, str] | None = None,
    stack: str = "local",
) -> Engine:
    """The engine on a stack whose program is `program()` of a module.

    Args:
        endpoints: by package, where its stand-in answers; the program finds it by `endpoint`.
        config: whole keys of the stack, which another call may change.
    """
    root.mkdir(exist_ok=True)
    (root / "Pulumi.yaml").write_text("name: slipway\nruntime: python\n")
    (root / "__main__.py").write_text(f"from {module} import program\n\nprogram()\n")
    fence, packages = Fence(endpoints), tuple(endpoints)
    if name == "pulumi":
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        return local_engine(
            root, stack, packages=packages, fence=fence, config=config, environment=environment
        )
    return EmbeddedEngine(
        program_at(root),
        "slipway",
        stack,
        config or {},
        root / ".slipway" / "state",
        {package: partial(provider, package) for package in packages},
        passphrase="test",
        root=root,
        fence=fence,
    )


def endpoint(package: str) -> str:
    """In the program: where the stand-in of a package answers."""
    name, key = ENDPOINTS.split(":")
    return json.loads(pulumi.Config(name).require(key))[package]
