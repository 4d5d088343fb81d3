"""What a statement is about, as sets of texts: its actions, its resources, what its conditions leave open.

Nothing here is tried by example. Where a set cannot be said exactly it is said too large by who asks what
somebody may do, and too small by who asks what a Deny takes away.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from slipway.access.conditions import is_understood, settled, single_values, strings
from slipway.access.overlaps import common
from slipway.access.patterns import Pattern, Verdict, plain, written
from slipway.access.statements import Statement

Domains = Mapping[str, frozenset[str | None]]
"""Condition keys, in lower case, of which all values that they can have are known; None is being absent."""

EVERYTHING: Pattern = written("*")

_VARIABLE = re.compile(r"\$\{[^}]*\}?")


@dataclass(frozen=True)
class Texts:
    """All texts that every one of `wanted` matches and none of `without`."""

    wanted: tuple[Pattern, ...] = (EVERYTHING,)
    without: tuple[Pattern, ...] = ()

    @property
    def sample(self) -> str | None:
        """One of them; None if there is none."""
        return common(self.wanted, self.without)

    def within(self, extent: "Extent") -> "tuple[Texts, ...]":
        """What it has in common with an extent, in parts; itself where it lies in it wholly."""
        if extent.covers(self):
            return (self,)
        if extent.inverse:
            parts = [Texts(self.wanted, self.without + extent.exact)]
        else:
            parts = [Texts((*self.wanted, pattern), self.without) for pattern in extent.patterns]
        return tuple(part for part in parts if part.sample is not None)

    def outside(self, extent: "Extent") -> "tuple[Texts, ...]":
        """What an extent does not have."""
        return self.within(Extent(extent.patterns, extent.exact, inverse=not extent.inverse))


@dataclass(frozen=True)
class Extent:
    """The texts that one of `patterns` matches, or all others; `exact` are those without a variable."""

    patterns: tuple[Pattern, ...]
    exact: tuple[Pattern, ...]
    inverse: bool = False

    @classmethod
    def of(cls, texts: Iterable[str], *, inverse: bool) -> "Extent":
        """Of texts as they are written; a policy variable may stand for anything."""
        listed = tuple(texts)
        return cls(
            tuple(written(_VARIABLE.sub("*", text)) for text in listed),
            tuple(written(text) for text in listed if "${" not in text),
            inverse,
        )

    @property
    def is_open(self) -> bool:
        """Whether some of it hangs on a policy variable."""
        return len(self.exact) < len(self.patterns)

    @property
    def parts(self) -> tuple[Texts, ...]:
        """Its texts, pattern by pattern."""
        if self.inverse:
            return (Texts(without=self.exact),)
        return tuple(Texts((pattern,)) for pattern in self.patterns)

    def covers(self, texts: Texts) -> bool:
        """Whether all of the texts are in it for certain."""
        if self.inverse:
            return all(common((*texts.wanted, one), texts.without) is None for one in self.patterns)
        return common(texts.wanted, texts.without + self.exact) is None

    def touches(self, texts: Texts) -> bool:
        """Whether any of the texts may be in it."""
        return bool(texts.within(self))


@dataclass(frozen=True)
class Rule:
    """A statement that can be read; `is_certain` if its conditions and resources can be judged, too."""

    allows: bool
    actions: Extent
    resources: Extent
    condition: object
    is_certain: bool
    action_texts: tuple[str, ...]
    resource_texts: tuple[str, ...]

    def written_action(self, wanted: tuple[Pattern, ...]) -> str:
        """An action as the statement writes it, by the patterns that it must match."""
        if self.actions.inverse:
            return f"all but {', '.join(self.action_texts)}"
        return next(text for text in self.action_texts if written(text.lower()) in wanted)

    def written_resource(self, pattern: Pattern) -> str:
        """A resource as the statement writes it, with its variables, where the pattern is one of its own."""
        own = dict(zip(self.resources.patterns, self.resource_texts, strict=True))
        return own.get(pattern, plain(pattern))

    def condition_holds(self, domains: Domains) -> Verdict:
        """Whether its conditions hold whatever is asked, or never do, where that is settled."""
        return settled(self.condition, domains)

    def narrowed(self, domains: Domains) -> Domains:
        """The domains, with what its conditions leave of them."""
        found = dict(domains)
        for key, values in single_values(self.condition).items():
            found[key] = found[key] & values if key in found else values
        return found


def rule_of(statement: Statement) -> Rule | None:
    """A statement's rule; None if it has no effect, actions or resources that can be read."""
    actions = actions_of(statement)
    resources = _extent(statement, "Resource", lower=False)
    effect = statement.get("Effect")
    if effect not in {"Allow", "Deny"} or actions is None or resources is None:
        return None
    condition = statement.get("Condition")
    texts = _texts(statement, "Resource") or ()
    return Rule(
        effect == "Allow",
        actions,
        resources,
        condition,
        is_understood(condition) and all(text == "*" or text.count(":") > 4 for text in texts),
        _texts(statement, "Action") or (),
        texts,
    )


def actions_of(statement: Statement) -> Extent | None:
    """The actions of a statement, in lower case as they are compared; None if they cannot be read."""
    return _extent(statement, "Action", lower=True)


def _extent(statement: Mapping[str, Any], element: str, *, lower: bool) -> Extent | None:
    texts = _texts(statement, element)
    if not texts or (element in statement) == (f"Not{element}" in statement):
        return None
    if lower and not all(text == "*" or ":" in text for text in texts):
        return None
    inverse = f"Not{element}" in statement
    return Extent.of((text.lower() for text in texts) if lower else texts, inverse=inverse)


def _texts(statement: Mapping[str, Any], element: str) -> tuple[str, ...] | None:
    return strings(cast("object", statement.get(element, statement.get(f"Not{element}"))))
