"""A Condition element as a person reads it: `kms:ViaService is s3.eu-west-1.amazonaws.com`."""

from collections.abc import Iterator
from typing import Any, cast

from slipway.access.conditions import strings
from slipway.access.patterns import short

_WORDS = {
    "StringEquals": "is",
    "StringEqualsIgnoreCase": "is, in any case,",
    "StringLike": "is like",
    "ArnEquals": "is",
    "ArnLike": "is like",
    "Bool": "is",
    "StringNotEquals": "is not",
    "StringNotEqualsIgnoreCase": "is not, in any case,",
    "StringNotLike": "is not like",
    "ArnNotEquals": "is not",
    "ArnNotLike": "is not like",
}
_QUANTIFIERS = {"ForAllValues": "every ", "ForAnyValue": "any "}


def in_words(block: object) -> tuple[str, ...]:
    """The tests that must all hold; an operator without a word here stands as it is written."""
    if not isinstance(block, dict):
        return ("a condition that cannot be read holds",)
    return tuple(_tests(cast("dict[Any, Any]", block)))


def _tests(block: dict[Any, Any]) -> Iterator[str]:
    for operator, keys in block.items():
        for key, values in cast("dict[Any, Any]", keys if isinstance(keys, dict) else {"?": keys}).items():
            yield _test(str(operator), str(key), strings(values) or ("?",))


def _test(operator: str, key: str, values: tuple[str, ...]) -> str:
    listed = " or ".join(map(short, values))
    if operator == "Null":
        return f"{key} is {'absent' if values == ('true',) else 'there' if values == ('false',) else listed}"
    quantifier, _, name = operator.rpartition(":")
    base = name.removesuffix("IfExists")
    word = _WORDS.get(base, base)
    if_absent = " or absent" if base != name else ""
    return f"{_QUANTIFIERS.get(quantifier, '')}{key} {word} {listed}{if_absent}"
