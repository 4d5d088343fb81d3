"""`slipway preview prod --offline` against `pulumi preview` of the same program and stack file."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from slipway.engine.cli_local import project_folder

ROOT = Path(__file__).parents[1]
FLOOR = 5.0
RUNS = 5
# Where Python may not keep what it compiled, both sides would be measured compiling it again each time.
_ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def measure() -> bool | None:
    """Print the fastest of both and their ratio; None where there is no Pulumi CLI to compare with.

    The fastest, and in turns: what else runs on the machine only ever adds, and should add to both.
    """
    _offline()  # once uncounted, so that nothing is compiled while it is measured
    if shutil.which("pulumi") is None:
        print(f"  slipway preview prod --offline: {min(_timed(_offline) for _ in range(RUNS)):.1f} s")
        print("  pulumi is not on PATH: nothing to compare with (skipped)")
        return None
    with tempfile.TemporaryDirectory() as folder:
        environment = _prepare(Path(folder))
        theirs_once = partial(_pulumi, Path(folder), environment)
        theirs_once()
        rounds = [(_timed(_offline), _timed(theirs_once)) for _ in range(RUNS)]
    ours, theirs = (min(times) for times in zip(*rounds, strict=True))
    print(f"  slipway preview prod --offline: {ours:.1f} s")
    print(f"  pulumi preview: {theirs:.1f} s")
    print(f"  ratio {theirs / ours:.1f} (at least {FLOOR:.0f})")
    return theirs / ours >= FLOOR


def _timed(run: Callable[[], None]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _offline() -> None:
    slipway = Path(sys.executable).parent / "slipway"
    command = [slipway, "preview", "prod", "--offline"]
    subprocess.run(command, cwd=ROOT, env=_ENVIRONMENT, check=True, capture_output=True)


def _prepare(folder: Path) -> dict[str, str]:
    """A project folder for `prod` whose providers agree to everything: the engine alone is measured."""
    environment = project_folder(ROOT, folder, "prod", module="benchmarks.echo", environment=_ENVIRONMENT)
    subprocess.run(
        ["pulumi", "stack", "select", "--create", "prod"],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
    )
    return environment


def _pulumi(folder: Path, environment: dict[str, str]) -> None:
    subprocess.run(
        ["pulumi", "preview", "--stack", "prod", "--non-interactive"],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
    )
