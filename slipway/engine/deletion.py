"""Deletes: what the program no longer has, what was replaced, and everything in a destroy."""

from __future__ import annotations

from slipway.engine import urn as urns
from slipway.engine.interface import KEPT, Op
from slipway.engine.interruption import look_up
from slipway.engine.plugins import ResourceRefused
from slipway.engine.provider_resources import ProviderResources
from slipway.engine.run import Run
from slipway.engine.state import ResourceState, in_order
from slipway.engine.values import UNKNOWN
from slipway.errors import SlipwayError


def delete_leftovers(run: Run, providers: ProviderResources) -> None:
    """Delete what the program did not register, and what it replaced. Dependents go before what they need.

    Nothing is deleted when something that would have to go is protected: half a deletion helps nobody.
    """
    adopt_interrupted(run, providers)
    doomed = run.unclaimed()
    guarded = [state for state in doomed if state.protect]
    for state in guarded:
        run.fail(
            state.urn,
            "it is protected and the program no longer has it; put it back, or set protect to false and "
            "apply that first",
        )
    if not guarded:
        _delete_all(run, providers, [*doomed, *run.snapshot.condemned.values()])


def delete_everything(run: Run, providers: ProviderResources) -> None:
    """Delete all that the state has. Nothing at all, if anything in it is protected."""
    adopt_interrupted(run, providers)
    guarded = [state for state in run.snapshot.live.values() if state.protect]
    for state in guarded:
        run.fail(state.urn, "it is protected; set protect to false and apply that before you destroy")
    if not guarded:
        _delete_all(run, providers, run.snapshot.ordered())


def delete_first(run: Run, providers: ProviderResources, old: ResourceState) -> None:
    """Delete `old` before its replacement is made, and before it whatever could not live without it.

    Source of the rule: `calculateDependentReplacements` in pkg/resource/deploy/step_generator.go (v3.260):
    those dependents whose own provider would replace them if the properties that come from here were unknown.

    Raises:
        ResourceRefused: one of them is protected, or cannot be deleted.
    """
    doomed = [*_dependents(run, providers, old), old]
    for state in doomed:
        if state.protect:
            raise ResourceRefused(f"replacing it would delete {state.urn}, which is protected")
    for state in reversed(in_order(doomed)):
        run.progress.started("delete", state.urn)
        _remove(run, providers, state)
        if state.urn != old.urn:
            run.replaced_with[state.urn] = state


def adopt_interrupted(run: Run, providers: ProviderResources) -> None:
    """Take into the state what an earlier run began to create and nobody registered since: to delete it."""
    for urn, state in list(run.snapshot.pending.items()):
        if run.registered(urn) or run.preview:
            continue
        if not state.custom or urns.is_provider(state.type):
            run.ledger.settled(urn)
            continue
        finding = look_up(providers.plugin(state.provider), state)
        live = run.snapshot.live.get(urn)
        if finding.unknown:
            run.fail(urn, finding.unknown)
        elif finding.ours is not None and (live is None or live.id != finding.ours.id):
            run.ledger.put(finding.ours, condemn=live is not None)
        else:
            if finding.owner and finding.found is not None:
                run.warn(f"{finding.found.id!r} stays: it is not ours, as {finding.owner}", urn)
            run.ledger.settled(urn)


def _dependents(run: Run, providers: ProviderResources, root: ResourceState) -> list[ResourceState]:
    replaced = {root.urn}
    found: list[ResourceState] = []
    for state in in_order(run.snapshot.live.values()):
        if state.urn in replaced or run.registered(state.urn) or not state.custom or state.external:
            continue
        if _would_be_replaced(providers, state, replaced):
            replaced.add(state.urn)
            found.append(state)
    return found


def _would_be_replaced(providers: ProviderResources, state: ResourceState, replaced: set[str]) -> bool:
    if urns.split_reference(state.provider)[0] in replaced:
        return True
    affected = [key for key, needs in state.property_dependencies.items() if replaced.intersection(needs)]
    if not affected or urns.is_provider(state.type):
        return False
    inputs = {key: UNKNOWN if key in affected else item for key, item in state.inputs.items()}
    answer = providers.plugin(state.provider).diff(
        state.urn, state.id, state.outputs, inputs, state.ignore_changes
    )
    return bool(answer.replaces) or any(forces for _, forces, _ in answer.detailed.values())


def _delete_all(run: Run, providers: ProviderResources, doomed: list[ResourceState]) -> None:
    kept: set[str] = set()
    for state in reversed(in_order(doomed)):
        if run.cancelled:
            return
        if state.urn in kept:
            kept.update(state.needs())
            continue
        try:
            _delete(run, providers, state)
        except (ResourceRefused, SlipwayError) as error:
            run.fail(state.urn, f"it could not be deleted: {error}")
            kept.update(state.needs())


def _delete(run: Run, providers: ProviderResources, state: ResourceState) -> None:
    # The second half of a replacement was announced with the first one; the end of a lookup is no deletion.
    silent = state.external or (state.delete and run.registered(state.urn))
    if silent:
        _remove(run, providers, state)
        return
    op: Op = "delete"
    note = KEPT if state.retain_on_delete and state.custom else ""
    run.perform(run.step(op, state, note=note), lambda: _remove(run, providers, state))


def _remove(run: Run, providers: ProviderResources, state: ResourceState) -> None:
    managed = state.custom and not state.external and not urns.is_provider(state.type)
    if managed and not state.retain_on_delete and not run.preview:
        timeout = state.custom_timeouts.get("delete", 0.0)
        providers.plugin(state.provider).delete(state.urn, state.id, state.outputs, timeout)
    run.ledger.forget(state)
