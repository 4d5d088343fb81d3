"""The last look for drift at a stack: when it was, by which run, and how much it found. No value is in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from slipway.engine import documents
from slipway.engine.interface import Result
from slipway.errors import SlipwayError
from slipway.platform.plan_store import drift_key
from slipway.store import Entry, KeyTaken, Store, VersionChanged

LOOK_VERSION: Final = 1
_ATTEMPTS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look for drift.

    Attributes:
        at: when it ended, in epoch seconds.
        run: which run looked, as `<id>-<attempt>`.
        commit: what was checked out, as a full hash.
        ok: whether it could be told; where not, `counts` is what was found until then.
        counts: how many resources differ, by what was found of them; empty where nothing does.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    project: str
    stack: str
    at: float
    run: str
    commit: str
    ok: bool
    counts: Mapping[str, int] = field(default_factory=dict[str, int])


def look_of(result: Result, *, run: str, commit: str, at: float) -> Look:
    """What a run of `drift` found, without what it is that differs."""
    counts: dict[str, int] = {}
    for step in result.steps:
        if not step.quiet:
            counts[step.op] = counts.get(step.op, 0) + 1
    return Look(
        project=result.project,
        stack=result.stack,
        at=at,
        run=run,
        commit=commit,
        ok=result.ok,
        counts=dict(sorted(counts.items())),
    )


def keep(store: Store, look: Look) -> bool:
    """Make a look the last one of its stack; False where a later one is there already.

    Raises:
        SlipwayError: what is there cannot be read, or the store cannot be used.
    """
    key = drift_key(look.project, look.stack)
    content = json.dumps({"version": LOOK_VERSION, **documents.dump(look)}, sort_keys=True).encode()
    for _ in range(_ATTEMPTS):
        entry = store.get(key)
        try:
            if entry is None:
                store.put_once(key, content)
            elif _read(key, entry, look.project, look.stack).at > look.at:
                return False
            else:
                store.update(key, content, entry.version)
        except (KeyTaken, VersionChanged):
            continue  # another one looked at the same time; which of the two was later?
        return True
    raise SlipwayError(f"{key} changes faster than it can be read", where=key)


def last_look(store: Store, project: str, stack: str) -> Look | None:
    """The last look at a stack; None where nobody has looked.

    Raises:
        SlipwayError: what is there is none, or is of another stack.
    """
    key = drift_key(project, stack)
    entry = store.get(key)
    return None if entry is None else _read(key, entry, project, stack)


def _read(key: str, entry: Entry, project: str, stack: str) -> Look:
    try:
        look = documents.load(Look, json.loads(entry.content), LOOK_VERSION)
    except (ValueError, AttributeError, SlipwayError):
        raise _wrong(key, "is no look for drift") from None
    if (look.project, look.stack) != (project, stack):
        raise _wrong(key, "is of another stack")
    return look


def _wrong(key: str, why: str) -> SlipwayError:
    return SlipwayError(
        f"{key} {why}",
        where=key,
        fix="nobody may write there but who looks for drift: find out who did, in the bucket's versions",
    )
