"""Puts sealed plans into a store with their summaries, and picks the one that a run may apply."""

from __future__ import annotations

import re
from typing import Final

from slipway.engine.plan import Plan, PlanRefused
from slipway.errors import SlipwayError
from slipway.platform.plan_store import PLANS, REVIEWS, SUMMARIES, USES
from slipway.stacks.plans.bundle import Manifest, Opened, digest_of, open_sealed, seal
from slipway.stacks.plans.keys import Keys
from slipway.stacks.summary import Summary
from slipway.store import KeyTaken, Store

_JSON: Final = ".json"
_RUN: Final = re.compile(r"(?P<id>[A-Za-z0-9_][A-Za-z0-9_.-]{0,99})-(?P<attempt>[0-9]{1,6})")
_LAST_ATTEMPT: Final = 999_999


def put(store: Store, manifest: Manifest, plan: Plan, keys: Keys, summary: bytes) -> str:
    """Store a plan for its run to apply; its digest.

    The summary comes first: there is no plan that nobody could have been shown. It takes no right to read.

    Raises:
        KeyTaken: this attempt of the run has planned this stack already.
        SlipwayError: the name of the run is none, or the store or the keys cannot be used.
    """
    _split(manifest.run)
    sealed = seal(manifest, plan, keys)
    store.put_once(f"{SUMMARIES.of(manifest.project, manifest.stack)}/{manifest.run}{_JSON}", summary)
    store.put_once(f"{PLANS.of(manifest.project, manifest.stack)}/{manifest.run}", sealed)
    return digest_of(sealed)


def pick(store: Store, keys: Keys, project: str, stack: str, run: str) -> Opened:
    """The plan of a run for a stack: of several attempts, the last one's.

    Args:
        run: `<id>-<attempt>`; an attempt that only applies again takes what an earlier one has planned.

    Raises:
        PlanRefused: there is none, or it was changed, or lies where another belongs.
    """
    content, planned = _newest(store, f"{PLANS.of(project, stack)}/", "", run)
    opened = open_sealed(content, keys)
    manifest = opened.manifest
    if (manifest.project, manifest.stack, manifest.run) != (project, stack, planned):
        raise PlanRefused("this plan lies where another belongs", where=f"{project}/{stack}: {planned}")
    return opened


def summary_of(store: Store, project: str, stack: str, run: str) -> Summary:
    """What the plan that `pick` takes does, as anybody may read it. It proves nothing.

    Raises:
        PlanRefused: there is none, or it is of another stack.
        SlipwayError: it cannot be read.
    """
    content, planned = _newest(store, f"{SUMMARIES.of(project, stack)}/", _JSON, run)
    where = f"{project}/{stack}: {planned}"
    summary = Summary.from_bytes(content, where)
    if (summary.project, summary.stack) != (project, stack):
        raise PlanRefused("this summary lies where another belongs", where=where)
    return summary


def review_run(commit: str, attempt: int = 1) -> str:
    """What the plan of a pull request's commit goes by among the reviews: every job can find it there."""
    return f"{commit}-{attempt}"


def review_of(store: Store, project: str, stack: str, commit: str) -> Summary | None:
    """What the last plan of a pull request's commit does; None where there is none.

    Raises:
        SlipwayError: it cannot be read.
    """
    prefix = f"{REVIEWS.of(project, stack)}/"
    try:
        content, planned = _newest(store, prefix, _JSON, review_run(commit, _LAST_ATTEMPT))
    except PlanRefused:
        return None
    summary = Summary.from_bytes(content, f"{prefix}{planned}")
    if (summary.project, summary.stack, summary.commit) != (project, stack, commit):
        raise PlanRefused("this summary lies where another belongs", where=f"{prefix}{planned}")
    return summary


def _newest(store: Store, prefix: str, suffix: str, run: str) -> tuple[bytes, str]:
    """What the last attempt of a run has stored up to the present one, and which attempt that was."""
    id_, attempt = _split(run)
    found = [key.removeprefix(prefix).removesuffix(suffix) for key in store.list(f"{prefix}{id_}-")]
    attempts = [
        int(match["attempt"]) for name in found if (match := _RUN.fullmatch(name)) and match["id"] == id_
    ]
    newest = max((number for number in attempts if number <= attempt), default=None)
    entry = None if newest is None else store.get(f"{prefix}{id_}-{newest}{suffix}")
    if newest is None or entry is None:
        stack = "/".join(prefix.strip("/").split("/")[-2:])
        raise PlanRefused(f"run {run} has no plan for {stack}", where=f"{prefix}{id_}")
    return entry.content, f"{id_}-{newest}"


def use(store: Store, opened: Opened, run: str) -> None:
    """Begin with a plan, which nobody can do a second time.

    Raises:
        PlanRefused: somebody has begun with it before.
    """
    manifest = opened.manifest
    key = f"{USES.of(manifest.project, manifest.stack)}/{opened.digest}"
    try:
        store.put_once(key, run.encode())
    except KeyTaken:
        entry = store.get(key)
        who = entry.content.decode(errors="replace") if entry else "another run"
        raise PlanRefused(f"an apply has begun with this plan before: {who}", where=key) from None


def _split(run: str) -> tuple[str, int]:
    found = _RUN.fullmatch(run)
    if found is None or found["attempt"].startswith("0"):
        raise SlipwayError(f"{run!r} names no attempt of a run", fix="give <id>-<attempt>, such as 812-1")
    return found["id"], int(found["attempt"])
