"""Works through stacks that need each other: independent ones side by side, nothing that needs what failed.

Pure but for the threads in which the work waits; the work itself is given.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from slipway.stacks.affected import ordered

T = TypeVar("T")
SIDE_BY_SIDE: Final = 8
"""Stacks that are worked on at once, unless asked otherwise."""


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What became of one stack.

    Attributes:
        stack: its id.
        answer: of the work; None where it was not begun.
        waited_for: stacks that it needs and that failed, where it was not begun.
    """

    stack: str
    answer: T | None
    waited_for: tuple[str, ...] = ()


def run(
    needs: Mapping[str, Collection[str]],
    work: Callable[[str], T],
    *,
    failed: Callable[[T], bool],
    side_by_side: int = SIDE_BY_SIDE,
) -> Sequence[Outcome[T]]:
    """Work on every stack as soon as those that it needs are done.

    Of those that could begin, one with the longest way to an end begins first.

    Args:
        needs: of each stack by its id; what is no key of it counts as done.
        work: on one stack; called from several threads. What it raises ends all once what has begun is done.
        failed: whether an answer is a failure, after which nothing that needs this stack is begun.
        side_by_side: how many at once at most.

    Returns:
        The outcomes, upstreams first.

    Raises:
        SlipwayError: some need each other in a circle.
    """
    order = ordered(needs)
    ahead = _ways(needs, order)
    waiting = {name: {need for need in needs[name] if need in needs} for name in order}
    outcomes: dict[str, Outcome[T]] = {}
    broken: set[str] = set()
    begun: dict[Future[T], str] = {}
    with ThreadPoolExecutor(side_by_side) as threads:
        while waiting or begun:
            # In order, so that what needs one of these is found in the same pass.
            for name in [*waiting]:
                if broken.intersection(needs[name]):
                    broken.add(name)
                    del waiting[name]
            ready = sorted(
                (name for name, left in waiting.items() if not left), key=lambda name: -ahead[name]
            )
            for name in ready[: side_by_side - len(begun)]:
                begun[threads.submit(work, name)] = name
                del waiting[name]
            if not begun:
                continue
            done, _ = wait(begun, return_when=FIRST_COMPLETED)
            for future in done:
                name = begun.pop(future)
                answer = future.result()
                outcomes[name] = Outcome(name, answer)
                if failed(answer):
                    broken.add(name)
                for left in waiting.values():
                    left.discard(name)
    left_out = (
        Outcome[T](name, None, tuple(sorted(broken.intersection(needs[name]))))
        for name in order
        if name not in outcomes
    )
    outcomes.update((each.stack, each) for each in left_out)
    return [outcomes[name] for name in order]


def _ways(needs: Mapping[str, Collection[str]], order: Sequence[str]) -> dict[str, int]:
    """Of each stack, how many there are on the longest way from it to one that nothing needs."""
    ways = dict.fromkeys(order, 1)
    for name in reversed(order):
        for need in needs[name]:
            if need in ways:
                ways[need] = max(ways[need], ways[name] + 1)
    return ways
