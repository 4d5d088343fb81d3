"""What every store promises."""

import re
from dataclasses import dataclass
from typing import Protocol

from slipway.errors import SlipwayError

MAX_KEY = 512
"""Characters of a key, so that a folder's path and an S3 key (1,024 bytes) both hold it."""

_SEGMENT = r"[A-Za-z0-9_@+][A-Za-z0-9_@+.-]{0,199}"
_KEY = re.compile(rf"{_SEGMENT}(/{_SEGMENT})*")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An object as it was when it was read."""

    content: bytes
    version: str
    """Of the content: another content has another version, and the same content may have the same one again.
    Whoever must notice a change back and forth puts something into the content that never repeats."""


class KeyTaken(SlipwayError):
    """`put_once`: there is an object of that key already."""


class VersionChanged(SlipwayError):
    """`update`: the object is not as it was read, or is not there."""


class Store(Protocol):
    """Objects by key. Every call is atomic, and a read shows every write that was answered before it.

    Keys are segments of letters, digits and `_@+.-` joined by slashes. The methods may be called from any
    thread, and stores of the same place from any process. Beside what each names, all raise SlipwayError
    where the place cannot be reached or refuses.
    """

    def put_once(self, key: str, content: bytes) -> str:
        """Write an object that may not be there yet; its version.

        Raises:
            KeyTaken: it is there, whatever its content. Of many writers at once, one is not told this.
        """
        ...

    def get(self, key: str) -> Entry | None:
        """The object, or None where there is none."""
        ...

    def list(self, prefix: str) -> list[str]:
        """Keys that start with `prefix`, in order of their characters; all of them for an empty one."""
        ...

    def update(self, key: str, content: bytes, expected: str) -> str:
        """Replace an object that is still as it was read; its new version.

        Args:
            expected: the version that was read.

        Raises:
            VersionChanged: it has another one, or is gone. Where an answer of the place was lost, also: the
                write was done and another has replaced it since.
        """
        ...


def checked(key: str) -> str:
    """The key itself. Raises SlipwayError for one that not every store could hold."""
    if len(key) > MAX_KEY or not _KEY.fullmatch(key):
        raise SlipwayError(
            f"{key!r} is no key of a store",
            fix=f"segments of letters, digits and _@+.- joined by slashes, at most {MAX_KEY} characters",
        )
    return key


def taken(key: str, where: str) -> KeyTaken:
    """What `put_once` raises."""
    return KeyTaken(f"{key} is there already and is written once only", where=where)


def changed(key: str, where: str) -> VersionChanged:
    """What `update` raises."""
    return VersionChanged(f"{key} is not as it was read", where=where, fix="read it again, then decide anew")
