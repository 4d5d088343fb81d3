"""The access matrix and its differences, as text, Markdown and JSON."""

import itertools
import json
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby

from slipway.access.capabilities import OTHER, Capability
from slipway.access.matrix import PAST_REVIEW, Access, Matrix, MatrixDiff, Row

_NARROWEST = 24
_COLUMNS = ("environment", "from", "on", "role", "can")
_NO_ENVIRONMENT = "none"
_NOTHING_NEW = "Nothing is newly allowed."
_NOTHING_GONE = "Nothing is taken away."
_DOUBT = "(possibly): it hangs on a condition whose outcome the policies alone do not tell."


def to_text(matrix: Matrix, width: int | None = None) -> str:
    """A plain table for each asker, then what each role can do, and what nobody reaches or could be read.

    Args:
        matrix: the rows.
        width: of the terminal, in characters, where there is one to fit into.
    """
    parts: list[str] = []
    for who, rows in groupby(matrix.rows, key=lambda row: row.who):
        parts += [
            *_wrapped(who, width, 0),
            *_table([_COLUMNS[:-1], *(_cells(row)[:-1] for row in rows)], width),
            "",
        ]
    if not matrix.rows:
        parts += ["Nobody here.", ""]
    able = {row.role: row.capabilities for row in matrix.rows}
    for arn in sorted(able):
        lines = [line for text in _said(able[arn]) or ["do nothing"] for line in _wrapped(text, width)]
        parts += [f"{_role(arn)} can", *lines, ""]
    parts += _listed("Roles that nobody here reaches:", matrix.unreached, width)
    parts += _listed("Not read for certain:", matrix.problems, width)
    return _explained(parts, width)


def to_markdown(matrix: Matrix) -> str:
    """The same as Markdown tables."""
    parts: list[str] = []
    for who, rows in groupby(matrix.rows, key=lambda row: row.who):
        parts += [f"### {_escaped(who)}", "", *_markdown_table(_COLUMNS, [_cells(row) for row in rows]), ""]
    for title, lines in (
        ("Roles that nobody here reaches", matrix.unreached),
        ("Not read for certain", matrix.problems),
    ):
        if lines:
            parts += [f"### {title}", "", *(f"- {_escaped(line)}" for line in lines), ""]
    return _explained(parts)


def to_json(matrix: Matrix) -> str:
    """Every field of every row, sorted, so that two of them compare."""
    return json.dumps(asdict(matrix), indent=2, sort_keys=True) + "\n"


def diff_to_text(diff: MatrixDiff) -> str:
    """What would be newly allowed (+) and no longer allowed (-), one block for each asker and role."""
    lines: list[str] = []
    for sign, entries in (("+", diff.newly_allowed), ("-", diff.no_longer_allowed)):
        for entry in entries:
            lines.append(f"{sign} {_title(entry)}")
            lines += [f"{sign}     {what}" for what in entry.what]
    return _explained(lines or [_NOTHING_NEW])


def diff_to_markdown(diff: MatrixDiff) -> str:
    """The same for a pull request's comment, what is newly allowed first."""
    parts: list[str] = []
    for title, entries, nothing in (
        ("Newly allowed", diff.newly_allowed, _NOTHING_NEW),
        ("No longer allowed", diff.no_longer_allowed, _NOTHING_GONE),
    ):
        parts += [f"### {title}", ""]
        if not entries:
            parts += [nothing, ""]
            continue
        rows = [
            (
                entry.who,
                entry.environment or "none",
                ", ".join(entry.refs),
                _role(entry.role),
                "; ".join(entry.what),
            )
            for entry in entries
        ]
        parts += [*_markdown_table(("who", "environment", "from", "role", "can"), rows), ""]
    return _explained(parts)


def diff_to_json(diff: MatrixDiff) -> str:
    """Both lists with every field."""
    return json.dumps(asdict(diff), indent=2, sort_keys=True) + "\n"


def _explained(parts: Sequence[str], width: int | None = None) -> str:
    """The lines as one text, which says what a mark of doubt means if there is one."""
    text = "\n".join(parts).rstrip()
    doubt = "\n".join(_wrapped(_DOUBT, width, 0))
    return f"{text}\n\n{doubt}\n" if "(possibly)" in text else f"{text}\n"


def _cells(row: Row) -> tuple[str, ...]:
    role = " -> ".join(_role(arn) for arn in (*row.via, row.role))
    role += f", {PAST_REVIEW}" if row.past_review else ""
    return (
        row.environment or _NO_ENVIRONMENT,
        ", ".join(ref for ref in row.refs if ref),
        ", ".join(row.events),
        role if row.certain else f"{role} (possibly)",
        "; ".join(str(capability) for capability in row.capabilities) or "nothing",
    )


def _role(arn: str) -> str:
    account = arn.split(":")[4] if arn.count(":") > 4 else ""
    return f"{arn.rpartition('/')[2]} in {account}"


def _title(entry: Access) -> str:
    where = f" in {entry.environment}" if entry.environment else ""
    refs = ", ".join(ref for ref in entry.refs if ref)
    return f"{entry.who}{where}{f' from {refs}' if refs else ''}: {_role(entry.role)}"


def _table(rows: Sequence[Sequence[str]], width: int | None) -> Iterable[str]:
    """A header and its rows in columns, but for empty ones. Where it is too wide, the widest are wrapped."""
    filled = [any(map(_says, below)) for _, *below in zip(*rows, strict=True)]
    rows = [list(itertools.compress(row, filled)) for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    while width is not None and sum(widths) + 2 * len(widths) > width and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    for row in rows:
        cells = [
            textwrap.wrap(cell, each, break_on_hyphens=False) or [""]
            for cell, each in zip(row, widths, strict=True)
        ]
        for line in itertools.zip_longest(*cells, fillvalue=""):
            yield (
                "  " + "  ".join(cell.ljust(each) for cell, each in zip(line, widths, strict=True))
            ).rstrip()


def _says(cell: str) -> bool:
    return cell not in {"", _NO_ENVIRONMENT}


def _wrapped(text: str, width: int | None, indent: int = 2) -> list[str]:
    return textwrap.wrap(
        text,
        max(width or 0, _NARROWEST) if width else len(text) + indent,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 4),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _said(capabilities: Sequence[Capability]) -> list[str]:
    """One line for all kinds of actions that go to the same resources on the same conditions."""
    kinds: dict[str, list[str]] = {}
    others: dict[tuple[str, str], list[str]] = {}
    for capability in capabilities:
        rest = str(capability).removeprefix(capability.label)
        label, _, action = capability.label.partition(OTHER)
        if label or not action:
            kinds.setdefault(rest, []).append(capability.label)
        else:
            service, _, verb = action.partition(":")
            others.setdefault((service, rest), []).append(verb)
    lines = [f"{', '.join(labels)}{rest}" for rest, labels in kinds.items()]
    return lines + [
        f"{OTHER}{service}: {', '.join(verbs)}{rest}" for (service, rest), verbs in others.items()
    ]


def _markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{' --- |' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(_escaped(cell) for cell in row)} |"


def _escaped(text: str) -> str:
    for character in "\\|*_`<>[]":
        text = text.replace(character, f"\\{character}")
    return text.replace("\n", " ")


def _listed(title: str, lines: Sequence[str], width: int | None) -> list[str]:
    return [title, *(part for line in lines for part in _wrapped(line, width)), ""] if lines else []
