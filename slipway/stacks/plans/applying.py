"""Applies a plan when it is its turn: under the stack's lease, and after nothing newer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from slipway.engine.interface import Engine, Result
from slipway.platform.plan_store import lease_key
from slipway.stacks.log import Log
from slipway.stacks.plans import making
from slipway.stacks.plans.admission import require_newest
from slipway.stacks.plans.bundle import Opened
from slipway.stacks.plans.making import Applies, Run, Sources
from slipway.store import hold


class Works(Applies, Protocol):
    """An engine on a stack, and what applies a plan with it."""

    @property
    def engine(self) -> Engine:
        """Of the stack."""
        ...


def apply_in_turn(
    planned: Opened,
    run: Run,
    sources: Sources,
    *,
    log: Log,
    owner: str,
    is_ancestor: Callable[[str, str], bool],
    opens: Callable[[], AbstractContextManager[Works]],
) -> Result:
    """Hold the stack's lease, and do what a plan says, if nothing newer came here and all is as it was.

    Args:
        log: the stack's, with leases of the store that the plan was picked from.
        owner: how the lease names its holder.
        is_ancestor: see `require_newest`.
        opens: the engine, once the lease is held.

    Raises:
        LeaseHeld: another one has the stack.
        PlanRefused: see `require_newest` and `making.apply`. Nothing was changed.
        LeaseLost: another one has the stack by now.
    """
    manifest = planned.manifest
    with hold(log.leases, lease_key(manifest.project, manifest.stack), owner=owner) as held:
        require_newest(log.last(), run.commit, is_ancestor, log.name)
        with opens() as session:
            return making.apply(
                planned, session.engine, sources, run, store=log.store, log=log, held=held, applies=session
            )
