"""Two moments of a repository, and the stacks that differ between them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.stacks.affected import Affected, Change, affected
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
    """

    repository: Repository
    before: Reading
    after: Reading

    @cached_property
    def affected(self) -> list[Affected]:
        """The stacks that are concerned; see `slipway.stacks.affected`."""
        return affected(self.before.evidence, self.after.evidence)

    def project_of(self, one: Affected) -> tuple[Project, str, Block]:
        """Of an affected stack: its project, its name there, what counts for it; as it was, if it is gone."""
        gone = one.change is Change.DESTROY
        project, stack = (self.before if gone else self.after).catalog.stacks()[one.stack]
        return (
            project,
            stack,
            (self._settings_before if gone else self._settings_after).of(project.name, stack),
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
