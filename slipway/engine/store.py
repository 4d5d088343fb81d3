"""Where a stack's state lives, so that neither a kill nor a cut-short file loses what was made.

Three files per stack: ``<stack>.json`` (the state), ``<stack>.json.bak`` (the state before the last run that
changed something) and ``<stack>.journal`` (what that run did, one JSON record per line). State before plus
journal is state after, so any one of them may be damaged. Records are handed to the operating system one by
one but not forced to disk: a kill loses none of them, and a power cut takes the embedded cloud with it
anyway.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from slipway.engine.secrets import Crypter
from slipway.engine.state import (
    ResourceState,
    Snapshot,
    decode,
    encode,
    from_deployment,
    salt_of,
    to_deployment,
)
from slipway.errors import SlipwayError


class Store:
    """The state files of one stack.

    Args:
        directory: where they live; made when something is written.
        stack: the stack's name.
        crypter: encrypts secrets; replaced by one with the state's own salt where the state has one.
    """

    def __init__(self, directory: Path, stack: str, crypter: Crypter) -> None:
        self.path = directory / f"{stack}.json"
        self.backup = directory / f"{stack}.json.bak"
        self.journal = directory / f"{stack}.journal"
        self._lock_path = directory / f"{stack}.lock"
        self._directory = directory
        self._stack = stack
        self.crypter = crypter
        self._base = ""

    @property
    def exists(self) -> bool:
        """Whether anything was ever written."""
        return any(path.exists() for path in (self.path, self.backup, self.journal))

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the stack. The lock dies with its process, so there is no stale one to clean up.

        Raises:
            SlipwayError: another process holds it.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        with self._lock_path.open("a+", encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.seek(0)
                raise SlipwayError(
                    f"another run works on stack {self._stack!r} (process {handle.read().strip() or '?'})",
                    where=str(self._lock_path),
                    fix="wait for it to end, or end it with Ctrl-C",
                ) from None
            handle.truncate(0)
            handle.write(str(os.getpid()))
            handle.flush()
            yield

    def load(self) -> tuple[Snapshot, list[str]]:
        """The state, with what an interrupted run did, and warnings about what had to be repaired.

        Raises:
            SlipwayError: neither the state nor the one before it can be read.
        """
        document, warnings = self._document()
        snapshot = Snapshot()
        if document is not None:
            salt = salt_of(document)
            if salt:
                self.crypter.use_salt(salt)
            snapshot = from_deployment(document, self.crypter)
        records = self._records()
        if records:
            warnings.append(f"the last run on {self._stack!r} did not end; going on from where it was")
        for record in records:
            self._replay(snapshot, record)
        return snapshot, warnings

    def _document(self) -> tuple[dict[str, Any] | None, list[str]]:
        if not self.path.exists() and not self.backup.exists():
            return None, []
        document, self._base = _read(self.path)
        if document is not None:
            return document, []
        document, self._base = _read(self.backup)
        if document is None:
            raise SlipwayError(
                f"the state of stack {self._stack!r} cannot be read, nor can the one before it",
                where=f"{self.path}, {self.backup}",
                fix="restore one of the two files; without a state, what exists would be made a second time",
            )
        return document, [f"{self.path} cannot be read; the previous state was used ({self.backup.name})"]

    def _records(self) -> list[dict[str, Any]]:
        """The journal's records, if it continues the state that was read. A line cut short never happened."""
        if not self.journal.exists():
            return []
        lines = self.journal.read_bytes().split(b"\n")
        records: list[dict[str, Any]] = []
        for line in lines:
            try:
                records.append(json.loads(line))
            except ValueError:
                break
        if not records or records[0].get("base") != self._base:
            return []
        if records[0].get("salt"):
            self.crypter.use_salt(records[0]["salt"])
        return records[1:]

    def _replay(self, snapshot: Snapshot, record: dict[str, Any]) -> None:
        if "salt" in record:
            self.crypter.use_salt(record["salt"])
        elif "put" in record:
            state = decode(record["put"], self.crypter.decrypt)
            snapshot.put(state, record.get("was", ""), record.get("condemn", False))
        elif "gone" in record:
            snapshot.forget(record["gone"], record["id"], record["condemned"])
        elif "pending" in record:
            state = decode(record["pending"], self.crypter.decrypt)
            snapshot.pending[state.urn] = state
        elif "settled" in record:
            snapshot.pending.pop(record["settled"], None)

    def begin(self, snapshot: Snapshot) -> Journal:
        """A journal for one run. Nothing is written before its first record."""
        return Journal(self, snapshot, self.crypter)

    def start_journal(self) -> IO[bytes]:
        """Keep the present state aside and open an empty journal that continues it."""
        self._directory.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and _read(self.path)[0] is not None:
            _write(self.backup, self.path.read_bytes())
        header = {"base": self._base, "salt": self.crypter.salt}
        _write(self.journal, json.dumps(header).encode() + b"\n")
        return self.journal.open("ab")

    def save(self, snapshot: Snapshot) -> None:
        """Write the whole state. The journal stays until the next run, to repair this file if need be."""
        document = to_deployment(snapshot, self.crypter)
        data = json.dumps(document, indent=4).encode()
        _write(self.path, data)
        self._base = hashlib.sha256(data).hexdigest()


