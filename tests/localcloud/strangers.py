"""Programs that run as another user of this machine, as an attacker's would."""

import os
import shutil
import subprocess
from typing import Any

import pytest

STRANGER = 65534
"""`nobody`, the same on every Linux."""


def run_as_another_user(program: str, *arguments: str) -> str:
    """What a Python program prints that another user runs; skips the test where nobody can become one."""
    # Not our own interpreter: it may lie where others cannot read.
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin")
    if python is None:
        pytest.skip("no interpreter of the system's own")
    command = [python, "-I", "-c", program, *arguments]
    if os.geteuid() == 0:
        return _run(command, user=STRANGER, group=STRANGER, extra_groups=[]).stdout
    become = ["sudo", "-n", "-u", "nobody"]
    if shutil.which("sudo") is None or _run([*become, "true"]).returncode:
        pytest.skip("only root, or who may become it without a password, can be another user")
    return _run([*become, *command]).stdout


def _run(command: list[str], **user: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **user)
