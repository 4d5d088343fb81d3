"""A second evaluator of IAM policies, as slow and as plain as can be, that shares no code with the product's.

Where AWS's documentation leaves a rule open there is one answer for each reading of it, and the product must
be on the safe side of them all. Rules: IAM User Guide, reference_policies_evaluation-logic, _variables,
_elements_condition_operators and _elements_resource.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ANY, ONE = object(), object()
"""What `*` and `?` stand for where they are wildcards; every other symbol is a character."""

Symbols = list[Any]
Keys = Mapping[str, list[str]]


class Missing(Exception):
    """A policy variable that has no value."""


@dataclass(frozen=True)
class Reading:
    """One way to read what is left open."""

    resource_by_parts: bool
    """Whether each part of a resource's ARN is matched by itself, or the text as a whole."""
    value_cuts: bool
    """Whether the colons of a variable's value cut an ARN into parts."""
    missing_stops: bool
    """Whether a variable without a value, where no other text fits, keeps the statement from applying."""
    any_of_many: bool
    """Whether a key of several values fits a plain operator if any of them does, or if all do."""


READINGS = [Reading(*bits) for bits in itertools.product((True, False), repeat=4)]


def outcomes(
    identity: list[Any], boundary: list[Any] | None, action: str, resource: str, keys: Keys
) -> set[bool]:
    """Whether the request goes through, by every reading."""
    sides = [identity] if boundary is None else [identity, boundary]
    return {
        all(_allows(statements, action, resource, keys, reading) for statements in sides)
        for reading in READINGS
    }


def _allows(statements: list[Any], action: str, resource: str, keys: Keys, reading: Reading) -> bool:
    effects = [
        statement["Effect"]
        for statement in statements
        if _applies(statement, action, resource, keys, reading)
    ]
    return "Allow" in effects and "Deny" not in effects


def _applies(statement: Any, action: str, resource: str, keys: Keys, reading: Reading) -> bool:
    try:
        return (
            _action(statement, action)
            and _resource(statement, resource, keys, reading)
            and _condition(statement.get("Condition", {}), keys, reading)
        )
    except Missing:
        return False


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _action(statement: Any, action: str) -> bool:
    inverse = "NotAction" in statement
    patterns = _listed(statement["NotAction" if inverse else "Action"])
    return any(matches(wild(text.lower()), action.lower()) for text in patterns) != inverse


def _resource(statement: Any, resource: str, keys: Keys, reading: Reading) -> bool:
    inverse = "NotResource" in statement
    found = missing = False
    for text in _listed(statement["NotResource" if inverse else "Resource"]):
        try:
            pattern = expanded(text, keys)
        except Missing:
            missing = True
            continue
        if pattern == [ANY]:
            found = True
        elif reading.resource_by_parts:
            found = found or _arn(pattern, resource, reading)
        else:
            found = found or matches(_flat(pattern), resource)
    if missing and not found and reading.missing_stops:
        raise Missing
    return found != inverse


def _condition(block: Any, keys: Keys, reading: Reading) -> bool:
    return all(
        _test(operator, keys.get(key, []), _listed(wanted), keys, reading)
        for operator, tests in block.items()
        for key, wanted in tests.items()
    )


def _test(operator: str, given: list[str], wanted: list[str], keys: Keys, reading: Reading) -> bool:
    if operator == "Null":
        return any((text == "true") == (not given) for text in wanted)
    quantifier, _, rest = operator.rpartition(":")
    base = rest.removesuffix("IfExists")
    negative = "Not" in base
    base = base.replace("Not", "")
    if not given:
        return "IfExists" in rest or (negative if not quantifier else quantifier == "ForAllValues")
    fits = [_fits(base, value, wanted, keys, reading) != negative for value in given]
    if quantifier:
        return all(fits) if quantifier == "ForAllValues" else any(fits)
    return any(fits) if reading.any_of_many else all(fits)


def _fits(base: str, value: str, wanted: list[str], keys: Keys, reading: Reading) -> bool:
    found = missing = False
    for text in wanted:
        try:
            pattern = expanded(text, keys)
        except Missing:
            missing = True
            continue
        if base in {"ArnLike", "ArnEquals"}:
            found = found or _arn(pattern, value, reading)
        elif base == "StringLike":
            found = found or matches(_flat(pattern), value)
        else:
            exact = "".join({ANY: "*", ONE: "?"}.get(symbol, symbol) for symbol in _flat(pattern))
            ignore = base in {"Bool", "StringEqualsIgnoreCase"}
            found = found or (exact.lower() == value.lower() if ignore else exact == value)
    if missing and not found and reading.missing_stops:
        raise Missing
    return found


def wild(text: str) -> Symbols:
    return [{"*": ANY, "?": ONE}.get(character, character) for character in text]


def expanded(text: str, keys: Keys) -> Symbols:
    """The symbols of a text; what a variable stands for is one list of characters among them."""
    symbols: Symbols = []
    while text:
        if not text.startswith("${"):
            symbols += wild(text[0])
            text = text[1:]
            continue
        name, text = text[2:].split("}", 1)
        name, _, default = name.partition(",")
        if name in {"*", "?", "$"}:
            symbols.append([name])
            continue
        values = keys.get(name.lower(), [])
        if len(values) == 1:
            symbols.append(list(values[0]))
        elif not values and default:
            symbols.append(list(default.strip().strip("'")))
        else:
            raise Missing
    return symbols


def _flat(symbols: Symbols) -> Symbols:
    return [one for symbol in symbols for one in (symbol if isinstance(symbol, list) else [symbol])]


def _arn(pattern: Symbols, text: str, reading: Reading) -> bool:
    wanted = list(_parts(_flat(pattern) if reading.value_cuts else pattern))
    given = list(_parts(list(text)))
    if len(wanted) != 6 or len(given) != 6:
        return False
    return all(matches(_flat(part), "".join(value)) for part, value in zip(wanted, given, strict=True))


def _parts(symbols: Symbols) -> Iterator[Symbols]:
    for _ in range(5):
        if ":" not in symbols:
            break
        end = symbols.index(":")
        yield symbols[:end]
        symbols = symbols[end + 1 :]
    yield symbols


def matches(pattern: Symbols, text: str) -> bool:
    """One symbol after the other, by all positions of the text that have been reached."""
    reached = {0}
    for symbol in pattern:
        if symbol is ANY:
            reached = set(range(min(reached), len(text) + 1)) if reached else reached
        else:
            fits = {place for place in reached if place < len(text) and symbol in (ONE, text[place])}
            reached = {place + 1 for place in fits}
    return len(text) in reached
