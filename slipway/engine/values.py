"""Property values as plain Python data, and the four forms that Pulumi writes them in.

Plain form: ``None``, ``bool``, ``int``, ``float``, ``str``, ``list``, ``dict`` with string keys, and the five
leaf types below. The sentinels are those of Pulumi's wire and state formats
(sdk/python/lib/pulumi/runtime/rpc.py and sdk/go/common/resource/properties.go, v3.260).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from google.protobuf import struct_pb2

from slipway.platform.masking import MASK

Plain = Any
"""A plain value, as the module docstring lists them. An alias for readers: Python cannot say it shorter."""

SIG_KEY: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIG: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker, not a secret
RESOURCE_SIG: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT_SIG: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
ASSET_SIG: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE_SIG: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWN_MARK: Final = "[unknown]"


class Unknown:
    """A value that only an apply will know. There is one instance, `UNKNOWN`."""

    _instance: Unknown | None = None

    def __new__(cls) -> Unknown:
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def __repr__(self) -> str:
        return UNKNOWN_MARK

    def __copy__(self) -> Unknown:
        return self

    def __deepcopy__(self, memo: object) -> Unknown:
        return self


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that is written encrypted and shown as ``[secret]``. Never nested: see `secret`."""

    value: Plain

    def __repr__(self) -> str:
        return MASK


@dataclass(frozen=True)
class ResourceRef:
    """A reference to another resource. `id` is None for a component and may be `UNKNOWN`."""

    urn: str
    id: str | Unknown | None = None
    version: str = ""


@dataclass(frozen=True)
class Asset:
    """A file, text or address. `kind` is ``path``, ``text`` or ``uri``."""

    kind: str
    value: str


@dataclass(frozen=True)
class Archive:
    """An archive. `kind` is ``path``, ``uri`` or ``assets`` (then `value` maps names to assets)."""

    kind: str
    value: Any = field(hash=False)


def secret(value: Plain) -> Plain:
    """Wrap `value` once, however often it was wrapped before."""
    return value if isinstance(value, Secret) else Secret(value)


