"""Secrets of every origin are nowhere that delivery writes or shows: looked for by their very letters."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import quote

import pytest

from slipway.engine import secrets
from slipway.engine.interface import Result
from slipway.stacks.comment.page import JOB_SUMMARY, page
from slipway.stacks.log import Log
from slipway.stacks.plans.applying import apply_in_turn
from slipway.stacks.plans.making import make
from slipway.stacks.plans.stored import pick, put
from slipway.stacks.summaries import summarize
from slipway.stacks.summary import Summary
from slipway.store import FolderStore, Leases
from tests.stacks.test_staleness import HIDDEN, NEW_SECRET, SECRET, UNDECLARED, VARIABLE, Place, upstream

DECLARED = "zone-of-the-crown-jewels"
PLANTED = (SECRET, NEW_SECRET, HIDDEN, DECLARED)
"""Of the configuration, before and after; an output of another stack; a declared environment variable."""


def forms(secret: str) -> Iterator[bytes]:
    """The ways in which one may have been written."""
    yield secret.encode()
    yield base64.b64encode(secret.encode()).rstrip(b"=")[:-1]
    yield quote(secret).encode()
    yield secret[::-1].encode()


def tells(text: bytes | str) -> list[str]:
    """The secrets that can be read out of a text."""
    content = text.encode() if isinstance(text, str) else text
    return [secret for secret in PLANTED if any(form in content for form in forms(secret))]


def processes() -> bytes:
    """What everybody on this machine may see of what runs on it."""
    found: list[bytes] = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_bytes())
        except OSError:
            continue
    return b"\n".join(found)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(secrets, "_ROUNDS", 1000)
    monkeypatch.setenv(VARIABLE, DECLARED)
    monkeypatch.setenv(UNDECLARED, "1")
    made = Place(tmp_path)
    made.up("upstream", upstream())
    made.up()
    made.values |= {"demo:value": "two", "demo:password": NEW_SECRET}
    return made


def delivered(place: Place, store: FolderStore) -> tuple[Result, bytes]:
    """A plan is made and applied as by the commands: what became of it, and the plan's summary."""
    manifest, plan = make(place.engine(), place.sources, place.run)
    summary = summarize(plan.result, plan.operation, run=place.run.id, commit=place.run.commit).to_bytes()
    put(store, manifest, plan, place.keys, summary)
    engine = place.engine()
    engine.engine = engine
    result = apply_in_turn(
        pick(store, place.keys, "demo", "local", place.run.id),
        place.run,
        place.sources,
        log=Log(store, Leases(store), "demo", "local"),
        owner=place.run.id,
        is_ancestor=lambda _, __: False,
        opens=lambda: nullcontext(engine),
    )
    return result, summary


@pytest.mark.parametrize("fails", [False, True], ids=["applied", "failed"])
def test_no_planted_secret_is_in_comment_summary_log_store_or_process_list(place: Place, fails: bool) -> None:
    seen: list[bytes] = []

    def happens(operation: str, name: str) -> str | None:
        if operation == "read":  # by the plan, before anything is applied
            return None
        seen.append(processes())
        return f"the password {NEW_SECRET} is too short" if fails and name == "a" else None

    place.world.fail = happens
    store = FolderStore(place.folder / "store")
    result, summary = delivered(place, store)
    assert result.ok is not fails
    # The secret was there to be told.
    assert NEW_SECRET in json.dumps(place.world.objects) or fails
    assert [tells(each) for each in seen if tells(each)] == []
    assert seen
    assert b"watchdog.py" in seen[0]
    before, after = Summary.from_bytes(summary), summarize(result, "up")
    assert before.steps
    for shown in (before, after):
        for body in (shown.to_bytes(), page([shown]), page([shown], limit=JOB_SUMMARY)):
            assert tells(body) == []
    assert tells(json.dumps(result.to_json())) == []
    records = list(Log(store, Leases(store), "demo", "local").records())
    assert [record.entry.event for record in records] == ["begun", "failed" if fails else "applied"]
    assert tells(b"".join(record.to_bytes() for record in records)) == []
    for file in (place.folder / "store").rglob("*="):
        assert tells(file.read_bytes()) == [], file


def test_a_secret_that_is_told_is_found() -> None:
    for form in forms(SECRET):
        assert tells(b"... " + form + b" ...") == [SECRET]
    command = [sys.executable, "-S", "-c", "print(flush=True); input()", SECRET]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert tells(processes()) == [SECRET]
        process.communicate(b"\n")
