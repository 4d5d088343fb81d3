"""How much of a large figure a run tests: a sample that a seed draws, or all of it (`make test-long`).

For a figure of thousands: generated requests, interleavings, examples of a property. Where there are a few
cases, all of them are tested every time.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass
class Run:
    """What the options of this run of pytest say; tests/conftest.py sets it before any test is collected.

    Attributes:
        long: `--long`: all of each figure.
        seed: `--seed`, of a run that is not long.
    """

    long: bool = False
    seed: int = 0

    def __str__(self) -> str:
        if self.long:
            return "large figures were tested whole (--long)"
        return f"of large figures a sample was tested: --seed {self.seed} draws it again, --long tests all"


RUN = Run()


def size(whole: int, sample: int) -> int:
    """How many to try of a figure of `whole`."""
    return whole if RUN.long else min(sample, whole)


def seed(whole: int) -> int:
    """Of a generator: `whole` where all is tested, so that this is the same every time; else the run's."""
    return whole if RUN.long else RUN.seed


def drawn(items: Sequence[T], sample: int) -> list[T]:
    """As many of the items as `sample` says, in their order; all of them in a long run."""
    if RUN.long or sample >= len(items):
        return list(items)
    places = random.Random(RUN.seed).sample(range(len(items)), sample)  # noqa: S311 - a repeatable one is meant
    return [items[place] for place in sorted(places)]
