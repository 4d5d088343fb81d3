"""In which order plans are applied that belong together."""

from collections.abc import Collection, Mapping


def apply_order(
    needs: Mapping[str, Collection[str]], destroyed: Collection[str]
) -> dict[str, frozenset[str]]:
    """Of each stack, those that are to be done before it.

    A stack comes after what it needs, and is deleted after everything that needs it.

    Args:
        needs: of each stack by its id, all that it needs, directly or through others.
        destroyed: those of them that are deleted.
    """
    before: dict[str, set[str]] = {name: set() for name in needs}
    for name, its in needs.items():
        for need in its:
            if need in destroyed:
                before[need].add(name)
            elif name not in destroyed:
                before[name].add(need)
    return {name: frozenset(its) for name, its in before.items()}
