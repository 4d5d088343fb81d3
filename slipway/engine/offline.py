"""The preview that needs nothing: no state, no network, no credential, no Pulumi CLI.

``python -m slipway.engine.offline --root DIR --stack STACK`` renders in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import atexit
import gc
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from slipway.engine.compare import compare
from slipway.engine.fingerprints import Fingerprints
from slipway.engine.interface import Diagnostic, Result
from slipway.engine.monitor import Monitor
from slipway.engine.program import Project, program_at, run_program
from slipway.engine.project import load_project, load_stack, stack_config, stack_file
from slipway.engine.recording import Recorder, Rendered, dump, load
from slipway.engine.respelling import respelled
from slipway.engine.revisions import revision
from slipway.errors import SlipwayError

SCRUBBED = ("AWS_", "GITHUB_", "GH_", "ACTIONS_", "PULUMI_", "KUBE", "GOOGLE_", "AZURE_", "ARM_")
"""Prefixes of environment variables that carry credentials or point at them."""

_KEY = "SLIPWAY_OFFLINE_KEY"
_TIMEOUT_SECONDS = 600
_OWN = Path(__file__).resolve().parents[1]
_RECORD = "\x1e"
"""What a line of the answer begins with (RFC 7464): a program may print lines of its own."""
_REFUSAL = "\x1d"
"""What the line begins with that says in JSON why there is no answer."""


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


Likeness = Callable[[Path, Path, str], tuple[Mapping[str, str], Sequence[str]]]
"""Given the folders before and now and a stack: `owner/name` of repositories that are only spelled anew, with
the old spelling, and what to say of that."""


@dataclass(frozen=True)
class Preview:
    """What a change does to one stack, and what its program declares; `before` is None if it was new."""

    before: Rendered | None
    now: Rendered
    result: Result


def preview(
    root: Path, stack: str, base: str | None = None, *, here: bool = False, likeness: Likeness | None = None
) -> Result:
    """`previews` of one stack.

    Args:
        here: without a base, render in this process, which a command that does nothing else can afford.
    """
    if base is not None or not here:
        (found,) = previews(root, [stack], base, likeness=likeness)
        if isinstance(found, SlipwayError):
            raise found
        return found.result
    began, root = time.monotonic(), root.resolve()
    load_stack(root, stack)
    result = compare(None, render_here(root, stack), Fingerprints())
    return replace(result, seconds=time.monotonic() - began)


def previews(
    root: Path, stacks: Sequence[str], base: str | None = None, *, likeness: Likeness | None = None
) -> list[Preview | SlipwayError]:
    """What stacks consist of, or, with `base`, what the change since that commit does to each of them.

    In their order; of one whose program failed, now or at the base, why that was.

    Args:
        root: the project's folder, in a Git work tree if `base` is given.
        stacks: by name, each once.
        base: a Git revision. A stack that is new since then shows as created.
        likeness: tells of a change which names mean the same; GitHub ignores the case of a repository's.

    Raises:
        SlipwayError: unknown stack or revision.
    """
    began, root = time.monotonic(), root.resolve()
    key = secrets.token_hex(16)
    for stack in stacks:
        if not stack_file(root, stack).exists():
            load_stack(root, stack)  # a mistyped one is told at once; one that is broken hides no other
    commit = revision(root, base) if base is not None else None
    with ExitStack() as closed:
        folder, before = None, dict[str, Rendered | SlipwayError]()
        rendering = closed.enter_context(ThreadPoolExecutor(1)).submit(attempts, root, stacks, key)
        if commit is not None:
            folder = closed.enter_context(commit.worktree())
            known = [stack for stack in stacks if stack_file(folder, stack).exists()]
            before = dict(zip(known, attempts(folder, known, key), strict=True))
        found: list[Preview | SlipwayError] = []
        for stack, now in zip(stacks, rendering.result(), strict=True):
            old = before.get(stack)
            if isinstance(now, SlipwayError) or isinstance(old, SlipwayError):
                found.append(now if isinstance(now, SlipwayError) else cast("SlipwayError", old))
                continue
            told: list[Diagnostic] = []
            like_before = now
            if folder and old and likeness:
                names, said = likeness(folder, root, now.stack)
                like_before = respelled(now, names)
                told += [Diagnostic("warning", message) for message in said]
            result = compare(old, like_before, Fingerprints(key.encode()))
            if base is not None and old is None:
                told.append(Diagnostic("info", f"the stack {now.stack!r} does not exist in {base}"))
            result = replace(result, diagnostics=(*told, *result.diagnostics))
            found.append(Preview(old, now, replace(result, seconds=time.monotonic() - began)))
        return found


def render_here(root: Path, stack: str) -> Rendered:
    """Render in this process, after taking its credentials and its place from it: for one that ends soon.

    Raises:
        SlipwayError: see `render`.
    """
    _move_to(root)
    return render(root, stack)


def _move_to(root: Path) -> None:
    """Make this process, for good, one that renders the project at `root` and can reach nothing."""
    # Most of the time goes into importing the SDKs, whose objects all stay: looking for garbage, while they
    # come and once more at the end, finds none.
    gc.disable()
    atexit.register(gc.freeze)
    for name in set(os.environ) - set(scrubbed(os.environ)):
        del os.environ[name]
    os.chdir(root)
    _prefer_modules_of(root)


def render_apart(root: Path, stack: str, key: str) -> Rendered:
    """Render in a process of its own, without this one's credentials and modules.

    Args:
        key: with the same one, a secret that did not change looks the same twice.

    Raises:
        SlipwayError: what the other process reported.
    """
    return render_stacks(root, [stack], key)[0]


def render_stacks(root: Path, stacks: Sequence[str], key: str) -> list[Rendered]:
    """Render one stack after another in one process apart: the SDKs, which take longest, are imported once.

    Args:
        key: see `render_apart`.

    Raises:
        SlipwayError: what the other process reported, of the first stack that failed.
    """
    found: list[Rendered] = []
    for each in attempts(root, stacks, key):
        if isinstance(each, SlipwayError):
            raise each
        found.append(each)
    return found


def attempts(root: Path, stacks: Sequence[str], key: str) -> list[Rendered | SlipwayError]:
    """`render_stacks`, with what the other process reported in the place of each stack that failed."""
    if not stacks:
        return []
    chosen = [argument for stack in stacks for argument in ("--stack", stack)]
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name, "--root", str(root), *chosen, "--json"],
        cwd=Path(__file__).resolve().parents[2],
        env={**scrubbed(os.environ), _KEY: key},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    told = [line for line in done.stdout.split("\n") if line.startswith((_RECORD, _REFUSAL))]
    found: list[Rendered | SlipwayError] = []
    for stack, line in zip(stacks, told, strict=False):
        if line.startswith(_RECORD):
            found.append(load(line.removeprefix(_RECORD)))
            continue
        what, where, fix, code = json.loads(line.removeprefix(_REFUSAL))
        program = f"the program at {root}, stack {stack!r}"
        where = f"{where} ({program})" if where else program
        found.append(SlipwayError(what, where=where, fix=fix, exit_code=code))
    # The process itself ended, at the first stack of which it told nothing.
    lines = done.stderr.strip().splitlines() or ["it ended without a message"]
    for stack in stacks[len(found) :]:
        found.append(SlipwayError("\n".join(lines[-20:]), where=f"the program at {root}, stack {stack!r}"))
        lines = ["it was not rendered, because that of the stack before ended the process"]
    return found


def scrubbed(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without what could reach a cloud, GitHub, Kubernetes or Pulumi's own service."""
    return {key: value for key, value in environment.items() if not key.startswith(SCRUBBED)}


