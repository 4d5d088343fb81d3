"""What a check is given and what it may answer: pure.

A check gets the summary of one stack's plan on its standard input (`Summary.to_json`) and writes one JSON
object on its standard output, whose schema is `docs/schemas/findings.json`:

    {"version": 1, "findings": [{"rule": "cost", "message": "42 dollars a month more", "resource": "urn:…"}]}

It exits with 0 whatever it finds. Anything else is no answer, and counts as a finding of the check's own
level, so that a mandatory check that breaks holds what it was to look at.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, TypeAdapter

from slipway.engine import documents
from slipway.platform.masking import MASK, mask
from slipway.stacks.settings import Level
from slipway.stacks.summary import Finding, Summary

MOST: Final = 500
"""Findings that one check may answer."""
LONGEST: Final = 2_000
"""Characters of a message."""
_TOKENS: Final = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bpul-[0-9a-f]{40}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*"
)
"""What AWS, GitHub, Pulumi, PEM and JWT give their secrets as a shape: wherever a check has them from."""


@dataclass(frozen=True)
class Said:
    """One finding, as a check answers it.

    Attributes:
        rule: what is not kept, as a short name.
        message: what is wrong, and what to do.
        resource: the URN of the resource; empty where it concerns all of the plan.
        level: a lower one than the check's own may be said; a higher one counts as the check's own.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    rule: Annotated[str, Field(pattern=r"^[\w.:/-]{1,100}$", examples=["cost"])]
    message: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    resource: Annotated[str, Field(max_length=2_000)] = ""
    level: Literal["advisory", "mandatory"] | None = None


@dataclass(frozen=True)
class Answer:
    """All that a check answers."""

    __pydantic_config__: ClassVar = documents.STRICT

    version: Literal[1]
    findings: Annotated[tuple[Said, ...], Field(max_length=MOST)]


class BadAnswer(ValueError):
    """A check did not answer as it should; the text says how, and quotes nothing of what it printed."""


def findings_of(
    answer: bytes, check: str, level: Level, summary: Summary, secrets: Collection[str] = ()
) -> tuple[Finding, ...]:
    """What a check has found.

    Args:
        answer: what it printed.
        check: its name.
        level: the highest level that its findings have.
        summary: what it was given. What it finds is about that stack, and no other one.
        secrets: values that no text may hold; they are masked.

    Raises:
        BadAnswer: it is none.
    """
    try:
        said = documents.parse_text(Answer, answer)
    except (ValueError, RecursionError) as error:
        reason = str(error) if not isinstance(error, RecursionError) else "it is nested too deeply"
        message = f"what it printed is no answer: {reason}"
        raise BadAnswer(message) from None
    own = f"urn:pulumi:{summary.stack}::{summary.project}::"
    if any(each.resource and not each.resource.startswith(own) for each in said.findings):
        message = "it answers of a resource that is not of this stack"
        raise BadAnswer(message)
    return tuple(
        Finding(
            check,
            _lower(each.level, level),
            _shown(f"{each.rule}: {each.message}", secrets),
            _shown(each.resource, secrets),
        )
        for each in said.findings
    )


def _shown(text: str, secrets: Collection[str]) -> str:
    """On one line and without a secret; what has no shape of its own, such as an escape, as its number."""
    plain = "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text.replace("\n", " "))
    return _TOKENS.sub(MASK, mask(plain, secrets))


def _lower(said: Literal["advisory", "mandatory"] | None, own: Level) -> Literal["advisory", "mandatory"]:
    return "mandatory" if own is Level.MANDATORY and said != "advisory" else "advisory"


def unanswered(check: str, level: Level, reason: str) -> Finding:
    """The finding of a check that did not answer."""
    return Finding(check, _lower(None, level), f"the check did not answer: {reason}")


def schema() -> dict[str, Any]:
    """The JSON schema of what a check answers."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **TypeAdapter(Answer).json_schema(),
        "title": "What a check answers",
    }
