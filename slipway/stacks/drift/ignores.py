"""Differences between cloud and state that slipway.yaml says are known, up to a day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from slipway.engine.interface import Diagnostic, PropertyChange, Result, Step
from slipway.platform.property_paths import covers, parse

if TYPE_CHECKING:
    from slipway.stacks.settings import DriftIgnore


@dataclass(frozen=True)
class Ignoring:
    """A look for drift without what is ignored.

    Attributes:
        result: what is left of it. An ignore that ended, of what it found, is a warning there.
        ignored: what was left out and until when, a sentence for each resource and ignore.
    """

    result: Result
    ignored: tuple[str, ...] = ()


def ignoring(result: Result, ignores: Sequence[DriftIgnore], today: date) -> Ignoring:
    """Leave out what is known.

    An ignore without properties is of all that may be found of a resource, that it is gone as well. One that
    names properties is of what changed in these, and never of a resource that is gone.

    Args:
        result: of a look for drift.
        ignores: in any order; any one of them is enough.
        today: in UTC.
    """
    steps: list[Step] = []
    ignored: list[str] = []
    ended: list[Diagnostic] = []
    for step in result.steps:
        left = step
        for each in ignores:
            rest = _without(left, each)
            if rest == left:
                continue
            if each.until < today:
                text = f"this was ignored until {each.until.isoformat()}: {each.reason}"
                ended.append(Diagnostic("warning", text, step.urn))
                continue
            ignored.append(_said(left, rest, each))
            left = rest
        steps.append(left)
    told = replace(result, steps=tuple(steps), diagnostics=(*result.diagnostics, *ended))
    return Ignoring(told, tuple(ignored))


def _without(step: Step, ignore: DriftIgnore) -> Step:
    """The step without what an ignore names; itself where it names nothing of it."""
    if step.quiet or not (_names(ignore.resource, step.urn) or _names(ignore.resource, step.type)):
        return step
    if not ignore.properties:
        return _unchanged(step)
    if step.op == "delete":
        return step
    named = [parse(path) for path in ignore.properties]
    left = tuple(each for each in step.diff if not any(covers(path, parse(each.path)) for path in named))
    if len(left) == len(step.diff):
        return step
    return replace(step, diff=left) if left else _unchanged(step)


def _unchanged(step: Step) -> Step:
    return replace(step, op="same", diff=(), note="", old=None, new=None)


def _names(pattern: str, text: str) -> bool:
    """Whether a pattern, in which * is any part, is this text."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


def _said(before: Step, after: Step, ignore: DriftIgnore) -> str:
    gone: list[PropertyChange] = [each for each in before.diff if each not in after.diff]
    what = ", ".join(each.path for each in gone) or before.note or before.op
    return f"{before.name} ({before.type}): {what}, ignored until {ignore.until.isoformat()}: {ignore.reason}"
