"""The comment as a whole: what changes, what to look at first, then stack by stack, as much as fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from slipway.engine.interface import Op
from slipway.platform.github_limits import MAX_COMMENT, MAX_JOB_SUMMARY
from slipway.stacks.comment import approved as approvals
from slipway.stacks.comment.escaping import code, link
from slipway.stacks.comment.fitting import Part, fit
from slipway.stacks.comment.graph import graph
from slipway.stacks.comment.stack_part import FIRST, GRAPH, counted, of_types, stack_part
from slipway.stacks.summary import BY_GRAVITY, Risk, RiskKind, Step, Summary

_ROW: Final = 500
"""Of so many characters of a page one row of the table may be had: what it counts must have room as well."""

MARKER: Final = "<!-- slipway:infrastructure"
"""What the first line of a comment of ours begins with; the time of what it says follows."""
UNDATED: Final = "undated"

_COLUMNS: Final[tuple[Op, ...]] = ("delete", "replace", "update", "import", "create")
_RISKS: Final[Mapping[RiskKind, str]] = {
    "data-deleted": "deletes what keeps data",
    "data-replaced": "replaces what keeps data",
    "protection-removed": "removes a protection",
    "network-opened": "opens to the internet",
    "access-widened": "widens access",
    "provider-changed": "changes a provider",
    "deleted-with": "deletes with all below",
}


@dataclass(frozen=True)
class Limit:
    """How long a page may be, and how that is measured."""

    size: int
    measure: Callable[[str], int]


def units(value: str) -> int:
    """UTF-16 code units, of which there are never fewer than characters, however GitHub counts those."""
    return len(value) if value.isascii() else len(value.encode("utf-16-le")) // 2


def octets(value: str) -> int:
    """Bytes of UTF-8."""
    return len(value) if value.isascii() else len(value.encode())


COMMENT: Final = Limit(MAX_COMMENT, units)
JOB_SUMMARY: Final = Limit(MAX_JOB_SUMMARY, octets)


def page(
    summaries: Sequence[Summary],
    *,
    approved: Mapping[str, Summary] | None = None,
    artifact: str = "",
    limit: Limit = COMMENT,
) -> str:
    """The comment about these plans; the same bytes for the same plans in whatever order.

    Args:
        summaries: of each stack's plan, a stack once.
        approved: what was approved last, by `Summary.name`; of a stack without one nothing is compared.
        artifact: address of the whole plans, for what does not fit.
        limit: `COMMENT` or `JOB_SUMMARY`.
    """
    ordered = sorted(summaries, key=_gravity)
    top = Part(
        head=f"{marker(ordered)}\n<h3>Infrastructure: {_headline(ordered)}</h3>\n<p>{_totals(ordered)}</p>",
        foot=_footer(ordered, artifact),
        parts=[
            _table(ordered, limit.size // _ROW),
            _first(ordered),
            _differences(ordered, approved or {}),
            *(
                stack_part(summary, frozenset(risk.urn for risk in summary.risks))
                for summary in ordered
                if _says_something(summary)
            ),
            Part(level=GRAPH, lines=_graph(ordered)),
        ],
    )
    return fit(top, limit.size, limit.measure)


def marker(summaries: Sequence[Summary]) -> str:
    """The hidden first line, by which the comment is found again and an older run knows a newer one."""
    return f"{MARKER} {stamp(max((each.created for each in summaries), default=''))} -->"


def stamp(created: str) -> str:
    """A time as it stands in a hidden line, whatever was given for one."""
    return "".join(sign for sign in created if sign in "0123456789TZ:-")[:20] or UNDATED


def _gravity(summary: Summary) -> tuple[object, ...]:
    """What sorts first: failed, then by the gravest risk, then by what goes."""
    kinds = list(_RISKS)
    worst = min((kinds.index(risk.kind) for risk in summary.risks), default=len(kinds))
    counts = summary.counts
    return (
        summary.ok,
        not _holds(summary),
        worst,
        *(-counts.get(op, 0) for op in BY_GRAVITY),
        summary.name,
        summary.operation,
    )


def _holds(summary: Summary) -> bool:
    return any(finding.level == "mandatory" for finding in summary.findings)


def _says_something(summary: Summary) -> bool:
    return bool(summary.changed or summary.messages or summary.findings or summary.access)


def _headline(summaries: Sequence[Summary]) -> str:
    changing = sum(summary.changed for summary in summaries)
    failed = sum(not summary.ok for summary in summaries)
    stacks = f"{len(summaries):,} stack{'s' * (len(summaries) != 1)}"
    told = (
        f"{changing:,} of {stacks} change{'s' * (changing == 1)}" if changing else f"no changes in {stacks}"
    )
    return f"{told}, {failed:,} could not be planned" if failed else told


def _totals(summaries: Sequence[Summary]) -> str:
    """All steps of all stacks, whatever of them is shown below."""
    total: Counter[Op] = Counter()
    for summary in summaries:
        total.update(summary.counts)
    unchanged = sum(summary.unchanged for summary in summaries)
    return f"In all {counted({op: total[op] for op in BY_GRAVITY if total[op]})}; {unchanged:,} unchanged."


def _table(summaries: Sequence[Summary], most: int) -> Part:
    head = "".join(f"<th>{op}</th>" for op in _COLUMNS)

    def rest(shown: int) -> str:
        left = summaries[shown:]
        steps: Counter[Op] = Counter()
        for summary in left:
            steps.update(summary.counts)
        told = counted({op: steps[op] for op in BY_GRAVITY if steps[op]})
        return f'<tr><td colspan="7"><i>and {len(left):,} more stacks: {told}</i></td></tr>' if left else ""

    return Part(
        f"<table><tr><th>stack</th>{head}<th></th></tr>", "</table>", 0, map(_row, summaries[:most]), rest
    )


def _row(summary: Summary) -> str:
    counts = summary.counts
    cells = "".join(f"<td>{f'{counts[op]:,}' if op in counts else ''}</td>" for op in _COLUMNS)
    remarks = ", ".join(_remarks(summary)) or "no changes"
    return f"<tr><td>{code(summary.name)}</td>{cells}<td>{remarks}</td></tr>"


def _remarks(summary: Summary) -> Iterator[str]:
    if not summary.ok:
        yield "⛔ could not be planned"
    if _holds(summary):
        yield "⛔ held by a check"
    if summary.risks:
        number = len(summary.risks)
        yield f"⚠️ {number:,} to look at first" if number > 1 else f"⚠️ {_RISKS[summary.risks[0].kind]}"
    if summary.operation == "destroy":
        yield "the stack is destroyed"
    if summary.operation == "import":
        yield "only taken into the state"
    if summary.engine == "offline":
        yield "from the program alone"
    others: dict[Op, int] = {op: number for op, number in summary.counts.items() if op not in _COLUMNS}
    if others:
        yield counted(others)
    if summary.changed and not summary.risks and not others:
        yield "changes"


def _first(summaries: Sequence[Summary]) -> Part:
    """Every risk of every stack, the gravest kind first."""
    kinds = list(_RISKS)
    found = sorted(
        (
            (kinds.index(risk.kind), place, risk)
            for place, each in enumerate(summaries)
            for risk in each.risks
        ),
        key=lambda item: (item[0], item[1], item[2].urn, item[2].text),
    )
    urns = {risk.urn for *_, risk in found}
    named = [{step.urn: step for step in summary.steps if step.urn in urns} for summary in summaries]

    def line(place: int, risk: Risk) -> str:
        step = named[place].get(risk.urn)
        what = f" {code(step.name)} {code(step.type)}" if step else f" {code(risk.urn)}" if risk.urn else ""
        where = code(summaries[place].name)
        return f"<li><b>{_RISKS[risk.kind]}</b>:{what} in {where}: {code(risk.text, 400)}</li>"

    def rest(shown: int) -> str:
        left = Counter(risk.kind for *_, risk in found[shown:])
        told = ", ".join(f"{_RISKS[kind]}: {left[kind]:,}" for kind in kinds if left[kind])
        return f"<li><i>and {left.total():,} more:</i> {told}</li>" if left else ""

    lines = (line(place, risk) for _, place, risk in found)
    return Part("<h4>⚠️ Look at this first</h4><ul>", "</ul>", FIRST, lines, rest)


def _differences(summaries: Sequence[Summary], approved: Mapping[str, Summary]) -> Part:
    found: list[tuple[str, Step, Summary]] = [
        (said, step, summary)
        for summary in summaries
        if summary.name in approved
        for said, step in approvals.differences(approved[summary.name], summary)
    ]
    lines = (
        f"<li>{code(step.name)} {code(step.type)} in {code(summary.name)}: {code(said, 400)}</li>"
        for said, step, summary in found
    )

    def rest(shown: int) -> str:
        left = found[shown:]
        return (
            f"<li><i>and {len(left):,} more:</i> {of_types([step for _, step, _ in left])}</li>"
            if left
            else ""
        )

    number = f"{len(found):,} difference{'s' * (len(found) != 1)}"
    title = f"<h4>{number} from the plan that was approved last</h4><ul>"
    return Part(title, "</ul>", FIRST, lines, rest)


def _graph(summaries: Sequence[Summary]) -> Iterator[str]:
    drawn = graph(summaries)
    if drawn:
        # The blank lines end the HTML, so that the fence is one; nothing of the graph can close it.
        yield (
            "<details><summary><b>What is touched, as a graph</b></summary>\n\n"
            f"```mermaid\n{drawn}\n```\n\n</details>"
        )


def _footer(summaries: Sequence[Summary], artifact: str) -> str:
    commits = sorted({summary.commit[:12] for summary in summaries if summary.commit})
    runs = sorted({summary.run for summary in summaries if summary.run})
    parts = [f"planned of {', '.join(code(each) for each in commits[:3])}"] if commits else []
    parts += [link(each, f"run {number}") for number, each in enumerate(runs[:3], 1)]
    parts.append(link(artifact, "the whole plans") if artifact else "")
    return f"<p><sub>{' · '.join(part for part in parts if part) or 'slipway'}</sub></p>"
