"""A run finds the plan that it made, whole, or none: whatever the store did to it on the way."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from slipway.engine.plan import PlanRefused
from slipway.errors import SlipwayError
from slipway.platform.plan_store import PLANS, SUMMARIES
from slipway.stacks.plans.keys import FileKeys, Keys
from slipway.stacks.plans.stored import pick, put, use
from slipway.store import Entry, FolderStore, KeyTaken, MemoryStore, Store
from slipway.store import folder as folder_store
from tests.sampling import seed, size
from tests.stacks.test_plan_bundle import SECRET, manifest, plan

SUMMARY = b'{"steps": []}'


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return FileKeys(tmp_path / "plans.key")


def stored(store: Store, keys: Keys, run: str = "812-1", value: str = "1", **changes: Any) -> str:
    made = plan(value=value, **changes)
    return put(store, manifest(made, run=run), made, keys, SUMMARY)


def test_a_run_picks_its_own_plan(store: Store, keys: Keys) -> None:
    digest = stored(store, keys)
    stored(store, keys, run="813-1", value="2")
    stored(store, keys, run="8120-1", value="3")
    opened = pick(store, keys, "demo", "prod", "812-1")
    assert (opened.digest, opened.plan) == (digest, plan())
    entry = store.get("summaries/demo/prod/812-1.json")
    assert entry is not None
    assert entry.content == SUMMARY
    for run in ("81-1", "814-1", "12-1"):
        with pytest.raises(PlanRefused, match="has no plan for demo/prod"):
            pick(store, keys, "demo", "prod", run)
    with pytest.raises(PlanRefused, match="has no plan for demo/staging"):
        pick(store, keys, "demo", "staging", "812-1")


def test_of_several_attempts_the_last_one_counts_and_none_after_it(store: Store, keys: Keys) -> None:
    """A run of which only the failed jobs are run again takes what its first attempt has planned."""
    stored(store, keys, run="812-2", value="two")
    stored(store, keys, run="812-10", value="ten")
    for attempt, value in ((2, "two"), (9, "two"), (10, "ten"), (11, "ten")):
        assert pick(store, keys, "demo", "prod", f"812-{attempt}").plan == plan(value=value)
    with pytest.raises(PlanRefused, match="has no plan"):
        pick(store, keys, "demo", "prod", "812-1")


def test_an_attempt_plans_a_stack_once(store: Store, keys: Keys) -> None:
    stored(store, keys)
    with pytest.raises(KeyTaken):
        stored(store, keys, value="2")
    assert pick(store, keys, "demo", "prod", "812-1").plan == plan()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("plans/demo/staging/812-1", "plans/demo/prod/812-1"),
        ("plans/demo/prod/813-1", "plans/demo/prod/812-1"),
        ("plans/demo/prod/813-1", "plans/demo/prod/812-2"),
        ("plans/other/prod/812-1", "plans/demo/prod/812-1"),
    ],
)
def test_a_plan_that_lies_where_another_belongs_is_refused(theirs: str, ours: str, keys: Keys) -> None:
    """Each opens by itself, and is for something else."""
    store, (_, project, stack, run) = MemoryStore(), theirs.split("/")
    stored(store, keys, run=run, stack=stack, project=project)
    entry = store.get(theirs)
    assert entry is not None
    store.put_once(ours, entry.content)
    with pytest.raises(PlanRefused, match="where another belongs"):
        pick(store, keys, "demo", "prod", ours.rpartition("/")[2])


def test_nobody_begins_with_a_plan_twice(store: Store, keys: Keys) -> None:
    stored(store, keys)
    opened = pick(store, keys, "demo", "prod", "812-1")
    use(store, opened, "812-1")
    for run in ("812-1", "812-2", "900-1"):
        with pytest.raises(PlanRefused, match="before: 812-1"):
            use(store, opened, run)
    stored(store, keys, run="812-2")
    use(store, pick(store, keys, "demo", "prod", "812-2"), "812-2")


@pytest.mark.parametrize("run", ["", "812", "812-", "812-0", "812-01", "../x-1", "a/b-1", "812-1.json"])
def test_what_names_no_run_is_refused(run: str, keys: Keys) -> None:
    store = MemoryStore()
    with pytest.raises(SlipwayError, match="names no attempt of a run"):
        stored(store, keys, run=run)
    with pytest.raises(SlipwayError, match="names no attempt of a run"):
        pick(store, keys, "demo", "prod", run)
    assert store.list("") == []


@dataclass
class Faulty:
    """A store that fails at one of its calls, in one of the ways in which stores do."""

    inner: Store
    at: int
    kind: str
    keep: float
    calls: int = 0

    def put_once(self, key: str, content: bytes) -> str:
        self.calls += 1
        if self.calls != self.at:
            return self.inner.put_once(key, content)
        if (
            self.kind == "half"
        ):  # a place that is no store of ours: it writes what it got before the line broke
            self.inner.put_once(key, content[: int(len(content) * self.keep)])
        elif self.kind == "lost answer":
            self.inner.put_once(key, content)
        raise SlipwayError("the store does not answer")

    def get(self, key: str) -> Entry | None:
        self.calls += 1
        if self.calls == self.at:
            entry = self.inner.get(key)
            if self.kind == "half" and entry is not None:
                return replace(entry, content=entry.content[: int(len(entry.content) * self.keep)])
            if self.kind == "late":
                return None
            raise SlipwayError("the store does not answer")
        return self.inner.get(key)

    def list(self, prefix: str) -> list[str]:
        self.calls += 1
        found = self.inner.list(prefix)
        if self.calls == self.at:
            if self.kind == "late":  # a place that shows a write only after a while
                return found[:-1]
            raise SlipwayError("the store does not answer")
        return found

    def update(self, key: str, content: bytes, expected: str) -> str:
        raise AssertionError("a plan is written once")


def read_back(store: Store, keys: Keys, run: str, *values: str) -> bool:
    """Whether a plan is there; and if so, that it is whole: one of these."""
    try:
        opened = pick(store, keys, "demo", "prod", run)
    except SlipwayError as error:
        told = str(error)
    else:
        assert opened.plan in [plan(value=value) for value in values]
        return True
    assert SECRET not in told
    return False


KINDS = ("refused", "half", "lost answer", "late")


def test_nothing_half_written_is_read_as_a_plan(keys: Keys) -> None:
    chance, there = random.Random(seed(0)), 0  # noqa: S311 - a repeatable one is meant
    trials = size(1_000, 300)
    for number in range(trials):
        inner, kind = MemoryStore(), KINDS[number % len(KINDS)]
        store = Faulty(inner, at=chance.randrange(1, 5), kind=kind, keep=chance.random())
        earlier = ["earlier"] if chance.random() < 0.3 else []
        for value in earlier:
            stored(inner, keys, run="811-1", value="of another run")
            stored(inner, keys, value=value)
        run = "812-2" if earlier else "812-1"
        try:
            stored(store, keys, run=run, value=str(number))
        except SlipwayError:
            assert store.at <= 2
        there += read_back(store, keys, run, str(number), *earlier)
        if inner.get(f"{PLANS.of('demo', 'prod')}/{run}"):
            summary = inner.get(f"{SUMMARIES.of('demo', 'prod')}/{run}.json")
            assert summary is not None, "a plan that nobody could have been shown"
            assert summary.content == SUMMARY
        # The next attempt is not in the way of what was left.
        stored(inner, keys, run="812-3", value="next")
        assert read_back(inner, keys, "812-3", "next")
    assert 0 < there < trials


def faults(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Each step of a write into a folder, at which the machine stops."""

    class Stopped(BaseException):
        pass

    def stop(*_: Any, **__: Any) -> Any:
        raise Stopped

    for name, target in (
        ("make", "tempfile.mkstemp"),
        ("sync", "os.fsync"),
        ("rename", "Path.replace"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"slipway.store.folder.{target}", stop)
            yield name


def test_a_machine_that_stops_leaves_no_half_of_a_plan_in_a_folder(
    tmp_path: Path, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path / "store")
    assert folder_store.tempfile
    for number, name in enumerate(faults(monkeypatch), 1):
        with pytest.raises(BaseException) as stopped:  # noqa: PT011 - a machine that stops is no Exception
            stored(store, keys, run=f"812-{number}")
        assert type(stopped.value).__name__ == "Stopped", name
        assert not read_back(store, keys, f"812-{number}", "1"), name
    stored(store, keys, run="812-9")
    assert read_back(store, keys, "812-9", "1")
