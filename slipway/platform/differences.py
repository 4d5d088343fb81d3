"""Where two structures of plain data differ: one walk for all who ask; each says what it takes for equal."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any, Final, cast

from slipway.platform.property_paths import PropertyPath

Difference = tuple[PropertyPath, Any, Any]
"""Where, and the values before and after; `ABSENT` where there is none."""


class Absent:
    """The value of what is not there."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = Absent()


class Comparison:
    """A walk through maps and lists, down to the values that differ. Both methods below may be overridden."""

    def differences(self, old: Any, new: Any, path: PropertyPath = ()) -> Iterator[Difference]:
        """Every difference below `path`, maps by the order of their keys."""
        if self.same(old, new, path):
            return
        if isinstance(old, dict) and isinstance(new, dict):
            left, right = cast(dict[str, Any], old), cast(dict[str, Any], new)
            for key in sorted({*left, *right}):
                yield from self.differences(left.get(key, ABSENT), right.get(key, ABSENT), (*path, key))
        elif isinstance(old, list) and isinstance(new, list):
            for index, before, after in self.items(cast(list[Any], old), cast(list[Any], new), path):
                yield from self.differences(before, after, (*path, index))
        elif old != new or isinstance(old, bool) is not isinstance(new, bool):
            yield path, old, new

    def same(self, old: Any, new: Any, path: PropertyPath) -> bool:
        """Whether two values count as equal although they may look different."""
        return False

    def items(self, old: list[Any], new: list[Any], path: PropertyPath) -> Iterable[tuple[int, Any, Any]]:
        """Items of two lists that belong together, with their place; by position unless overridden."""
        pairs = zip_longest(old, new, fillvalue=ABSENT)
        return ((index, before, after) for index, (before, after) in enumerate(pairs))

    def sets(self, old: list[Any], new: list[Any], path: PropertyPath) -> Iterator[tuple[int, Any, Any]]:
        """`items` of two sets: what only one of them has, and maps that are one by their name.

        The place is that in `new`, or in `old` for what is gone.
        """
        left = list(enumerate(old))
        came: list[tuple[int, Any]] = []
        for index, item in enumerate(new):
            match = next((each for each in left if self._equal(each[1], item, path)), None)
            if match is None:
                came.append((index, item))
            else:
                left.remove(match)
        for index, item in came:
            twin = next((each for each in left if _is_twin(each[1], item)), None)
            if twin is not None:
                left.remove(twin)
            yield index, ABSENT if twin is None else twin[1], item
        yield from ((index, item, ABSENT) for index, item in left)

    def _equal(self, old: Any, new: Any, path: PropertyPath) -> bool:
        return next(iter(self.differences(old, new, (*path, 0))), None) is None


_NAMES = ("Sid", "key", "name")
"""What a map in a set is told by."""


def _is_twin(old: Any, new: Any) -> bool:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return False
    left, right = cast(dict[str, Any], old), cast(dict[str, Any], new)
    return all(left.get(name) == right.get(name) for name in _NAMES)
