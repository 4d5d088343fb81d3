"""Leases with a rising token: one holder at a time, and no write of one that was replaced.

An expiry alone protects nothing: a holder may sleep past it and wake up writing. So each lease carries a
token that only rises, every record written under a lease carries the token of its writer, and a record is
never replaced under a smaller one
(https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html). Whoever acquires a lease calls
`take` on each record that it is going to rely on: from then on nothing that a former holder still does can
change that record, whatever its clock says.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from slipway.errors import SlipwayError
from slipway.store.contract import Entry, KeyTaken, Store, VersionChanged

CLOCK_SKEW_S = 30.0
"""How far apart the clocks of two machines may be: nobody is replaced before that long after the expiry."""

_NOBODY = ""
_ATTEMPTS = 20


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The right to change what a key stands for, until `expires`.

    `token` is larger than that of every lease of this key before. `expires` is in epoch seconds by the clock
    of who wrote it. `version` is that of the object in the store.
    """

    key: str
    owner: str
    token: int
    expires: float
    version: str = ""


class LeaseHeld(SlipwayError):
    """Another one has the lease; `lease` says who and until when."""

    def __init__(self, lease: Lease, now: float) -> None:
        left = round(lease.expires - now)
        until = f"for another {left} s unless it is renewed" if left > 0 else f"and it ran out {-left} s ago"
        super().__init__(f"{lease.owner} holds {lease.key} {until}", where=lease.key)
        self.lease = lease


class LeaseLost(SlipwayError):
    """The lease ran out or is another's: whatever it protects must not be touched any more."""


def _never(_owner: str) -> bool:
    return False