class Journal:
    """Changes a snapshot and writes each change down, from any thread. The cost per change is constant."""

    def __init__(self, store: Store, snapshot: Snapshot, crypter: Crypter) -> None:
        self.snapshot = snapshot
        self._store = store
        self._crypter = crypter
        self._file: IO[bytes] | None = None
        self._lock = threading.Lock()
        self._salt = crypter.salt

    def put(self, state: ResourceState, was: str = "", condemn: bool = False) -> None:
        self._write({"put": encode(state, self._crypter.encrypt), "was": was, "condemn": condemn})
        with self._lock:
            self.snapshot.put(state, was, condemn)

    def forget(self, state: ResourceState) -> None:
        self._write({"gone": state.urn, "id": state.id, "condemned": state.delete})
        with self._lock:
            self.snapshot.forget(state.urn, state.id, state.delete)

    def pending(self, state: ResourceState) -> None:
        """About to create `state`: if nothing follows, nobody knows whether it was made."""
        self._write({"pending": encode(state, self._crypter.encrypt)})
        with self._lock:
            self.snapshot.pending[state.urn] = state

    def settled(self, urn: str) -> None:
        """The creation of `urn` failed, and left nothing."""
        self._write({"settled": urn})
        with self._lock:
            self.snapshot.pending.pop(urn, None)

    def close(self) -> None:
        """Fold the journal into the state file, if anything was written."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
                self._store.save(self.snapshot)

    def _write(self, record: dict[str, Any]) -> None:
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            if self._file is None:
                self._file = self._store.start_journal()
            if self._crypter.salt != self._salt:
                self._salt = self._crypter.salt
                line = json.dumps({"salt": self._salt}).encode() + b"\n" + line
            self._file.write(line)
            self._file.flush()


class Rehearsal:
    """The journal of a preview: changes its own copy of the snapshot, writes nothing."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._lock = threading.Lock()

    def put(self, state: ResourceState, was: str = "", condemn: bool = False) -> None:
        with self._lock:
            self.snapshot.put(state, was, condemn)

    def forget(self, state: ResourceState) -> None:
        with self._lock:
            self.snapshot.forget(state.urn, state.id, state.delete)

    def pending(self, state: ResourceState) -> None:
        """A preview begins nothing."""

    def settled(self, urn: str) -> None:
        """A preview begins nothing."""

    def close(self) -> None:
        """There is nothing to fold."""


def _read(path: Path) -> tuple[dict[str, Any] | None, str]:
    """The document and the digest of its bytes, or (None, "") where it is missing or damaged."""
    try:
        data = path.read_bytes()
        document = json.loads(data)
    except (FileNotFoundError, ValueError):
        return None, ""
    if not isinstance(document, dict) or "deployment" not in document:
        return None, ""
    return document, hashlib.sha256(data).hexdigest()  # pyright: ignore[reportUnknownVariableType]


def _write(path: Path, data: bytes) -> None:
    """Replace a file as a whole; whoever reads it sees the old or the new one. Readable by the owner only."""
    temporary = path.with_name(path.name + ".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)
