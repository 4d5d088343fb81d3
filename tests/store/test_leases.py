"""Leases under every order of events: one holder, rising tokens, and no write of one that was replaced."""

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.errors import SlipwayError
from slipway.store import Entry, Lease, LeaseHeld, LeaseLost, Leases, MemoryStore
from slipway.store.leases import CLOCK_SKEW_S
from tests.sampling import size

KEY, RECORD = "leases/prod", "stacks/prod"
TERM = 60.0


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def leases(store: MemoryStore, clock: Clock) -> Leases:
    return Leases(store, clock=clock)


def acquire(leases: Leases, owner: str = "first") -> Lease:
    return leases.acquire(KEY, owner=owner, seconds=TERM)


def test_one_holds_it_until_it_is_released(leases: Leases, clock: Clock) -> None:
    lease = acquire(leases)
    assert (lease.token, lease.expires) == (1, clock.now + TERM)
    for owner in ("second", "first"):
        with pytest.raises(LeaseHeld, match="first holds leases/prod for another 60 s") as raised:
            acquire(leases, owner)
        assert raised.value.lease == lease
    leases.release(lease)
    assert acquire(leases, "second").token == 2


def test_it_is_not_taken_over_before_every_clock_agrees_that_it_ran_out(leases: Leases, clock: Clock) -> None:
    lease = acquire(leases)
    clock.now = lease.expires + CLOCK_SKEW_S
    with pytest.raises(LeaseHeld, match="ran out 30 s ago"):
        acquire(leases, "second")
    clock.now += 1
    assert acquire(leases, "second").token == 2


def test_a_holder_that_is_over_is_replaced_at_once(store: MemoryStore, clock: Clock) -> None:
    over: set[str] = set()
    leases = Leases(store, clock=clock, is_over=over.__contains__)
    lease = acquire(leases)
    with pytest.raises(LeaseHeld):
        acquire(leases, "second")
    over.add("first")
    assert acquire(leases, "second").token == 2
    for call in (leases.check, leases.release, lambda lease: leases.renew(lease, seconds=TERM)):
        with pytest.raises(LeaseLost, match="second has it"):
            call(lease)


def test_a_renewal_moves_the_expiry_and_keeps_the_token(leases: Leases, clock: Clock) -> None:
    lease = acquire(leases)
    clock.now += 40
    renewed = leases.renew(lease, seconds=TERM)
    assert (renewed.token, renewed.expires) == (lease.token, clock.now + TERM)
    clock.now += 50
    leases.check(renewed)
    assert leases.renew(renewed, seconds=1).expires == renewed.expires
    with pytest.raises(LeaseLost):
        leases.release(lease)


def test_a_holder_past_its_expiry_has_nothing_although_nobody_else_asked(
    leases: Leases, clock: Clock
) -> None:
    lease = acquire(leases)
    clock.now = lease.expires
    for call in (
        lambda: leases.renew(lease, seconds=TERM),
        lambda: leases.check(lease),
        lambda: leases.write(RECORD, b"late", lease),
        lambda: leases.take(RECORD, lease),
    ):
        with pytest.raises(LeaseLost, match="ran out"):
            call()
    assert leases.content(RECORD) is None


def test_records_are_what_was_written(leases: Leases) -> None:
    lease = acquire(leases)
    assert leases.take(RECORD, lease) is None
    assert leases.content(RECORD) is None
    for content in (b"one\ntwo\n", b"", b"\x00\n{}"):
        leases.write(RECORD, content, lease)
        assert leases.content(RECORD) == leases.take(RECORD, lease) == content


@dataclass
class Interrupted:
    """A store before each call of which somebody else may do something whole."""

    inner: MemoryStore
    between: Callable[[], None]

    def get(self, key: str) -> Entry | None:
        self.between()
        return self.inner.get(key)

    def put_once(self, key: str, content: bytes) -> str:
        self.between()
        return self.inner.put_once(key, content)

    def update(self, key: str, content: bytes, expected: str) -> str:
        self.between()
        return self.inner.update(key, content, expected)

    def list(self, prefix: str) -> list[str]:
        return self.inner.list(prefix)


@pytest.mark.parametrize("calls", [1, 2])
@pytest.mark.parametrize("known", [True, False])
def test_a_holder_that_slept_cannot_write_what_the_next_one_took(
    store: MemoryStore, leases: Leases, clock: Clock, calls: int, known: bool
) -> None:
    """It looked at its lease, fell asleep before or after it read the record, and wakes up to write."""
    old = acquire(leases)
    if known:
        leases.write(RECORD, b"old", old)
    before = clock.now

    def sleep() -> None:
        nonlocal calls
        calls -= 1
        if calls == -1:
            clock.now = old.expires + CLOCK_SKEW_S + 1
            leases.take(RECORD, acquire(leases, "second"))

    sleeper = Leases(Interrupted(store, sleep), clock=lambda: before)
    with pytest.raises(LeaseLost, match="second has it") as raised:
        sleeper.write(RECORD, b"too late", old)
    assert raised.value.where == "token 1, now 2"
    assert leases.content(RECORD) == (b"old" if known else None)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"hello", b'{"token": "x"}'])
