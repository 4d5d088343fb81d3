"""What patterns have in common: whether there is a text that some of them match and others do not.

Decided over the patterns themselves, so that no sample can miss what they stand for.
"""

import itertools
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from slipway.access.patterns import Pattern, glob, has_wildcard, plain

_MOST_STATES = 10_000
"""Where more would have to be looked at, there is taken to be such a text."""

_ANY, _ONE = "any", "one"
"""Of more than one letter, so no character is either."""

_Symbols = tuple[str, ...]
_State = tuple[frozenset[int], ...]


@lru_cache(maxsize=65_536)
def common(wanted: tuple[Pattern, ...], without: tuple[Pattern, ...] = ()) -> str | None:
    """A text that all of `wanted` match and none of `without`; None if there is none."""
    for pattern in wanted:
        if not _is_wild(pattern):
            text = plain(pattern)
            return text if _is_common(text, wanted, without) else None
    beginning = max(map(_beginning, wanted), key=len)
    if not all(beginning.startswith(_beginning(pattern)) for pattern in wanted):
        return None
    guessed = next((text for text in _guesses(wanted) if _is_common(text, wanted, without)), None)
    if guessed is not None:
        return guessed
    if any(_holds(one, other) for one in without for other in wanted):
        return None
    # Most of what is to be left out begins otherwise, as the actions of another service do.
    left_out = [one for one in without if _agree(_beginning(one), beginning)]
    patterns = [_symbols(pattern) for pattern in (*wanted, *left_out)]
    needed = len(wanted)
    other = _unused(patterns)
    start = tuple(_closed(symbols, {0}) for symbols in patterns)
    seen = {start}
    queue = deque([(start, "")])
    while queue:
        state, text = queue.popleft()
        ends = [len(symbols) in places for symbols, places in zip(patterns, state, strict=True)]
        if (all(ends[:needed]) and not any(ends[needed:])) or len(seen) > _MOST_STATES:
            return text
        for character in _next(patterns, state, other):
            after = tuple(
                _after(symbols, places, character) for symbols, places in zip(patterns, state, strict=True)
            )
            if after not in seen and all(after[:needed]) and not _lost(patterns[needed:], after[needed:]):
                seen.add(after)
                queue.append((after, text + character))
    return None


def _lost(patterns: Sequence[_Symbols], state: _State) -> bool:
    """Whether one of them matches whatever follows, so that no text that goes on from here is left."""
    return any(
        symbols[-1:] == (_ANY,) and len(symbols) in places
        for symbols, places in zip(patterns, state, strict=True)
    )


def _symbols(pattern: Pattern) -> _Symbols:
    wild = {"*": _ANY, "?": _ONE}
    return tuple(
        character if literal else wild.get(character, character)
        for text, literal in pattern
        for character in text
    )


def _unused(patterns: Iterable[_Symbols]) -> str:
    """A character of no pattern, which stands for all that are of none."""
    used = {symbol for symbols in patterns for symbol in symbols}
    return next(character for character in map(chr, range(ord("x"), 0x110000)) if character not in used)


def _next(patterns: Sequence[_Symbols], state: _State, other: str) -> list[str]:
    found = {
        symbols[place]
        for symbols, places in zip(patterns, state, strict=True)
        for place in places
        if place < len(symbols)
    }
    return [*sorted(found - {_ANY, _ONE}), other]


def _closed(symbols: _Symbols, places: Iterable[int]) -> frozenset[int]:
    """The places, and those after a `*`, which may stand for nothing."""
    found: set[int] = set()
    for start in places:
        place = start
        found.add(place)
        while place < len(symbols) and symbols[place] == _ANY:
            place += 1
            found.add(place)
    return frozenset(found)


def _is_wild(pattern: Pattern) -> bool:
    return any(not literal and has_wildcard(text) for text, literal in pattern)


def _is_common(text: str, wanted: tuple[Pattern, ...], without: tuple[Pattern, ...]) -> bool:
    return all(glob(one).fullmatch(text) for one in wanted) and not any(
        glob(one).fullmatch(text) for one in without
    )


def _guesses(wanted: tuple[Pattern, ...]) -> Iterator[str]:
    """What is mostly such a text, if there is one: a search takes a hundred times as long.

    The shortest of each, and how one begins with how another ends.
    """
    for one in wanted:
        yield _shortest(one)
    for one, other in itertools.permutations(wanted, 2):
        yield _beginning(one) + _shortest(other)[len(_beginning(other)) :]


@lru_cache(maxsize=65_536)
def _shortest(pattern: Pattern) -> str:
    return "".join(text if literal else text.replace("*", "").replace("?", "x") for text, literal in pattern)


def _holds(outer: Pattern, inner: Pattern) -> bool:
    """Whether one matches all that another does, where that is plain to see.

    What matches the other as it is written has a `*` of its own wherever that one has one.
    """
    is_plain = all("?" not in text and not literal for text, literal in outer)
    return is_plain and glob(outer).fullmatch(plain(inner)) is not None


@lru_cache(maxsize=65_536)
def _beginning(pattern: Pattern) -> str:
    """What every text of a pattern begins with."""
    found = ""
    for text, literal in pattern:
        if not literal and has_wildcard(text):
            return found + re.split(r"[*?]", text, maxsplit=1)[0]
        found += text
    return found


def _agree(one: str, other: str) -> bool:
    """Whether a text can begin with both."""
    return one.startswith(other) or other.startswith(one)


@lru_cache(maxsize=65_536)
def _after(symbols: _Symbols, places: frozenset[int], character: str) -> frozenset[int]:
    reached: set[int] = set()
    for place in places:
        if place == len(symbols):
            continue
        symbol = symbols[place]
        if symbol == _ANY:
            reached.add(place)
        elif symbol in {_ONE, character}:
            reached.add(place + 1)
    return _closed(symbols, reached)
