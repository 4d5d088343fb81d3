"""Judges changes of one clone against one base: trees and settings are read once for all of them."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipway.errors import SlipwayError
from slipway.stacks.comparison import FOLDER, settings_of
from slipway.stacks.gate.gathering import gather
from slipway.stacks.gate.people import Said
from slipway.stacks.gate.trees import Proposal, Readings
from slipway.stacks.gate.verdict import Verdict, verdict
from slipway.stacks.knowledge import Knowledge
from slipway.stacks.plan_stores import open_store
from slipway.stacks.trees import Repository
from slipway.store import Store

if TYPE_CHECKING:
    from slipway.stacks.plan_stores import Connect


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What is said of a commit.

    Attributes:
        name: of the change, for people.
        commit: full hash.
        verdicts: on it, one for each pull request whose head it is.
        error: why it could not be judged, and so is held; empty where it was.
    """

    name: str
    commit: str
    verdicts: tuple[Verdict, ...] = ()
    error: str = ""

    @property
    def open(self) -> bool:
        """Whether it was judged, and nothing holds it."""
        return not self.error and all(each.open for each in self.verdicts)

    def to_json(self) -> dict[str, Any]:
        """The same for programs."""
        said = {"error": self.error} if self.error else {}
        verdicts = [each.to_json() for each in self.verdicts]
        return {"change": self.name, "commit": self.commit, "open": self.open, "verdicts": verdicts, **said}


class Judge:
    """What has one base, and is judged by it."""

    def __init__(
        self, readings: Readings, base: str, address: str, now: datetime, connect: Connect | None = None
    ) -> None:
        """Args:
        readings: of the clone.
        base: the full hash of what changes would be merged to.
        address: of the store; what the base's slipway.yaml says if empty.
        now: for freezes.
        connect: see `open_store`.
        """
        self.readings = readings
        self.base = base
        self._address = address
        self._now = now
        self._connect = connect

    @cached_property
    def store(self) -> Store:
        """The store of plans. Raises SlipwayError where it is not said, or cannot be opened."""
        repository = self.readings.repository
        settings = settings_of(repository, self.readings.at(self.base))
        address = self._address or settings.store
        if not address:
            raise SlipwayError(
                "it is not said where plans are stored",
                where=f"slipway.yaml of {self.base[:12]}",
                fix="add `store: s3://<bucket>`, or give --store file://<folder>",
            )
        return open_store(address, repository.top, connect=self._connect).store

    def proposal(self, head: str, base: str = "") -> Proposal:
        """A change by its revision, to be merged to the base or to another commit.

        Raises:
            SlipwayError: the clone lacks one of them, or is too shallow to tell where they parted.
        """
        repository, base = self.readings.repository, base or self.base
        return Proposal(self.readings, base, repository.commit(head), repository.fork_point(base, head))

    def verdict(
        self, proposal: Proposal, said: Iterable[Said] | None = None, *, run_over: bool = False
    ) -> Verdict:
        """Judge a change. See `gather`, as which it raises. Where it concerns no stack, no store is asked."""
        if not proposal.concerned:
            proposal.require_right()
            return Verdict((), ())
        return verdict(gather(proposal, self.store, self._now, said=said, run_over=run_over))


@contextmanager
def judging(
    root: Path, base: str | None, address: str, *, now: datetime, connect: Connect | None = None
) -> Generator[Judge]:
    """Open a clone for judging.

    Args:
        root: any folder of it.
        base: a revision; the default branch if None.
        address: see `Judge`.
        now: likewise.
        connect: likewise.

    Raises:
        SlipwayError: no clone, or no such revision.
    """
    repository = Repository(root)
    try:
        knowledge = Knowledge(repository.read, repository.private / FOLDER)
        commit = repository.commit(base or repository.default_branch())
        yield Judge(Readings(repository, knowledge), commit, address, now, connect)
        knowledge.save()
    finally:
        repository.close()
