"""What came of asking a service what it has."""

from dataclasses import dataclass
from typing import Any

from slipway.engine.interface import PropertyChange
from slipway.engine.urn import name_of


@dataclass(frozen=True)
class Finding:
    """One thing that a service has otherwise than the state.

    Attributes:
        change: the property, old as the state has it and new as the service; None where the object is gone.
        remedy: what a person has to do; empty where an `up` after a refresh puts it right.
    """

    urn: str
    type: str
    change: PropertyChange | None
    remedy: str = ""

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return name_of(self.urn)


@dataclass(frozen=True)
class Asked:
    """What came of asking: what differs, and what could not be asked."""

    findings: tuple[Finding, ...] = ()
    problems: tuple[str, ...] = ()

    def and_(self, other: "Asked") -> "Asked":
        """What came of both."""
        return Asked(self.findings + other.findings, self.problems + other.problems)

    @property
    def amendments(self) -> dict[str, dict[str, Any]]:
        """By URN, the properties that a state has to have for the next `up` to put them right."""
        found: dict[str, dict[str, Any]] = {}
        for item in self.findings:
            if item.change is not None and not item.remedy:
                found.setdefault(item.urn, {})[item.change.path] = item.change.new
        return found

    @property
    def gone(self) -> frozenset[str]:
        """URNs of what a state must not have for the next `up` to make it again."""
        return frozenset(item.urn for item in self.findings if item.change is None)
