"""The last look for drift at a stack: the latest is kept, whoever comes first, and it holds no value."""

import random
import threading
from dataclasses import replace
from typing import Any

import pytest

from slipway.engine.interface import PropertyChange, Result, Step
from slipway.errors import SlipwayError
from slipway.platform.plan_store import drift_key
from slipway.stacks.looks import Look, keep, last_look, look_of
from slipway.store import MemoryStore, Store


def look(**changes: Any) -> Look:
    plain = Look(
        project="shop",
        stack="prod",
        at=1_700_000_000.5,
        run="812-1",
        commit="c" * 40,
        ok=True,
        counts={"update": 2},
    )
    return replace(plain, **changes)


def test_the_last_look_is_read_back(store: Store) -> None:
    assert last_look(store, "shop", "prod") is None
    assert keep(store, look())
    assert last_look(store, "shop", "prod") == look()
    assert keep(store, look(at=1_700_000_009.0, counts={}))
    assert last_look(store, "shop", "prod") == look(at=1_700_000_009.0, counts={})
    assert last_look(store, "shop", "staging") is None


def test_an_earlier_look_that_comes_late_changes_nothing(store: Store) -> None:
    keep(store, look())
    assert not keep(store, look(at=1_600_000_000.0))
    assert last_look(store, "shop", "prod") == look()


def test_of_many_at_once_the_latest_stays(store: Store) -> None:
    moments = [float(each) for each in random.Random(7).sample(range(1_000), 6)]  # noqa: S311
    threads = [threading.Thread(target=keep, args=(store, look(at=at))) for at in moments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = last_look(store, "shop", "prod")
    assert found is not None
    assert found.at == max(moments)


def test_what_differs_is_counted_and_never_told() -> None:
    changed = Step("update", "urn:a", "t", "n", (PropertyChange("password", "update", "hunter2", "x"),))
    same = Step("same", "urn:b", "t", "n", old={"password": "hunter2"})
    result = Result("drift", "shop", "prod", "pulumi", steps=(changed, same, replace(changed, op="delete")))
    store = MemoryStore()
    keep(store, look_of(result, run="812-1", commit="c" * 40, at=1.0))
    entry = store.get(drift_key("shop", "prod"))
    assert entry is not None
    assert b"hunter2" not in entry.content
    found = last_look(store, "shop", "prod")
    assert found == look(at=1.0, counts={"delete": 1, "update": 1})


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"version": 2}', b"\xff", b'{"version": 1, "project": "shop"}']
)
def test_what_is_no_look_is_told_with_its_place(content: bytes) -> None:
    store = MemoryStore()
    store.put_once(drift_key("shop", "prod"), content)
    for work in (lambda: last_look(store, "shop", "prod"), lambda: keep(store, look())):
        with pytest.raises(SlipwayError, match="no look for drift") as told:
            work()
        assert told.value.where == drift_key("shop", "prod")


def test_another_stacks_look_is_not_taken_for_this_ones() -> None:
    store = MemoryStore()
    keep(store, look())
    entry = store.get(drift_key("shop", "prod"))
    assert entry is not None
    store.put_once(drift_key("shop", "test"), entry.content)
    with pytest.raises(SlipwayError, match="of another stack"):
        last_look(store, "shop", "test")
