"""What is touched as a graph: stacks, what they are made of, and what happens to each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from slipway.engine.interface import Op
from slipway.engine.urn import ROOT_TYPE, name_of, type_of
from slipway.stacks.comment.escaping import label
from slipway.stacks.summary import BY_GRAVITY, Summary

MAX_NODES: Final = 60
"""More than these nobody follows; GitHub draws at most 500 edges."""

_COLOURS: Final = {
    "delete": "fill:#ffebe9,stroke:#cf222e,color:#82071e",
    "replace": "fill:#fbefff,stroke:#8250df,color:#512a97",
    "update": "fill:#fff8c5,stroke:#9a6700,color:#633c01",
    "import": "fill:#ddf4ff,stroke:#0969da,color:#0a3069",
    "create": "fill:#dafbe1,stroke:#1a7f37,color:#044f1e",
}


def graph(summaries: Sequence[Summary]) -> str:
    """A Mermaid flowchart of what changes, in the finest grain that still can be read; empty for nothing.

    Resources with the components that they are in; where those are too many, the components at the top; else
    the stacks alone.
    """
    touched = [summary for summary in summaries if summary.changed]
    steps = sum(len(summary.steps) for summary in touched)
    for grain in (_resources, _tops, _stacks)[steps > MAX_NODES :]:
        nodes = list(grain(touched))
        if nodes and len(nodes) <= MAX_NODES:
            return "\n".join(_drawn(nodes))
    return ""


_Node = tuple[str, str, str, Counter[Op]]
"""Key, key of its parent, label, and what happens to it or in it."""


def _stacks(summaries: Sequence[Summary]) -> Iterator[_Node]:
    for summary in summaries:
        yield summary.name, "", summary.name, Counter(summary.counts)


def _named(urn: str) -> str:
    try:
        return f"{name_of(urn)}\n{type_of(urn).rpartition(':')[2]}"
    except IndexError:  # no URN of Pulumi's form
        return urn


def _is_root(urn: str) -> bool:
    return urn.count("::") >= 3 and type_of(urn) == ROOT_TYPE


def _resources(summaries: Sequence[Summary]) -> Iterator[_Node]:
    for summary in summaries:
        yield summary.name, "", summary.name, Counter()
        ops: dict[str, Counter[Op]] = {}
        parents = {step.urn: step.parent for step in summary.steps}
        for step in summary.steps:
            ops.setdefault(step.urn, Counter())[step.op] += 1
            if step.parent and not _is_root(step.parent):
                ops.setdefault(step.parent, Counter())
        for urn, counts in ops.items():
            above = parents.get(urn, "")
            key = f"{summary.name} {above}" if above in ops else summary.name
            if not _is_root(urn):
                yield f"{summary.name} {urn}", key, _named(urn), counts


def _tops(summaries: Sequence[Summary]) -> Iterator[_Node]:
    for summary in summaries:
        yield summary.name, "", summary.name, Counter()
        parents = {step.urn: step.parent for step in summary.steps}
        tops: dict[str, Counter[Op]] = {}
        for step in summary.steps:
            if not _is_root(step.urn):
                tops.setdefault(_top(step.urn, parents), Counter())[step.op] += 1
        for urn, counts in tops.items():
            yield f"{summary.name} {urn}", summary.name, _named(urn), counts


def _top(urn: str, parents: dict[str, str]) -> str:
    seen = {urn}
    while (above := parents.get(urn, "")) and not _is_root(above) and above not in seen:
        urn = above
        seen.add(urn)
    return urn


def _drawn(nodes: Sequence[_Node]) -> Iterator[str]:
    numbers = {node[0]: f"n{place}" for place, node in enumerate(nodes)}
    yield "flowchart LR"
    for key, _, name, counts in nodes:
        total = counts.total()
        told = ", ".join(f"{counts[op]} {op}" for op in BY_GRAVITY if counts[op])
        parts = [*name.split("\n")[:2], *([told] if total > 1 or (told and "\n" not in name) else [])]
        worst = next((op for op in BY_GRAVITY if counts[op]), "")
        style = f":::{worst}" if worst in _COLOURS else ""
        yield f'  {numbers[key]}["{"<br/>".join(label(part) for part in parts)}"]{style}'
    for key, above, *_ in nodes:
        if above in numbers:
            yield f"  {numbers[above]} --> {numbers[key]}"
    yield from (f"  classDef {op} {style}" for op, style in _COLOURS.items())
