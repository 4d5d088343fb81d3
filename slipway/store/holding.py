"""Holds a lease for as long as some work takes: renews it, and ends the work where it cannot be renewed.

    with hold(leases, "leases/slipway/prod", owner="812-1") as held:
        ...                       # processes that are started in here are ended with the lease
        leases.write(key, content, held.lease)

An expiry is worth something only if whoever held the lease is gone by then. So a process beside this one,
which nothing here can keep from running, ends this one and everything that it started before another may
take over: where the work is merely slow the lease is renewed, where this process hangs or was stopped it is
killed, and where it was killed what it left behind is. Nobody can stop what a cloud was asked for already.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from slipway.errors import SlipwayError
from slipway.store import watchdog
from slipway.store.leases import Lease, LeaseLost, Leases

SECONDS: Final = 120.0
"""For how long a lease counts without a word of its holder."""

_RENEWALS: Final = 6
"""How often it is renewed in that time: some of them may fail."""

_MARK: Final = "SLIPWAY_LEASE"


@dataclass
class Held:
    """A lease that is being held. `lease` is its newest form, to write under."""

    _leases: Leases
    _lease: Lease
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _unsure: bool = False
    """Whether the last renewal got no answer, and may be done."""

    @property
    def lease(self) -> Lease:
        """As it was renewed last."""
        with self._lock:
            return self._lease

    def renew(self, seconds: float) -> None:
        """See `Leases.renew`."""
        with self._lock:
            self._settle()
            self._unsure = True
            self._lease = self._leases.renew(self._lease, seconds=seconds)
            self._unsure = False

    def release(self) -> None:
        """See `Leases.release`."""
        with self._lock:
            self._settle()
            self._leases.release(self._lease)

    def _settle(self) -> None:
        """What nobody else has written is ours: who is merely not answered keeps its lease."""
        if self._unsure:
            self._lease = self._leases.present(self._lease)
            self._unsure = False


@contextmanager
def hold(leases: Leases, key: str, *, owner: str, seconds: float = SECONDS) -> Generator[Held]:
    """Acquire a lease and hold it.

    Whatever reads its environment from here on carries a mark by which it is found and ended; where there is
    no /proc, only this process is.

    Raises:
        LeaseHeld: another one has it.
        LeaseLost: at the end: it was another's before the work was done.
    """
    asked = watchdog.now()
    held = Held(leases, leases.acquire(key, owner=owner, seconds=seconds))
    mark = uuid.uuid4().hex
    with _environment(mark), closing(_Watchdog(f"{_MARK}={mark}")) as watchdog_:
        watchdog_.say(asked, seconds)
        try:
            with _heart(held, seconds, watchdog_):
                yield held
        except BaseException:
            with suppress(SlipwayError):  # what happened first is what is told
                held.release()
            raise
        held.release()


@contextmanager
def _heart(held: Held, seconds: float, watchdog_: _Watchdog) -> Generator[None]:
    done = threading.Event()

    def beat() -> None:
        while not done.wait(seconds / _RENEWALS):
            asked = watchdog.now()
            try:
                held.renew(seconds)
            except LeaseLost:
                watchdog_.say(asked, 0)
                return
            except SlipwayError:
                continue  # the store does not answer: it is asked again as long as there is time
            watchdog_.say(asked, seconds)

    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield
    finally:
        done.set()
        heart.join()


class _Watchdog:
    """The process of `slipway.store.watchdog`. Where it is gone, there is another one at the next word."""

    def __init__(self, mark: str) -> None:
        self._mark = mark
        self._process = self._start()

    def say(self, since: float, seconds: float) -> None:
        """Since when the lease counts, on its clock, and for how long."""
        line = f"{since} {seconds}"
        try:
            self._write(line)
        except BrokenPipeError:
            self._process.wait()
            self._process = self._start()
            self._write(line)

    def close(self) -> None:
        """The work is done."""
        with suppress(BrokenPipeError):
            self._write("done")
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _write(self, line: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n".encode())

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", watchdog.__file__, str(os.getpid()), self._mark],
            stdin=subprocess.PIPE,
            bufsize=0,
            # Whoever waits for the end of our output must not wait for the end of its.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Without the mark, and apart from our terminal: nothing that ends us ends it.
            env={},
            start_new_session=True,
        )


@contextmanager
def _environment(mark: str) -> Generator[None]:
    before = os.environ.get(_MARK)
    os.environ[_MARK] = mark
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_MARK, None)
        else:
            os.environ[_MARK] = before