def _prefer_modules_of(root: Path) -> None:
    """Let the program find its own version of this package's other rooms; the engine stays this one."""
    package = sys.modules["slipway"]
    own = root / "slipway"
    if own.is_dir() and str(own) not in package.__path__:
        package.__path__.insert(0, str(own))


@contextmanager
def _modules_of_its_own(root: Path) -> Generator[None]:
    """Forget the project's modules afterwards: they may have read one stack's configuration as they came.

    This package's own stay: they read nothing as they come, and take their time.
    """
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        module = sys.modules[name]
        file = Path(getattr(module, "__file__", None) or "/")
        if not file.is_relative_to(root) or "site-packages" in file.parts or file.is_relative_to(_OWN):
            continue
        del sys.modules[name]
        package, _, attribute = name.rpartition(".")
        # `from package import name` asks the package first.
        if getattr(sys.modules.get(package), attribute, None) is module:
            delattr(sys.modules[package], attribute)


def main(arguments: list[str] | None = None) -> int:
    """The command line of `render_stacks`. Prints JSON, or the names of what is declared."""
    parser = argparse.ArgumentParser(prog="python -m slipway.engine.offline", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="the project's folder")
    parser.add_argument("--stack", action="append", required=True, help="a stack's name, repeatable")
    parser.add_argument("--json", action="store_true", help="print everything, for another program")
    options = parser.parse_args(arguments)
    root = options.root.resolve()
    key = os.environ.pop(_KEY, "") or secrets.token_hex(16)
    _move_to(root)
    code = 0
    for stack in options.stack:
        try:
            with _modules_of_its_own(root):
                rendered = render(root, stack)
        except SlipwayError as error:
            if options.json:
                told = [error.what, error.where, error.fix, error.exit_code]
                print(f"\n{_REFUSAL}{json.dumps(told)}", flush=True)
            else:
                print(error, file=sys.stderr)
            code = code or error.exit_code
            continue
        if options.json:
            print(f"\n{_RECORD}{dump(rendered, key.encode())}", flush=True)
        else:
            for item in rendered.registrations:
                print(item.urn)
    return code


if __name__ == "__main__":
    sys.exit(main())
