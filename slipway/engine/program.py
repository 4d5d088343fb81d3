"""Runs a Pulumi program in process against a monitor, as often as wanted, each time in a world of its own."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import logging
import re
import runpy
import signal
import sys
import traceback
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime import config as sdk_config
from pulumi.runtime import mocks, settings, stack

from slipway.engine.monitor import Monitor
from slipway.engine.provider_resources import Config
from slipway.engine.registration import unsupported_option
from slipway.engine.urn import ORGANIZATION
from slipway.errors import SlipwayError

Program = Callable[[], Any]
_WORKERS = 32
_UNSUPPORTED = re.compile(r"The Pulumi CLI does not support (?:the )?(.+?)(?: option)?\. Please update")
_OPTION_NAMES = {
    "transforms": "transforms",
    "invoke transforms": "invoke_transforms",
    "resource hooks": "hooks",
    "error hooks": "hooks",
    "state migrations": "state_migrations",
    "parameterization": "parameterized packages",
}


@dataclass(frozen=True)
class Project:
    """Names that a program can ask the SDK for."""

    name: str
    stack: str
    root: Path
    organization: str = ORGANIZATION


def run_program(
    program: Program,
    project: Project,
    config: Config,
    make_monitor: Callable[[asyncio.AbstractEventLoop], Monitor],
    *,
    preview: bool,
) -> SlipwayError | None:
    """Run `program` to its end.

    Returns:
        What went wrong with the program itself, or None. Failed resources are the monitor's affair.

    Raises:
        KeyboardInterrupt: a second Ctrl-C.
    """
    loop = asyncio.new_event_loop()
    monitor = make_monitor(loop)
    context = contextvars.copy_context()
    with _event_loop(loop):
        try:
            context.run(_run, loop, program, project, config, monitor, preview)
        except SlipwayError as error:
            return monitor.error or error
        except Exception as error:
            refusal = monitor.refusal
            if refusal is not None and refusal.what in str(error):
                return monitor.error or refusal
            return monitor.error or _explain(error, project.root)
    return monitor.error


def _run(  # noqa: PLR0917 - run_program's own arguments, inside the context
    loop: asyncio.AbstractEventLoop,
    program: Program,
    project: Project,
    config: Config,
    monitor: Monitor,
    preview: bool,
) -> None:
    sdk_config.set_all_config(dict(config.values), list(config.secret_keys))
    # With no root resource set, set_mocks would register a stack of its own before the program's.
    settings.set_root_resource(cast(Any, object()))
    mocks.set_mocks(
        monitor.mocks,
        project=project.name,
        stack=project.stack,
        preview=preview,
        monitor=monitor,
        organization=project.organization,
    )
    settings.ROOT.set(None)
    sdk_settings: Any = settings.SETTINGS  # context variables in the guise of read-only properties
    sdk_settings.engine = monitor  # the SDK's own would hand what the program logs to Python's logging
    sdk_settings.outputs = set()
    sdk_settings.package_refs = {}
    sdk_settings.root_directory = str(project.root)

    async def whole() -> None:
        result = program()
        if inspect.isawaitable(result):
            await result
        await _settled()

    loop.run_until_complete(stack.run_in_stack(whole))


async def _settled() -> None:
    """Wait until no output is outstanding, or one has failed.

    The SDK waits for all of them again each time that one completes, so a resource would cost more the more
    of them there are. It finds none left, or the failed one, which it reports.
    """
    outputs: set[asyncio.Future[Any]] = cast(Any, settings.SETTINGS).outputs
    while pending := [one for one in outputs if not one.done()]:
        done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
        if any(one.cancelled() or one.exception() for one in done):
            return
        # Completed outputs leave the set by callbacks, which the loop has yet to run.
        await asyncio.sleep(0)


def leave_interrupts() -> None:
    """Let Ctrl-C wake the main thread: when a worker takes the signal, nothing does."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


@contextmanager
def _event_loop(loop: asyncio.AbstractEventLoop) -> Generator[None]:
    """Make `loop` the current one, with enough threads for remote components and their children."""
    executor = ThreadPoolExecutor(_WORKERS, "pulumi", initializer=leave_interrupts)
    loop.set_default_executor(executor)
    # When a program fails, futures stay behind that nobody will ask; the SDK's own launcher silences this
    # too.
    logger = logging.getLogger("asyncio")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    asyncio.set_event_loop(loop)
    # A program only ever adds objects until it ends. With the usual thresholds the collector walks all of
    # them again and again, which makes the cost of a resource grow with their number.
    thresholds = gc.get_threshold()
    gc.set_threshold(50_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        executor.shutdown(wait=True, cancel_futures=True)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        asyncio.set_event_loop(None)
        logger.setLevel(level)


def _explain(error: Exception, root: Path) -> SlipwayError:
    unsupported = _UNSUPPORTED.search(str(error))
    if unsupported:
        feature = unsupported.group(1)
        return unsupported_option(_OPTION_NAMES.get(feature.lower(), feature), "the program")
    if isinstance(error, pulumi.RunError):
        return SlipwayError(str(error), where="the program")
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_own(frame.filename, root)]
    where = f"{own[-1].filename}:{own[-1].lineno}" if own else "the program"
    return SlipwayError(f"the program failed: {type(error).__name__}: {error}", where=where)


def _is_own(filename: str, root: Path) -> bool:
    path = Path(filename)
    return path.is_relative_to(root) and ".venv" not in path.parts


def program_at(root: Path) -> Program:
    """The program of a project folder: its ``__main__.py``, run as Pulumi's Python host runs it.

    Raises:
        SlipwayError: there is none.
    """
    main = root / "__main__.py"
    if not main.is_file():
        raise SlipwayError("there is no Pulumi program here", where=str(main))

    def program() -> None:
        sys.path.insert(0, str(root))
        try:
            runpy.run_path(str(main), run_name="__main__")
        finally:
            sys.path.remove(str(root))

    return program
