"""The whole life of one sample of one type, the same for every provider."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pulumi.provider.experimental.provider import PropertyDiffKind

from slipway.localcloud.providers.values import UNKNOWN
from tests.providers.driver import Driver, Made

Inputs = dict[str, Any]
REPLACING = {PropertyDiffKind.ADD_REPLACE, PropertyDiffKind.UPDATE_REPLACE, PropertyDiffKind.DELETE_REPLACE}


@dataclass(frozen=True)
class Sample:
    """Inputs for a create; `changed` overlays them for an update, `replaced` for a replacement.

    Each is a function of the world that the provider's tests keep around a sample.
    """

    inputs: Callable[[Any], Inputs]
    changed: Callable[[Any], Inputs] | None = None
    replaced: Callable[[Any], Inputs] | None = None
    stays: bool = False
    """Its object outlives its deletion."""
    imports: bool = True


def plain(**inputs: Any) -> Callable[[Any], Inputs]:
    return lambda world: inputs


def live(driver: Driver, token: str, sample: Sample, world: Any, sometimes: set[str] = frozenset()) -> None:
    """Preview, create, read, update, replace, delete; `sometimes` names computed outputs without a value."""
    inputs = sample.inputs(world)
    previewed = driver.preview(token, inputs)
    made = driver.create(token, inputs)
    assert not driver.diff(made, inputs).detailed_diff, "an unchanged program changes nothing"
    promised = {name for name in previewed if previewed[name] is UNKNOWN} - driver.provider.schema(
        token
    ).inputs
    assert promised - set(made.state) == sometimes, "every computed output has a value"
    assert driver.find(made) == made.id, "an adoption after a kill finds it"
    # All that an adoption knows of it are the inputs it was to have.
    assert driver.read(replace(made, state=made.inputs)), "and reads it"
    unchanged(driver, made)
    tagged = driver.provider.handlers[token].tagger is not None
    if tagged:
        assert made.state["tagsAll"] == {**inputs["tags"], "managed-by": "slipway"}
        assert made.state["tags"] == inputs["tags"]
    if sample.changed:
        inputs = {**inputs, **sample.changed(world)}
        made = updated(driver, made, inputs)
        if tagged:
            assert made.state["tagsAll"] == {**inputs["tags"], "managed-by": "slipway"}
    if sample.replaced:
        found = driver.diff(made, {**inputs, **sample.replaced(world)})
        assert found.replaces
        assert REPLACING & {one.kind for one in found.detailed_diff.values()}
    driver.delete(made)
    if not sample.stays:
        assert driver.read(made) is None, "what is deleted is gone"
        assert driver.find(made) is None
    driver.delete(made)


def unchanged(driver: Driver, made: Made) -> None:
    read = driver.read(made)
    assert read is not None
    assert read.state == made.state, "a read of what was just made finds no drift"
    assert read.inputs == made.inputs


def updated(driver: Driver, made: Made, inputs: Inputs) -> Made:
    found = driver.diff(made, inputs)
    assert found.changes
    assert not found.replaces
    assert not REPLACING & {one.kind for one in found.detailed_diff.values()}, list(found.detailed_diff)
    new = driver.update(made, inputs)
    assert not driver.diff(new, inputs).detailed_diff, "an update does all that it says"
    unchanged(driver, new)
    return new
