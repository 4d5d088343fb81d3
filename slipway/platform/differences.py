"""Where two structures of plain data differ: one walk for all who ask; each says what it takes for equal."""

from collections.abc import Iterator
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
            pairs = self.paired(cast(list[Any], old), cast(list[Any], new), path)
            for index, (before, after) in enumerate(zip_longest(*pairs, fillvalue=ABSENT)):
                yield from self.differences(before, after, (*path, index))
        elif old != new or isinstance(old, bool) is not isinstance(new, bool):
            yield path, old, new

    def same(self, old: Any, new: Any, path: PropertyPath) -> bool:
        """Whether two values count as equal although they may look different."""
        return False

    def paired(self, old: list[Any], new: list[Any], path: PropertyPath) -> tuple[list[Any], list[Any]]:
        """Two lists, so that what belongs together stands at one index."""
        return old, new
