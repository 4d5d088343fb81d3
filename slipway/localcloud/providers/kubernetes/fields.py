"""Fields of Kubernetes objects: what a program mentions of them, and patches.

An absent field and an empty one are two things here: `ingress: [{}]` lets everybody in, `ingress: []` nobody.
"""

import copy
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from slipway.localcloud.providers.values import Props

SERVER_METADATA = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")
"""Metadata that the API server writes and no program may.
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/"""

OBSERVED_METADATA = ("creationTimestamp", "uid")
"""Of these, what stays the same for the life of an object, and is shown as an output."""

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def own(state: Props) -> Props:
    """An object's state without what only the server writes."""
    kept = copy.deepcopy({key: value for key, value in state.items() if key != "status"})
    for name in SERVER_METADATA:
        if isinstance(kept.get("metadata"), dict):
            kept["metadata"].pop(name, None)
    return kept


def without_nulls(value: Any) -> Any:
    """`value` without the fields that are null, which mean the same as absent ones."""
    if isinstance(value, dict):
        items = cast("Props", value).items()
        return {key: without_nulls(item) for key, item in items if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in cast("list[Any]", value)]
    return value


def mentioned(known: Any, live: Any, *, quantities: bool = False) -> Any:
    """Of `live` the fields that `known` has, with the values of `live`; any other is not the program's.

    Lists are taken whole. A field that the server does not store because it is empty stays as it is known.
    """
    if isinstance(known, dict) and isinstance(live, dict):
        left, right = cast("Props", known), cast("Props", live)
        kept: Props = {
            key: mentioned(value, right[key], quantities=quantities) if key in right else value
            for key, value in left.items()
            if key in right or _is_empty(value)
        }
        return kept
    if isinstance(known, list) and isinstance(live, list):
        before, after = cast("list[Any]", known), cast("list[Any]", live)
        if len(before) != len(after):
            return after
        items: list[Any] = [
            mentioned(one, other, quantities=quantities) for one, other in zip(before, after, strict=True)
        ]
        return items
    return cast("Any", known if quantities and same_quantity(known, live) else live)


def same_quantity(one: Any, other: Any) -> bool:
    """Whether two Kubernetes quantities are the same amount.
    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/"""
    amounts = _amount(one), _amount(other)
    return amounts[0] is not None and amounts[0] == amounts[1]


def merge_patch(old: Props, new: Props) -> Props:
    """The JSON merge patch (RFC 7396) that makes `new` of `old`; lists are replaced whole."""
    patch: Props = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            inner = merge_patch(cast("Props", before), cast("Props", value))
            if inner:
                patch[key] = inner
        elif key not in old or before != value:
            patch[key] = value
    return patch


def _is_empty(value: Any) -> bool:
    return value is False or value in ("", 0) or (isinstance(value, list | dict) and not value)


def _amount(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value)
    try:
        if text[-2:] in _BINARY:
            return Decimal(text[:-2]) * 1024 ** _BINARY[text[-2:]]
        suffix = text[-1:] if text[-1:].isalpha() else ""
        if suffix not in _DECIMAL:
            return None
        return Decimal(text.removesuffix(suffix)).scaleb(_DECIMAL[suffix])
    except InvalidOperation:
        return None
