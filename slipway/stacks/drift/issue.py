"""The issue about a stack's drift: what differs, what to do, and the hidden line by which it is found."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Final

from slipway.stacks.comment.escaping import code, link, text
from slipway.stacks.comment.fitting import Part, fit
from slipway.stacks.comment.page import COMMENT, Limit, stamp
from slipway.stacks.comment.stack_part import (
    FIRST,
    RISKY,
    UPDATES,
    by_type,
    counted,
    folded,
    left_out,
    line_of,
    listing,
    messages_of,
    more_of,
    stack_part,
)
from slipway.stacks.drift.report import Report, Unapplied

MARKER: Final = "<!-- slipway:drift"
LABEL: Final = "infrastructure-drift"
"""By which the issues are found with few questions, among however many others."""

_HIDDEN: Final = re.compile(rf"{re.escape(MARKER)} (?P<id>[0-9a-f]{{16}}) (?P<stamp>\S+) -->")
_TITLE: Final = 200
_NOTE: Final = 2_400
"""Room for the line that says that it is mended, the address of a run in it."""


def hidden_id(name: str) -> str:
    """What a stack's issue has in its hidden line, whatever the stack is called."""
    return hashlib.sha256(name.encode(errors="replace")).hexdigest()[:16]


def hidden_in(body: str) -> tuple[str, str] | None:
    """The id and the time in the first line of an issue of ours; None of any other."""
    found = _HIDDEN.match(body)
    return (found["id"], found["stamp"]) if found else None


def title(report: Report) -> str:
    """On one line, calling nobody, within GitHub's 256 characters."""
    name = "".join(sign if sign.isprintable() and sign != "@" else "?" for sign in report.name)
    return f"Drift: {name[:_TITLE]}"


def body(report: Report, *, repository: str = "", limit: Limit = COMMENT) -> str:
    """What the issue says, as much as fits.

    Args:
        report: of the look.
        repository: address of it, for links between commits; empty for none.
        limit: `COMMENT`, or `JOB_SUMMARY`.
    """
    page = Part(
        head=f"{_hidden_line(report)}\n<h3>Drift: {code(report.name)}</h3>\n<p>{_headline(report)}</p>",
        foot=_footer(report),
        parts=[
            _cloud(report),
            _program(report),
            *([_unapplied(report, report.unapplied, repository)] if report.unapplied else []),
            _sentences("Ignored, by slipway.yaml", "differences", report.ignored),
            _sentences("What could not be told", "notes", report.notes),
        ],
    )
    return fit(page, limit.size - (_NOTE if limit is COMMENT else 0), limit.measure)


def mended(old: str, report: Report) -> str:
    """The text of an issue that is closed: what it said last, and since when that is mended."""
    _, _, said = old.partition("\n")
    run = f" {link(report.cloud.run, 'Run')}." if report.cloud.run else ""
    note = (
        f"<p>✅ <b>Mended:</b> at {code(report.at)} cloud, state and program agreed.{run} It said before:</p>"
    )
    return f"{_hidden_line(report)}\n{note}\n{said}"


def _hidden_line(report: Report) -> str:
    return f"{MARKER} {hidden_id(report.name)} {stamp(report.at)} -->"


def _headline(report: Report) -> str:
    cloud = [
        f"{len(steps):,} {what}"
        for what, steps in (("gone", report.gone), ("changed", report.changed))
        if steps
    ]
    program = counted(report.program.counts) if report.program.ok else "it cannot be previewed"
    told = [
        f"Cloud against state: <b>{', '.join(cloud) or 'no difference'}</b>.",
        f"Program against state: <b>{program}</b>.",
        "Merged and not applied: <b>yes</b>." if report.unapplied else "",
    ]
    return " ".join(each for each in told if each)


def _cloud(report: Report) -> Part:
    gone, changed = by_type(report.gone), by_type(report.changed)
    stack = text(report.cloud.stack)
    return Part(
        head=(
            "<h4>The cloud is not as the state has it</h4>\n<p>Somebody changed it behind Pulumi's back. To "
            "keep the change, write it into the program by a pull request; to take it back, "
            f"<code>slipway up {stack} --refresh</code> does so, after it has shown how.</p>"
        ),
        parts=[
            messages_of(report.cloud, "warning", FIRST),
            listing(
                f"- {len(gone):,} gone",
                (f"<li>{line_of(step)}</li>" for step in gone),
                FIRST,
                left_out(gone, "gone"),
            ),
            listing(f"~ {len(changed):,} changed", map(folded, changed), RISKY, left_out(changed, "changed")),
        ],
    )


def _program(report: Report) -> Part:
    program = report.program
    if program.ok and not program.changed:
        return Part()
    return Part(
        head=(
            "<h4>The program asks for something else than the state has</h4>\n<p>That is what an apply would "
            "do, whatever the cloud looks like.</p>"
        ),
        parts=[stack_part(program, frozenset(risk.urn for risk in program.risks))],
    )


def _unapplied(report: Report, unapplied: Unapplied, repository: str) -> Part:
    commit, head = unapplied.commit, report.cloud.commit
    address = f"{repository}/compare/{commit}...{head}"
    since = f"{link(address, 'See what came since')}. " if repository and head else ""
    how = {
        "applied": f"{code(commit[:12])} was applied last",
        "begun": f"how the apply of {code(commit[:12])} ended nobody wrote down",
        "failed": f"the apply of {code(commit[:12])} failed",
        "declined": f"the apply of {code(commit[:12])} was refused",
    }.get(unapplied.event, f"{code(commit[:12])}: {code(unapplied.event)}")
    lines: Iterable[str] = (f"<li>{code(part)}</li>" for part in unapplied.parts)
    return Part(
        parts=[
            Part(
                level=FIRST,
                lines=[
                    "<h4>What is merged was not applied</h4>",
                    f"<p>{how}, by run {code(unapplied.run)}. {since}An apply of main mends it.</p>",
                ],
            ),
            listing(
                f"{len(unapplied.parts):,} of what the stack is made of {_differs(len(unapplied.parts))}",
                lines,
                UPDATES,
                more_of(len(unapplied.parts), "parts"),
            ),
        ]
    )


def _differs(number: int) -> str:
    return "differs" if number == 1 else "differ"


def _sentences(heading: str, what: str, sentences: tuple[str, ...]) -> Part:
    lines = (f"<li>{code(each, 400)}</li>" for each in sentences)
    return listing(heading, lines, UPDATES, more_of(len(sentences), what), folded=True)


def _footer(report: Report) -> str:
    return f"<p><sub>{' · '.join(_footing(report))}</sub></p>"


def _footing(report: Report) -> Iterator[str]:
    yield f"looked at {code(report.at)}" if report.at else "looked at some time"
    if report.cloud.commit:
        yield f"main at {code(report.cloud.commit[:12])}"
    if report.cloud.run:
        yield link(report.cloud.run, "run")
    yield "each look writes this text anew, and closes the issue when all is mended; its comments stay"
