"""Plain values to and from the `PropertyValue` of `pulumi.provider.experimental`, which providers speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi
from pulumi.provider.experimental.property_value import Computed, PropertyValue, ResourceReference

from slipway.engine.values import (
    UNKNOWN,
    UNKNOWN_TEXT,
    Archive,
    Asset,
    Plain,
    ResourceRef,
    Secret,
    Unknown,
    secret,
    whole,
)

# The SDK's plugin host hands unknowns over as this text (and its `Computed` cannot be compared: `__eq__`
# looks for a name that does not exist, pulumi 3.272), so a provider sees the same under both engines.
_COMPUTED = PropertyValue(UNKNOWN_TEXT)
_NULL = PropertyValue(None)


def to_properties(values: Mapping[str, Plain]) -> dict[str, PropertyValue]:
    """What a provider gets: unknowns as Pulumi's text for them, secrets marked."""
    return {key: to_property(item) for key, item in values.items()}


def to_property(value: Plain) -> PropertyValue:  # noqa: PLR0911 - one return per kind of leaf
    if isinstance(value, str | bool):
        return PropertyValue(value)
    if value is None:
        return _NULL
    if isinstance(value, int | float):
        return PropertyValue(float(value))
    if isinstance(value, Secret):
        return to_property(value.value).with_secret(True)
    if isinstance(value, dict):
        return PropertyValue(to_properties(cast(dict[str, Any], value)))
    if isinstance(value, list | tuple):
        return PropertyValue([to_property(item) for item in cast(Sequence[Any], value)])
    if isinstance(value, Unknown):
        return _COMPUTED
    if isinstance(value, ResourceRef):
        reference = None if value.id is None else to_property(value.id)
        return PropertyValue(ResourceReference(value.urn, reference, value.version or None))
    return PropertyValue(_to_sdk(value))


def _to_sdk(value: Plain) -> pulumi.Asset | pulumi.Archive:
    """Assets and archives as the SDK's own classes."""
    if isinstance(value, Asset):
        kinds = {"path": pulumi.FileAsset, "text": pulumi.StringAsset, "uri": pulumi.RemoteAsset}
        return kinds[value.kind](value.value)
    if isinstance(value, Archive):
        if value.kind == "assets":
            members = cast(dict[str, Plain], value.value)
            return pulumi.AssetArchive({name: _to_sdk(item) for name, item in members.items()})
        return pulumi.FileArchive(value.value) if value.kind == "path" else pulumi.RemoteArchive(value.value)
    msg = f"a value of type {type(value).__name__} is not a property value"
    raise TypeError(msg)


def from_properties(values: Mapping[str, PropertyValue]) -> dict[str, Plain]:
    """What a provider returned, as plain data."""
    return {key: from_property(item) for key, item in values.items()}


def from_property(item: PropertyValue) -> Plain:
    value = _from_value(item.value)
    return secret(value) if item.is_secret else value


def _from_value(value: Any) -> Plain:  # noqa: PLR0911 - one return per kind of leaf
    if isinstance(value, str):
        return UNKNOWN if value == UNKNOWN_TEXT else value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return whole(float(value))
    if isinstance(value, Mapping):
        return from_properties(cast(Mapping[str, PropertyValue], value))
    if isinstance(value, Sequence):
        return [from_property(item) for item in cast(Sequence[PropertyValue], value)]
    if isinstance(value, ResourceReference):
        reference = None if value.resource_id is None else from_property(value.resource_id)
        return ResourceRef(value.urn, reference, value.package_version or "")
    return UNKNOWN if isinstance(value, Computed) else _from_sdk(value)


def _from_sdk(value: Any) -> Asset | Archive:
    if isinstance(value, pulumi.AssetArchive):
        return Archive("assets", {name: _from_sdk(item) for name, item in value.assets.items()})
    if isinstance(value, pulumi.FileArchive):
        return Archive("path", str(value.path))
    if isinstance(value, pulumi.RemoteArchive):
        return Archive("uri", str(value.uri))
    if isinstance(value, pulumi.FileAsset):
        return Asset("path", str(value.path))
    if isinstance(value, pulumi.StringAsset):
        return Asset("text", str(value.text))
    if isinstance(value, pulumi.RemoteAsset):
        return Asset("uri", str(value.uri))
    msg = f"a provider returned a value of type {type(value).__name__}"
    raise TypeError(msg)
