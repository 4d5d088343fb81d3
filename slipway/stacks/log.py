"""The record of what was done to a stack: numbered, written once, each record chained to the one before.

`<area>/<project>/<stack>/<number>` holds a record with the digest of the one before it, so that nobody can
change, take out or reorder one without the next telling. The last record's digest lies in the stack's head,
which is written under its lease: a record that is missing at the end shows as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from slipway.engine import documents
from slipway.errors import SlipwayError
from slipway.platform.plan_store import LOG, head_key
from slipway.store import KeyTaken, Lease, Leases, Store

RECORD_VERSION: Final = 1
Event = Literal["begun", "applied", "failed", "declined"]
"""`begun` is written before anything is changed: where nothing follows it, nobody knows what was done."""

_DIGITS: Final = 8
_NAME: Final = re.compile(rf"[0-9]{{{_DIGITS}}}\.json")
_FIRST: Final = "0" * 64
_ATTEMPTS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is to be recorded. No value of a stack is in it.

    Attributes:
        plan: the digest of the sealed plan.
        run: which run did it, and `actor` who started that.
        commit: of main.
        evidence: the digest of what the stack was made of.
        at: epoch seconds.
        token: of the lease under which it was done.
        counts: how many steps of each operation were done.
        note: why, where it failed or was declined.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    event: Event
    operation: str
    plan: str
    run: str
    actor: str
    commit: str
    evidence: str
    at: float
    token: int
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """An entry at its place: the digest of the record before it, 64 zeros for the first."""

    __pydantic_config__: ClassVar = documents.STRICT

    project: str
    stack: str
    number: int
    previous: str
    entry: Entry

    def to_bytes(self) -> bytes:
        """As it is written, and digested."""
        document = {"version": RECORD_VERSION, **documents.dump(self)}
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()

    @property
    def digest(self) -> str:
        """What the next record and the head name."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


class LogBroken(SlipwayError):
    """A record is missing, was changed, or is of another place. `number`: the first of which that is so."""

    def __init__(self, stack: str, number: int, why: str) -> None:
        super().__init__(
            f"record {number} of the log {why}",
            where=stack,
            fix="nobody may write there but the apply role: find out who did, in the bucket's versions",
        )
        self.number = number


