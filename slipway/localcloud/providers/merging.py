"""How a state, an input and what a service answers are put together, field by field."""

from typing import Any, cast

from slipway.localcloud.providers.diffs import without_indexes
from slipway.localcloud.providers.values import Props


def at(values: Props, path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    found: Any = values
    for step in path.split("."):
        found = cast("Props", found).get(step) if isinstance(found, dict) else None
    return found


def ignored(path: str, ignore: list[str]) -> bool:
    """Whether a property path is, or lies below, one of those to ignore."""
    named = without_indexes(path)
    return any(named == one or named.startswith(f"{one}.") for one in ignore)


def keep(old: Any, new: Any, path: list[str]) -> None:
    """Take the value at `path` over from `old`; the engine does so before it asks, unless it was not told."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return
    held, given = cast("Props", old), cast("Props", new)
    if len(path) > 1:
        keep(held.get(path[0]), given.get(path[0]), path[1:])
    elif path[0] in held:
        given[path[0]] = held[path[0]]


def declared(value: Any, given: Any, path: str, computed: frozenset[str]) -> Any:
    """`value` without the fields below it that the service decides and the given input does not name."""
    if not isinstance(value, dict) or not isinstance(given, dict):
        return cast("Any", value)
    held, named = cast("Props", value), cast("Props", given)
    return {
        key: declared(one, named.get(key), f"{path}.{key}", computed)
        for key, one in held.items()
        if key in named or f"{path}.{key}" not in computed
    }


def filled(old: Any, found: Any) -> Any:
    """`old`, which means the same as `found`, with the fields that only the service knows added."""
    if isinstance(old, dict) and isinstance(found, dict):
        known, seen = cast("Props", old), cast("Props", found)
        return {
            key: filled(known[key], seen[key]) if key in known and key in seen else one
            for key, one in {**seen, **known}.items()
        }
    return cast("Any", old)
