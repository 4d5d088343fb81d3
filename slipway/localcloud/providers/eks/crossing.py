"""Values on their way into a component and out of it: unknowns, secrets and dependencies come along."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import pulumi
from pulumi.provider.experimental.property_value import Computed, PropertyValue, ResourceReference
from pulumi.resource import DependencyResource
from pulumi.runtime import rpc

_T = TypeVar("_T")


def _done(value: _T) -> "asyncio.Future[_T]":
    future: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
    future.set_result(value)
    return future


def output_of(value: PropertyValue | None) -> pulumi.Output[Any]:
    """An input as an output that a child can take; nothing given is a known None."""
    if value is None:
        return pulumi.Output.from_input(None)
    known = _known(value)
    resources: set[pulumi.Resource] = {DependencyResource(urn) for urn in value.all_dependencies()}
    return pulumi.Output(
        _done(resources),
        _done(_plain(value) if known else None),
        _done(known),
        _done(value.contains_secret()),
    )


def _known(value: PropertyValue) -> bool:
    inner: Any = value.value
    if isinstance(inner, Computed) or inner == rpc.UNKNOWN:
        return False
    if isinstance(inner, Mapping):
        return all(_known(item) for item in cast("Mapping[str, PropertyValue]", inner).values())
    if isinstance(inner, tuple | list):
        return all(_known(item) for item in cast("Sequence[PropertyValue]", inner))
    return True


def _plain(value: PropertyValue) -> Any:
    inner: Any = value.value
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    if isinstance(inner, Mapping):
        return {key: _plain(item) for key, item in cast("Mapping[str, PropertyValue]", inner).items()}
    if isinstance(inner, tuple | list):
        return [_plain(item) for item in cast("Sequence[PropertyValue]", inner)]
    return inner


def reference_of(value: PropertyValue | None) -> str | None:
    """The URN of a resource that was given as an input; None where there is none."""
    inner: Any = value.value if value is not None else None
    return inner.urn if isinstance(inner, ResourceReference) else None


async def property_of(output: pulumi.Output[Any]) -> PropertyValue:
    """An output of the component as the engine takes it."""
    value = await output.future(with_unknowns=True)
    known = await output.is_known()
    secret = await output.is_secret()
    resources: set[Any] = await output.resources()
    urns = [str(await resource.urn.future()) for resource in resources]
    made = _property(value) if known else PropertyValue(rpc.UNKNOWN)
    return PropertyValue(made.value, is_secret=secret, dependencies=urns)


def _property(value: Any) -> PropertyValue:
    if rpc.is_rpc_secret(value):
        return _property(rpc.unwrap_rpc_secret(value)).with_secret(True)
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    if isinstance(value, Mapping):
        return PropertyValue({k: _property(v) for k, v in cast("Mapping[str, Any]", value).items()})
    if isinstance(value, list | tuple):
        return PropertyValue([_property(item) for item in cast("Sequence[Any]", value)])
    return PropertyValue(value)
