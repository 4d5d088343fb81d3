"""The keys of a project's configuration that one Python file can read, where that can be told."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

_READS = frozenset(
    f"{verb}{secret}{kind}"
    for verb in ("get", "require")
    for secret in ("", "_secret")
    for kind in ("", "_bool", "_int", "_float", "_object")
)
_ANY_WAY = frozenset({"runtime", "automation", "get_config_env", "CONFIG", "getattr", "globals", "vars"})
"""Names by which configuration can be reached in another way than `Config`."""
_CLASS, _SDK = "Config", "pulumi"


def config_keys(nodes: Sequence[ast.AST], names: Iterable[str]) -> list[str] | None:
    """The keys that can be read; None where that cannot be told.

    It can where each configuration is made by `Config()` and used, at once or by a name of its own, only to
    read a key that is written out.

    Args:
        nodes: of the file, those that can run.
        names: that it uses.
    """
    if not _ANY_WAY.isdisjoint(names) or any(map(_hides, nodes)):
        return None
    assigned = [node for node in nodes if isinstance(node, ast.Assign) and _makes_config(node.value)]
    targets = [target for node in assigned for target in node.targets]
    held = {target.id for target in targets if isinstance(target, ast.Name)}
    if len(targets) > sum(isinstance(target, ast.Name) for target in targets):
        return None
    reads = list(_reads(nodes, held))
    # What is used in one of the ways that are understood, by the node's identity.
    closed = {id(node.value) for node in assigned} | {id(subject) for _, subject in reads}
    makers = {id(node.func) for node in nodes if isinstance(node, ast.Call) and _makes_config(node)}
    for node in nodes:
        if id(node) not in closed and _lets_out(node, held, makers):
            return None
    return sorted({key for key, _ in reads})


def _reads(nodes: Sequence[ast.AST], held: set[str]) -> Iterator[tuple[str, ast.expr]]:
    """Each key that is read, with what it is read of."""
    for node in nodes:
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        subject, first = node.func.value, node.args[0]
        of_config = _makes_config(subject) or (isinstance(subject, ast.Name) and subject.id in held)
        key = first.value if isinstance(first, ast.Constant) else None
        if of_config and node.func.attr in _READS and isinstance(key, str):
            yield key, subject


def _makes_config(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _last_name(node.func) == _CLASS


def _lets_out(node: ast.AST, held: set[str], makers: set[int]) -> bool:
    """Whether a use hands a configuration on: one that was made, the class, or a name that holds one."""
    if _makes_config(node):
        return True
    if isinstance(node, ast.Name | ast.Attribute) and _last_name(node) == _CLASS:
        return id(node) not in makers
    return isinstance(node, ast.Name) and node.id in held and isinstance(node.ctx, ast.Load)


def _hides(node: ast.AST) -> bool:
    """Whether it can stand for the SDK or its class under another name."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and "PULUMI_CONFIG" in node.value
    if isinstance(node, ast.alias):
        return node.name == "*" or (node.asname is not None and node.name in (_SDK, _CLASS))
    return False


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
