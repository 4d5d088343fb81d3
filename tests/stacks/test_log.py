"""The log of a stack: nothing in it can be changed, taken out or moved without it telling."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.stacks.log import Entry, Log, LogBroken, Record
from slipway.store import Lease, LeaseLost, Leases, MemoryStore, Store
from tests.sampling import size

LEASE = "leases/demo/prod"


def entry(token: int = 1, **changes: Any) -> Entry:
    plain = Entry(
        event="applied",
        operation="up",
        plan="a" * 64,
        run="812-1",
        actor="ada",
        commit="c" * 40,
        evidence="e" * 64,
        at=1_700_000_000.25,
        token=token,
        counts={"create": 2},
    )
    return replace(plain, **changes)


def log_of(store: Store, stack: str = "prod") -> Log:
    return Log(store, Leases(store, is_over=lambda _: True), "demo", stack)


def lease_of(log: Log, owner: str = "me") -> Lease:
    return log.leases.acquire(LEASE, owner=owner, seconds=600)


def filled(store: Store, count: int) -> Log:
    log = log_of(store)
    lease = lease_of(log)
    for number in range(1, count + 1):
        assert log.append(entry(lease.token, note=f"note {number}"), lease).number == number
    return log


def numbers(log: Log) -> list[int]:
    return [record.number for record in log.records()]


def test_records_are_numbered_and_read_back(store: Store) -> None:
    log = log_of(store)
    assert log.last() is None
    assert numbers(log) == []
    filled(store, 12)
    records = list(log.records())
    assert [record.number for record in records] == list(range(1, 13))
    assert [record.entry.note for record in records] == [f"note {number}" for number in range(1, 13)]
    assert log.last() == records[-1]
    assert list(log_of(store, "staging").records()) == []


def test_the_last_record_takes_three_calls_however_long_the_log_is() -> None:
    class Counting(MemoryStore):
        calls = 0

        def get(self, key: str) -> Any:
            self.calls += 1
            return super().get(key)

    store = Counting()
    log = filled(store, 50)
    store.calls = 0
    log.last()
    assert store.calls == 3


def test_of_two_who_append_at_once_both_are_recorded(store: Store) -> None:
    """The second one finds its number taken, and takes the next."""
    log = filled(store, 1)
    lease = lease_of(log, "another")

    class Late:
        """Reads the log, and writes after somebody else did."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def put_once(self, key: str, content: bytes) -> str:
            if key.endswith("2.json"):
                log.append(entry(lease.token, note="first"), lease)
            return store.put_once(key, content)

    late: Any = Late()
    assert replace(log, store=late).append(entry(lease.token, note="second"), lease).number == 3
    assert [record.entry.note for record in log.records()] == ["note 1", "first", "second"]


def test_who_lost_the_lease_appends_nothing(store: Store) -> None:
    log = filled(store, 2)
    lease = lease_of(log, "another")
    lease_of(log, "a third")
    with pytest.raises(LeaseLost):
        log.append(entry(lease.token), lease)
    assert numbers(log) == [1, 2]


def test_a_writer_that_was_killed_before_the_head_leaves_a_log_that_goes_on(store: Store) -> None:
    log = filled(store, 2)

    class Killed(BaseException):
        pass

    class Dying(Leases):
        def write(self, *_: Any) -> None:
            raise Killed

    lease = lease_of(log, "another")
    with pytest.raises(Killed):
        replace(log, leases=Dying(store)).append(entry(lease.token), lease)
    assert numbers(log) == [1, 2, 3]
    assert log.append(entry(lease.token), lease).number == 4
    assert numbers(log) == [1, 2, 3, 4]


def test_a_record_has_nothing_but_what_it_is_to_have(store: Store) -> None:
    filled(store, 1)
    found = store.get("log/demo/prod/00000001.json")
    assert found is not None
    document = json.loads(found.content)
    assert set(document) == {"version", "project", "stack", "number", "previous", "entry"}
    assert "note" in document["entry"]


Objects = dict[str, bytes]


def tampered(count: int, change: Callable[[Objects], None]) -> Log:
    """A log of `count` records on which somebody had their hands who may do everything with the store."""
    store = MemoryStore()
    log = filled(store, count)
    change(store._objects)  # pyright: ignore[reportPrivateUsage]
    return log


