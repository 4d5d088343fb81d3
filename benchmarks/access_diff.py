"""`slipway access --diff REVISION`: with nothing changed, with a line changed, and with no such revision."""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
UNCHANGED_S, UNKNOWN_S, RUNS = 6.0, 1.0, 3
_SLIPWAY = Path(sys.executable).parent / "slipway"
_IGNORED = shutil.ignore_patterns(".venv", ".slipway", ".git", "__pycache__", ".hypothesis", ".*_cache")
# Where Python may not keep what it compiled, compiling it again each time would be measured.
_ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def measure() -> bool:
    """Print the three, of which two have a limit; whether both are kept."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "slipway"
        shutil.copytree(ROOT, root, ignore=_IGNORED)
        _commit(root)
        _timed(root, "HEAD", 0)  # once uncounted: what was not compiled yet now is
        unchanged = statistics.median(_timed(root, "HEAD", 0) for _ in range(RUNS))
        unknown = statistics.median(_timed(root, "nope", 1) for _ in range(RUNS))
        with (root / "README.md").open("a") as file:
            file.write("\n")
        changed = _timed(root, "HEAD", 0)
    print(f"  nothing changed: {unchanged:.2f} s (at most {UNCHANGED_S:.0f})")
    print(f"  unknown revision: {unknown:.2f} s (at most {UNKNOWN_S:.0f})")
    print(f"  a line changed, on {os.cpu_count()} cores: {changed:.1f} s")
    return unchanged <= UNCHANGED_S and unknown <= UNKNOWN_S


def _commit(root: Path) -> None:
    who = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.com")
    for arguments in (("init",), ("add", "--all"), ("commit", "-m", "all")):
        subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def _timed(root: Path, base: str, status: int) -> float:
    started = time.perf_counter()
    command = [_SLIPWAY, "access", "--diff", base]
    done = subprocess.run(command, cwd=root, env=_ENVIRONMENT, check=False, capture_output=True)
    seconds = time.perf_counter() - started
    assert done.returncode == status, done.stderr.decode()
    return seconds
