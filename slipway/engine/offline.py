"""The preview that needs nothing: no state, no network, no credential, no Pulumi CLI.

``python -m slipway.engine.offline --root DIR --stack STACK`` renders in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import gc
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from slipway.engine.compare import compare
from slipway.engine.fingerprints import Fingerprints
from slipway.engine.interface import Diagnostic, Result
from slipway.engine.monitor import Monitor
from slipway.engine.program import Project, program_at, run_program
from slipway.engine.project import load_project, load_stack, stack_config
from slipway.engine.recording import Recorder, Rendered, dump, load
from slipway.engine.revisions import revision
from slipway.errors import SlipwayError

SCRUBBED = ("AWS_", "GITHUB_", "GH_", "ACTIONS_", "PULUMI_", "KUBE", "GOOGLE_", "AZURE_", "ARM_")
"""Prefixes of environment variables that carry credentials or point at them."""

_KEY = "SLIPWAY_OFFLINE_KEY"
_TIMEOUT_SECONDS = 600


def render(root: Path, stack: str, extra: Mapping[str, str] | None = None) -> Rendered:
    """What the program at `root` declares for `stack`, rendered in this process.

    Stack references, lookups and configuration secrets are unknown; nothing is read but the project's files.

    Args:
        extra: configuration on top of the stack file's, ``namespace:key`` to text.

    Raises:
        SlipwayError: unknown stack, broken YAML, or the program failed.
    """
    root = root.resolve()
    project = load_project(root)
    config = stack_config(project, load_stack(root, stack), None, extra)
    recorder = Recorder()

    def monitor(_loop: asyncio.AbstractEventLoop) -> Monitor:
        return Monitor(project.name, stack, recorder)

    error = run_program(program_at(root), Project(project.name, stack, root), config, monitor, preview=True)
    if error is not None:
        raise error
    return recorder.rendered(project.name, stack)


def preview(root: Path, stack: str, base: str | None = None, *, here: bool = False) -> Result:
    """What the stack consists of, or, with `base`, what the change since that commit does.

    Args:
        root: the project's folder, in a Git work tree if `base` is given.
        base: a Git revision. A stack that is new since then shows as created.
        here: without a base, render in this process, which a command that does nothing else can afford.

    Raises:
        SlipwayError: unknown stack or revision, broken YAML, or one of the two programs failed.
    """
    began = time.monotonic()
    result = _preview(root.resolve(), stack, base, here=here)
    return replace(result, seconds=time.monotonic() - began)


def _preview(root: Path, stack: str, base: str | None, *, here: bool) -> Result:
    key = secrets.token_hex(16)
    fingerprints = Fingerprints(key.encode())
    load_stack(root, stack)
    if base is None:
        rendered = render_here(root, stack) if here else render_apart(root, stack, key)
        return compare(None, rendered, fingerprints)
    with revision(root, base).worktree() as folder, ThreadPoolExecutor(1) as executor:
        rendering = executor.submit(render_apart, root, stack, key)
        if not (folder / f"Pulumi.{stack}.yaml").exists():
            result = compare(None, rendering.result(), fingerprints)
            said = Diagnostic("info", f"the stack {stack!r} does not exist in {base}")
            return replace(result, diagnostics=(*result.diagnostics, said))
        return compare(render_apart(folder, stack, key), rendering.result(), fingerprints)


def render_here(root: Path, stack: str) -> Rendered:
    """Render in this process, after taking its credentials and its place from it: for one that ends soon.

    Raises:
        SlipwayError: see `render`.
    """
    # Most of the time goes into importing the SDKs, whose objects all stay: looking for garbage, while they
    # come and once more at the end, finds none.
    gc.disable()
    atexit.register(gc.freeze)
    for name in set(os.environ) - set(scrubbed(os.environ)):
        del os.environ[name]
    os.chdir(root)
    _prefer_modules_of(root)
    return render(root, stack)


def render_apart(root: Path, stack: str, key: str) -> Rendered:
    """Render in a process of its own, without this one's credentials and modules.

    Args:
        key: with the same one, a secret that did not change looks the same twice.

    Raises:
        SlipwayError: what the other process reported.
    """
    command = [sys.executable, "-m", __spec__.name, "--root", str(root), "--stack", stack, "--json"]
    here = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        command,
        cwd=here,
        env={**scrubbed(os.environ), _KEY: key},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it ended without a message"]
        raise SlipwayError("\n".join(lines[-20:]), where=f"the program at {root}, stack {stack!r}")
    return load(done.stdout.strip().splitlines()[-1])


def render_each(wanted: Sequence[tuple[Path, str]], key: str) -> list[Rendered]:
    """Render several stacks as `render_apart` does, as many at once as there are cores.

    Args:
        wanted: each the project's folder and the stack's name; the answer is in the same order.
        key: see `render_apart`.

    Raises:
        SlipwayError: see `render_apart`; of several, the first one's.
    """
    with ThreadPoolExecutor(os.cpu_count() or 1) as executor:
        rendering = [executor.submit(render_apart, folder, stack, key) for folder, stack in wanted]
        return [future.result() for future in rendering]


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without what could reach a cloud, GitHub, Kubernetes or Pulumi's own service."""
    return {key: value for key, value in environment.items() if not key.startswith(SCRUBBED)}


def _prefer_modules_of(root: Path) -> None:
    """Let the program find its own version of this package's other rooms; the engine stays this one."""
    package = sys.modules["slipway"]
    own = root / "slipway"
    if own.is_dir() and str(own) not in package.__path__:
        package.__path__.insert(0, str(own))


def main(arguments: list[str] | None = None) -> int:
    """The command line of `render_apart`. Prints JSON, or the names of what is declared."""
    parser = argparse.ArgumentParser(prog="python -m slipway.engine.offline", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="the project's folder")
    parser.add_argument("--stack", required=True, help="the stack's name")
    parser.add_argument("--json", action="store_true", help="print everything, for another program")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    key = os.environ.pop(_KEY, "") or secrets.token_hex(16)
    try:
        rendered = render_here(root, options.stack)
    except SlipwayError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if options.json:
        print(f"\n{dump(rendered, key.encode())}")
    else:
        for item in rendered.registrations:
            print(item.urn)
    return 0


if __name__ == "__main__":
    sys.exit(main())
