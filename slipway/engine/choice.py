"""Which engine runs a stack: one of them alone touches a real cloud, and a state belongs to its maker."""

from __future__ import annotations

import shutil

from slipway.engine.cli_engine import INSTALL
from slipway.engine.interface import Choice
from slipway.engine.local_stacks import EngineName
from slipway.errors import SlipwayError


def choose_real(stack: str, wanted: Choice = "auto") -> EngineName:
    """The engine for a stack on a real cloud: Pulumi.

    Raises:
        SlipwayError: the embedded engine is wanted, or Pulumi is not on PATH.
    """
    if wanted == "embedded":
        raise SlipwayError(
            f"the embedded engine runs stacks on a stand-in only, and {stack!r} is real",
            fix=f"for what {stack!r} consists of: slipway preview {stack} --offline",
        )
    return _pulumi(
        f"the stack {stack!r} is real, and only the Pulumi CLI touches a real cloud",
        f"; without it: slipway preview {stack} --offline",
    )


def choose_local(stack: str, wanted: Choice = "auto", owner: EngineName | None = None) -> EngineName:
    """The engine for a stack on a stand-in.

    ``auto`` is the owner of its state, else Pulumi where it is on PATH, else the embedded engine.

    Args:
        owner: the engine that made its state, if there is one.

    Raises:
        SlipwayError: the engine that is wanted does not own the state, or Pulumi is not on PATH.
    """
    if wanted not in ("auto", owner or wanted):
        raise SlipwayError(
            f"the state of {stack!r} belongs to the engine {owner!r}",
            fix=f"slipway destroy {stack} --engine {owner}, then try again with {wanted!r}",
        )
    installed = shutil.which("pulumi") is not None
    chosen = owner or (wanted if wanted != "auto" else "pulumi" if installed else "embedded")
    if chosen == "pulumi":
        return _pulumi(f"the state of {stack!r} belongs to the Pulumi CLI")
    return "embedded"


def _pulumi(why: str, without: str = "") -> EngineName:
    if shutil.which("pulumi") is None:
        raise SlipwayError(f"{why}; it is not on PATH", fix=INSTALL + without)
    return "pulumi"
