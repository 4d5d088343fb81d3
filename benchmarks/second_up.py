"""What a second `make up` without changes runs, against the program under the bare mocks."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
FACTOR, SECONDS, RUNS = 2.0, 1.0, 3
_SLIPWAY = Path(sys.executable).parent / "slipway"
# The recipe of `up` in the Makefile; the cloud that is asked to start runs already.
_MAKE_UP = ([str(_SLIPWAY), "cloud", "start"], [str(_SLIPWAY), "up", "local", "--yes"])
_IGNORED = shutil.ignore_patterns(".venv", ".slipway", ".git", "__pycache__", ".hypothesis", ".*_cache")


def measure() -> bool:
    """Print both and whether the second up stays within twice the mocks' time plus one second."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "slipway"
        shutil.copytree(ROOT, root, ignore=_IGNORED)
        _run(root, "cloud", "start")
        try:
            _run(root, "up", "local", "--yes", "--engine", "embedded")
            second = statistics.median(
                sum(_timed(root, command) for command in _MAKE_UP) for _ in range(RUNS)
            )
        finally:
            _run(root, "cloud", "stop")
        bare = statistics.median(
            _timed(root, [sys.executable, "-m", "benchmarks.mocked"]) for _ in range(RUNS)
        )
    allowed = FACTOR * bare + SECONDS
    print(f"  program under the mocks: {bare:.1f} s; second up: {second:.1f} s (at most {allowed:.1f} s)")
    print(f"  ratio {second / bare:.2f} (at most {allowed / bare:.2f})")
    return second <= allowed


def _run(root: Path, *arguments: str) -> None:
    subprocess.run([str(_SLIPWAY), *arguments], cwd=root, check=True, capture_output=True)


def _timed(root: Path, command: list[str]) -> float:
    started = time.perf_counter()
    environment = {**os.environ, "PYTHONPATH": str(root)}
    subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started
