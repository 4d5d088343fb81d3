"""Files of the repository that a program was seen to open, and that its stack does not count as made of."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import slipway
from slipway.engine.interface import Diagnostic
from slipway.engine.plan import Plan
from slipway.stacks.discovery import SETTINGS_FILE
from slipway.stacks.target import Target

_OWN: Final = Path(slipway.__file__).resolve().parent
_SHOWN: Final = 8


def unseen(target: Target, opened: Collection[Path], packs: Collection[str] = ()) -> list[str]:
    """Paths from the repository's top, sorted.

    The stack's own settings count by their keys. Slipway's own code, in a repository that carries it, runs
    the program and is not a part of it, unless the program imports it.

    Args:
        target: the stack.
        opened: absolute paths.
        packs: policy packs, from the repository's top: programs of their own.
    """
    return sorted(name for name in _outside(target, opened) if not _within(name, packs))


def with_warning(plan: Plan, unseen: Collection[str]) -> Plan:
    """The plan with a warning that says what to write, if there is anything to."""
    if not unseen:
        return plan
    more = f" and {len(unseen) - _SHOWN} more" if len(unseen) > _SHOWN else ""
    said = (
        f"the program opened {', '.join([*unseen][:_SHOWN])}{more}, and a change of that would not be seen "
        f"to concern this stack: write it into {SETTINGS_FILE}, under `paths` of the project"
    )
    told = (*plan.result.diagnostics, Diagnostic("warning", said))
    return replace(plan, result=replace(plan.result, diagnostics=told))


def _within(name: str, folders: Collection[str]) -> bool:
    return any(name.startswith(f"{folder}/") for folder in folders)


def _outside(target: Target, opened: Collection[Path]) -> Iterator[str]:
    top = target.top.resolve()
    settings = {SETTINGS_FILE, *target.settings}
    for path in opened:
        if path.is_relative_to(top) and not path.is_relative_to(_OWN):
            name = path.relative_to(top).as_posix()
            if name in target.files and name not in target.sources.evidence and name not in settings:
                yield name
