"""What a change of a program does, from its declarations before and after; no state, no provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slipway.engine import aliases, diffs
from slipway.engine import urn as urns
from slipway.engine.changes import triggered
from slipway.engine.fingerprints import Fingerprints
from slipway.engine.interface import Op, PropertyChange, Result, Step
from slipway.engine.recording import Rendered
from slipway.engine.registration import Registration
from slipway.engine.values import UNKNOWN_MARK, show
from slipway.platform.property_paths import covers, parse
from slipway.platform.resource_types import row_of

MAY_REPLACE = "may replace"


def compare(base: Rendered | None, head: Rendered, fingerprints: Fingerprints) -> Result:
    """Steps from `base` to `head` by URN, deletions last. Without a base everything is new.

    A changed property whose type has a row in `slipway.platform.resource_types` makes a replace or an update;
    for any other type nobody here knows, and the step says 'may replace'. Of what the programs logged, the
    head's is shown; where that has an error the result is not ok, as with an engine.
    """
    before = {item.urn: item for item in base.registrations} if base else {}
    parents: dict[str, str] = {}
    steps: list[Step] = []
    for item in sorted(head.registrations, key=lambda item: item.urn.count("$")):
        old = _find(item, before, head, parents)
        step = _created(item) if old is None else _changed(old, item)
        if step is not None:
            steps.append(_with_values(step, old, item, fingerprints))
    steps.sort(key=lambda step: step.urn)
    gone = [item for item in before.values() if not _is_lookup(item)]
    steps.extend(_with_values(_step("delete", item), item, None, fingerprints) for item in gone)
    return Result(
        "preview",
        head.project,
        head.stack,
        "offline",
        tuple(steps),
        show(head.outputs),
        head.diagnostics,
        ok=all(item.severity != "error" for item in head.diagnostics),
        secrets_key=fingerprints.key_id,
    )


def _find(
    item: Registration, before: dict[str, Registration], head: Rendered, parents: dict[str, str]
) -> Registration | None:
    """The declaration's former self, taken out of `before`; under a former name if an alias says so."""
    former = aliases.candidates(item, head.project, head.stack, parents.get(item.parent, ""))
    for urn in (item.urn, *former):
        old = before.pop(urn, None)
        if old is not None:
            if urn != item.urn:
                parents[item.urn] = urn
            return old
    return None


def _with_values(
    step: Step, old: Registration | None, new: Registration | None, fingerprints: Fingerprints
) -> Step:
    before, after = (item and fingerprints.show(item.inputs) for item in (old, new))
    return replace(step, old=before, new=after)


def _is_lookup(item: Registration) -> bool:
    return item.type == urns.STACK_REFERENCE


def _created(item: Registration) -> Step | None:
    return None if _is_lookup(item) else _step("create", item)


def _changed(old: Registration, new: Registration) -> Step | None:
    ignored = new.paths("ignore_changes")
    inputs = diffs.keep_ignored(new.inputs, old.inputs, ignored)
    changes = diffs.compare(old.inputs, inputs, new.type)
    trigger = triggered(*(item.options.get("replacement_trigger") for item in (old, new)))
    if trigger is not None and UNKNOWN_MARK not in (trigger.old, trigger.new):
        # Offline an unknown one says nothing: it is what an apply would find, on both sides.
        changes.append(trigger)
    if old.protect != new.protect:
        changes.append(PropertyChange("protect", "update", old.protect, new.protect))
    if not changes:
        return None
    if not new.custom:
        return _step("update", new, changes)
    row = row_of(new.type)
    own = [change.path for change in changes if change.forces_replace or _forced_by_option(change, new)]
    marked = diffs.mark_forcing(changes, [*own, *(row.replace_on if row else ())])
    if any(change.forces_replace for change in marked):
        return _step("replace", new, marked)
    only_options = all(change.path == "protect" for change in changes)
    known = row is not None or only_options or urns.is_provider(new.type)
    return _step("update", new, marked, "" if known else MAY_REPLACE)


def _forced_by_option(change: PropertyChange, item: Registration) -> bool:
    path = parse(change.path)
    return any(covers(parse(option), path) for option in item.paths("replace_on_changes"))


def _step(op: Op, item: Registration, changes: Sequence[PropertyChange] = (), note: str = "") -> Step:
    if op == "delete" and item.protect:
        note = "protected: the deletion would be refused"
    if op == "replace" and item.protect:
        note = "protected: the replacement would be refused"
    return Step(op, item.urn, item.type, item.name, tuple(changes), note, item.parent)