class Leases:
    """Acquires, renews and releases leases in a store, and writes records under them. Thread safe."""

    def __init__(
        self,
        store: Store,
        *,
        is_over: Callable[[str], bool] = _never,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Args:
        store: where leases and records are.
        is_over: whether an owner is known to have ended, so that its lease need not run out first. Asked
            while the lease is held; it must be sure.
        clock: epoch seconds.
        """
        self._store = store
        self._is_over = is_over
        self._clock = clock

    def acquire(self, key: str, *, owner: str, seconds: float) -> Lease:
        """Become the holder, or know who is. It does not wait.

        Args:
            key: of the lease.
            owner: who asks, unlike everybody else who could: a run and its attempt, say. The same owner
                asking twice is refused as any other: it may be two processes.
            seconds: until it ends by itself. The holder must have stopped by then, or have renewed it.

        Raises:
            LeaseHeld: another one has it and is not known to be over.
        """
        if owner == _NOBODY:
            raise SlipwayError("a lease needs an owner", where=key)
        for _ in range(_ATTEMPTS):
            now = self._clock()
            present = self.read(key)
            if present is not None and not self._is_free(present, now):
                raise LeaseHeld(present, now)
            token = present.token + 1 if present else 1
            lease = Lease(key=key, owner=owner, token=token, expires=now + seconds)
            try:
                version = (
                    self._store.update(key, _written(lease), present.version)
                    if present
                    else self._store.put_once(key, _written(lease))
                )
            except (KeyTaken, VersionChanged):
                continue  # another was first; look who
            return replace(lease, version=version)
        raise SlipwayError(f"{key} changes faster than it can be read", where=key)

    def read(self, key: str) -> Lease | None:
        """The lease as it is, also one that ran out or was released (its owner is empty); None at first."""
        entry = self._store.get(key)
        return None if entry is None else _lease(key, entry)

    def renew(self, lease: Lease, *, seconds: float) -> Lease:
        """The same lease with a new expiry; the former one is of no use any more.

        Raises:
            LeaseLost: it ran out, or is another's.
        """
        now = self._clock()
        self._require_time(lease, now)
        # Never earlier than before: who was told the old expiry may count on it.
        return self._replace(lease, replace(lease, expires=max(lease.expires, now + seconds)))

    def release(self, lease: Lease) -> None:
        """Let the next one in at once. The token stays, so that the next is larger.

        Raises:
            LeaseLost: it is another's by now.
        """
        self._replace(lease, replace(lease, owner=_NOBODY, expires=0.0))

    def check(self, lease: Lease) -> None:
        """Nothing, as long as the lease is its holder's.

        Raises:
            LeaseLost: it ran out, or is another's.
        """
        self._require_time(lease, self._clock())
        self.present(lease)

    def present(self, lease: Lease) -> Lease:
        """The lease as it is written: a renewal may be done although its answer was lost.

        Raises:
            LeaseLost: it is another's.
        """
        present = self.read(lease.key)
        if present is None or (present.token, present.owner) != (lease.token, lease.owner):
            raise _lost(lease, present)
        return present

    def take(self, key: str, lease: Lease) -> bytes | None:
        """A record as it is from here on: no holder before this lease can change it any more.

        Returns:
            Its content; None where it was never written.

        Raises:
            LeaseLost: the lease ran out or is another's, or a later holder took the record.
        """
        return self._fenced(key, lease, None)

    def write(self, key: str, content: bytes, lease: Lease) -> None:
        """Write a record under a lease, over whatever this holder or one before it wrote.

        Raises:
            LeaseLost: the lease ran out or is another's, or a later holder took or wrote the record.
        """
        self._fenced(key, lease, content)

    def content(self, key: str) -> bytes | None:
        """A record for who only reads, at any time; None where it was never written."""
        record = _record(key, self._store.get(key))
        return None if record is None else record.content

    def _fenced(self, key: str, lease: Lease, content: bytes | None) -> bytes | None:
        """Put the lease's token on a record, with `content`, or with what it has where that is None."""
        self.check(lease)
        for _ in range(_ATTEMPTS):
            entry = self._store.get(key)
            record = _record(key, entry)
            if record and record.token > lease.token:
                raise _lost(lease, self.read(lease.key))
            kept = record.content if record else None
            envelope = _enveloped(content if content is not None else kept, lease.token)
            try:
                if entry is None:
                    self._store.put_once(key, envelope)
                else:
                    self._store.update(key, envelope, entry.version)
            except (KeyTaken, VersionChanged):
                continue
            return kept
        raise SlipwayError(f"{key} changes faster than it can be read", where=key)

    def _is_free(self, lease: Lease, now: float) -> bool:
        if lease.owner == _NOBODY or now > lease.expires + CLOCK_SKEW_S:
            return True
        return self._is_over(lease.owner)

    def _require_time(self, lease: Lease, now: float) -> None:
        if now >= lease.expires:
            raise LeaseLost(
                f"the lease of {lease.key} ran out {round(now - lease.expires)} s ago",
                where=lease.owner,
                fix="stop; acquire it anew, and look at everything again",
            )

    def _replace(self, lease: Lease, new: Lease) -> Lease:
        try:
            return replace(new, version=self._store.update(lease.key, _written(new), lease.version))
        except VersionChanged:
            raise _lost(lease, self.read(lease.key)) from None


@dataclass(frozen=True, kw_only=True)
class _Record:
    token: int
    content: bytes | None


def _lost(lease: Lease, present: Lease | None) -> LeaseLost:
    holder = present.owner if present and present.owner else "nobody"
    return LeaseLost(
        f"the lease of {lease.key} is not {lease.owner}'s any more: {holder} has it",
        where=f"token {lease.token}, now {present.token if present else 'none'}",
        fix="stop; acquire it anew, and look at everything again",
    )


def _written(lease: Lease) -> bytes:
    return json.dumps({"owner": lease.owner, "token": lease.token, "expires": lease.expires}).encode()


def _lease(key: str, entry: Entry) -> Lease:
    try:
        document = json.loads(entry.content)
        return Lease(
            key=key,
            owner=str(document["owner"]),
            token=int(document["token"]),
            expires=float(document["expires"]),
            version=entry.version,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(key) from error


def _enveloped(content: bytes | None, token: int) -> bytes:
    """A line of JSON, then the content as it is. The token in it keeps versions of two holders apart."""
    return json.dumps({"token": token, "empty": content is None}).encode() + b"\n" + (content or b"")


def _record(key: str, entry: Entry | None) -> _Record | None:
    if entry is None:
        return None
    line, _, content = entry.content.partition(b"\n")
    try:
        document = json.loads(line)
        return _Record(token=int(document["token"]), content=None if document["empty"] else content)
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(key) from error


def _unreadable(what: str) -> SlipwayError:
    return SlipwayError(f"{what} is not what a lease writes", fix="somebody else wrote it; find out who")
