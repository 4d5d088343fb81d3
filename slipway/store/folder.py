"""A store in a folder of one machine: what several processes on it may share."""

import fcntl
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from slipway.errors import SlipwayError
from slipway.store.contract import Entry, changed, checked, taken
from slipway.store.memory import version_of

# No segment of a key holds an equals sign, so that files, folders and these two cannot meet.
_FILE = "="
_LOCK = "=lock"
_NEW = "=new-"


class FolderStore:
    """See `Store`. An object `a/b` is the file `a/b=`; readers never see half of one.

    Not for a folder on a network: locks and renames are not to be trusted there.
    """

    def __init__(self, folder: Path) -> None:
        """Args:
        folder: made where it is not there, for its owner alone.
        """
        self._folder = folder

    def put_once(self, key: str, content: bytes) -> str:
        """See `Store`."""
        with self._locked():
            if self._file(key).exists():
                raise taken(key, str(self._folder))
            self._write(key, content)
        return version_of(content)

    def get(self, key: str) -> Entry | None:
        """See `Store`."""
        try:
            content = self._file(key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from error
        return Entry(content=content, version=version_of(content))

    def list(self, prefix: str) -> list[str]:
        """See `Store`."""
        # Only below the folders that the prefix names whole: others may hold very many.
        above = checked(prefix.rpartition("/")[0]) if "/" in prefix else ""
        found = (self._folder / above).rglob(f"*{_FILE}")
        names = (path.relative_to(self._folder).as_posix() for path in found)
        return sorted(name.removesuffix(_FILE) for name in names if name.startswith(prefix))

    def update(self, key: str, content: bytes, expected: str) -> str:
        """See `Store`."""
        with self._locked():
            present = self.get(key)
            if present is None or present.version != expected:
                raise changed(key, str(self._folder))
            self._write(key, content)
        return version_of(content)

    def _file(self, key: str) -> Path:
        return self._folder / f"{checked(key)}{_FILE}"

    def _write(self, key: str, content: bytes) -> None:
        """Whole or not at all, also where the machine stops: https://lwn.net/Articles/457667/"""
        file = self._file(key)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=_NEW, dir=self._folder)
        try:
            with os.fdopen(handle, "wb") as new:
                new.write(content)
                new.flush()
                os.fsync(new.fileno())
            Path(name).replace(file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    @contextmanager
    def _locked(self) -> Generator[None]:
        """One writer at a time. The system frees the lock when its holder ends, however it ends."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self._folder / _LOCK).open("w") as lock:
                # A lock belongs to what was opened, so that threads keep each other out too.
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> SlipwayError:
        return SlipwayError(f"the store cannot be used: {error.strerror}", where=str(self._folder))
