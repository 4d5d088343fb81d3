"""Commands in processes of their own, forked from one that has the SDKs, whose import is half their time."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from slipway.cli import main

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.program.preloaded"])


def _command(arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str], output: Path) -> None:
    """In the forked process: become the command."""
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        opened = os.open(output / name, os.O_WRONLY | os.O_CREAT)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["slipway", *arguments]
    main()


def run(
    *arguments: str, folder: Path, environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run `slipway` with these arguments there; what it printed and how it ended."""
    with tempfile.TemporaryDirectory() as output:
        process = _FORKS.Process(target=_command, args=(arguments, folder, environment, Path(output)))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(arguments, timeout)
        told = [(Path(output) / name).read_text() for name in ("stdout", "stderr")]
    return subprocess.CompletedProcess(["slipway", *arguments], process.exitcode, *told)
