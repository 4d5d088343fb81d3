"""How two sets of properties differ: by structure, with sets and JSON documents compared by meaning."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from pulumi.provider.experimental.provider import PropertyDiff, PropertyDiffKind

from slipway.localcloud.providers.values import UNKNOWN, Props, is_unknown
from slipway.platform.differences import ABSENT, Comparison
from slipway.platform.property_paths import PropertyPath, parse, render

EMPTY: tuple[Any, ...] = (None, "", 0, [], {})


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a type's properties are compared. Paths are dotted, without list indexes: `vpcConfig.subnetIds`.

    Args:
        computed: decided by the service; absent from the inputs is no difference.
        unordered: lists that are sets.
        documents: strings that hold JSON.
        replace: a difference here, or below, needs a new object.
        absent_is_empty: an empty value (`""`, 0, false, `[]`, `{}`) says no more than its absence does.
    """

    computed: Collection[str] = field(default_factory=frozenset[str])
    unordered: Collection[str] = field(default_factory=frozenset[str])
    documents: Collection[str] = field(default_factory=frozenset[str])
    replace: Collection[str] = field(default_factory=frozenset[str])
    absent_is_empty: bool = True


def empty(value: Any) -> bool:
    """Whether `value` says no more than its absence does.

    Pulumi's bridged providers (Terraform's plugin SDK v2) cannot tell a zero value from none either.
    """
    return value is not UNKNOWN and (value is False or value in EMPTY)


def canonical(value: Any) -> Any:
    """A form of a parsed JSON document in which order in lists, and a list of one, make no difference.

    IAM reads `"Action": "x"` and `"Action": ["x"]` alike and gives no meaning to order:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    if isinstance(value, dict):
        return {key: canonical(item) for key, item in sorted(cast("Props", value).items())}
    if isinstance(value, list):
        items = [canonical(item) for item in cast("list[Any]", value)]
        return items[0] if len(items) == 1 else sorted(items, key=_text)
    return value


def same_document(old: Any, new: Any) -> bool:
    """Whether two JSON texts mean the same; text that is no JSON is compared as text."""
    try:
        return canonical(json.loads(old)) == canonical(json.loads(new))
    except (TypeError, ValueError):
        return bool(old == new)


def differences(old: Props, new: Props, shape: Shape) -> dict[str, PropertyDiff]:
    """By Pulumi property path, what changes from the state `old` to the inputs `new`."""
    found = _Comparison(shape).differences(old, new)
    return {render(path): _diff(path, before, after, shape) for path, before, after in found}


def replaced(diffs: Collection[str], shape: Shape) -> list[str]:
    """The properties of `shape.replace` that the paths `diffs` touch, sorted."""
    touched = [without_indexes(path) for path in diffs]
    return sorted({name for name in shape.replace for path in touched if _within(path, name)})


def without_indexes(path: str) -> str:
    """`rules[0].filter["a.b"]` -> `rules.filter.a.b`: the form in which `Shape` names paths."""
    return _name(parse(path))


def _name(path: PropertyPath) -> str:
    return ".".join(segment for segment in path if isinstance(segment, str))


class _Comparison(Comparison):
    """What the service behind a type takes for equal."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def same(self, old: Any, new: Any, path: PropertyPath) -> bool:
        if path and isinstance(path[-1], int) and ABSENT in (old, new):
            # An item says something by being there, even an empty one: "" is Kubernetes' core API group.
            return False
        old, new = (None if side is ABSENT else side for side in (old, new))
        name = _name(path)
        return (
            (new is None and name in self._shape.computed)
            or (old is None and new is None)
            or (self._shape.absent_is_empty and empty(old) and empty(new))
            or (name in self._shape.documents and same_document(old, new))
        )

    def items(self, old: list[Any], new: list[Any], path: PropertyPath) -> Iterable[tuple[int, Any, Any]]:
        is_set = _name(path) in self._shape.unordered and not is_unknown(new)
        return self.sets(old, new, path) if is_set else super().items(old, new, path)


def _diff(path: PropertyPath, old: Any, new: Any, shape: Shape) -> PropertyDiff:
    forces = any(_within(_name(path), name) for name in shape.replace)
    kind = "ADD" if old in (None, ABSENT) else "DELETE" if new in (None, ABSENT) else "UPDATE"
    return PropertyDiff(PropertyDiffKind[f"{kind}_REPLACE" if forces else kind], input_diff=True)


def _within(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.")


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
