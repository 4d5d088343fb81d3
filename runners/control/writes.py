"""A conditional change of one item, as plain data, and what it means.

`table.py` turns it into DynamoDB's expressions; `holds` and `applied` say the same in Python, so that a
function knows an item after its own write without reading it again, and tests can keep a table in memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runners.control.items import Item

Condition = tuple[str, Any]
"""An operator and its operand: `=`, `in`, `<`, `absent`, `present`, `absent or <`, `absent or =`."""

ABSENT: Condition = ("absent", None)
PRESENT: Condition = ("present", None)
NEW: Mapping[str, Condition] = {"pk": ABSENT}
"""The condition of an item that must not exist yet."""


def equals(value: Any) -> Condition:
    """The attribute has this value."""
    return ("=", value)


def one_of(*values: Any) -> Condition:
    """The attribute has one of these values."""
    return ("in", values)


def below(value: int) -> Condition:
    """The attribute is there and smaller."""
    return ("<", value)


def absent_or_below(value: int) -> Condition:
    """The attribute is not there, or smaller."""
    return ("absent or <", value)


def absent_or(value: Any) -> Condition:
    """The attribute is not there, or has this value."""
    return ("absent or =", value)


@dataclass(frozen=True, slots=True)
class Write:
    """Change the item `pk` if every condition of `when` holds; a missing item is made.

    `put` sets attributes, `drop` removes them, `add` adds to numbers or to sets of strings, `append` adds to
    lists. `delete` removes the whole item instead.
    """

    pk: str
    when: Mapping[str, Condition] = field(default_factory=dict[str, Condition])
    put: Mapping[str, Any] = field(default_factory=dict[str, Any])
    drop: tuple[str, ...] = ()
    add: Mapping[str, Any] = field(default_factory=dict[str, Any])
    append: Mapping[str, list[Any]] = field(default_factory=dict[str, "list[Any]"])
    delete: bool = False


def holds(write: Write, item: Item | None) -> bool:
    """Whether the conditions of `write` hold for the item as it is (None: not there)."""
    return all(_met(condition, (item or {}).get(name)) for name, condition in write.when.items())


def _met(condition: Condition, value: Any) -> bool:
    operator, wanted = condition
    if value is None:
        return operator.startswith("absent")
    match operator:
        case "=" | "absent or =":
            return value == wanted
        case "in":
            return value in wanted
        case "<" | "absent or <":
            return value < wanted
        case _:
            return operator == "present"


def applied(write: Write, item: Item | None) -> dict[str, Any]:
    """The item after `write`, whose conditions hold."""
    changed = dict(item or {})
    changed["pk"] = write.pk
    for name in write.drop:
        changed.pop(name, None)
    changed.update(write.put)
    for name, amount in write.add.items():
        had = changed.get(name)
        if isinstance(amount, int):
            changed[name] = (had or 0) + amount
        else:
            changed[name] = frozenset(had or ()) | frozenset(amount)
    for name, more in write.append.items():
        changed[name] = [*changed.get(name, ()), *more]
    return changed
