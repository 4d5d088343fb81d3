"""A store in memory, for tests: as strict as the others, and as forgetful of versions."""

import hashlib
import threading

from slipway.store.contract import Entry, changed, checked, taken

_WHERE = "memory"


class MemoryStore:
    """See `Store`."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put_once(self, key: str, content: bytes) -> str:
        """See `Store`."""
        with self._lock:
            if checked(key) in self._objects:
                raise taken(key, _WHERE)
            self._objects[key] = content
        return version_of(content)

    def get(self, key: str) -> Entry | None:
        """See `Store`."""
        content = self._objects.get(checked(key))
        return None if content is None else Entry(content=content, version=version_of(content))

    def list(self, prefix: str) -> list[str]:
        """See `Store`."""
        with self._lock:
            return sorted(key for key in self._objects if key.startswith(prefix))

    def update(self, key: str, content: bytes, expected: str) -> str:
        """See `Store`."""
        with self._lock:
            present = self._objects.get(checked(key))
            if present is None or version_of(present) != expected:
                raise changed(key, _WHERE)
            self._objects[key] = content
        return version_of(content)


def version_of(content: bytes) -> str:
    """A digest, like S3's ETag: the same content has the same version again."""
    return hashlib.sha256(content).hexdigest()
