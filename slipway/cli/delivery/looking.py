"""What `slipway drift --record` keeps of its look."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
import time
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.cli.delivery.place import place_of

if TYPE_CHECKING:
    from slipway.engine.interface import Result


def keep_look(root: Path, stack: str, result: "Result", store: str) -> None:
    """Keep when it was looked, and how much differs, for `slipway dashboard`.

    Raises:
        SlipwayError: no such stack, or no store that could be opened and written to.
    """
    from slipway.cli.delivery import runs
    from slipway.stacks.looks import keep, look_of

    place = place_of(root, stack, store)
    run = runs.run_here(place.target.commit)
    keep(place.opened.store, look_of(result, run=run.id, commit=run.commit, at=time.time()))