def reveal(value: Plain) -> Plain:
    """The value without any secret wrapper, at any depth. Only for providers and for comparisons."""
    if isinstance(value, Secret):
        return reveal(value.value)
    if isinstance(value, dict):
        return {key: reveal(item) for key, item in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [reveal(item) for item in cast(list[Any], value)]
    return value


def contains(value: Plain, kind: type) -> bool:
    """Whether a leaf of type `kind` (`Unknown`, `Secret`, ...) is anywhere in `value`."""
    if isinstance(value, kind):
        return True
    if isinstance(value, Secret):
        return contains(value.value, kind)
    if isinstance(value, dict):
        return any(contains(item, kind) for item in cast(dict[str, Any], value).values())
    if isinstance(value, list):
        return any(contains(item, kind) for item in cast(list[Any], value))
    return isinstance(value, ResourceRef) and isinstance(value.id, kind)


def show(value: Plain, hide: Callable[[Secret], str] = repr) -> Plain:  # noqa: PLR0911 - one per kind of leaf
    """JSON-ready form for people: secrets masked, unknowns marked, references as their URN.

    Args:
        hide: what stands for a secret; `MASK` unless told otherwise.
    """
    if isinstance(value, Secret):
        return hide(value)
    if isinstance(value, Unknown):
        return UNKNOWN_MARK
    if isinstance(value, dict):
        return {key: show(item, hide) for key, item in cast(dict[str, Any], value).items()}
    if isinstance(value, list):
        return [show(item, hide) for item in cast(list[Any], value)]
    if isinstance(value, ResourceRef):
        return value.urn
    if isinstance(value, Asset):
        return f"asset {value.kind}" if value.kind == "text" else f"asset {value.kind} {value.value}"
    if isinstance(value, Archive):
        return f"archive {value.kind}"
    return value


def show_properties(properties: Mapping[str, Plain], hide: Callable[[Secret], str] = repr) -> dict[str, Any]:
    """All properties of a resource by `show`; what is null is left out.

    A property that is null and one that is not there mean the same to every provider.
    """
    return {key: show(item, hide) for key, item in properties.items() if item is not None}


# --- protobuf Struct (the SDK's side) ---


def from_struct(struct: struct_pb2.Struct) -> dict[str, Plain]:
    """Decode what the SDK sent. An output value that has no value yet becomes `UNKNOWN`."""
    return {key: from_value(item) for key, item in struct.fields.items()}


def from_value(value: struct_pb2.Value) -> Plain:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        # Text that was put together with an unknown is as unknown as its part.
        return UNKNOWN if UNKNOWN_TEXT in value.string_value else value.string_value
    if kind == "struct_value":
        return _from_fields({key: from_value(item) for key, item in value.struct_value.fields.items()})
    if kind == "list_value":
        return [from_value(item) for item in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        return whole(value.number_value)
    return None


def whole(number: float) -> int | float:
    """Pulumi has one number type; a whole one is shown and stored without its ``.0``."""
    return int(number) if number.is_integer() else number


def _from_fields(fields: dict[str, Plain]) -> Plain:
    """Give a decoded map its meaning where it carries a signature."""
    sig = fields.get(SIG_KEY)
    if sig is None:
        return fields
    decode = _DECODERS.get(sig)
    if decode is None:
        msg = f"a property value carries an unknown signature {sig!r}"
        raise ValueError(msg)
    return decode(fields)


def _decode_output(fields: dict[str, Plain]) -> Plain:
    value = fields.get("value", UNKNOWN)
    return secret(value) if fields.get("secret") else value


def _decode_reference(fields: dict[str, Plain]) -> ResourceRef:
    reference = fields.get("id", fields.get("resource_id"))
    if reference == "":
        reference = UNKNOWN
    return ResourceRef(fields["urn"], reference, fields.get("packageVersion") or "")


def _decode_asset(fields: dict[str, Plain]) -> Asset:
    kind = next(key for key in ("path", "text", "uri") if fields.get(key) is not None)
    return Asset(kind, fields[kind])


def _decode_archive(fields: dict[str, Plain]) -> Archive:
    kind = next(key for key in ("path", "uri", "assets") if fields.get(key) is not None)
    return Archive(kind, fields[kind])


def _decode_secret(fields: dict[str, Plain]) -> Plain:
    return secret(fields.get("value"))


_DECODERS: dict[str, Callable[[dict[str, Plain]], Plain]] = {
    SECRET_SIG: _decode_secret,
    OUTPUT_SIG: _decode_output,
    RESOURCE_SIG: _decode_reference,
    ASSET_SIG: _decode_asset,
    ARCHIVE_SIG: _decode_archive,
}


def to_struct(values: Mapping[str, Plain]) -> struct_pb2.Struct:
    """Encode for the SDK, which accepts secrets, references and unknowns."""
    struct = struct_pb2.Struct()
    for key, item in values.items():
        _fill(struct.fields[key], item)
    return struct


def _fill(target: struct_pb2.Value, value: Plain) -> None:
    if value is None:
        target.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, dict):
        target.struct_value.SetInParent()
        for key, item in cast(dict[str, Any], value).items():
            _fill(target.struct_value.fields[key], item)
    elif isinstance(value, list | tuple):
        target.list_value.SetInParent()
        for item in cast(Sequence[Any], value):
            _fill(target.list_value.values.add(), item)
    elif isinstance(value, Unknown):
        target.string_value = UNKNOWN_TEXT
    else:
        _fill(target, _signed(value))


def _signed(value: Plain) -> dict[str, Plain]:
    """The map with a signature that stands for a leaf on the wire and in the state."""
    if isinstance(value, Secret):
        return {SIG_KEY: SECRET_SIG, "value": value.value}
    if isinstance(value, ResourceRef):
        fields: dict[str, Plain] = {SIG_KEY: RESOURCE_SIG, "urn": value.urn, "packageVersion": value.version}
        return fields if value.id is None else {**fields, "id": value.id}
    if isinstance(value, Asset):
        return {SIG_KEY: ASSET_SIG, value.kind: value.value}
    if isinstance(value, Archive):
        return {SIG_KEY: ARCHIVE_SIG, value.kind: value.value}
    msg = f"a value of type {type(value).__name__} is not a property value"
    raise TypeError(msg)


# --- the state file ---


def to_state(value: Plain, encrypt: Callable[[str], str] | None) -> Plain:
    """Encode for the state file.

    Args:
        value: a plain value.
        encrypt: turns a JSON text into the ciphertext that is stored; None inside a secret, where Pulumi
            marks nested secrets without encrypting them twice (pkg/resource/stack/deployment.go).
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {key: to_state(item, encrypt) for key, item in cast(dict[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [to_state(item, encrypt) for item in cast(Sequence[Any], value)]
    if isinstance(value, Unknown):
        return UNKNOWN_TEXT
    if isinstance(value, Secret):
        text = json.dumps(to_state(value.value, None), separators=(",", ":"), sort_keys=True)
        return {SIG_KEY: SECRET_SIG, "ciphertext": encrypt(text) if encrypt else text}
    return to_state(_signed(value), encrypt)


def from_state(value: Plain, decrypt: Callable[[str], str] | None) -> Plain:
    """Decode what `to_state`, or Pulumi itself, wrote. Secrets are decrypted here."""
    if isinstance(value, str):
        return UNKNOWN if value == UNKNOWN_TEXT else value
    if isinstance(value, float):
        return whole(value)
    if isinstance(value, list):
        return [from_state(item, decrypt) for item in cast(list[Any], value)]
    if isinstance(value, dict):
        return _map_from_state(cast(dict[str, Any], value), decrypt)
    return value


def _map_from_state(fields: dict[str, Any], decrypt: Callable[[str], str] | None) -> Plain:
    if fields.get(SIG_KEY) == SECRET_SIG:
        if "plaintext" in fields:
            return secret(from_state(json.loads(fields["plaintext"]), None))
        text = fields["ciphertext"]
        return secret(from_state(json.loads(decrypt(text) if decrypt else text), None))
    return _from_fields({key: from_state(item, decrypt) for key, item in fields.items()})
