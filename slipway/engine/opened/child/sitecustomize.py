"""Notes which files this process opens, where it is asked to; Python imports it as it starts.

See `slipway.engine.opened`. It imports nothing of Slipway: it runs in whatever environment a program has.
"""

import contextlib
import importlib.machinery
import importlib.util
import os
import sys


def _note(path: str) -> None:
    try:
        notes = os.open(path, os.O_WRONLY | os.O_APPEND)
    except OSError:
        return

    def told(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            # Without a note nothing breaks; an error here would break the program's own `open`.
            with contextlib.suppress(OSError):
                os.write(notes, os.path.abspath(os.fsencode(arguments[0])) + b"\0")  # noqa: PTH100 - quickly

    sys.addaudithook(told)


def _import_the_one_that_this_one_hides() -> None:
    own = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - before anything else is imported
    paths = [path for path in sys.path if os.path.abspath(path) != own]  # noqa: PTH100 - likewise
    found = importlib.machinery.PathFinder.find_spec("sitecustomize", paths)
    if found is not None and found.loader is not None:
        found.loader.exec_module(importlib.util.module_from_spec(found))


if os.environ.get("SLIPWAY_OPENED"):
    _note(os.environ["SLIPWAY_OPENED"])
_import_the_one_that_this_one_hides()
