"""How two sets of properties differ: by structure, with sets and JSON documents compared by meaning."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, cast

from pulumi.provider.experimental.provider import PropertyDiff, PropertyDiffKind

from slipway.localcloud.providers.values import UNKNOWN, Props, is_unknown

EMPTY: tuple[Any, ...] = (None, "", 0, [], {})
_PLAIN_KEY = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


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
    comparison = _Comparison(shape)
    for key in [*new, *(key for key in old if key not in new)]:
        comparison.values(old.get(key), new.get(key), key, key)
    return comparison.found


def replaced(diffs: Collection[str], shape: Shape) -> list[str]:
    """The properties of `shape.replace` that the paths `diffs` touch, sorted."""
    touched = [without_indexes(path) for path in diffs]
    return sorted({name for name in shape.replace for path in touched if _within(path, name)})


def without_indexes(path: str) -> str:
    """`rules[0].filter["a.b"]` -> `rules.filter.a.b`: the form in which `Shape` names paths."""
    out: list[str] = []
    rest = path
    while rest:
        head, bracket, rest = rest.partition("[")
        out.append(head)
        if bracket and rest.startswith('"'):
            name, _, rest = rest[1:].partition('"]')
            out.append(f".{name}")
        elif bracket:
            _, _, rest = rest.partition("]")
    return "".join(out)


class _Comparison:
    """Collects differences. `path` is Pulumi's, `name` the same without list indexes, as `Shape` has it."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self.found: dict[str, PropertyDiff] = {}

    def values(self, old: Any, new: Any, path: str, name: str) -> None:
        if (new is None and name in self._shape.computed) or self._nothing(old, new):
            return
        if name in self._shape.documents and same_document(old, new):
            return
        if isinstance(old, dict) and isinstance(new, dict):
            left, right = cast("Props", old), cast("Props", new)
            for key in [*right, *(key for key in left if key not in right)]:
                self.values(left.get(key), right.get(key), path + _step(key), f"{name}.{key}")
        elif isinstance(old, list) and isinstance(new, list):
            self._lists(cast("list[Any]", old), cast("list[Any]", new), path, name)
        elif old != new or isinstance(old, bool) != isinstance(new, bool):
            self._note(old, new, path, name)

    def _nothing(self, old: Any, new: Any) -> bool:
        if self._shape.absent_is_empty:
            return empty(old) and empty(new)
        return old is None and new is None

    def _lists(self, old: list[Any], new: list[Any], path: str, name: str) -> None:
        if name in self._shape.unordered and not is_unknown(new):
            old, new = self._without_common(old, new, name)
        for index, (left, right) in enumerate(zip(old, new, strict=False)):
            self.values(left, right, f"{path}[{index}]", name)
        # An item says something by being there, even an empty one: "" is Kubernetes' core API group.
        for index in range(len(new), len(old)):
            self._note(old[index], None, f"{path}[{index}]", name)
        for index in range(len(old), len(new)):
            self._note(None, new[index], f"{path}[{index}]", name)

    def _without_common(self, old: list[Any], new: list[Any], name: str) -> tuple[list[Any], list[Any]]:
        left = list(old)
        right: list[Any] = []
        for item in new:
            match = next((index for index, have in enumerate(left) if self._equal(have, item, name)), None)
            if match is None:
                right.append(item)
            else:
                del left[match]
        return left, right

    def _equal(self, old: Any, new: Any, name: str) -> bool:
        inner = _Comparison(self._shape)
        inner.values(old, new, name, name)
        return not inner.found

    def _note(self, old: Any, new: Any, path: str, name: str) -> None:
        forces = any(_within(name, one) for one in self._shape.replace)
        if old is None:
            kind = PropertyDiffKind.ADD_REPLACE if forces else PropertyDiffKind.ADD
        elif new is None:
            kind = PropertyDiffKind.DELETE_REPLACE if forces else PropertyDiffKind.DELETE
        else:
            kind = PropertyDiffKind.UPDATE_REPLACE if forces else PropertyDiffKind.UPDATE
        self.found[path] = PropertyDiff(kind, input_diff=True)


def _within(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.")


def _step(key: str) -> str:
    """A property path's step in Pulumi's notation; a name with other characters is quoted."""
    return f".{key}" if key and set(key) <= _PLAIN_KEY else f'["{key}"]'


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
