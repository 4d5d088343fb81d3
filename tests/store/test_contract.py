"""One contract for all stores: whatever stands on one may stand on another."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from slipway.errors import SlipwayError
from slipway.store import KeyTaken, Leases, Store, VersionChanged
from tests.store.conftest import Opened

WRITERS = 32


def test_what_is_not_there(store: Store) -> None:
    assert store.get("a/b") is None
    assert store.list("") == []
    with pytest.raises(VersionChanged):
        store.update("a/b", b"new", "any")
    assert store.get("a/b") is None


def test_an_object_is_written_once(store: Store) -> None:
    version = store.put_once("a/b", b"\x00first\xff")
    with pytest.raises(KeyTaken, match="a/b"):
        store.put_once("a/b", b"second")
    with pytest.raises(KeyTaken):
        store.put_once("a/b", b"\x00first\xff")
    entry = store.get("a/b")
    assert entry is not None
    assert (entry.content, entry.version) == (b"\x00first\xff", version)


def test_an_empty_object_is_an_object(store: Store) -> None:
    version = store.put_once("empty", b"")
    entry = store.get("empty")
    assert entry is not None
    assert entry.content == b""
    store.update("empty", b"x", version)


def test_an_update_needs_the_version_that_is_there(store: Store) -> None:
    first = store.put_once("a", b"1")
    second = store.update("a", b"2", first)
    assert second != first
    for stale in (first, "", "no-version"):
        with pytest.raises(VersionChanged, match="a is not as it was read"):
            store.update("a", b"3", stale)
    entry = store.get("a")
    assert entry is not None
    assert (entry.content, entry.version) == (b"2", second)
    store.update("a", b"3", entry.version)


def test_keys_are_listed_by_prefix_in_order(store: Store) -> None:
    for key in ("b", "a/c", "a/b/c", "a.b", "ab", "a/B", "a"):
        store.put_once(key, b"")
    assert store.list("") == ["a", "a.b", "a/B", "a/b/c", "a/c", "ab", "b"]
    assert store.list("a/") == ["a/B", "a/b/c", "a/c"]
    assert store.list("a/b") == ["a/b/c"]
    assert store.list("c") == []


def test_an_object_and_a_folder_may_have_one_name(store: Store) -> None:
    for key in ("a/b", "a", "a/b/c"):
        store.put_once(key, key.encode())
    assert [store.get(key) is not None for key in ("a", "a/b", "a/b/c")] == [True] * 3


NO_KEYS = ("", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a/.", "a b", "a\n", "a\x00", "ä", "a=", "a\\b")


@pytest.mark.parametrize("key", [*NO_KEYS, "k/" * 256 + "k", "s" * 201])
def test_a_key_that_one_store_could_not_hold_is_refused_by_all(store: Store, key: str) -> None:
    for call in (
        lambda: store.put_once(key, b""),
        lambda: store.get(key),
        lambda: store.update(key, b"", "v"),
    ):
        with pytest.raises(SlipwayError, match="is no key"):
            call()


def compete(opened: Opened, write: Callable[[Store, int], object]) -> Counter[str]:
    """How the writers fared, each with a client of its own."""
    ready, outcomes = threading.Barrier(WRITERS), Counter[str]()

    def run(number: int) -> None:
        store = opened()
        store.get("warm")
        ready.wait()
        try:
            write(store, number)
        except SlipwayError as error:
            outcomes[type(error).__name__] += 1
        else:
            outcomes["won"] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_many_who_put_once_one_wins(opened: Opened) -> None:
    outcomes = compete(opened, lambda store, number: store.put_once("lease", str(number).encode()))
    assert outcomes == {"won": 1, "KeyTaken": WRITERS - 1}


def test_of_many_who_update_one_wins(opened: Opened) -> None:
    version = opened().put_once("lease", b"before")
    outcomes = compete(opened, lambda store, number: store.update("lease", str(number).encode(), version))
    assert outcomes == {"won": 1, "VersionChanged": WRITERS - 1}


def test_of_many_who_ask_for_a_lease_one_gets_it(opened: Opened) -> None:
    outcomes = compete(
        opened, lambda store, number: Leases(store).acquire("lease", owner=f"run-{number}", seconds=60)
    )
    assert outcomes == {"won": 1, "LeaseHeld": WRITERS - 1}


def test_nothing_is_lost_between_many_who_count(opened: Opened) -> None:
    opened().put_once("count", b"0")

    def add(store: Store, _number: int) -> None:
        while True:
            entry = store.get("count")
            assert entry is not None
            try:
                store.update("count", str(int(entry.content) + 1).encode(), entry.version)
            except VersionChanged:
                continue
            return

    assert compete(opened, add) == {"won": WRITERS}
    entry = opened().get("count")
    assert entry is not None
    assert entry.content == str(WRITERS).encode()
