"""DynamoDB's typed attribute values as plain Python."""

from typing import Any

from boto3.dynamodb.types import Binary, TypeDeserializer

_READER: Any = TypeDeserializer()


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """An item as plain Python: numbers that are whole as int, others as float, bytes as bytes."""
    return {key: _plain(_READER.deserialize(value)) for key, value in item.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Binary):
        return bytes(value.value)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [_plain(inner) for inner in value]  # pyright: ignore[reportUnknownVariableType]
    if hasattr(value, "to_integral_value"):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