def test_what_no_lease_wrote_is_named(store: MemoryStore, leases: Leases, content: bytes) -> None:
    store.put_once(KEY, content)
    with pytest.raises(SlipwayError, match="leases/prod is not what a lease writes"):
        acquire(leases)
    store.put_once(RECORD, content)
    with pytest.raises(SlipwayError, match="stacks/prod is not what a lease writes"):
        leases.content(RECORD)


def test_a_lease_needs_an_owner(leases: Leases) -> None:
    with pytest.raises(SlipwayError, match="owner"):
        acquire(leases, "")


SECONDS = st.sampled_from((0.0, 0.0, 1.0, 3 * TERM / 4, TERM, TERM + CLOCK_SKEW_S + 1))
NAMES = st.sampled_from(("acquire", "acquire", "renew", "release", "take", "write", "write", "crash"))
ACTIONS = st.tuples(st.integers(0, 1), NAMES, SECONDS)
Action = tuple[int, str, float]


@dataclass
class History:
    """Two holders with clocks of their own, each in the middle of something when the other acts."""

    skews: tuple[float, float]
    store: MemoryStore = field(default_factory=MemoryStore)
    now: float = 1_000_000.0
    mine: dict[int, Lease] = field(default_factory=dict[int, Lease])
    dead: set[str] = field(default_factory=set[str])
    lives: list[int] = field(default_factory=lambda: [0, 0])
    tokens: list[int] = field(default_factory=list[int])
    calls_left: int = 0
    """Calls of the store until the others interrupt."""
    interruption: list[Action] = field(default_factory=list[Action])
    busy: int | None = None

    def owner(self, holder: int) -> str:
        return f"holder-{holder}-{self.lives[holder]}"

    def leases(self, holder: int) -> Leases:
        return Leases(
            Interrupted(self.store, self.interrupt),
            clock=lambda: self.now + self.skews[holder],
            is_over=self.dead.__contains__,
        )

    def step(self, action: Action, calls: int, interruption: list[Action]) -> None:
        self.busy, self.calls_left = action[0], calls
        self.interruption = [other for other in interruption if other[0] != action[0]]
        self.act(action)

    def interrupt(self) -> None:
        self.calls_left -= 1
        if self.calls_left == -1:
            for action in self.interruption:
                self.act(action)

    def act(self, action: Action) -> None:
        holder, name, seconds = action
        # While a holder waits for the store its own clock does not seem to move.
        self.now += seconds
        with contextlib.suppress(LeaseHeld):
            if name == "acquire":
                self.acquire(holder)
            elif name == "crash":
                self.mine.pop(holder, None)
                self.dead.add(self.owner(holder))
                self.lives[holder] += 1
            elif holder in self.mine:
                self.use(holder, name)

    def acquire(self, holder: int) -> None:
        if holder not in self.mine:
            lease = self.leases(holder).acquire(KEY, owner=self.owner(holder), seconds=TERM)
            self.tokens.append(lease.token)
            self.mine[holder] = lease

    def use(self, holder: int, name: str) -> None:
        leases, lease = self.leases(holder), self.mine[holder]
        try:
            if name == "renew":
                self.mine[holder] = leases.renew(lease, seconds=TERM)
            elif name == "release":
                del self.mine[holder]
                leases.release(lease)
            elif name == "take":
                leases.take(RECORD, lease)
            else:
                leases.write(RECORD, b"", lease)
        except LeaseLost:
            self.mine.pop(holder, None)

    def believers(self) -> list[int]:
        """Who may believe, by its own clock, that it has the lease."""
        return [
            holder for holder, lease in self.mine.items() if self.now + self.skews[holder] < lease.expires
        ]


class WatchedStore(MemoryStore):
    """Fails where a record is written under a smaller token than one that took or wrote it before."""

    largest = 0

    def update(self, key: str, content: bytes, expected: str) -> str:
        version = super().update(key, content, expected)
        if key == RECORD:
            token = json.loads(content.partition(b"\n")[0])["token"]
            assert token >= self.largest, "a holder that was replaced has written"
            self.largest = token
        return version


HALF = CLOCK_SKEW_S / 2


@settings(max_examples=size(600, 200))
@given(
    st.sampled_from([(-HALF, HALF), (HALF, -HALF), (0.0, 0.0)]),
    st.lists(st.tuples(ACTIONS, st.integers(0, 3), st.lists(ACTIONS, max_size=3)), min_size=3, max_size=20),
)
def test_every_history_has_one_holder_and_rising_tokens(
    skews: tuple[float, float], steps: list[tuple[Action, int, list[Action]]]
) -> None:
    history = History(skews, store=WatchedStore())
    for action, calls, interruption in steps:
        history.step(action, calls, interruption)
        assert len(history.believers()) <= 1
        # A lease is reported when its call returns, which may be after the next one was given.
        assert len(set(history.tokens)) == len(history.tokens)
