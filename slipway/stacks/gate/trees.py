"""What a change does to the stacks of a repository, from Git trees alone: its files are data, none is run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from slipway.errors import SlipwayError
from slipway.stacks.affected import Change, affected, reached
from slipway.stacks.comparison import settings_of
from slipway.stacks.discovery import Project
from slipway.stacks.knowledge import Knowledge
from slipway.stacks.reading import Reading, read, require_right
from slipway.stacks.trees import Repository

if TYPE_CHECKING:
    from slipway.stacks.settings import Block, DeliverySettings


class Readings:
    """Trees of a repository, each read once by the same rules."""

    def __init__(self, repository: Repository, knowledge: Knowledge) -> None:
        self.repository = repository
        self._knowledge = knowledge
        self._read: dict[tuple[str, str], Reading] = {}

    def at(self, commit: str, rules: Reading | None = None) -> Reading:
        """What stacks are made of at a commit: by the settings of another one, or by its own.

        Raises:
            SlipwayError: the clone does not have it, or what it reads of it.
        """
        own = self._reading(commit, None)
        return own if rules is None or own.said == rules.said else self._reading(commit, rules)

    def _reading(self, commit: str, rules: Reading | None) -> Reading:
        key = (commit, rules.tree.commit if rules else "")
        if key not in self._read:
            tree = self.repository.tree(commit)
            self._read[key] = read(tree, self._knowledge, rules=rules.said if rules else None)
        return self._read[key]


@dataclass(frozen=True)
class Proposal:
    """A change, and what it would be merged to.

    What counts is said by the base: a change can take no stack, no owner and no freeze from the gate's sight
    by what it writes into slipway.yaml. Where it changes what stacks are made of there, both ways count.

    Attributes:
        readings: of the repository.
        base, head, left: commits: what it would be merged to, its own, and where it left the base.
    """

    readings: Readings
    base: str
    head: str
    left: str

    @cached_property
    def merged(self) -> Reading:
        """The base."""
        return self.readings.at(self.base)

    @cached_property
    def before(self) -> Reading:
        """Where the change left the base, by the base's rules."""
        return self.readings.at(self.left, self.merged)

    @cached_property
    def after(self) -> Reading:
        """The change, by the base's rules."""
        return self.readings.at(self.head, self.merged)

    @cached_property
    def proposed(self) -> Reading:
        """The change by its own rules: what an apply would record of it."""
        return self.readings.at(self.head)

    @cached_property
    def direct(self) -> frozenset[str]:
        """The stacks of which something of their own changes, by one set of rules or the other.

        Raises:
            SlipwayError: stacks need each other in a circle.
        """
        found = set(_changed(self.before, self.after))
        if self.after.said != self.proposed.said:
            found.update(_changed(self.readings.at(self.left, self.proposed), self.proposed))
            found.update(
                name
                for name in {*self.after.evidence, *self.proposed.evidence}
                if _digest(self.after, name) != _digest(self.proposed, name)
            )
        return frozenset(found)

    @cached_property
    def touched(self) -> frozenset[str]:
        """Those, and all that need one of them."""
        needed_by: dict[str, set[str]] = {}
        for name, needs in self._needs.items():
            for need in needs:
                needed_by.setdefault(need, set()).add(name)
        return reached(self.direct, needed_by)

    @cached_property
    def concerned(self) -> Mapping[str, frozenset[str]]:
        """The touched stacks and all that they need, each with what it needs itself."""
        found = reached(self.touched, self._needs)
        return {name: frozenset(self._needs.get(name, ())) for name in found}

    @cached_property
    def _needs(self) -> Mapping[str, Collection[str]]:
        """On the base or by the change: who stops needing something still did when it was applied last."""
        needs: dict[str, set[str]] = {}
        for reading in (self.merged, self.after, self.proposed):
            for name, evidence in reading.evidence.items():
                if evidence.upstreams:
                    needs.setdefault(name, set()).update(evidence.upstreams)
        return needs

    def digests(self, name: str) -> tuple[str, str, str]:
        """Of a stack on the base, where the change left, and by the change; empty where it is not."""
        return _digest(self.merged, name), _digest(self.before, name), _digest(self.proposed, name)

    def block(self, name: str) -> Block:
        """What slipway.yaml of the base says of a stack."""
        project, stack = self._places[name]
        return self._settings.of(project.name, stack)

    @cached_property
    def _places(self) -> Mapping[str, tuple[Project, str]]:
        return {
            **self.before.catalog.stacks(),
            **self.after.catalog.stacks(),
            **self.proposed.catalog.stacks(),
            **self.merged.catalog.stacks(),
        }

    @cached_property
    def _settings(self) -> DeliverySettings:
        return settings_of(self.readings.repository, self.merged)

    def covered(self, commit: str) -> frozenset[str]:
        """The touched stacks of which the change makes the same at another commit, as far up as it reaches.

        A rebase or a merge of the base changes nothing so. None of them where the clone lacks the commit.
        """
        if commit == self.head:
            return self.touched
        try:
            other = self.readings.at(self.readings.repository.commit(commit), self.merged)
        except SlipwayError:
            return frozenset()
        same = {name for name in self.concerned if _same(self.after, other, name)}
        changed = self.direct - same
        return frozenset(
            name for name in self.touched & same if changed.isdisjoint(reached([name], self.concerned))
        )

    def require_right(self) -> None:
        """Raise SettingsError or SlipwayError where slipway.yaml or a project of the change is wrong."""
        require_right(self.readings.repository, self.proposed)


def _changed(before: Reading, after: Reading) -> Iterator[str]:
    for one in affected(before.evidence, after.evidence):
        if one.parts or one.change is not Change.UPDATE:
            yield one.stack


def _digest(reading: Reading, name: str) -> str:
    evidence = reading.evidence.get(name)
    return evidence.digest if evidence else ""


def _same(one: Reading, other: Reading, name: str) -> bool:
    mine, theirs = one.evidence.get(name), other.evidence.get(name)
    return mine is theirs if mine is None or theirs is None else mine.same(theirs)
