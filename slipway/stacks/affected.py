"""Which stacks a change concerns, and why: pure, over what each is made of before and after."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from slipway.errors import SlipwayError
from slipway.stacks.evidence import Evidence

_SHOWN = 12
"""Changed parts that one stack's reason lists."""


class Change(StrEnum):
    """What becomes of a stack."""

    CREATE = "create"
    UPDATE = "update"
    DESTROY = "destroy"


@dataclass(frozen=True)
class Affected:
    """A stack that a change concerns.

    Attributes:
        stack: its id, project/stack.
        change: what becomes of it.
        parts: what of it changed: paths, or paths with a key; sorted.
        upstreams: the affected stacks that it needs.
        note: what else there is to say, such as where a renamed stack went.
    """

    stack: str
    change: Change
    parts: tuple[str, ...] = ()
    upstreams: tuple[str, ...] = ()
    note: str = ""

    @property
    def reason(self) -> str:
        """Why, in one line."""
        shown = ", ".join(self.parts[:_SHOWN])
        more = len(self.parts) - _SHOWN
        said = [self.note, f"{shown} and {more} more" if more > 0 else shown]
        said.append(f"needs {', '.join(self.upstreams)}" if self.upstreams else "")
        return "; ".join(part for part in said if part)

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        project, _, stack = self.stack.rpartition("/")
        return {
            "stack": self.stack,
            "project": project,
            "name": stack,
            "change": self.change.value,
            "changed": list(self.parts),
            "upstreams": list(self.upstreams),
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Applied:
    """What was last applied of a stack.

    Attributes:
        digest: of what that was made of; empty where nobody knows what is there.
        commit: of which it was.
        note: what else there is to say of it, such as that it failed.
    """

    digest: str
    commit: str
    note: str = ""


def affected(
    before: Mapping[str, Evidence], after: Mapping[str, Evidence], names: Iterable[str] | None = None
) -> list[Affected]:
    """The stacks that differ, and those that need one that does.

    Args:
        before: what each stack is made of, by its id.
        after: likewise.
        names: the stacks to compare; all of them unless given.

    Returns:
        Upstreams first; what is destroyed last, and there downstreams first.

    Raises:
        SlipwayError: stacks need each other in a circle.
    """
    compared = before.keys() | after.keys() if names is None else frozenset(names)
    found: dict[str, Affected] = {}
    for name in compared & after.keys():
        earlier = before.get(name)
        if earlier is None:
            found[name] = Affected(name, Change.CREATE, note="a new stack")
        elif not earlier.same(after[name]):
            found[name] = Affected(name, Change.UPDATE, tuple(differing(earlier, after[name])))
    for name in compared & (before.keys() - after.keys()):
        found[name] = Affected(name, Change.DESTROY, note="it is gone")
    found = {name: _renamed(one, before, after) for name, one in found.items()}
    return _with_downstreams(found, before, after)


def differs_from_applied(
    applied: Mapping[str, Applied], after: Mapping[str, Evidence], before: Mapping[str, Evidence]
) -> list[Affected]:
    """The stacks that differ from what was last applied, and those that need one of these.

    Args:
        applied: what was, by stack; a stack that is in no tree any more is destroyed.
        after: what each stack is made of.
        before: what it was made of when that was applied, where that is known: for the reasons alone.

    Raises:
        SlipwayError: stacks need each other in a circle.
    """
    found: dict[str, Affected] = {}
    for name, evidence in after.items():
        known = applied.get(name)
        if known is None:
            found[name] = Affected(name, Change.CREATE, note="it was never applied")
        elif known.digest != evidence.digest:
            earlier = before.get(name)
            parts = tuple(differing(earlier, evidence)) if earlier else ()
            note = known.note or ("" if parts else "it differs from what was last applied")
            found[name] = Affected(name, Change.UPDATE, parts, note=note)
    for name in applied.keys() - after.keys():
        found[name] = Affected(name, Change.DESTROY, note="it is gone")
    return _with_downstreams(found, before, after)


def differing(one: Evidence, other: Evidence) -> Iterator[str]:
    """The parts that differ, sorted; upstreams that came or went last."""
    earlier, later = one.parts, other.parts
    yield from sorted(part for part in earlier.keys() | later.keys() if earlier.get(part) != later.get(part))
    for name in sorted({*one.upstreams} ^ {*other.upstreams}):
        yield f"{'no longer needs' if name in one.upstreams else 'now needs'} {name}"


def _renamed(one: Affected, before: Mapping[str, Evidence], after: Mapping[str, Evidence]) -> Affected:
    """Says of a stack that is gone where one of the same file went, and of a new one where it came from."""
    gone = one.change is Change.DESTROY
    if one.change is Change.UPDATE:
        return one
    mine, others, known = (before, after, before) if gone else (after, before, after)
    project = one.stack.rpartition("/")[0]
    for name, evidence in others.items():
        same_file = evidence.blob == mine[one.stack].blob and name.rpartition("/")[0] == project
        if name not in known and (same_file or evidence.file == mine[one.stack].file):
            note = f"renamed to {name}" if gone else f"renamed from {name}: its state does not move by itself"
            return Affected(one.stack, one.change, one.parts, one.upstreams, note)
    return one


def _with_downstreams(
    found: Mapping[str, Affected], before: Mapping[str, Evidence], after: Mapping[str, Evidence]
) -> list[Affected]:
    """With all that needs one of them, in an order in which they can be applied."""
    needs = {name: evidence.upstreams for name, evidence in {**before, **after}.items()}
    all_found = dict(found)
    kept = [name for name in ordered({name: needs[name] for name in after}) if name in after]
    touched: set[str] = {*found}
    for name in kept:
        upstreams = tuple(sorted(touched.intersection(needs[name])))
        if not upstreams:
            continue
        touched.add(name)
        one = all_found.get(name, Affected(name, Change.UPDATE))
        all_found[name] = Affected(name, one.change, one.parts, upstreams, one.note)
    gone = [name for name in all_found if name not in after]
    last = reversed(ordered({name: before[name].upstreams if name in before else () for name in gone}))
    places = {name: place for place, name in enumerate([*kept, *(name for name in last if name in gone)])}
    return sorted(all_found.values(), key=lambda one: places[one.stack])


def ordered(needs: Mapping[str, Collection[str]]) -> Sequence[str]:
    """Stacks with those that they need before them, otherwise by name.

    Args:
        needs: of each stack by its id; what is no key of it is left out.

    Raises:
        SlipwayError: some need each other in a circle.
    """
    order: list[str] = []
    state: dict[str, bool] = {}
    for start in sorted(needs):
        path: list[str] = []
        waiting: list[tuple[str, bool]] = [(start, False)]
        while waiting:
            name, left = waiting.pop()
            if left:
                state[name] = True
                path.pop()
                order.append(name)
            elif name not in state:
                state[name] = False
                path.append(name)
                waiting.append((name, True))
                waiting.extend((need, False) for need in sorted(needs[name], reverse=True) if need in needs)
            elif not state[name] and name in path:
                circle = [*path[path.index(name) :], name]
                raise SlipwayError(
                    f"stacks need each other in a circle: {' needs '.join(circle)}",
                    fix="take one of these out of `needs` in slipway.yaml, or out of a program's references",
                )
    return order


def reached(starts: Iterable[str], ways: Mapping[str, Collection[str]]) -> frozenset[str]:
    """Some names, and all that ways lead to from them; it ends where they go in a circle, too."""
    found = set(starts)
    left = [*found]
    while left:
        for name in ways.get(left.pop(), ()):
            if name not in found:
                found.add(name)
                left.append(name)
    return frozenset(found)
