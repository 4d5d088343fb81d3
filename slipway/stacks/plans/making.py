"""Makes a plan and says what it was made from, and applies it if that is still so."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Protocol

from slipway.engine.fingerprints import Fingerprints
from slipway.engine.interface import Engine, Result
from slipway.engine.plan import Plan, PlanRefused
from slipway.engine.surroundings import keyed, referred
from slipway.stacks.log import Entry, Event, Log
from slipway.stacks.plans.basis import Basis, Digests, changes
from slipway.stacks.plans.bundle import Manifest, Opened, steps_digest
from slipway.stacks.plans.stored import use
from slipway.store import Held, Store


@dataclass(frozen=True, kw_only=True)
class Run:
    """Who does it: `id` as `<id>-<attempt>`, `actor` who started it, at a commit of main."""

    id: str
    actor: str
    commit: str
    base: str = ""


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What a stack is made of, as it lies here.

    Attributes:
        evidence: a digest by file or other part, without the values of its configuration.
        digest: of all that it is made of, as `slipway affected` compares it (`Evidence.digest`).
        variables: names of the environment variables that its program was declared to read.
    """

    evidence: Digests
    digest: str
    variables: Collection[str] = ()


class Applies(Protocol):
    """Does what a plan says, and nothing else."""

    def apply(self, plan: Plan) -> Result:
        """See `Engine.apply`."""
        ...


def make(
    engine: Engine,
    sources: Sources,
    run: Run,
    *,
    destroy: bool = False,
    targets: Sequence[str] = (),
    imports: str = "",
) -> tuple[Manifest, Plan]:
    """One run of the engine, and what it was made from.

    Args:
        targets, imports: see `Engine.plan`.

    Raises:
        PlanRefused: the state was changed meanwhile. Run it again.
    """
    plan = engine.plan(destroy=destroy, targets=targets, imports=imports)
    upstreams = referred(plan.result.steps, engine.export().get("deployment") or {})
    basis = basis_of(engine, plan.key, sources, upstreams)
    if basis.state != {_RESOURCES: plan.state}:
        raise PlanRefused("the stack's state was changed while the plan was made")
    manifest = Manifest(
        project=plan.result.project,
        stack=plan.result.stack,
        operation=plan.operation,
        run=run.id,
        commit=run.commit,
        base=run.base,
        made=time.time(),
        steps=steps_digest(plan),
        upstreams=tuple(upstreams),
        targets=plan.targets,
        imports=plan.imports,
        basis=basis,
    )
    return manifest, plan


_RESOURCES = "resources"


def basis_of(
    engine: Engine,
    key: bytes,
    sources: Sources,
    upstreams: Collection[str],
    environment: Mapping[str, str] = os.environ,
) -> Basis:
    """What a plan of now would be made from. Asks no provider.

    Args:
        key: of the digests: the plan's.
        upstreams: the stacks that the program refers to.
    """
    around = engine.surroundings(key, upstreams)
    declared = {name: environment.get(name) for name in sources.variables}
    return Basis(
        evidence=dict(sources.evidence),
        config=dict(around.config),
        upstreams=dict(around.upstreams),
        environment=keyed(Fingerprints(key), "environment", declared),
        tools={"slipway": metadata.version("slipway"), engine.name: "", **around.tools},
        plugins=dict(around.plugins),
        state={_RESOURCES: engine.state_digest(key)},
    )


def require_fresh(opened: Opened, now: Basis) -> None:
    """Refuse a plan that something has changed under.

    Raises:
        PlanRefused: with each part that has changed.
    """
    reasons = tuple(changes(opened.manifest.basis, now))
    if reasons:
        where = f"{opened.manifest.project}/{opened.manifest.stack}"
        raise PlanRefused("the plan is stale", reasons, where)


def apply(
    opened: Opened,
    engine: Engine,
    sources: Sources,
    run: Run,
    *,
    store: Store,
    log: Log,
    held: Held,
    applies: Applies | None = None,
    clock: Callable[[], float] = time.time,
) -> Result:
    """Do what a plan says, under the stack's lease, if everything is as it was when the plan was made.

    First what can be told without a provider, then that nobody has begun with this plan before; the engine
    holds its own preview of now against the plan, old values included, before it changes anything.

    Args:
        applies: what applies it; the engine itself if None.

    Raises:
        PlanRefused: it is not as it was. Nothing was changed.
        LeaseLost: another one has the stack by now.
    """
    manifest = opened.manifest
    require_fresh(opened, basis_of(engine, opened.plan.key, sources, manifest.upstreams))
    use(store, opened, run.id)

    def record(event: Event, counts: Mapping[str, int] | None = None, note: str = "") -> None:
        entry = Entry(
            event=event,
            operation=f"{manifest.operation} of a part" if manifest.targets else manifest.operation,
            plan=opened.digest,
            run=run.id,
            actor=run.actor,
            commit=run.commit,
            # Of a part nobody may take the whole for applied or gone: what is left is still to come.
            evidence=sources.digest if opened.plan.whole else f"part of {sources.digest}",
            at=clock(),
            token=held.lease.token,
            counts=dict(counts or {}),
            note=note,
        )
        log.append(entry, held.lease)

    record("begun")
    try:
        result = (applies or engine).apply(opened.plan)
    except PlanRefused as refused:
        record("declined", note=refused.what)
        raise
    except Exception as error:
        # What it says may hold values: the record has its kind alone.
        record("failed", note=type(error).__name__)
        raise
    record("applied" if result.ok else "failed", result.counts)
    return result
