"""Shows a `Result`: on a terminal, in a job summary, and to other programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from slipway.engine.interface import QUIET, Op, PropertyChange, Result, Step
from slipway.engine.urn import ROOT_TYPE, type_of
from slipway.platform.github_limits import MAX_COMMENT

SYMBOLS: Final[dict[Op, str]] = {
    "create": "+",
    "import": "=",
    "update": "~",
    "replace": "+-",
    "delete": "-",
    "read": ">",
    "refresh": "~",
    "same": " ",
}
_STYLES: Final[dict[Op, str]] = {
    "create": "green",
    "import": "cyan",
    "update": "yellow",
    "replace": "magenta",
    "delete": "red",
    "read": "cyan",
    "refresh": "yellow",
    "same": "dim",
}
_PAST: Final[dict[str, str]] = {
    "create": "created",
    "import": "imported",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "read": "read",
    "refresh": "refreshed",
    "same": "unchanged",
}
_CHANGE_SYMBOLS: Final = {"add": "+", "delete": "-", "update": "~"}
_VALUE_WIDTH = 120


def rich(result: Result, *, sames: bool = False) -> RenderableType:
    """The result as a tree by parent, then messages, then counts. `sames` shows what does not change, too."""
    shown: dict[str, Step] = {}
    for step in result.steps:
        if sames or not step.quiet:
            # What is taken over and changed at once is shown as taken over, with what changes.
            imported = step.urn in shown and shown[step.urn].op == "import"
            shown[step.urn] = replace(step, op="import") if imported else step
    tree = Tree(Text(f"{result.project}/{result.stack}", style="bold"))
    nodes: dict[str, Tree] = {}
    for step in sorted(shown.values(), key=lambda step: step.urn.count("$")):
        parent = nodes.get(step.parent, tree)
        nodes[step.urn] = parent.add(_line(step))
        for change in step.diff:
            nodes[step.urn].add(_change_line(change))
    parts: list[RenderableType] = [tree] if shown else []
    parts.extend(Text(_diagnostic(item), style=_severity_style(item.severity)) for item in result.diagnostics)
    parts.append(Text(summary(result), style="bold"))
    return Group(*parts)


def condensed(result: Result) -> RenderableType:
    """The result with a line for each component at the top: for hundreds of resources at once."""
    parents = {step.urn: step.parent for step in result.steps}
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    groups: dict[str, list[Step]] = {}
    for step in result.steps:
        if not step.quiet and step.type != ROOT_TYPE:
            groups.setdefault(_top(step.urn, parents), []).append(step)
    named = {step.urn: step for step in result.steps}
    for urn, steps in sorted(groups.items(), key=lambda group: named[group[0]].name):
        counts = Counter(step.op for step in steps)
        text = ", ".join(f"{number} {_word(op, result.operation)}" for op, number in counts.items())
        head = named[urn]
        table.add_row(Text(head.name, style="bold"), Text(head.type, style="dim"), Text(text, style="green"))
    messages = [Text(_diagnostic(item), style=_severity_style(item.severity)) for item in result.diagnostics]
    return Group(table, *messages, Text(summary(result), style="bold"))


def _top(urn: str, parents: Mapping[str, str]) -> str:
    """The ancestor directly below the stack."""
    while True:
        above = parents.get(urn, "")
        if above not in parents or type_of(above) == ROOT_TYPE:
            return urn
        urn = above


def summary(result: Result) -> str:
    """One line: what happened, how many of each, how long."""
    counts = ", ".join(f"{number} {_word(op, result.operation)}" for op, number in result.counts.items())
    state = "" if result.ok else " (cancelled)" if result.cancelled else " (failed)"
    return f"{result.operation} {result.stack}{state}: {counts or 'nothing'}, {result.seconds:.1f} s"


def _word(op: str, operation: str) -> str:
    if operation == "drift" and op == "update":
        return "changed"
    return f"to {op}" if operation == "preview" and op not in QUIET else _PAST[op]


def _line(step: Step) -> Text:
    text = Text(f"{SYMBOLS[step.op]:<2} ", style=_STYLES[step.op])
    text.append(step.name, style="bold")
    text.append(f"  {step.type}", style="dim")
    if step.note:
        text.append(f"  ({step.note})", style="italic")
    return text


def _change_line(change: PropertyChange) -> Text:
    style = {"add": "green", "delete": "red", "update": "yellow"}[change.kind]
    return Text(_change_text(change), style=style)


def _change_text(change: PropertyChange) -> str:
    forced = "  forces replacement" if change.forces_replace else ""
    symbol = _CHANGE_SYMBOLS[change.kind]
    if change.kind == "add":
        return f"{symbol} {change.path}: {_short(change.new)}{forced}"
    if change.kind == "delete":
        return f"{symbol} {change.path}: {_short(change.old)}{forced}"
    return f"{symbol} {change.path}: {_short(change.old)} => {_short(change.new)}{forced}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _VALUE_WIDTH else f"{text[:_VALUE_WIDTH]}… ({len(text)} characters)"


def _diagnostic(item: Any) -> str:
    where = f" {item.urn.rpartition('::')[2]} ({item.urn})" if item.urn else ""
    return f"{item.severity}:{where} {item.message}"


def _severity_style(severity: str) -> str:
    return {"error": "bold red", "warning": "yellow"}.get(severity, "dim")


def markdown(result: Result, *, limit: int = MAX_COMMENT) -> str:
    """For a job summary or comment: cut between resources to `limit` characters, saying how many."""
    head = [f"### {result.operation} of `{result.stack}`", "", _escape(summary(result)), ""]
    head.extend(f"> **{item.severity}** {_escape(_diagnostic(item))}" for item in result.diagnostics)
    blocks = [_block(step) for step in result.steps if not step.quiet]
    text = "\n".join(head)[: limit // 2]
    return _fit(text, blocks, limit)


def _fit(text: str, blocks: list[str], limit: int) -> str:
    def tail(left: int) -> str:
        return f"\n\n*{left} more resources are not shown.*\n" if left else "\n"

    room = limit - len(tail(len(blocks)))
    for index, block in enumerate(blocks):
        if len(text) + len(block) + 1 > room:
            return text + tail(len(blocks) - index)
        text += f"\n{block}"
    return text + tail(0)


def _block(step: Step) -> str:
    note = f" ({_escape(step.note)})" if step.note else ""
    title = f"`{SYMBOLS[step.op].strip() or '='}` **{_escape(step.name)}** `{step.type}`{note}"
    if not step.diff:
        return f"- {title}"
    lines = (_fenced(_change_text(change)) for change in step.diff)
    return "\n".join([f"- <details><summary>{title}</summary>", "", *_code(lines), "  </details>"])


def _code(lines: Iterable[str]) -> list[str]:
    return ["  ```diff", *(f"  {line}" for line in lines), "  ```", ""]


def _fenced(text: str) -> str:
    """One line that cannot end the code block around it."""
    line = text.replace("\n", " ").replace("```", "'''")
    return f"! {line[2:]}" if line.startswith("~ ") else line


def _escape(text: str) -> str:
    return text.replace("<", "&lt;").replace("\n", " ").replace("@", "@\u200b")
