"""Puts sealed plans into a store with their summaries, and picks the one that a run may apply."""

from __future__ import annotations

import re
from typing import Final

from slipway.engine.plan import Plan, PlanRefused
from slipway.errors import SlipwayError
from slipway.platform.plan_store import PLANS, SUMMARIES, USES
from slipway.stacks.plans.bundle import Manifest, Opened, digest_of, open_sealed, seal
from slipway.stacks.plans.keys import Keys
from slipway.store import KeyTaken, Store

_RUN: Final = re.compile(r"(?P<id>[A-Za-z0-9_][A-Za-z0-9_.-]{0,99})-(?P<attempt>[0-9]{1,6})")


def put(store: Store, manifest: Manifest, plan: Plan, keys: Keys, summary: bytes) -> str:
    """Store a plan for its run to apply; its digest.

    The summary comes first: there is no plan that nobody could have been shown. It takes no right to read.

    Raises:
        KeyTaken: this attempt of the run has planned this stack already.
        SlipwayError: the name of the run is none, or the store or the keys cannot be used.
    """
    _split(manifest.run)
    sealed = seal(manifest, plan, keys)
    store.put_once(f"{SUMMARIES.of(manifest.project, manifest.stack)}/{manifest.run}.json", summary)
    store.put_once(f"{PLANS.of(manifest.project, manifest.stack)}/{manifest.run}", sealed)
    return digest_of(sealed)


def pick(store: Store, keys: Keys, project: str, stack: str, run: str) -> Opened:
    """The plan of a run for a stack: of several attempts, the last one's.

    Args:
        run: `<id>-<attempt>`; an attempt that only applies again takes what an earlier one has planned.

    Raises:
        PlanRefused: there is none, or it was changed, or lies where another belongs.
    """
    id_, attempt = _split(run)
    prefix = f"{PLANS.of(project, stack)}/"
    found = [key.removeprefix(prefix) for key in store.list(f"{prefix}{id_}-")]
    attempts = [
        int(match["attempt"]) for name in found if (match := _RUN.fullmatch(name)) and match["id"] == id_
    ]
    newest = max((number for number in attempts if number <= attempt), default=None)
    entry = None if newest is None else store.get(f"{prefix}{id_}-{newest}")
    if newest is None or entry is None:
        raise PlanRefused(f"run {run} has no plan for {project}/{stack}", where=f"{prefix}{id_}")
    opened = open_sealed(entry.content, keys)
    manifest = opened.manifest
    if (manifest.project, manifest.stack, manifest.run) != (project, stack, f"{id_}-{newest}"):
        raise PlanRefused("this plan lies where another belongs", where=f"{prefix}{id_}-{newest}")
    return opened


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
