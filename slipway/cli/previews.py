"""The preview without a cloud, of one stack or several: what a change newly allows, then what it does."""

import json
from collections.abc import Mapping, Sequence
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


def preview_offline(root: Path, names: Sequence[str], base: str | None, form: Form) -> list[Result]:
    """Print what stacks consist of, or what the change since a revision does, and what it newly allows first.

    Returns:
        What was printed of each stack.

    Raises:
        SlipwayError: see `offline.previews`; or no stack could be rendered.
        Exit: some could not, which was told after the others.
    """
    if base is None and len(names) == 1:
        result = offline.preview(root, names[0], here=True)
        _print([result], None, form)
        return [result]
    attempts = offline.previews(root, names, base, likeness=_likeness)
    found = [each for each in attempts if isinstance(each, offline.Preview)]
    failed = [each for each in attempts if isinstance(each, SlipwayError)]
    if not found:
        raise failed[0]
    results = [each.result for each in found]
    access = matrices.difference_of(found) if base is not None else None
    _print(results, access, form, failed, several=len(names) > 1)
    for error in failed:
        show(error)
    if failed:
        raise typer.Exit(failed[0].exit_code)
    return results


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
