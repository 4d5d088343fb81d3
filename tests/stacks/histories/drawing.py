"""What a seed draws: stacks and their needs, programs, pull requests, and the events of a history."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.stacks.histories.world import Expression, Main

STACKS, PULLS = 8, 5
Needs = Mapping[str, Collection[str]]
Edits = Sequence[tuple[str, str, Expression | None]]
"""Stack, resource and what it is to be; None takes it out. The empty resource is the stack as a whole."""

OFTEN: Final = {
    "go": 25, "round": 30, "merge": 3, "start": 5, "review": 9, "rerun": 6, "outside": 11, "time": 4,
    "crash": 2, "fault": 5, "break": 3, "stop": 6, "double": 2, "lose": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Event:
    """Something that happens; `number` decides what is open about it."""

    kind: str
    number: int


def events(draw: random.Random) -> list[Event]:
    kinds = draw.choices([*OFTEN], [*OFTEN.values()], k=draw.randint(20, 160))
    return [Event(kind, draw.randrange(1_000_000)) for kind in kinds]


def needs(draw: random.Random) -> Needs:
    """Stacks with those that they need, upstreams first."""
    names = [f"s{number}" for number in range(STACKS)]
    return {
        name: frozenset(draw.sample(names[:place], min(place, draw.choice([0, 1, 1, 2]))))
        for place, name in enumerate(names)
    }


def expression(draw: random.Random, its: Collection[str], name: str) -> Expression:
    kinds = ["given", "given", "config", "looked", "looked"]
    if its:
        kinds += ["of", "of"]
    if name != "a":
        kinds += ["own"]
    kind = draw.choice(kinds)
    values = {
        "of": lambda: draw.choice(sorted(its)),
        "own": lambda: "a",
        "given": lambda: f"{draw.choice('kkkm')}:{draw.randrange(3)}",
    }
    return kind, values.get(kind, str)()


def main(draw: random.Random, needs: Needs) -> Main:
    return {
        stack: {name: expression(draw, its, name) for name in "abcd"[: draw.randint(1, 4)]}
        for stack, its in needs.items()
    }


def pull(draw: random.Random, needs: Needs, first: Main) -> Edits:
    """A pull request: some of them put things back as they were at first, one or two delete a stack."""
    edits: list[tuple[str, str, Expression | None]] = []
    names = [*needs]
    # Some stacks are worked on more than others, so that pull requests meet.
    drawn = [draw.choice(draw.choice([names, names[4:6]])) for _ in range(draw.randint(1, 3))]
    for stack in dict.fromkeys(drawn):
        if draw.random() < 0.1:
            edits.append((stack, "", None))
            continue
        name = draw.choice("abcde")
        kind = draw.random()
        if kind < 0.4:
            edits.append((stack, name, first[stack].get(name)))
        else:
            edits.append((stack, name, None if kind < 0.5 else expression(draw, needs[stack], name)))
    return edits


def merged(main: Main, edits: Edits, needs: Needs) -> Main:
    """Main after a pull request. A stack that another one needs is not deleted, and an empty one is."""
    after = {stack: {**program} for stack, program in main.items()}
    for stack, name, what in edits:
        if not name:
            if not any(stack in needs[other] for other in after):
                after.pop(stack, None)
        elif what is not None:
            after.setdefault(stack, {})[name] = what
        elif len(after.get(stack, {})) > 1:
            after[stack].pop(name, None)
    for program in after.values():
        if "a" not in program:
            program.update({name: ("given", "k:0") for name, (kind, _) in program.items() if kind == "own"})
    return after


def concerned(commits: Sequence[Main], commit: int, needs: Needs) -> list[str]:
    """The stacks that a commit changes and all that need them, upstreams first."""
    before, after = commits[commit - 1], commits[commit]
    found: set[str] = set()
    for stack, its in needs.items():
        if before.get(stack) != after.get(stack) or (found & {*its} and stack in after):
            found.add(stack)
    return [stack for stack in needs if stack in found]


def meddle(draw: random.Random, cloud: dict[str, str]) -> None:
    """Something in the cloud is changed, or deleted."""
    if cloud:
        name = draw.choice(sorted(cloud))
        if draw.random() < 0.3:
            del cloud[name]
        else:
            cloud[name] = f"k:{draw.randrange(3)}"