@dataclass(frozen=True)
class Log:
    """The log of one stack. `leases` are those of the same store."""

    store: Store
    leases: Leases
    project: str
    stack: str

    @property
    def name(self) -> str:
        """`project/stack`."""
        return f"{self.project}/{self.stack}"

    @property
    def _prefix(self) -> str:
        return f"{LOG.of(self.project, self.stack)}/"

    @property
    def _head_key(self) -> str:
        return head_key(self.project, self.stack)

    def append(self, entry: Entry, lease: Lease) -> Record:
        """Write the next record, then the head.

        Raises:
            LeaseLost: another one has the stack by now.
            LogBroken: see `last`.
        """
        for _ in range(_ATTEMPTS):
            self.leases.check(lease)
            last = self.last()
            number, previous = (last.number + 1, last.digest) if last else (1, _FIRST)
            record = Record(
                project=self.project, stack=self.stack, number=number, previous=previous, entry=entry
            )
            try:
                self.store.put_once(self._key(number), record.to_bytes())
            except KeyTaken:
                continue
            head = {"number": number, "digest": record.digest, "entry": documents.dump(entry)}
            self.leases.write(self._head_key, json.dumps(head).encode(), lease)
            return record
        raise SlipwayError("the log grows faster than it can be read", where=self.name)

    def last(self) -> Record | None:
        """The newest record; None where nothing was ever done. Three calls of the store, however long it is.

        The head may be behind, by records whose writers were killed before they wrote it.

        Raises:
            LogBroken: it cannot be read as one, or is not the one that the head names.
        """
        number, digest = self._head()
        found = self._read(number) if number else None
        if number and found is None:
            raise LogBroken(self.name, number, "is missing at the end")
        if found is not None and found.digest != digest:
            raise LogBroken(self.name, number, "is not the one that the head names")
        while following := self._read(number + 1):
            if following.previous != (found.digest if found else _FIRST):
                raise LogBroken(self.name, number + 1, "does not follow the one before it")
            number, found = number + 1, following
        return found

    def glance(self) -> Entry | None:
        """What the head says was done last, in one call; None where nothing was. It proves nothing.

        Where a writer was killed between its record and the head, this is the record before: that an apply
        has begun, or, where it had not yet, what was there before it.

        Raises:
            LogBroken: it cannot be read; see `last`.
        """
        content = self.leases.content(self._head_key)
        if content is None:
            return None
        try:
            return documents.parse(Entry, json.loads(content)["entry"])
        except KeyError:  # written before heads had entries
            last = self.last()
            return last.entry if last else None
        except (ValueError, TypeError):
            raise LogBroken(self.name, 0, "cannot be found: the head is unreadable") from None

    def records(self) -> Iterator[Record]:
        """All of them, oldest first, each held against the one before.

        Raises:
            LogBroken: at the first that does not follow, or where the head knows more.
        """
        head, digest = self._head()
        previous, expected = _FIRST, 1
        for number in self._numbers():
            if number != expected or (record := self._read(number)) is None:
                raise LogBroken(self.name, expected, "is missing")
            if record.previous != previous:
                raise LogBroken(self.name, number, "does not follow the one before it")
            if number == head and record.digest != digest:
                raise LogBroken(self.name, number, "is not the one that the head names")
            yield record
            previous, expected = record.digest, number + 1
        if head >= expected:
            raise LogBroken(self.name, expected, "is missing at the end")

    def before(self, record: Record) -> Record:
        """The record before another one, which is not the first.

        Raises:
            LogBroken: it is missing, or is not the one that the other follows.
        """
        found = self._read(record.number - 1)
        if found is None:
            raise LogBroken(self.name, record.number - 1, "is missing")
        if found.digest != record.previous:
            raise LogBroken(self.name, record.number, "does not follow the one before it")
        return found

    def _key(self, number: int) -> str:
        return f"{self._prefix}{number:0{_DIGITS}}.json"

    def _numbers(self) -> list[int]:
        names = [key.removeprefix(self._prefix) for key in self.store.list(self._prefix)]
        wrong = next((name for name in names if not _NAME.fullmatch(name)), None)
        if wrong is not None:
            raise LogBroken(self.name, 0, f"is no number: {wrong}")
        return [int(name.removesuffix(".json")) for name in names]

    def _read(self, number: int) -> Record | None:
        found = self.store.get(self._key(number))
        if found is None:
            return None
        try:
            record = documents.load(Record, json.loads(found.content), RECORD_VERSION)
        except (ValueError, AttributeError, SlipwayError):
            raise LogBroken(self.name, number, "cannot be read") from None
        if (record.project, record.stack, record.number) != (self.project, self.stack, number):
            raise LogBroken(self.name, number, "is of another place")
        if record.to_bytes() != found.content:
            raise LogBroken(self.name, number, "is not written as records are")
        return record

    def _head(self) -> tuple[int, str]:
        """The number and the digest of the last record; 0 where there is none."""
        content = self.leases.content(self._head_key)
        if content is None:
            return 0, ""
        try:
            document: Any = json.loads(content)
            return int(document["number"]), str(document["digest"])
        except (ValueError, KeyError, TypeError):
            raise LogBroken(self.name, 0, "cannot be found: the head is unreadable") from None


def newest(log: Log, count: int) -> Iterator[Record]:
    """The last records, oldest first, each held against the one before.

    Raises:
        LogBroken: see `Log.last`; or one of these does not follow.
    """
    last = log.last()
    records = [last] if last else []
    while records and records[0].number > 1 and len(records) < count:
        records.insert(0, log.before(records[0]))
    yield from records