def key(number: int) -> str:
    return f"log/demo/prod/{number:08}.json"


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_record_that_was_taken_out_is_missed(number: int) -> None:
    log = tampered(5, lambda objects: objects.pop(key(number)) and None)
    with pytest.raises(LogBroken) as told:
        numbers(log)
    assert told.value.number == number


def test_a_log_that_was_cut_off_is_noticed_by_who_appends() -> None:
    log = tampered(5, lambda objects: objects.pop(key(5)) and None)
    with pytest.raises(LogBroken, match="missing at the end"):
        log.append(entry(), lease_of(log, "another"))


def test_two_records_that_changed_places_are_noticed() -> None:
    def swap(objects: Objects) -> None:
        objects[key(2)], objects[key(3)] = objects[key(3)], objects[key(2)]

    with pytest.raises(LogBroken, match="another place") as told:
        numbers(tampered(5, swap))
    assert told.value.number == 2


def rewritten(objects: Objects, number: int, *, chained: bool) -> None:
    """Write a record anew with another note, and, if `chained`, all that follow as well."""
    previous = ""
    for at in range(number, 6):
        document = json.loads(objects[key(at)])
        document.pop("version")
        record = Record(**{**document, "entry": Entry(**document["entry"])})
        if at == number:
            record = replace(record, entry=replace(record.entry, note="nothing happened"))
        elif chained:
            record = replace(record, previous=previous)
        objects[key(at)] = record.to_bytes()
        previous = record.digest


@pytest.mark.parametrize("number", [1, 4])
def test_a_record_that_was_written_anew_does_not_fit_the_next_one(number: int) -> None:
    with pytest.raises(LogBroken, match="does not follow") as told:
        numbers(tampered(5, lambda objects: rewritten(objects, number, chained=False)))
    assert told.value.number == number + 1


@pytest.mark.parametrize("number", [1, 5])
def test_a_chain_that_was_made_anew_does_not_fit_its_head(number: int) -> None:
    log = tampered(5, lambda objects: rewritten(objects, number, chained=True))
    for look in (lambda: numbers(log), log.last):
        with pytest.raises(LogBroken, match="the head names") as told:
            look()
        assert told.value.number == 5


def test_another_stacks_record_is_none_of_ours() -> None:
    def copy(objects: Objects) -> None:
        objects[key(1)] = objects[key(1)].replace(b'"stack":"prod"', b'"stack":"test"')

    with pytest.raises(LogBroken, match="another place"):
        numbers(tampered(1, copy))


def test_a_stray_file_is_told() -> None:
    with pytest.raises(LogBroken, match=r"no number: 1\.json"):
        numbers(tampered(1, lambda objects: objects.update({"log/demo/prod/1.json": b"{}"})))


@settings(max_examples=size(400, 60))
@given(st.integers(1, 4), st.integers(0, 10_000), st.integers(0, 7))
def test_any_flipped_bit_is_noticed(number: int, place: int, bit: int) -> None:
    def flip(objects: Objects) -> None:
        content = bytearray(objects[key(number)])
        content[place % len(content)] ^= 1 << bit
        objects[key(number)] = bytes(content)

    with pytest.raises(LogBroken) as told:
        numbers(tampered(4, flip))
    assert told.value.number in (number, number + 1)


def test_a_glance_tells_the_last_entry_in_one_call(store: Store) -> None:
    log = log_of(store)
    assert log.glance() is None
    log = filled(store, 3)
    last = log.last()
    assert last
    assert log.glance() == last.entry
    # One that was killed before it wrote the head has not begun with anything: what was there before counts.
    store.put_once("log/demo/prod/00000004.json", b"{}")
    assert log.glance() == last.entry


def test_a_head_of_before_there_were_entries_in_it_is_looked_up() -> None:
    store = MemoryStore()
    log = filled(store, 2)
    last = log.last()
    assert last
    old = json.dumps({"number": 2, "digest": last.digest}).encode()
    log.leases.write("heads/demo/prod/head.json", old, lease_of(log, "another"))
    assert log.glance() == last.entry


@pytest.mark.parametrize("content", [b"", b"[]", b'{"entry": 3}', b'{"entry": {"event": "applied"}}'])
def test_a_head_that_nobody_wrote_so_is_told(content: bytes) -> None:
    log = filled(MemoryStore(), 1)
    log.leases.write("heads/demo/prod/head.json", content, lease_of(log, "another"))
    with pytest.raises(LogBroken, match="unreadable"):
        log.glance()
