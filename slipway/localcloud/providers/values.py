"""Pulumi's property values as plain Python data, and back.

Providers here work on plain JSON data. A value that is not known yet is `UNKNOWN`; that a value is secret is
remembered per top-level property, and an output is never less secret than the input it came from.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast

import pulumi
from pulumi.provider.experimental.property_value import Computed, PropertyValue, ResourceReference
from pulumi.runtime import rpc

Props = dict[str, Any]
"""A resource's properties by Pulumi name: JSON data and `UNKNOWN`."""


class Unknown:
    """The type of `UNKNOWN`; equal to itself alone, and neither true nor false by accident."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        return True

    def __copy__(self) -> "Unknown":
        return self

    def __deepcopy__(self, memo: object) -> "Unknown":
        return self


UNKNOWN = Unknown()


@dataclass(frozen=True, eq=False)
class Packed:
    """An asset or archive of the program, as the SDK has it.

    Any two count as equal: where one lies says nothing about what is in it, and that is read only when the
    object is made. Whether the content changed is said by a hash beside it.
    """

    sdk: pulumi.Asset | pulumi.Archive

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Packed)

    def __hash__(self) -> int:
        return hash(Packed)


def plain(value: PropertyValue) -> Any:  # noqa: PLR0911 - one return per kind of value
    """JSON data of `value`; whole numbers become int, a resource reference its id.

    The SDK's plugin server leaves an unknown as the engine's sentinel string, so that string counts too.
    """
    inner: Any = value.value
    if isinstance(inner, Computed) or inner == rpc.UNKNOWN:
        return UNKNOWN
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    if isinstance(inner, Mapping):
        return {key: plain(item) for key, item in cast("Mapping[str, PropertyValue]", inner).items()}
    if isinstance(inner, tuple | list):
        return [plain(item) for item in cast("tuple[PropertyValue, ...]", inner)]
    if isinstance(inner, ResourceReference):
        return UNKNOWN if inner.resource_id is None else plain(inner.resource_id)
    if isinstance(inner, pulumi.Asset | pulumi.Archive):
        return Packed(inner)
    return inner


def block(value: Any) -> Props:
    """An object, and an absent one as an empty one."""
    return cast("Props", value) if value else {}


def items(value: Any) -> list[Any]:
    """A list, and an absent one as an empty one."""
    return cast("list[Any]", value) if value else []


def plain_map(values: Mapping[str, PropertyValue]) -> Props:
    return {key: plain(value) for key, value in values.items()}


def wrap(value: Any, *, secret: bool = False) -> PropertyValue:
    """The property value of JSON data, `UNKNOWN` or `Packed`; raises TypeError for anything else."""
    if value is UNKNOWN:
        return PropertyValue(Computed(), is_secret=secret)
    if isinstance(value, Packed):
        return PropertyValue(value.sdk, is_secret=secret)
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value), is_secret=secret)
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return PropertyValue({key: wrap(item) for key, item in items}, is_secret=secret)
    if isinstance(value, list | tuple):
        return PropertyValue([wrap(item) for item in cast("list[Any]", value)], is_secret=secret)
    return PropertyValue(value, is_secret=secret)


def wrap_map(values: Mapping[str, Any], secrets: Collection[str] = ()) -> dict[str, PropertyValue]:
    """Property values of `values`, those in `secrets` marked secret; absent (None) ones are left out."""
    return {key: wrap(value, secret=key in secrets) for key, value in values.items() if value is not None}


def secret_names(*maps: Mapping[str, PropertyValue]) -> set[str]:
    """The top-level properties that are, or contain, a secret in any of `maps`."""
    return {key for values in maps for key, value in values.items() if value.contains_secret()}


def is_unknown(value: Any) -> bool:
    """Whether `value` is unknown or holds something unknown."""
    if value is UNKNOWN:
        return True
    if isinstance(value, Mapping):
        return any(is_unknown(item) for item in cast("Mapping[str, Any]", value).values())
    if isinstance(value, list):
        return any(is_unknown(item) for item in cast("list[Any]", value))
    return False
