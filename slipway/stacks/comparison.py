"""Two moments of a repository, and the stacks that differ between them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.errors import SlipwayError
from slipway.stacks.affected import Affected, Applied, Change, affected, differs_from_applied
from slipway.stacks.discovery import SETTINGS_FILE, Project
from slipway.stacks.knowledge import Knowledge
from slipway.stacks.reading import Reading, read, require_right
from slipway.stacks.trees import Repository

if TYPE_CHECKING:
    from slipway.stacks.settings import Block, DeliverySettings


FOLDER = "slipway"
"""Below Git's own folder, for what is remembered of contents."""


@dataclass(frozen=True)
class Comparison:
    """What changed between two moments.

    Attributes:
        repository: the clone.
        before: its stacks at one.
        after: its stacks at the other.
        applied: what was last applied of each, where it is compared with that.
        then: the tree that was, where the clone has it: by commit.
    """

    repository: Repository
    before: Reading
    after: Reading
    applied: Mapping[str, Applied] | None = None
    then: Mapping[str, Reading] = field(default_factory=dict[str, Reading])

    @cached_property
    def affected(self) -> list[Affected]:
        """The stacks that are concerned; see `slipway.stacks.affected`."""
        if self.applied is None:
            return affected(self.before.evidence, self.after.evidence)
        earlier = {
            name: reading.evidence[name]
            for name, one in self.applied.items()
            if (reading := self.then.get(one.commit)) is not None and name in reading.evidence
        }
        return differs_from_applied(self.applied, self.after.evidence, earlier)

    def project_of(self, one: Affected) -> tuple[Project, str, Block]:
        """Of an affected stack: its project, its name there, what counts for it; as it was, if it is gone.

        Raises:
            SlipwayError: it is gone, and the clone lacks the commit that was applied of it.
        """
        if one.change is not Change.DESTROY:
            project, stack = self.after.catalog.stacks()[one.stack]
            return project, stack, self._settings_after.of(project.name, stack)
        reading = self._last_seen(one.stack)
        project, stack = reading.catalog.stacks()[one.stack]
        before = self._settings_before if reading is self.before else settings_of(self.repository, reading)
        return project, stack, before.of(project.name, stack)

    def _last_seen(self, name: str) -> Reading:
        applied = (self.applied or {}).get(name)
        readings = [
            self.before,
            *([self.then[applied.commit]] if applied and applied.commit in self.then else []),
        ]
        for reading in readings:
            if name in reading.catalog.stacks():
                return reading
        raise SlipwayError(
            f"the stack {name} is gone from every commit that this clone has",
            where=str(self.repository.top),
            fix="fetch the commit that was applied: git fetch origin"
            + (f" {applied.commit}" if applied else ""),
        )

    @cached_property
    def _settings_before(self) -> DeliverySettings:
        return settings_of(self.repository, self.before)

    @cached_property
    def _settings_after(self) -> DeliverySettings:
        return settings_of(self.repository, self.after)


def settings_of(repository: Repository, reading: Reading) -> DeliverySettings:
    """The settings of a tree that was read.

    Raises:
        SettingsError: they are not right.
    """
    from slipway.platform.documents import parsed  # noqa: PLC0415 - slow, and not for every question
    from slipway.stacks import settings  # noqa: PLC0415 - likewise

    blob = reading.tree.blobs.get(SETTINGS_FILE)
    if blob is None:
        return settings.DeliverySettings()
    return settings.parse(parsed(repository.read(blob), SETTINGS_FILE))


@contextmanager
def compare(
    folder: Path, base: str | None, head: str | None, *, exact: bool = False
) -> Generator[Comparison]:
    """Compare two moments of a repository.

    Args:
        folder: any folder of its work tree.
        base: the revision that the change left; by default the default branch.
        head: the revision with the change; by default the working tree.
        exact: compare with `base` itself, and not with where the two parted.

    Raises:
        SettingsError: slipway.yaml is wrong after the change.
        SlipwayError: a revision is not in this clone, or a project is wrong after the change.
    """
    repository = Repository(folder)
    try:
        knowledge = Knowledge(repository.read, repository.private / FOLDER)
        base = base or repository.default_branch()
        parted = base if exact else repository.fork_point(base, head or "HEAD")
        after = read(repository.tree(head) if head else repository.working_tree(), knowledge)
        require_right(repository, after)
        before = read(repository.tree(parted), knowledge, rules=after.said)
        yield Comparison(repository, before, after)
        knowledge.save()
    finally:
        repository.close()


@contextmanager
def compare_with_applied(
    folder: Path, head: str | None, applied: Callable[[], Mapping[str, Applied]]
) -> Generator[Comparison]:
    """Compare a moment of a repository with what was last applied.

    Args:
        folder: any folder of its work tree.
        head: the revision to look at; by default the working tree.
        applied: what was last applied of each stack, asked once the tree is known to be right.

    Raises:
        SettingsError: slipway.yaml is wrong.
        SlipwayError: the revision is not in this clone, a project is wrong, or what `applied` raises.
    """
    repository = Repository(folder)
    try:
        knowledge = Knowledge(repository.read, repository.private / FOLDER)
        after = read(repository.tree(head) if head else repository.working_tree(), knowledge)
        require_right(repository, after)
        known = applied()
        changed = {
            one.commit
            for name, one in known.items()
            if name not in after.evidence or one.digest != after.evidence[name].digest
        }
        then: dict[str, Reading] = {}
        for commit in sorted(changed):
            with suppress(SlipwayError):
                # By its own rules, as it was applied; one that this clone lacks only leaves out reasons.
                then[commit] = read(repository.tree(repository.commit(commit)), knowledge)
        yield Comparison(repository, after, after, known, then)
        knowledge.save()
    finally:
        repository.close()
