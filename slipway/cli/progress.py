"""Progress of a long run: a live line on a terminal, a line per resource elsewhere."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from slipway.engine.display import SYMBOLS
from slipway.engine.interface import CHANGED, GONE, Op, Step

_PRESENT = {"create": "creating", "update": "updating", "replace": "replacing", "delete": "deleting"}


class ConsoleProgress:
    """Implements `slipway.engine.interface.Progress`; called from any thread."""

    def __init__(self, console: Console, bar: Bar | None, *, lines: bool) -> None:
        self._console = console
        self._bar = bar
        self._lines = lines
        self._task = bar.add_task("starting", total=None) if bar else None
        self._done = 0
        self._lock = threading.Lock()

    def started(self, op: Op, urn: str) -> None:
        """Show what is being worked on."""
        self._show(f"{_PRESENT.get(op, 'checking')} {urn.rpartition('::')[2]}")

    def finished(self, step: Step, seconds: float) -> None:
        """Count it; where nobody watches a live line, say what changed."""
        with self._lock:
            self._done += 1
        if self._lines and not step.quiet:
            # "-" before what somebody else has removed would read as if it were removed now.
            found = step.note in (GONE, CHANGED)
            what = f"!  {step.name}  {step.type}: {step.note}" if found else _line(step)
            line = f"{what} ({seconds:.1f} s)"
            self._console.print(line, highlight=False, soft_wrap=True)

    def failed(self, urn: str, reason: str) -> None:
        """Say it at once; the summary says it again."""
        self._console.print(f"failed: {urn.rpartition('::')[2]}: {reason}", style="red", markup=False)

    def message(self, text: str) -> None:
        """Show what the engine says about the run as a whole."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _show(self, text: str) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=f"{self._done} done; {text}")


def _line(step: Step) -> str:
    return f"{SYMBOLS[step.op]:<2} {step.name}  {step.type}"


@contextmanager
def progress(console: Console, *, changes: bool) -> Generator[ConsoleProgress, None, None]:
    """Progress on this console for as long as the block runs. `changes`: the run does what it reports.

    One that only looks has no lines of its own: "- role (0.0 s)" would read as if the role were deleted.
    """
    if not console.is_terminal:
        yield ConsoleProgress(console, None, lines=changes)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        yield ConsoleProgress(console, bar, lines=False)
