"""What one look at a stack found: cloud against state, program against state, main against what was applied.

It holds no secret: both comparisons are `Summary`s. A job that may look writes it, and another one, which has
no right in any cloud, tells people of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Literal

from slipway.engine import documents
from slipway.engine.interface import GONE
from slipway.errors import SlipwayError
from slipway.stacks.summary import Step, Summary

REPORT_VERSION: Final = 1


@dataclass(frozen=True)
class Unapplied:
    """What is on main and was not applied.

    Attributes:
        commit: that was applied last, or that somebody tried to apply last.
        event: how that ended: `applied`, `failed`, `declined`, or `begun` where nobody wrote it down.
        run: which did it.
        parts: what the stack is made of that is another since; empty where this clone cannot tell.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    commit: str
    event: str
    run: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """One look at a stack.

    Attributes:
        cloud: how the cloud differs from the state; its steps are what was changed or is gone.
        program: what `up` would do to the state as it is.
        unapplied: what is merged and was not applied; None where nothing is, or where `notes` say that
            nobody knows.
        ignored: differences that slipway.yaml ignores, a sentence each.
        notes: what could not be told, and why.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    cloud: Summary
    program: Summary
    unapplied: Unapplied | None = None
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`project/stack`."""
        return self.cloud.name

    @property
    def at(self) -> str:
        """When the look began, as `Summary.created`."""
        return self.cloud.created

    @property
    def found(self) -> bool:
        """Whether anybody has to do anything."""
        told = self.cloud.changed or self.program.changed or not self.program.ok
        return told or self.unapplied is not None

    @property
    def gone(self) -> tuple[Step, ...]:
        """What the state has and the cloud has not."""
        return tuple(step for step in self.cloud.steps if _is_gone(step))

    @property
    def changed(self) -> tuple[Step, ...]:
        """What the cloud has otherwise than the state."""
        return tuple(step for step in self.cloud.steps if not _is_gone(step))

    def to_json(self) -> dict[str, Any]:
        """As JSON-ready data: `version`, and `report` with every attribute under its name."""
        return documents.dump(_Document(REPORT_VERSION, self))

    def to_bytes(self) -> bytes:
        """As a JSON text; equal reports give equal bytes."""
        return (json.dumps(self.to_json(), indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def from_bytes(cls, text: bytes, where: str = "") -> Report:
        """The opposite of `to_bytes`.

        Args:
            text: what was written.
            where: the file, for the error.

        Raises:
            SlipwayError: no JSON, another version, an unknown key, or two stacks in one report.
        """
        try:
            report = documents.parse_text(_Document, text).report
        except ValueError as error:
            raise SlipwayError(
                f"this is no report of a look for drift: {error}",
                where=where,
                fix="look again: slipway drift",
            ) from None
        if report.program.name != report.cloud.name:
            raise SlipwayError(
                f"this report is of {report.cloud.name} and of {report.program.name}", where=where
            )
        return report


def report_of(
    cloud: Summary,
    program: Summary,
    *,
    unapplied: Unapplied | None = None,
    ignored: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Report:
    """A report of two summaries. What is risky about a plan is no risk of what has happened already."""
    return Report(replace(cloud, risks=()), program, unapplied, ignored, notes)


def _is_gone(step: Step) -> bool:
    return step.op == "delete" or step.note == GONE


@dataclass(frozen=True)
class _Document:
    __pydantic_config__: ClassVar = documents.STRICT

    version: Literal[1]
    report: Report
