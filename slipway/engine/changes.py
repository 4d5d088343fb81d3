"""What has to happen to one resource, from its old state, its new inputs and the provider's answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from slipway.engine.diffs import Reported, compare, mark_forcing, masked, reported
from slipway.engine.interface import ChangeKind, PropertyChange
from slipway.engine.plugins import Diff
from slipway.engine.state import Properties, ResourceState
from slipway.engine.values import Plain, Secret, Unknown, contains, reveal, secret, show
from slipway.platform.property_paths import covers, parse


@dataclass(frozen=True)
class Decision:
    """What to do with a resource that exists."""

    op: Literal["same", "update", "replace"]
    changes: list[PropertyChange]
    delete_first: bool = False


def decide(
    old: ResourceState, inputs: Properties, answer: Diff, replace_on: Sequence[str], delete_first: bool | None
) -> Decision:
    """Combine the provider's answer with the resource's options.

    Args:
        answer: the provider's; where it says nothing, inputs are compared structurally, as Pulumi does.
        replace_on: the option `replace_on_changes`: property paths, ``*`` for any.
        delete_first: the option `delete_before_replace`; None leaves it to the provider.
    """
    changes = _changes(old, inputs, answer)
    forced = [path for path in replace_on if any(covers(parse(path), parse(c.path)) for c in changes)]
    changes = mark_forcing(changes, [*answer.replaces, *forced])
    if answer.changes is False and not forced:
        return Decision("same", [])
    if any(change.forces_replace for change in changes) or answer.replaces:
        first = answer.delete_before_replace if delete_first is None else delete_first
        return Decision("replace", changes, first)
    return Decision("update" if changes or answer.changes else "same", changes)


def triggered(old: Plain, new: Plain) -> PropertyChange | None:
    """What the option `replacement_trigger` demands; None if it demands nothing.

    Source of the rule: `shouldTriggerReplace` in pkg/resource/deploy/step_generator.go (v3.272): a value that
    is not known counts as another one, and a trigger that came or went as the same.
    """
    old, new = reveal(old), reveal(new)
    unknown = contains(old, Unknown) or contains(new, Unknown)
    if not unknown and (old is None or new is None or old == new):
        return None
    return PropertyChange("replacement_trigger", "update", show(old), show(new), forces_replace=True)


def _changes(old: ResourceState, inputs: Properties, answer: Diff) -> list[PropertyChange]:
    structural = compare(old.inputs, inputs, old.type)
    if answer.detailed:
        items = [
            Reported(path, cast(ChangeKind, kind), forces, about_inputs)
            for path, (kind, forces, about_inputs) in answer.detailed.items()
        ]
        return reported(items, structural, old.inputs, old.outputs, inputs, token=old.type)
    if answer.changes and not structural:
        return [_outside(old, key) for key in (answer.keys or answer.replaces)]
    return structural


def _outside(old: ResourceState, key: str) -> PropertyChange:
    """A difference the provider sees between the state and the world, or between versions of itself."""
    path = parse(key)
    return PropertyChange(key, "update", masked(old.outputs, path), None)


def guard_secrets(outputs: Properties, inputs: Properties, additional: Iterable[str]) -> Properties:
    """Outputs with every property secret that was one as an input, or that the program declares as one."""
    result = {key: _guard(item, inputs.get(key)) for key, item in outputs.items()}
    for key in additional:
        if key in result:
            result[key] = secret(result[key])
    return result


def _guard(value: Plain, given: Plain) -> Plain:
    if isinstance(given, Secret):
        return secret(value)
    if isinstance(value, dict) and isinstance(given, dict):
        known = cast(dict[str, Any], given)
        return {key: _guard(item, known.get(key)) for key, item in cast(dict[str, Any], value).items()}
    if isinstance(value, list) and isinstance(given, list):
        items, others = cast(list[Any], value), cast(list[Any], given)
        return [_guard(item, others[i] if i < len(others) else None) for i, item in enumerate(items)]
    return cast(Plain, value)
