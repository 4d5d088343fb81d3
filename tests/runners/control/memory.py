"""The fleet's stores in memory, with the same meaning as the real ones, and a yield point at each call."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from runners.control.github import Delivery, GitHubClientError, Spent
from runners.control.items import LIVE, OPEN, WAITING, Item
from runners.control.planner import Group
from runners.control.writes import Write, applied, holds


def nothing(_: str) -> None:
    """A yield point where nobody waits."""


class MemoryTable:
    """A table; `before` is called ahead of every operation and may raise, or let somebody else run."""

    def __init__(self, before: Callable[[str], None] = nothing) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.indexes: dict[tuple[str, str], set[str]] = {}
        self.before = before

    def get(self, *keys: str) -> dict[str, Item]:
        self.before("get")
        return {key: self.items[key] for key in keys if key in self.items}

    def write(self, write: Write) -> Item | None:
        self.before("write")
        return self._write(write)

    def _write(self, write: Write) -> Item | None:
        item = self.items.get(write.pk)
        if not holds(write, item):
            return None
        new = {} if write.delete else applied(write, item)
        for index in (WAITING, OPEN, LIVE):
            had, has = (item or {}).get(index), new.get(index)
            if had != has:
                self.indexes.get((index, had or ""), set()).discard(write.pk)
                if has:
                    self.indexes.setdefault((index, has), set()).add(write.pk)
        if write.delete:
            self.items.pop(write.pk, None)
            return {"pk": write.pk}
        self.items[write.pk] = new
        return new

    def write_all(self, writes: Sequence[Write]) -> bool:
        self.before("write_all")
        assert len({one.pk for one in writes}) == len(writes), "DynamoDB refuses two writes of one item"
        if not all(holds(one, self.items.get(one.pk)) for one in writes):
            return False
        for one in writes:
            self._write(one)
        return True

    def query(self, index: str, value: str, limit: int = 0) -> list[Item]:
        self.before("query")
        assert value, "DynamoDB refuses an empty key"
        found: list[Item] = [self.items[key] for key in self.indexes.get((index, value), ())]
        found.sort(key=lambda item: (item.get("queued_at", 0), item["pk"]))
        return found[:limit] if limit else found


class MemoryGroups:
    """Auto Scaling: instances start at once unless `capacity` is used up; every one is `InService`."""

    def __init__(self, maximum: int = 20, before: Callable[[str], None] = nothing) -> None:
        self.desired: dict[str, int] = {}
        self.alive: dict[str, str] = {}
        self.maximum = maximum
        self.capacity = 1_000_000
        self.launched = 0
        self.ended: list[str] = []
        self.old: set[str] = set()
        self.before = before
        self.on_end: Callable[[str], None] = nothing
        self._numbers = itertools.count(1)

    def add(self, name: str) -> None:
        self.desired[name] = 0

    def settle(self) -> list[str]:
        """What Auto Scaling does by itself: start what is missing. The new instances."""
        new: list[str] = []
        for name, desired in self.desired.items():
            there = sum(1 for group in self.alive.values() if group == name)
            for _ in range(min(desired - there, self.capacity)):
                instance = f"i-{next(self._numbers):08x}"
                self.alive[instance] = name
                self.capacity -= 1
                self.launched += 1
                new.append(instance)
        return new

    def vanish(self, instance: str) -> None:
        """Spot takes an instance, or it dies: the desired capacity stays."""
        self.alive.pop(instance, None)

    def describe(self, names: Iterable[str]) -> dict[str, Group]:
        self.before("describe")
        return {
            name: Group(
                name,
                self.desired[name],
                self.maximum,
                {one: "InService" for one, group in self.alive.items() if group == name},
                frozenset(self.old),
            )
            for name in names
            if name in self.desired
        }

    def set_desired(self, name: str, desired: int) -> None:
        self.before("set_desired")
        # After a lease ran out this may be lower; it ends nobody: instances are protected from scale-in.
        self.desired[name] = desired

    def members(self, instances: Iterable[str]) -> dict[str, str]:
        self.before("members")
        return {one: self.alive[one] for one in instances if one in self.alive}

    def terminate(self, instance: str) -> bool:
        self.before("terminate")
        group = self.alive.pop(instance, None)
        if group is None:
            return False
        self.desired[group] -= 1
        self.ended.append(instance)
        self.on_end(instance)
        return True

    def failing(self, name: str) -> bool:
        self.before("failing")
        return self.capacity <= 0


class MemoryGitHub:
    """GitHub's side of runners: who is registered, which of them runs a job."""

    def __init__(self, before: Callable[[str], None] = nothing) -> None:
        self.registered: dict[int, str] = {}
        self.busy: set[int] = set()
        self.online: set[int] = set()
        self.before = before
        self.spent = Spent()
        self.pages: list[list[Delivery]] = []
        self.redelivered: list[int] = []
        self.runs: dict[int, dict[str, Any]] = {}
        self.jobs: dict[int, dict[str, Any]] = {}
        self.reruns: list[int] = []
        self._numbers = itertools.count(1)

    def _called(self, what: str) -> None:
        self.before(what)
        self.spent.calls += 1

    def mint_runner(self, name: str, group_id: int, labels: tuple[str, ...]) -> tuple[str, int]:
        self._called("mint_runner")
        assert group_id
        assert labels
        assert name not in self.registered.values(), "GitHub refuses a second runner of one name"
        number = next(self._numbers)
        self.registered[number] = name
        return f"jit-of-{name}", number

    def is_busy(self, runner_id: int) -> bool:
        return runner_id in self.busy

    def delete_runner(self, runner_id: int) -> bool:
        self._called("delete_runner")
        if self.is_busy(runner_id):
            return False
        self.registered.pop(runner_id, None)
        self.online.discard(runner_id)
        return True

    def runners(self) -> Iterator[tuple[int, str, bool]]:
        self._called("runners")
        return iter([(number, name, number in self.online) for number, name in self.registered.items()])

    def deliveries(self, cursor: str) -> tuple[list[Delivery], str]:
        self._called("deliveries")
        page = int(cursor or 0)
        found = self.pages[page] if page < len(self.pages) else []
        return found, str(page + 1) if page + 1 < len(self.pages) else ""

    def redeliver(self, delivery: int) -> None:
        self._called("redeliver")
        self.redelivered.append(delivery)

    def run(self, slug: str, run_id: int) -> dict[str, Any]:
        self._called("run")
        if run_id not in self.runs:
            raise GitHubClientError("answered 404", 404)
        return self.runs[run_id]

    def job(self, slug: str, job_id: int) -> dict[str, Any]:
        self._called("job")
        if job_id not in self.jobs:
            raise GitHubClientError("answered 404", 404)
        return self.jobs[job_id]

    def rerun(self, slug: str, job_id: int) -> None:
        self._called("rerun")
        self.reruns.append(job_id)
