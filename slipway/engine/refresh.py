"""Compares the state with the world, by reading every resource."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from slipway.engine import urn as urns
from slipway.engine.changes import guard_secrets
from slipway.engine.diffs import compare, keep_ignored
from slipway.engine.drift import TOLD, shared, watched
from slipway.engine.interface import CHANGED, GONE
from slipway.engine.plugins import ResourceRefused
from slipway.engine.program import leave_interrupts
from slipway.engine.provider_resources import ProviderResources
from slipway.engine.run import Run, now
from slipway.engine.state import INIT_ERRORS, Properties, ResourceState
from slipway.errors import SlipwayError

_READERS = 8


def refresh(run: Run, providers: ProviderResources) -> None:
    """Read all resources, several at a time. With the ledger of a preview this is the drift report."""

    def read(state: ResourceState) -> None:
        if state.custom and not urns.is_provider(state.type):
            _refresh(run, providers, state)
        elif not run.cancelled:  # it is in the program only, and counts as unchanged, as the CLI has it
            run.perform(run.step("same", state), lambda: None)

    with ThreadPoolExecutor(_READERS, "read", initializer=leave_interrupts) as executor:
        for _ in executor.map(read, run.snapshot.ordered()):
            pass


def look_again(run: Run, providers: ProviderResources) -> None:
    """Bring the run's snapshot to what the cloud says, before its program runs. No step tells of it.

    What somebody changed in the cloud is then an old value of the program's own steps.
    """

    def read(state: ResourceState) -> None:
        if state.custom and not urns.is_provider(state.type):
            _refresh(run, providers, state, told_of=False)

    with ThreadPoolExecutor(_READERS, "read", initializer=leave_interrupts) as executor:
        for _ in executor.map(read, run.snapshot.ordered()):
            pass


def _refresh(run: Run, providers: ProviderResources, state: ResourceState, *, told_of: bool = True) -> None:
    if run.cancelled or state.external or state.delete:
        return
    try:
        found = providers.plugin(state.provider).read(state.urn, state.id, state.outputs, state.inputs)
    except (ResourceRefused, SlipwayError) as error:
        run.fail(state.urn, f"it could not be read: {error}")
        return
    if found is None and not told_of:
        run.ledger.forget(state)
        return
    if found is None:
        step = run.step("delete", state, note=GONE)
        run.perform(step, lambda: run.ledger.forget(state))
        return
    id_, outputs, inputs = found
    inputs = guard_secrets(inputs, state.inputs, ()) or _inputs_from(outputs, state)
    # What the program asks to ignore is somebody else's to change, and so no drift.
    inputs = keep_ignored(inputs, state.inputs, (*state.ignore_changes, *shared(state.type)))
    outputs = guard_secrets(outputs, state.inputs, state.additional_secret_outputs)
    told = watched(state.type, state.outputs, outputs)
    changes = [*compare(state.inputs, inputs, state.type), *told]
    result = replace(state, id=id_, inputs=inputs, outputs=outputs)
    if told:
        result = replace(result, rest={**state.rest, INIT_ERRORS: [TOLD]})
    if changes:
        result = replace(result, modified=now())
    if not told_of:
        if changes:
            run.put_same(result, state, "")
        return
    step = run.step(
        "update" if changes else "same", result, changes, old=state, note=CHANGED if changes else ""
    )
    run.perform(step, lambda: run.put_same(result, state, ""))


def _inputs_from(outputs: Properties, state: ResourceState) -> Properties:
    """For a provider that reads no inputs: what the outputs say of the properties that were given."""
    found = {key: outputs.get(key, item) for key, item in state.inputs.items()}
    return guard_secrets(found, state.inputs, ())
