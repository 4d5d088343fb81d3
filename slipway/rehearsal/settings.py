"""What is to be played."""

import re
from dataclasses import dataclass

from slipway.errors import SlipwayError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One rehearsal. Rates are fractions from 0 to 1; durations are in seconds of real time."""

    jobs: int
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: bool = False
    approvals: float = 0.0
    """Jobs that wait for an approval after they were queued, and are queued again."""
    silence_s: float = 0.0
    """How long GitHub hands out nothing at first."""
    seed: int = 1
    patience_s: float = 420.0
    """How long nothing at all may happen before the rehearsal is given up. A job whose instance was handed
    another one is believed to be running elsewhere for three minutes, whatever the ticks' pace, and one whose
    approval was overtaken by its wait to need it for five."""
    tick_s: float = 2.0
    """How often the schedule is fired; on AWS it is once a minute."""
    reorder_ms: int = 1500
    """Up to how late an event is sent where they are reordered."""
    approval_s: tuple[float, float] = (3.0, 8.0)
    """How long an approval takes."""


def fraction(text: str, option: str) -> float:
    """`20%` or `0.2` as a fraction.

    Raises:
        SlipwayError: it is neither, or more than all of them.
    """
    match = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)(%?)", text)
    value = float(match[1]) / (100 if match[2] else 1) if match else -1.0
    if not 0 <= value <= 1:
        raise SlipwayError(f"{text!r} is no share", where=option, fix="for example 20% or 0.2")
    return value
