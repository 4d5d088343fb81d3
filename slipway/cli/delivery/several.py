"""A command on several stacks: a process for each, side by side and in the order of what they need."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import typer

from slipway.cli import stacks
from slipway.stacks.sequence import SIDE_BY_SIDE, Outcome, run


@dataclass(frozen=True)
class Ended:
    """A command on one stack that has ended.

    Attributes:
        code: its exit status.
        answer: the JSON that it printed; empty where it was none.
        said: what it wrote for a person.
        seconds: how long it took.
    """

    code: int
    answer: Mapping[str, Any]
    said: str
    seconds: float


def options(**given: object) -> list[str]:
    """Options for another process, by their names; those without a value are left out."""
    return [text for name, value in given.items() if value for text in (f"--{name}", str(value))]


def command(root: Path, *arguments: str) -> Ended:
    """Run `slipway` in a process of its own, with `--json`."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "slipway", *arguments, "--json", "--root", str(root)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    answer: dict[str, Any] = {}
    with suppress(ValueError):  # it ended before it could print any
        answer = json.loads(done.stdout)
    return Ended(done.returncode, answer, done.stderr, time.monotonic() - began)


def each(
    needs: Mapping[str, Collection[str]],
    work: Callable[[str], Ended],
    *,
    doing: str,
    as_json: bool,
    ask: str | None = None,
    side_by_side: int = SIDE_BY_SIDE,
) -> NoReturn:
    """Work on each stack, tell what became of it, and end the command.

    Args:
        needs: of each stack by its id, those that come before it.
        work: on one stack.
        doing: what is done, in one word, for a person: `apply`.
        ask: what a person is asked before; nothing if None.

    Raises:
        Exit: 0; the status of those that failed, where it is one; else 1.
    """

    if ask is not None:
        stacks.ask(ask)

    def told(name: str) -> Ended:
        typer.echo(f"{name}: {doing} begins", err=True)
        ended = work(name)
        typer.echo(_line(name, doing, ended), err=True)
        return ended

    outcomes = run(needs, told, failed=lambda ended: ended.code != 0, side_by_side=side_by_side)
    for outcome in outcomes:
        if outcome.answer is None:
            typer.echo(f"{outcome.stack}: left out, it needs {', '.join(outcome.waited_for)}", err=True)
    if as_json:
        typer.echo(json.dumps({"stacks": [_described(outcome) for outcome in outcomes]}, indent=2))
    raise typer.Exit(_status(outcomes))


def _status(outcomes: Sequence[Outcome[Ended]]) -> int:
    codes = {outcome.answer.code for outcome in outcomes if outcome.answer is not None} - {0}
    return codes.pop() if len(codes) == 1 else min(len(codes), 1)


def _line(name: str, doing: str, ended: Ended) -> str:
    counts: Mapping[str, int] = ended.answer.get("counts") or {}
    did = ", ".join(f"{number} {op}" for op, number in counts.items())
    if ended.code == 0:
        return f"{name}: {doing} done, {did or 'nothing'}, {ended.seconds:.1f} s"
    # What a run itself found wrong is part of its answer.
    wrong = [each["message"] for each in ended.answer.get("diagnostics") or () if each["severity"] == "error"]
    said = "\n".join([ended.said.strip(), *wrong])
    return "\n  ".join([f"{name}: {doing} ended with {ended.code}", *said.splitlines()])


def _described(outcome: Outcome[Ended]) -> dict[str, Any]:
    ended = outcome.answer
    if ended is None:
        return {"stack": outcome.stack, "status": None, "waited_for": list(outcome.waited_for)}
    return {"stack": outcome.stack, "status": ended.code, "seconds": ended.seconds, "answer": ended.answer}
