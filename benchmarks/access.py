"""Who may do what, as it is asked: of one service, of a change, and by a pull request of all stacks."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNS = 3
_SLIPWAY = Path(sys.executable).parent / "slipway"
_SERVICE = ("access", "--service", "skill-pool")
_DIFF = ("access", "--diff")
_PULL_REQUEST = ("preview", "automation", "staging", "prod", "--offline", "--markdown", "--base")
_IGNORED = shutil.ignore_patterns(".venv", ".slipway", ".git", "__pycache__", ".hypothesis", ".*_cache")
# Where Python may not keep what it compiled, compiling it again each time would be measured.
_ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def measure() -> bool:
    """Print each beside its limit; whether all are kept."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "slipway"
        shutil.copytree(ROOT, root, ignore=_IGNORED)
        _commit(root)
        first = _timed(root, *_SERVICE)  # what was not compiled yet now is
        kept = [
            _told("a service, asked again", 2, *(_timed(root, *_SERVICE) for _ in range(RUNS))),
            _told("--diff, nothing changed", 6, *(_timed(root, *_DIFF, "HEAD") for _ in range(RUNS))),
            _told(
                "--diff, unknown revision", 1, *(_timed(root, *_DIFF, "nope", status=1) for _ in range(RUNS))
            ),
            _told("--diff, another line changed", 6, *(_changed(root, *_DIFF, "HEAD") for _ in range(RUNS))),
            _told("a pull request of three stacks", 15, _changed(root, *_PULL_REQUEST, "HEAD")),
        ]
    print(f"  for comparison, a service of files never seen before: {first:.1f} s, on {os.cpu_count()} cores")
    return all(kept)


def _told(what: str, limit: float, *seconds: float) -> bool:
    middle = statistics.median(seconds)
    print(f"  {what}: {middle:.2f} s (at most {limit:.0f})", flush=True)
    return middle <= limit


def _commit(root: Path) -> None:
    who = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.com")
    for arguments in (("init",), ("add", "--all"), ("commit", "-m", "all")):
        subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def _changed(root: Path, *command: str) -> float:
    """The time after a change that was not there before; what the base says is known, as after a question."""
    with (root / "README.md").open("a") as file:
        file.write("\n")
    return _timed(root, *command)


def _timed(root: Path, *command: str, status: int = 0) -> float:
    started = time.perf_counter()
    done = subprocess.run([_SLIPWAY, *command], cwd=root, env=_ENVIRONMENT, check=False, capture_output=True)
    seconds = time.perf_counter() - started
    assert done.returncode == status, done.stderr.decode()
    return seconds
