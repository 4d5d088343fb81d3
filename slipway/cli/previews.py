"""The preview without a cloud, of one stack or several: what a change newly allows, then what it does."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import typer

from slipway.access import render
from slipway.access.matrix import MatrixDiff
from slipway.cli import matrices, stacks
from slipway.cli.contract import show
from slipway.cli.options import Form
from slipway.engine import offline
from slipway.engine.interface import Result
from slipway.errors import SlipwayError
from slipway.platform import reading
from slipway.platform.spelling import respelling
from slipway.stacks.summaries import summarize, write
from slipway.stacks.summary import Access


def preview_offline(
    root: Path, names: Sequence[str], base: str | None, form: Form, out: Path | None = None
) -> list[Result]:
    """Print what stacks consist of, or what the change since a revision does, and what it newly allows first.

    Args:
        root: the project's folder.
        names: of the stacks.
        base: the revision; None for what they consist of.
        form: to print in.
        out: a folder for a summary of each; None for none.

    Returns:
        What was printed of each stack.

    Raises:
        SlipwayError: see `offline.previews`; or no stack could be rendered.
        Exit: some could not, which was told after the others.
    """
    if base is None and len(names) == 1:
        result = offline.preview(root, names[0], here=True)
        _print([result], None, form)
        if out is not None:
            write(out, summarize(result, "up"))
        return [result]
    attempts = offline.previews(root, names, base, likeness=_likeness)
    found = [each for each in attempts if isinstance(each, offline.Preview)]
    failed = [each for each in attempts if isinstance(each, SlipwayError)]
    if not found:
        raise failed[0]
    results = [each.result for each in found]
    access = matrices.difference_of(found) if base is not None else None
    _print(results, access, form, failed, several=len(names) > 1)
    if out is not None:
        for each in found:
            write(out, summarize(each.result, "up", access=_access_in(each, found, access)))
    for error in failed:
        show(error)
    if failed:
        raise typer.Exit(failed[0].exit_code)
    return results


def _access_in(
    preview: offline.Preview, all_: Sequence[offline.Preview], access: MatrixDiff | None
) -> Iterator[Access]:
    """What is about roles of a stack's account; of stacks that share one, the first tells it."""
    accounts = [_account(each) for each in all_]
    account = _account(preview)
    if access is None or accounts.index(account) != all_.index(preview):
        return
    for allowed, rows in ((True, access.newly_allowed), (False, access.no_longer_allowed)):
        for row in rows:
            if row.role.split(":")[4:5] == [account]:
                yield Access(allowed, row.who, row.environment, row.refs, row.role, row.what)


def _account(preview: offline.Preview) -> str:
    contract: Mapping[str, object] = preview.now.outputs.get("access") or {}
    return str(contract.get("account") or "")


def _print(
    results: Sequence[Result],
    access: MatrixDiff | None,
    form: Form,
    failed: Sequence[SlipwayError] = (),
    *,
    several: bool = False,
) -> None:
    if form == "json":
        allowed = {"access": asdict(access)} if access is not None else {}
        errors = {"errors": [error.to_json() for error in failed]} if failed else {}
        told = [result.to_json() for result in results]
        only = {**allowed, "previews": told, **errors} if several else {**allowed, **told[0]}
        typer.echo(json.dumps(only, indent=2, default=str))
        return
    if access is not None:
        typer.echo(render.diff_to_markdown(access) if form == "markdown" else render.diff_to_text(access))
    for result in results:
        stacks.show(result, form)


def _likeness(before: Path, now: Path, stack: str) -> tuple[Mapping[str, str], Sequence[str]]:
    """Which repositories a change only spells anew."""
    return respelling(reading.load(before, stack), reading.load(now, stack))
