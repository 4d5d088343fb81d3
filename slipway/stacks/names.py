"""What slipway.yaml says of what stacks are made of, in plain values, and names in it that nothing has."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict


class Parts(TypedDict):
    """What slipway.yaml says of what stacks are made of."""

    needs: list[str]
    paths: list[str]


class ProjectParts(Parts):
    """The same of a project and each of its stacks."""

    stacks: dict[str, Parts]


class SettingsFacts(TypedDict):
    """Of slipway.yaml, what concerns evidence; `mistake` where the file is not right."""

    ignore: list[str]
    defaults: Parts
    projects: dict[str, ProjectParts]
    mistake: bool


def under(said: SettingsFacts, rules: SettingsFacts) -> SettingsFacts:
    """Settings with the `ignore` and `paths` of others."""
    nothing = Parts(needs=[], paths=[])

    def mixed(own: Parts | None, other: Parts | None) -> Parts:
        return Parts(needs=(own or nothing)["needs"], paths=(other or nothing)["paths"])

    projects: dict[str, ProjectParts] = {}
    for name in {**said["projects"], **rules["projects"]}:
        own, other = said["projects"].get(name), rules["projects"].get(name)
        mine: dict[str, Parts] = own["stacks"] if own else {}
        theirs: dict[str, Parts] = other["stacks"] if other else {}
        stacks = {stack: mixed(mine.get(stack), theirs.get(stack)) for stack in {**mine, **theirs}}
        projects[name] = ProjectParts(**mixed(own, other), stacks=stacks)
    return SettingsFacts(
        ignore=rules["ignore"],
        defaults=mixed(said["defaults"], rules["defaults"]),
        projects=projects,
        mistake=said["mistake"],
    )


@dataclass(frozen=True)
class Unknown:
    """A name in the settings that nothing in the repository has.

    Attributes:
        path: the dotted path of its key.
        name: as it stands there.
        known: those that could be meant.
        expected: what it should be, in words.
    """

    path: str
    name: str
    known: Collection[str]
    expected: str


def unknown_names(said: SettingsFacts, stacks: Mapping[str, Collection[str]]) -> Iterator[Unknown]:
    """Names that nothing has.

    Args:
        said: the settings.
        stacks: of each project of the repository by its name, its stacks.
    """
    for index, need in enumerate(said["defaults"]["needs"]):
        yield from _unmet(f"defaults.needs.{index}", need, (), stacks)
    for name, block in said["projects"].items():
        path = f"projects.{name}"
        if name not in stacks:
            yield Unknown(path, name, [*stacks], "a project, by the name in its Pulumi.yaml")
            continue
        for index, need in enumerate(block["needs"]):
            yield from _unmet(f"{path}.needs.{index}", need, stacks[name], stacks)
        for stack, inner in block["stacks"].items():
            if stack not in stacks[name]:
                expected = f"a stack of {name}: one with a file Pulumi.<stack>.yaml, even an empty one"
                yield Unknown(f"{path}.stacks.{stack}", stack, stacks[name], expected)
                continue
            for index, need in enumerate(inner["needs"]):
                yield from _unmet(f"{path}.stacks.{stack}.needs.{index}", need, [stack], stacks)


def _unmet(
    path: str, need: str, of: Collection[str], stacks: Mapping[str, Collection[str]]
) -> Iterator[Unknown]:
    project, _, stack = need.partition("/")
    ids = [f"{name}/{each}" for name, names in stacks.items() for each in names]
    if project not in stacks or (stack and stack not in stacks[project]):
        yield Unknown(path, need, [*stacks, *ids], "a project, or a stack as project/stack")
    elif not stack and (without := [each for each in of if each not in stacks[project]]):
        known = [f"{project}/{each}" for each in stacks[project]]
        yield Unknown(
            path, need, known, f"one stack as project/stack: {project} has none called {without[0]}"
        )
