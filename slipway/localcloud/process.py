"""The background process: which one is ours, what it may see of the environment, and how it ends."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import slipway

# Nothing else is handed on: a list of what to remove would miss the credential invented tomorrow.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SYSTEMROOT", "COVERAGE_PROCESS_START")

MOTO_SETTINGS = {
    # A page of another origin must not read what moto serves.
    "MOTO_DISABLE_GLOBAL_CORS": "true",
    # Without it, attaching a policy of AWS's own (AmazonEKSClusterPolicy …) is refused as not existing.
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
}
"""moto reads these from its environment, some as early as its import."""


def environment(home: Path, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the server: a few harmless names from `given`, dummies where AWS code looks."""
    package_parent = str(Path(slipway.__file__).resolve().parents[1])
    return {
        **{name: given[name] for name in _PASSED_ON if name in given},
        "HOME": str(home),
        "PYTHONPATH": package_parent,
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "*",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **MOTO_SETTINGS,
    }


def is_ours(pid: int, identity: str) -> bool:
    """Whether `pid` is the server that was started as `identity`, not a program that got its number since."""
    if pid <= 0:
        return False
    arguments = _command_line(pid)
    return "slipway.localcloud.server" in arguments and identity in arguments


def end(pid: int, identity: str, timeout_s: float) -> None:
    """Ask the server to stop, wait, then kill it. Does nothing to any other process."""
    for number, wait_s in ((signal.SIGTERM, timeout_s), (signal.SIGKILL, timeout_s)):
        if not is_ours(pid, identity):
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            if _has_ended(pid, identity):
                return
            time.sleep(0.02)


def _has_ended(pid: int, identity: str) -> bool:
    """Whether the process is over, its sockets closed: it loses its command line some time before those."""
    if _command_line(pid):
        return not is_ours(pid, identity)
    try:
        # After the name in parentheses comes the state; Z waits for its parent, and holds nothing any more.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in {"Z", "X"}
    except OSError:
        return True


def _command_line(pid: int) -> str:
    """The command line of a process, empty for one that is gone or only waits to be reaped."""
    proc = Path("/proc")
    if (proc / "self").exists():
        try:
            return (proc / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    shown = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout
