"""Which engine runs a stack, and which one owns the state of `local`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final, Literal

from slipway.engine.cli_engine import INSTALL
from slipway.engine.embedded import LOCAL_STACK
from slipway.engine.interface import Choice
from slipway.errors import SlipwayError

EngineName = Literal["pulumi", "embedded"]
_NAMES: Final[dict[str, EngineName]] = {"pulumi": "pulumi", "embedded": "embedded"}


def choose(root: Path, stack: str, wanted: Choice = "auto") -> EngineName:
    """The engine for a stack.

    ``auto`` is the owner of `local`'s state, else Pulumi where it is on PATH, else the embedded engine.

    Raises:
        SlipwayError: a real stack without the Pulumi CLI, or `local` with an engine that does not own its
        state.
    """
    installed = shutil.which("pulumi") is not None
    if stack != LOCAL_STACK:
        if wanted == "embedded":
            raise SlipwayError(
                f"the embedded engine runs {LOCAL_STACK!r} only, not {stack!r}",
                fix=f"for what {stack!r} consists of: slipway preview {stack} --offline",
            )
        return _pulumi(
            installed,
            f"the stack {stack!r} is real, and only the Pulumi CLI touches a real cloud",
            f"; without it: slipway preview {stack} --offline",
        )
    holder = owner(root)
    if wanted not in ("auto", holder or wanted):
        raise SlipwayError(
            f"the state of {LOCAL_STACK!r} belongs to the engine {holder!r}",
            where=str(_record(root)),
            fix=f"slipway destroy {LOCAL_STACK} --engine {holder}, then try again with {wanted!r}",
        )
    chosen = holder or (wanted if wanted != "auto" else "pulumi" if installed else "embedded")
    if chosen == "pulumi":
        return _pulumi(installed, f"the state of {LOCAL_STACK!r} belongs to the Pulumi CLI")
    return "embedded"


def _pulumi(installed: bool, why: str, without: str = "") -> EngineName:
    if not installed:
        raise SlipwayError(f"{why}; it is not on PATH", fix=INSTALL + without)
    return "pulumi"


def owner(root: Path) -> EngineName | None:
    """The engine that made `local`'s state, while there is one."""
    try:
        return _NAMES.get(_record(root).read_text(encoding="utf-8").strip())
    except FileNotFoundError:
        return None


def own(root: Path, engine: EngineName) -> None:
    """Record that `local`'s state is this engine's. Call before the first `up`."""
    path = _record(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{engine}\n", encoding="utf-8")


def release(root: Path) -> None:
    """After a destroy that left nothing: any engine may begin anew."""
    _record(root).unlink(missing_ok=True)


def _record(root: Path) -> Path:
    return root / ".slipway" / "engine"
