"""What automation, staging and prod consist of, against snapshots that a person has reviewed.

A changed line is either meant, and then `make trees` writes it and a review sees it, or it is a resource that
would be deleted and made again because somebody renamed it.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from slipway.engine.offline import render_stacks
from slipway.engine.recording import Rendered

ROOT = Path(__file__).parents[2]
TREES = Path(__file__).parent / "trees"
STACKS = ("automation", "staging", "prod")


def tree(rendered: Rendered) -> str:
    """Resources by parent, each with its name and type, in the order of their names."""
    children: dict[str, list[tuple[str, str, str]]] = {}
    known = {one.urn for one in rendered.registrations}
    for one in rendered.registrations:
        parent = one.parent if one.parent in known else ""
        children.setdefault(parent, []).append((one.name, one.type, one.urn))
    lines: list[str] = []

    def walk(urn: str, depth: int) -> None:
        for name, type_, child in sorted(children.get(urn, [])):
            lines.append(f"{'  ' * depth}{name}  {type_}")
            walk(child, depth + 1)

    walk("", 0)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("stack", STACKS)
def test_the_tree_is_as_reviewed(stack: str, rendered: Mapping[str, Rendered]) -> None:
    found = tree(rendered[stack])
    expected = (TREES / f"{stack}.txt").read_text()
    assert found == expected, "a resource came, went or was renamed; if that is meant: make trees"


def write() -> None:
    """Write the snapshots anew, for review."""
    for rendered in render_stacks(ROOT, STACKS, ""):
        (TREES / f"{rendered.stack}.txt").write_text(tree(rendered))


if __name__ == "__main__":
    sys.exit(write())
