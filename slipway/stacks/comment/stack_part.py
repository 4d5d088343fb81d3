"""What the comment says of one stack: what went wrong, what goes, what is replaced, changed and made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from slipway.engine.interface import Op
from slipway.stacks.comment.escaping import code, text
from slipway.stacks.comment.fitting import Part
from slipway.stacks.summary import Property, Step, Summary

FIRST, RISKY, GROUPS, UPDATES, GRAPH, INPUTS = range(1, 7)
"""Levels: what is shown first where not everything fits. 0 has the rows of the table."""

SYMBOLS: Final[Mapping[Op, str]] = {
    "delete": "-",
    "replace": "±",
    "update": "~",
    "import": "=",
    "create": "+",
    "refresh": "~",
    "read": "&gt;",
    "same": "~",
}
_TITLES: Final[Mapping[Op, str]] = {
    "delete": "to delete",
    "replace": "to replace",
    "update": "to update",
    "import": "to import",
    "create": "to create",
    "refresh": "to refresh",
    "read": "to read",
    "same": "whose protection alone changes",
}
_SHOWN_PROPERTIES: Final = 40
_VALUE: Final = 300
_MESSAGE: Final = 1_000
_KINDS: Final = 3
"""Types that a line about what is left out names."""


def stack_part(summary: Summary, risky: frozenset[str]) -> Part:
    """All that is said of a stack, folded.

    Args:
        summary: of its plan.
        risky: URNs of what is to be looked at first.
    """
    of: dict[Op, list[Step]] = {}
    for step in summary.steps:
        of.setdefault(step.op, []).append(step)
    state = "" if summary.ok else "could not be planned; until then "
    return Part(
        head=f"<details><summary><b>{code(summary.name)}</b>: {state}{counted(summary.counts)}</summary>",
        foot="</details>",
        parts=[
            messages_of(summary, "error", FIRST),
            _findings(summary),
            _named(of.get("delete", []), "delete"),
            _replaced(of.get("replace", [])),
            _inside("What else changes in those", of.get("replace", []), UPDATES),
            messages_of(summary, "warning", RISKY),
            _access(summary, allowed=True),
            _access(summary, allowed=False),
            *_updated(of, risky),
            _grouped(of.get("import", []), "import"),
            _grouped(of.get("create", []), "create"),
            _inside("What they are given", of.get("create", []), INPUTS),
        ],
    )


def counted(counts: Mapping[Op, int]) -> str:
    """`3 to delete, 1 to create`."""
    return ", ".join(f"{number:,} {_TITLES[op]}" for op, number in counts.items()) or "no changes"


def of_types(steps: Sequence[Step]) -> str:
    """`412 aws:s3/bucket:Bucket, 3 …` of the most frequent types, and how many are of others."""
    types = Counter(step.type for step in steps).most_common()
    types.sort(key=lambda each: (-each[1], each[0]))
    named = [f"{number:,} {code(type_, 50)}" for type_, number in types[:_KINDS]]
    others = sum(number for _, number in types[_KINDS:])
    return ", ".join([*named, f"{others:,} of other types"] if others else named)


def left_out(steps: Sequence[Step], what: str) -> Callable[[int], str]:
    """What a list says of the steps that have no room in it."""

    def rest(shown: int) -> str:
        left = steps[shown:]
        return f"<li><i>and {len(left):,} more {what}:</i> {of_types(left)}</li>" if left else ""

    return rest


def more_of(total: int, what: str) -> Callable[[int], str]:
    """What a list says of so many things of which some have no room in it."""
    return lambda shown: f"<li><i>and {total - shown:,} more {what}</i></li>" if total > shown else ""


def listing(
    title: str, lines: Iterable[str], level: int, rest: Callable[[int], str], *, folded: bool = False
) -> Part:
    """A list with its title."""
    head, foot = f"<p><b>{title}</b></p><ul>", "</ul>"
    if folded:
        head, foot = f"<details><summary><b>{title}</b></summary><ul>", "</ul></details>"
    return Part(head, foot, level, lines, rest)


def _title(steps: Sequence[Step], op: Op) -> str:
    return f"{SYMBOLS[op]} {len(steps):,} {_TITLES[op]}"


def by_type(steps: Iterable[Step]) -> list[Step]:
    """In the order in which they are listed."""
    return sorted(steps, key=lambda step: (step.type, step.name, step.urn))


def line_of(step: Step) -> str:
    """A resource and what the engine says of it."""
    note = f" ({code(step.note)})" if step.note else ""
    return f"{code(step.name)} {code(step.type)}{note}"


def _named(steps: Sequence[Step], op: Op) -> Part:
    ordered = by_type(steps)
    lines = (f"<li>{line_of(step)}</li>" for step in ordered)
    return listing(_title(steps, op), lines, FIRST, left_out(ordered, _TITLES[op]))


def _replaced(steps: Sequence[Step]) -> Part:
    ordered = by_type(steps)

    def lines() -> Iterator[str]:
        for step in ordered:
            forcing = [each for each in step.properties if each.forces_replace]
            because = ", ".join(_reason(each) for each in forcing[:3])
            more = f" and {len(forcing) - 3} more" if len(forcing) > 3 else ""
            yield f"<li>{line_of(step)}{f' because of {because}' if because else ''}{more}</li>"

    return listing(_title(steps, "replace"), lines(), FIRST, left_out(ordered, _TITLES["replace"]))


def _reason(change: Property) -> str:
    sides = [code(side, 80) for side in (change.old, change.new) if side is not None]
    return f"{code(change.path)} ({' → '.join(sides)})"


def messages_of(summary: Summary, severity: str, level: int) -> Part:
    """What the engine said."""
    told = [each for each in summary.messages if each.severity == severity]
    lines = (f"<li>{code(each.text, _MESSAGE)}{_where(each.urn)}</li>" for each in told)
    return listing(
        f"{len(told):,} {severity}{'s' * (len(told) != 1)}", lines, level, more_of(len(told), severity + "s")
    )


def _where(urn: str) -> str:
    return f" at {code(urn.rpartition('::')[2])}" if urn else ""


def _findings(summary: Summary) -> Part:
    found = sorted(
        summary.findings, key=lambda each: (each.level != "mandatory", each.check, each.urn, each.text)
    )
    lines = (
        f"<li><b>{each.level}</b> {code(each.check)}: {code(each.text, _MESSAGE)}{_where(each.urn)}</li>"
        for each in found
    )
    return listing(f"{len(found):,} findings of checks", lines, FIRST, more_of(len(found), "findings"))


def _access(summary: Summary, *, allowed: bool) -> Part:
    rows = [row for row in summary.access if row.allowed == allowed]
    lines = (
        f"<li>{code(row.who)}{f' in {code(row.environment)}' if row.environment else ''}"
        f" from {', '.join(code(ref) for ref in row.refs[:10])} as {code(row.role)}:"
        f" {code('; '.join(row.what), _MESSAGE)}</li>"
        for row in rows
    )
    title = "Newly allowed" if allowed else "No longer allowed"
    return listing(title, lines, RISKY, more_of(len(rows), "rows"))


def _updated(of: Mapping[Op, Sequence[Step]], risky: frozenset[str]) -> Iterator[Part]:
    """Updates with their properties, those to look at first before the others."""
    for op in ("update", "same", "refresh", "read"):
        steps = by_type(of.get(op, []))
        for chosen, level in (
            ([step for step in steps if step.urn in risky], RISKY),
            ([step for step in steps if step.urn not in risky], UPDATES),
        ):
            title = f"{_title(chosen, op)}{', to look at first' if level == RISKY else ''}"
            yield listing(title, map(folded, chosen), level, left_out(chosen, _TITLES[op]))


def folded(step: Step) -> str:
    """A resource, and below it each property that changes."""
    paths = ", ".join(dict.fromkeys(each.path for each in step.properties))
    head = f"{line_of(step)}{f': {code(paths)}' if paths else ''}"
    if not step.properties:
        return f"<li>{head}</li>"
    lines = [line for each in step.properties[:_SHOWN_PROPERTIES] for line in _compared(each)]
    more = len(step.properties) - _SHOWN_PROPERTIES
    rest = f"\n# and {more:,} more properties" if more > 0 else ""
    shown = "\n".join(lines)
    return f'<li><details><summary>{head}</summary><pre lang="diff">{shown}{rest}</pre></details></li>'


def _compared(change: Property) -> Iterator[str]:
    """Lines of a diff, which GitHub colours by the sign before them."""
    path = text(change.path)
    if change.secret and change.kind == "update":
        yield f"! {path}: another secret"
    elif change.kind == "update" and change.old == change.new:
        yield f"! {path}: {text(change.new or '', _VALUE)}"
    else:
        if change.old is not None:
            yield f"- {path}: {text(change.old, _VALUE)}"
        if change.new is not None:
            yield f"+ {path}: {text(change.new, _VALUE)}"
    if change.forces_replace:
        yield f"# {path} forces a replacement"


def _grouped(steps: Sequence[Step], op: Op) -> Part:
    """A line for each type, which names as many as a line has room for."""
    ordered = by_type(steps)
    groups = [(type_, list(group)) for type_, group in groupby(ordered, key=lambda step: step.type)]
    groups.sort(key=lambda group: (-len(group[1]), group[0]))

    def lines() -> Iterator[str]:
        for type_, group in groups:
            names = ", ".join(code(step.name, 60) for step in group[:5])
            more = f" and {len(group) - 5:,} more" if len(group) > 5 else ""
            yield f"<li>{len(group):,} {code(type_)}: {names}{more}</li>"

    def rest(shown: int) -> str:
        left = [step for _, group in groups[shown:] for step in group]
        return f"<li><i>and {len(left):,} more {_TITLES[op]}:</i> {of_types(left)}</li>" if left else ""

    return listing(_title(steps, op), lines(), GROUPS, rest)


def _inside(title: str, steps: Sequence[Step], level: int) -> Part:
    """The properties of resources that are named above, folded."""
    ordered = [step for step in by_type(steps) if any(not each.forces_replace for each in step.properties)]
    return listing(title, map(folded, ordered), level, left_out(ordered, "resources"), folded=True)
