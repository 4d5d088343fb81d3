"""What fits into a page of limited size: the most important of each part, and how much is left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

REST: Final = 800
"""Room that a part keeps for its line about what is left out."""


def _nothing(_shown: int) -> str:
    return ""


@dataclass(eq=False)
class Part:
    """A part of a page: what opens it, its lines or the parts in it, and what closes it.

    Attributes:
        head, foot: written only if anything stands between them, unless it is `fixed`.
        level: which parts get their lines first; 0 is the first.
        lines: made only as far as they are shown.
        rest: says what is left out after so many lines, in at most `REST` characters; empty for nothing.
        parts: within this one, after its lines.
    """

    head: str = ""
    foot: str = ""
    level: int = 0
    lines: Iterable[str] = ()
    rest: Callable[[int], str] = _nothing
    parts: list[Part] = field(default_factory=list["Part"])


@dataclass(eq=False)
class _Open:
    """How far one part was filled."""

    part: Part
    parent: _Open | None
    lines: Iterator[str]
    shown: list[str] = field(default_factory=list[str])
    is_open: bool = False

    @property
    def rest(self) -> str:
        return self.part.rest(len(self.shown))


def fit(page: Part, limit: int, measure: Callable[[str], int] = len) -> str:
    """The page in at most `limit`, parts of one level in turns, so that none of them crowds out another.

    Args:
        page: whose head and foot are always written.
        limit: of what `measure` says of the text.
        measure: of a text is the sum of its parts'.
    """
    filler = _Filler(limit, measure)
    parts = list(filler.spread(page, None))
    filler.open(parts[0])
    for level in sorted({each.part.level for each in parts}):
        queue = deque(each for each in parts if each.part.level == level)
        while queue:
            each = queue.popleft()
            if filler.add(each):
                queue.append(each)
    return "\n".join(_written(parts[0], parts)) + "\n"


class _Filler:
    def __init__(self, limit: int, measure: Callable[[str], int]) -> None:
        self._left = limit
        self._measure = measure

    def spread(self, part: Part, parent: _Open | None) -> Iterator[_Open]:
        """The part and all in it, in the order of the page."""
        this = _Open(part, parent, iter(part.lines))
        yield this
        for each in part.parts:
            yield from self.spread(each, this)

    def open(self, each: _Open) -> None:
        """Take the room of its ends, and of those of the parts around it."""
        self._left -= self._ends(each)
        above: _Open | None = each
        while above is not None and not above.is_open:
            above.is_open = True
            above = above.parent

    def add(self, each: _Open) -> bool:
        """Write the next line of a part, if there is one and it fits."""
        line = next(each.lines, None)
        if line is None:
            if each.is_open and not each.rest:
                self._left += self._rest(each)
            return False
        cost = self._measure(line) + 1
        if cost + self._ends(each) > self._left:
            return False
        self.open(each)
        self._left -= cost
        each.shown.append(line)
        return True

    def _ends(self, each: _Open | None) -> int:
        cost = 0
        while each is not None and not each.is_open:
            cost += sum(self._measure(end) + 1 for end in (each.part.head, each.part.foot) if end)
            cost += self._rest(each)
            each = each.parent
        return cost

    def _rest(self, each: _Open) -> int:
        return 0 if each.part.rest is _nothing else REST


def _written(top: _Open, parts: list[_Open]) -> Iterator[str]:
    below: dict[int, list[_Open]] = {}
    for each in parts:
        below.setdefault(id(each.parent), []).append(each)

    def write(each: _Open) -> Iterator[str]:
        if not each.is_open:
            return
        if each.part.head:
            yield each.part.head
        yield from each.shown
        if each.rest:
            yield each.rest
        for inner in below.get(id(each), ()):
            yield from write(inner)
        if each.part.foot:
            yield each.part.foot

    return write(top)
