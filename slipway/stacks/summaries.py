"""A `Summary` of what an engine returned: what changes, values as short texts, lists as sets."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

from slipway.engine import interface
from slipway.engine.interface import Result
from slipway.platform.masking import MASK
from slipway.platform.property_paths import PropertyPath, parse_through
from slipway.stacks import listed
from slipway.stacks.risks import risks
from slipway.stacks.summary import Access, Finding, Message, Operation, Property, Risk, Step, Summary

MAX_VALUE: Final = 1_000
"""Characters of a value in a summary; a longer one is shortened and told by its length and digest."""

_SECRET: Final = re.compile(rf"{re.escape(MASK[:-1])}( [0-9a-f]+)?\]")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def summarize(
    result: Result,
    operation: Operation,
    *,
    run: str = "",
    commit: str = "",
    created: str = "",
    access: Iterable[Access] = (),
    findings: Iterable[Finding] = (),
) -> Summary:
    """The summary of a plan's `Result`, whose secrets are masked or fingerprints already.

    Args:
        result: of a preview, or of `Plan.result`.
        operation: what was planned.
        run, commit, created: see `Summary`.
        access: what the change newly allows, and no longer.
        findings: what the checks said of it.
    """
    access = tuple(access)
    changing = [step for step in result.steps if not step.quiet]
    told = [each for each in result.diagnostics if each.severity != "info"]
    return Summary(
        project=result.project,
        stack=result.stack,
        operation=operation,
        engine=result.engine,
        run=run,
        commit=commit,
        created=created,
        ok=result.ok,
        steps=tuple(map(_step, changing)),
        unchanged=sum(step.quiet for step in result.steps),
        messages=tuple(Message(each.severity, _clean(each.message), each.urn) for each in told),
        risks=tuple(map(_risk, risks(result.steps, access))),
        access=access,
        findings=tuple(findings),
        secrets_key=result.secrets_key,
    )


def write(folder: Path, summary: Summary) -> None:
    """Write a summary as a file of a folder, by its stack's name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{summary.project}.{summary.stack}.json").write_bytes(summary.to_bytes())


def _risk(risk: Risk) -> Risk:
    return replace(risk, text=_clean(risk.text), urn=_clean(risk.urn))


def _step(step: interface.Step) -> Step:
    return Step(
        step.op,
        _clean(step.urn),
        _clean(step.type),
        _clean(step.name),
        _clean(step.parent),
        _clean(step.note),
        tuple(_properties(step)),
    )


def _properties(step: interface.Step) -> Iterable[Property]:
    if step.op == "create" and not step.diff:
        # Keys that begin with two underscores are Pulumi's own.
        given = {key: item for key, item in (step.new or {}).items() if not key.startswith("__")}
        return [_property(key, "add", None, item) for key, item in sorted(given.items())]
    return [_compared(each, step) for each in listed.as_sets(step)]


def _compared(change: interface.PropertyChange, step: interface.Step) -> Property:
    """The change, with the fingerprint of a secret in the place of its mask."""
    path = parse_through(change.path)
    old, new = (
        _fingerprint(shown, values, path)
        for shown, values in ((change.old, step.old), (change.new, step.new))
    )
    return _property(change.path, change.kind, old, new, forces_replace=change.forces_replace)


def _fingerprint(shown: Any, values: Any, path: PropertyPath) -> Any:
    if shown != MASK:
        return shown
    found = listed.at(values, path)
    return found if isinstance(found, str) and _SECRET.fullmatch(found) else shown


def _property(
    path: str, kind: interface.ChangeKind, old: Any, new: Any, *, forces_replace: bool = False
) -> Property:
    secret = any(_holds_secret(side) for side in (old, new))
    before, after = (None if side is None else _text(side) for side in (old, new))
    return Property(_clean(path), kind, before, after, forces_replace, secret)


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_secret, cast(dict[str, Any], value).values()))
    if isinstance(value, list):
        return any(map(_holds_secret, cast(list[Any], value)))
    return isinstance(value, str) and bool(_SECRET.fullmatch(value))


def _text(value: Any) -> str:
    """The value as JSON on one line; what stands for a secret, or is not known yet, without quotes."""
    bare = isinstance(value, str) and (_SECRET.fullmatch(value) or value == "[unknown]")
    text = value if bare else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    text = _clean(text)
    if len(text) <= MAX_VALUE:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{text[:MAX_VALUE]}… ({len(text):,} characters, sha256 {digest})"


def _clean(text: str) -> str:
    """Without halves of characters, which JSON may hold and no UTF-8."""
    return _SURROGATES.sub("\ufffd", text)
