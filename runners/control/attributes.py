"""DynamoDB's attribute values and expressions, for the few types the fleet's items use.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
"""

from collections.abc import Mapping
from typing import Any

from runners.control.writes import Condition, Write

Value = dict[str, Any]


def to_value(plain: Any) -> Value:  # noqa: PLR0911 -- one for each of DynamoDB's types
    """A plain value as an attribute value. Raises TypeError for a type that no item has."""
    match plain:
        case bool():
            return {"BOOL": plain}
        case int():
            return {"N": str(plain)}
        case str():
            return {"S": str(plain)}
        case bytes():
            return {"B": plain}
        case frozenset() | set():
            return {"SS": sorted(plain)}  # pyright: ignore[reportUnknownArgumentType] -- a set of strings
        case list() | tuple():
            return {"L": [to_value(entry) for entry in plain]}  # pyright: ignore[reportUnknownVariableType]
        case Mapping():
            return {"M": {str(name): to_value(entry) for name, entry in plain.items()}}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case _:
            raise TypeError(f"no attribute value for {type(plain).__name__}")


def to_plain(value: Value) -> Any:
    """The plain value of an attribute value; our own numbers are whole, and another fails nobody else's
    item."""
    (kind, raw), *_ = value.items()
    match kind:
        case "N":
            return _number(raw)
        case "L":
            return [to_plain(entry) for entry in raw]
        case "M":
            return to_item(raw)
        case "SS":
            return frozenset(raw)
        case "NULL":
            return None
        case _:
            return raw


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def to_item(attributes: Mapping[str, Value]) -> dict[str, Any]:
    """A whole item in plain values."""
    return {name: to_plain(value) for name, value in attributes.items()}


class _Names:
    """Placeholders for names and values: many attribute names (`state`, `role`) are reserved words."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Value] = {}

    def name(self, attribute: str) -> str:
        placeholder = f"#{attribute}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, plain: Any) -> str:
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = to_value(plain)
        return placeholder


def request(table: str, write: Write) -> dict[str, Any]:
    """`write` as the arguments of UpdateItem or DeleteItem, or of an entry of TransactWriteItems."""
    names = _Names()
    asked: dict[str, Any] = {"TableName": table, "Key": {"pk": {"S": write.pk}}}
    conditions = [_condition(names, name, condition) for name, condition in write.when.items()]
    if conditions:
        asked["ConditionExpression"] = " AND ".join(conditions)
    if not write.delete:
        asked["UpdateExpression"] = _update(names, write)
    if names.names:
        asked["ExpressionAttributeNames"] = names.names
    if names.values:
        asked["ExpressionAttributeValues"] = names.values
    return asked


def _condition(names: _Names, attribute: str, condition: Condition) -> str:
    operator, wanted = condition
    name = names.name(attribute)
    match operator:
        case "absent":
            return f"attribute_not_exists({name})"
        case "present":
            return f"attribute_exists({name})"
        case "in":
            return f"{name} IN ({', '.join(names.value(value) for value in wanted)})"
        case "absent or <" | "absent or =":
            return f"(attribute_not_exists({name}) OR {name} {operator[-1]} {names.value(wanted)})"
        case _:
            return f"{name} {operator} {names.value(wanted)}"


def _update(names: _Names, write: Write) -> str:
    sets = [f"{names.name(name)} = {names.value(value)}" for name, value in write.put.items()]
    for name, more in write.append.items():
        placeholder = names.name(name)
        had = f"if_not_exists({placeholder}, {names.value([])})"
        sets.append(f"{placeholder} = list_append({had}, {names.value(more)})")
    parts: list[str] = []
    if sets:
        parts.append("SET " + ", ".join(sets))
    if write.drop:
        parts.append("REMOVE " + ", ".join(names.name(name) for name in write.drop))
    if write.add:
        added = [f"{names.name(name)} {names.value(value)}" for name, value in write.add.items()]
        parts.append("ADD " + ", ".join(added))
    return " ".join(parts)
