"""Condition blocks, over a closed set of operators: one that is not in it makes the answer unknown.

Source of the operators' rules, missing keys included: IAM User Guide, reference_policies_elements_
condition_operators and reference_policies_condition-single-vs-multi-valued-context-keys.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from slipway.access.patterns import (
    Comparison,
    Context,
    Verdict,
    all_of,
    any_of,
    arn_like,
    equals,
    has_wildcard,
    like,
    negated,
)

Test = Callable[[Context], Verdict]

_MISSING: tuple[str, ...] = ()

_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
_PLAIN = ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "Bool")
_EXACT = frozenset({"StringEquals", "ArnEquals"})
OPERATORS = frozenset({*_PLAIN, *_NEGATED, "Null"})
"""The operators that are understood, before `IfExists` and the two `For…Values:` prefixes."""


@dataclass(frozen=True, kw_only=True)
class _Operator:
    base: str
    negative: bool = False
    if_exists: bool = False
    quantifier: str = ""


def unknown(_: object) -> Verdict:
    """The test of what cannot be read."""
    return None


def compile_condition(block: object, *, variables: bool) -> Test:
    """The test of a whole Condition element: every operator and every key of it must hold."""
    tests = [_compile_one(*part, variables=variables) for part in _parts(block)]
    if len(tests) == 1:
        return tests[0]
    return lambda context: all_of(test(context) for test in tests)


def strings(values: object) -> tuple[str, ...] | None:
    """One value or a list of them as strings; JSON's booleans and numbers as IAM writes them; else None."""
    listed = cast("Sequence[object]", values) if isinstance(values, (list, tuple)) else (values,)
    result: list[str] = []
    for value in listed:
        if isinstance(value, bool):
            result.append(str(value).lower())
        elif isinstance(value, (str, int)):
            result.append(str(value))
        else:
            return None
    return tuple(result)


def is_understood(block: object) -> bool:
    """Whether a Condition element has no operator but those known here, on values that can be read."""
    return all(
        operator is not None and isinstance(key, str) and strings(values) is not None
        for operator, key, values in _parts(block)
    )


def condition_keys(block: object) -> frozenset[str]:
    """The keys that a Condition element asks about, in lower case."""
    return frozenset(key.lower() for _, key, _ in _parts(block) if isinstance(key, str))


def values_of(block: object, key: str) -> tuple[str, ...]:
    """What a Condition element wants one key to be or to be like, as it is written."""
    return tuple(
        text
        for operator, name, values in _parts(block)
        if operator is not None and not operator.negative and operator.base != "Null"
        if isinstance(name, str) and name.lower() == key
        for text in strings(values) or ()
    )


def single_values(block: object) -> dict[str, frozenset[str]]:
    """The keys that a Condition element holds to listed values, and those values."""
    found: dict[str, frozenset[str]] = {}
    for operator, key, values in _parts(block):
        if operator is None or operator.base not in _EXACT or operator != _Operator(base=operator.base):
            continue
        texts = strings(values) or ()
        patterned = operator.base == "ArnEquals" and any(has_wildcard(text) for text in texts)
        if isinstance(key, str) and texts and not patterned and not any("${" in text for text in texts):
            listed = frozenset(texts)
            found[key.lower()] = found.get(key.lower(), listed) & listed
    return found


def settled(block: object, domains: Mapping[str, frozenset[str | None]]) -> Verdict:
    """What a Condition element comes to, if it comes to the same for all that the keys may be.

    Args:
        block: the element.
        domains: keys in lower case and every value that they may have, None for being absent; of other keys
            anything may be true.
    """
    if block is None:
        return True
    verdicts: list[Verdict] = []
    for operator, key, values in _parts(block):
        domain = domains.get(key.lower()) if isinstance(key, str) and operator is not None else None
        if domain is None:
            verdicts.append(None)
            continue
        test = _compile_one(operator, key, values, variables=True)
        found = {test({} if value is None else {str(key).lower(): (value,)}) for value in domain}
        verdicts.append(found.pop() if len(found) == 1 else False if not found else None)
    return all_of(verdicts)


def _parts(block: object) -> Iterator[tuple["_Operator | None", object, object]]:
    """Each test of a Condition element; an operator of None is one that is not known."""
    if block is None:
        return
    if not isinstance(block, dict):
        yield None, None, None
        return
    for name, keys in cast("dict[Any, Any]", block).items():
        if not isinstance(name, str) or not isinstance(keys, dict):
            yield None, None, None
            continue
        for key, values in cast("dict[Any, Any]", keys).items():
            yield _parse(name), key, values


def _compile_one(operator: "_Operator | None", key: object, values: object, *, variables: bool) -> Test:
    texts = strings(values)
    if operator is None or texts is None or not isinstance(key, str):
        return unknown
    key = key.lower()
    if operator.base == "Null":
        return _null(key, texts)
    compare = _comparison(operator.base, texts, variables=variables)
    if operator.quantifier:
        return _quantified(operator, key, compare)
    if_missing = operator.if_exists or operator.negative
    negative = operator.negative

    def test(context: Context) -> Verdict:
        found = context.get(key, _MISSING)
        if not found:
            return if_missing
        if len(found) != 1:
            return None
        verdict = compare(context, *found)
        return negated(verdict) if negative else verdict

    return test


def _parse(name: str) -> _Operator | None:
    quantifier, separator, rest = name.rpartition(":")
    if separator and quantifier not in {"ForAllValues", "ForAnyValue"}:
        return None
    base = rest.removesuffix("IfExists")
    if base not in OPERATORS or (base == "Null" and name != "Null"):
        return None
    return _Operator(
        base=_NEGATED.get(base, base),
        negative=base in _NEGATED,
        if_exists=rest != base,
        quantifier=quantifier,
    )


def _null(key: str, texts: tuple[str, ...]) -> Test:
    if any(text not in {"true", "false"} for text in texts):
        return unknown
    return lambda context: ("false" if context.get(key) else "true") in texts


def _comparison(base: str, texts: tuple[str, ...], *, variables: bool) -> Comparison:
    match base:
        case "StringLike":
            return like(texts, variables=variables)
        case "ArnEquals" | "ArnLike":
            return arn_like(texts, variables=variables)
        case "Bool" | "StringEqualsIgnoreCase":
            return equals(texts, ignore_case=True, variables=variables)
        case _:
            return equals(texts, ignore_case=False, variables=variables)


def _quantified(operator: _Operator, key: str, compare: Comparison) -> Test:
    """ForAllValues holds of no values at all, ForAnyValue of none."""
    every = operator.quantifier == "ForAllValues"

    def test(context: Context) -> Verdict:
        found = context.get(key, _MISSING)
        if not found:
            return every or operator.if_exists
        verdicts = (compare(context, value) for value in found)
        if operator.negative:
            verdicts = (negated(verdict) for verdict in verdicts)
        return all_of(verdicts) if every else any_of(verdicts)

    return test
