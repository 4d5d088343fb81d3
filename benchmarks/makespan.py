"""How long an apply of many stacks takes, above the longest way through what they need.

`slipway apply STACK...` works through them as here: `slipway.stacks.sequence`, with as many side by side as
there are. Each stack is an apply that sleeps.
"""

import random
import statistics
import sys
import time
from collections.abc import Mapping, Sequence

from slipway.stacks.apply_order import apply_order
from slipway.stacks.sequence import run

STACKS, GRAPHS, LIMIT = 60, 5, 1.1
SECONDS = (0.05, 0.3)
"""Of one stack: at least, at most."""


def measure() -> bool:
    """Print the worst ratio of several random graphs, and whether it stays within the limit."""
    ratios = [_ratio(random.Random(number)) for number in range(GRAPHS)]  # noqa: S311 - repeatable
    print(
        f"  {STACKS} stacks, {GRAPHS} graphs: {max(ratios):.3f} of the longest way"
        f" (at most {LIMIT}), {statistics.median(ratios):.3f} in the median"
    )
    return max(ratios) <= LIMIT


def _ratio(draw: random.Random) -> float:
    names = [f"stack-{number}" for number in range(STACKS)]
    needs = {
        name: draw.sample(names[:place], min(place, draw.choice([0, 1, 2])))
        for place, name in enumerate(names)
    }
    destroyed = [name for name in names if not any(name in its for its in needs.values())][::3]
    order = apply_order(needs, destroyed)
    seconds = {name: draw.uniform(*SECONDS) for name in names}
    began = time.perf_counter()
    run(order, lambda name: time.sleep(seconds[name]), failed=lambda _: False, side_by_side=STACKS)
    return (time.perf_counter() - began) / longest_way(order, seconds, names)


def longest_way(
    order: Mapping[str, frozenset[str]], seconds: Mapping[str, float], names: Sequence[str]
) -> float:
    """The seconds of those that have to wait for each other, by the definition."""
    ends: dict[str, float] = {}

    def end(name: str) -> float:
        if name not in ends:
            ends[name] = seconds[name] + max(map(end, order[name]), default=0.0)
        return ends[name]

    return max(map(end, names))


if __name__ == "__main__":
    sys.exit(0 if measure() else 1)
