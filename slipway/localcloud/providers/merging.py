"""How a state, an input and what a service answers are put together, field by field."""

from typing import Any, cast

from slipway.localcloud.providers.values import Props
from slipway.platform.property_paths import PropertyPath, covers, parse


def at(values: Props, path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    found: Any = values
    for step in path.split("."):
        found = cast("Props", found).get(step) if isinstance(found, dict) else None
    return found


def ignored(path: str, ignore: list[str]) -> bool:
    """Whether a property path is, or lies below, one of those to ignore."""
    return any(covers(parse(pattern), parse(path)) for pattern in ignore)


def keep(old: Any, new: Any, path: str) -> None:
    """Take the value at `path` over from `old`; the engine does so before it asks, unless it was not told."""
    if segments := parse(path):
        _keep(old, new, segments)


def _keep(old: Any, new: Any, path: PropertyPath) -> None:
    before, after = _children(old), _children(new)
    first, rest = path[0], path[1:]
    for key in [*before] if first == "*" else [first]:
        if rest and key in after:
            _keep(before.get(key), after[key], rest)
        elif not rest and key in before and (key in after or isinstance(new, dict)):
            new[key] = before[key]


def _children(value: Any) -> dict[str | int, Any]:
    """What a map or a list holds, by name or index; nothing for any other value."""
    if isinstance(value, dict):
        return cast("dict[str | int, Any]", value)
    return dict(enumerate(cast("list[Any]", value))) if isinstance(value, list) else {}


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
