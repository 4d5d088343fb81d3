"""The board as one page of HTML that loads nothing from anywhere: what needs attention first."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from slipway.stacks.dashboard.attention import TITLES, Kind, Level, Remark, is_over, remarks
from slipway.stacks.dashboard.board import Board, Resource, StackFacts

TEMPLATES: Final = Path(__file__).parent / "templates"
_RUN: Final = re.compile(r"(?P<id>[0-9]{1,20})-(?P<attempt>[0-9]{1,6})")
_HOLDER: Final = re.compile(r"[^/]+/[^/]+/runs/(?P<id>[0-9]{1,20})/attempts/(?P<attempt>[0-9]{1,6})")
_COMMIT: Final = re.compile("[0-9a-f]{40,64}")
_UNITS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))
_OUTCOMES: Final = {"success": Level.GOOD, "failure": Level.BAD, "timed_out": Level.BAD}
_WORDS: Final = {Level.BAD: "bad", Level.WARN: "warn", Level.NOTE: "note", Level.GOOD: "good"}


@dataclass(frozen=True)
class Row:
    """A stack and what there is to say of it."""

    facts: StackFacts
    remarks: tuple[Remark, ...]


def rows(board: Board) -> list[Row]:
    """The stacks with their remarks, those first that need attention most, else by name."""
    found = [Row(facts, remarks(facts, board.made)) for facts in board.stacks]
    return sorted(found, key=lambda row: (row.remarks[0].kind, -len(row.remarks), row.facts.name))


def totals(shown: list[Row]) -> list[tuple[Kind, int]]:
    """How many stacks have each thing to be said of them, the gravest first."""
    number = Counter(remark.kind for row in shown for remark in row.remarks)
    return sorted(number.items())


def page(board: Board) -> str:
    """The whole page. Every text is escaped, and its policy lets in nothing but its own style and script."""
    templates = environment()
    style, script = (_hashed(templates.get_template(name).render()) for name in ("style.css", "filter.js"))
    policy = (
        f"default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"
    )
    return templates.get_template("page.html").render(content(board), policy=policy)


def content(board: Board) -> dict[str, Any]:
    """What `stacks.html` and `resources.html` need, in whichever page they stand."""
    shown = rows(board)

    def over(facts: StackFacts) -> bool:
        return is_over(facts, board.made)

    def ago(at: float) -> str:
        return _ago(board.made - at)

    return {
        "board": board,
        "rows": shown,
        "totals": totals(shown),
        "titles": TITLES,
        "link": _Links(_web(board.repository)),
        "words": _WORDS,
        "over": over,
        "ago": ago,
        "outcome": _outcome,
        "anchor": _anchor,
        "by_type": _by_type,
    }


def environment(*more: Path) -> Environment:
    """Templates of the page, and of other folders that show stacks as it does."""
    made = Environment(
        loader=FileSystemLoader([*more, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["moment"] = _moment
    made.filters["plain"] = _plain
    made.filters["counted"] = _counted
    return made


@dataclass(frozen=True)
class _Links:
    """Addresses on GitHub; empty where there is none."""

    repository: str

    def web(self, address: str) -> str:
        return _web(address)

    def commit(self, commit: str) -> str:
        return f"{self.repository}/commit/{commit}" if self.repository and _COMMIT.fullmatch(commit) else ""

    def run(self, run: str) -> str:
        """Of a run by what its plan goes by, by the name of a lease's holder, or by its number alone."""
        found = _RUN.fullmatch(run) or _HOLDER.fullmatch(run)
        if not self.repository:
            return ""
        if found:
            return f"{self.repository}/actions/runs/{found['id']}/attempts/{found['attempt']}"
        return f"{self.repository}/actions/runs/{run}" if run.isdecimal() and run.isascii() else ""

    def workflow(self, name: str) -> str:
        quoted = quote('workflow:"' + name + '"')
        return f"{self.repository}/actions?query={quoted}" if self.repository else ""


def _web(address: str) -> str:
    """An address of the web as it is; empty for any other, such as one that runs a script."""
    return address if address.startswith(("https://", "http://")) and address.isprintable() else ""


def _hashed(source: str) -> str:
    """https://www.w3.org/TR/CSP3/#match-element-to-source-list"""
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def _ago(seconds: float) -> str:
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), _UNITS[-1])
    return f"{max(int(seconds // size), 0):,} {unit}"


def _moment(at: float) -> str:
    try:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return str(at)


def _plain(value: str) -> str:
    """Without signs that have no shape of their own: one that turns the direction of writing, say."""
    if value.isprintable():
        return value
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in value)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {op}" for op, number in counts.items() if number)


def _outcome(outcome: str) -> str:
    return _WORDS[_OUTCOMES.get(outcome, Level.NOTE)]


def _anchor(facts: StackFacts) -> str:
    return quote(f"resources-{facts.project}-{facts.stack}", safe="")


def _by_type(resources: tuple[Resource, ...]) -> Iterator[tuple[str, list[Resource]]]:
    found: dict[str, list[Resource]] = {}
    for resource in sorted(resources, key=lambda each: (each.type, each.name)):
        found.setdefault(resource.type, []).append(resource)
    yield from found.items()
