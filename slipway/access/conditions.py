"""Condition blocks, over a closed set of operators: one that is not in it makes the answer unknown.

Source of the operators' rules, missing keys included: IAM User Guide, reference_policies_elements_
condition_operators and reference_policies_condition-single-vs-multi-valued-context-keys.
"""

from collections.abc import Callable, Sequence
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
OPERATORS = frozenset({*_PLAIN, *_NEGATED, "Null"})
"""The operators that are understood, before `IfExists` and the two `For…Values:` prefixes."""


@dataclass(frozen=True, kw_only=True)
class _Operator:
    base: str
    negative: bool
    if_exists: bool
    quantifier: str


def unknown(_: object) -> Verdict:
    """The test of what cannot be read."""
    return None


def compile_condition(block: object, *, variables: bool) -> Test:
    """The test of a whole Condition element: every operator and every key of it must hold."""
    if block is None:
        return lambda _: True
    if not isinstance(block, dict):
        return unknown
    tests: list[Test] = []
    for name, keys in cast("dict[Any, Any]", block).items():
        if not isinstance(name, str) or not isinstance(keys, dict):
            return unknown
        for key, values in cast("dict[Any, Any]", keys).items():
            tests.append(_compile_one(name, key, values, variables=variables))
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


def _compile_one(name: str, key: object, values: object, *, variables: bool) -> Test:
    operator = _parse(name)
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
