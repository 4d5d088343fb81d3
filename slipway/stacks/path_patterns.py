"""Paths as a program writes them, with `**` for each part that only a run knows.

A pattern that begins with HERE is taken from the folder of the file that it stands in, one that begins with
`**/` from any folder between the program's and the top, any other from where the program runs.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence

HERE = "@here"
ANY = "**"
STACK = "@stack"
"""Stands in a pattern for the name of the stack that runs."""
_LONGEST = 300
_BASES = frozenset(
    {"Path", "PurePath", "PosixPath", "PurePosixPath", "abspath", "str", "resolve", "absolute"}
)
_FILE = re.compile(r"[\w*@.-]*\.[A-Za-z][\w*]{0,9}$")
_NO_PATH = "\n\t<>|\"'`{}$ ;"


def folded(node: ast.AST, constants: Mapping[str, str]) -> str | None:  # noqa: PLR0911 - a case, an answer
    """The pattern of an expression; None where nothing of it is known.

    Args:
        node: an expression.
        constants: patterns of names.
    """
    match node:
        case ast.Constant(value=str(text)) if len(text) < _LONGEST:
            return text
        case ast.Name(id=name):
            return f"{HERE}/__file__" if name == "__file__" else constants.get(name)
        case ast.JoinedStr(values=parts):
            return _tidy("".join(_piece(part, constants) for part in parts))
        case ast.BinOp(left=left, op=ast.Div() | ast.Add(), right=right):
            known = folded(left, constants), folded(right, constants)
            between = "/" if isinstance(node.op, ast.Div) else ""
            return _tidy(f"{known[0] or ANY}{between}{known[1] or ANY}") if any(known) else None
        case ast.Attribute(attr="parent", value=inner):
            return _above(folded(inner, constants), 1)
        case ast.Subscript(
            value=ast.Attribute(attr="parents", value=inner), slice=ast.Constant(value=int(steps))
        ):
            return _above(folded(inner, constants), steps + 1)
        case ast.Call():
            return _called(node, constants)
        case _:
            return None


def _piece(part: ast.expr, constants: Mapping[str, str]) -> str:
    inner = part.value if isinstance(part, ast.FormattedValue) else part
    return folded(inner, constants) or ANY


def _called(node: ast.Call, constants: Mapping[str, str]) -> str | None:  # noqa: PLR0911 - likewise
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if name in ("join", "joinpath", "Path", "PurePath") and node.args:
        parts: list[ast.expr] = [*([owner] if name == "joinpath" and owner else []), *node.args]
        patterns = [folded(part, constants) for part in parts]
        return _tidy("/".join(part or ANY for part in patterns)) if any(patterns) else None
    if name == "dirname" and node.args:
        return _above(folded(node.args[0], constants), 1)
    if name == "iterdir" and owner is not None:
        base = folded(owner, constants)
        return f"{base}/*" if base else None
    if name in ("glob", "rglob") and owner is not None and node.args:
        base, rest = folded(owner, constants), folded(node.args[0], constants)
        inside = "**/" if name == "rglob" else ""
        return _tidy(f"{base}/{inside}{rest or ANY}") if base else None
    if name in ("cwd", "getcwd", "get_stack"):
        return STACK if name == "get_stack" else "."
    if name in _BASES:
        subject = node.args[0] if node.args else owner
        return folded(subject, constants) if subject is not None else "."
    return None


def _above(pattern: str | None, steps: int) -> str | None:
    if pattern is None:
        return None
    for _ in range(steps):
        pattern = posixpath.dirname(pattern) if pattern not in ("", HERE, ".") else f"{pattern or '.'}/.."
        pattern = pattern or "."
    return pattern


def _tidy(pattern: str) -> str | None:
    """None for what would name everything."""
    tidied = re.sub(r"\*{3,}", ANY, pattern)
    return None if not tidied.strip("*/. ") else tidied


def is_path(pattern: str, *, written: bool) -> bool:
    """Whether a text names files, and is no word for something else.

    Args:
        pattern: as `folded` has it.
        written: it stands where only a path can.
    """
    if len(pattern) > _LONGEST or any(sign in pattern for sign in _NO_PATH) or "://" in pattern:
        return False
    if not pattern.strip("*./") or pattern in (HERE, f"{HERE}/__file__"):
        return False
    return written or "/" in pattern or _FILE.search(pattern) is not None


def places(pattern: str, folders: Sequence[str], here: str) -> Iterator[str]:
    """The patterns from the repository's top that one may mean.

    Args:
        pattern: as `folded` has it.
        folders: where the program may run, from the top.
        here: the folder of the file that it stands in.
    """
    if pattern == HERE or pattern.startswith(f"{HERE}/"):
        yield from _inside(here, pattern.removeprefix(HERE).lstrip("/"))
        return
    bases = dict.fromkeys((*folders, here))
    for base in bases:
        yield from _inside(base, pattern)
    if pattern.startswith(f"{ANY}/"):
        rest = pattern.removeprefix(f"{ANY}/")
        for above in dict.fromkeys(above for base in bases for above in ancestors(base)):
            yield from _inside(above, rest)


def _inside(base: str, pattern: str) -> Iterator[str]:
    """None where it leads out of the repository."""
    joined = posixpath.normpath(posixpath.join(base, pattern)) if pattern else base
    if not joined.startswith(("..", "/")):
        yield "" if joined == "." else joined


def ancestors(folder: str) -> Iterator[str]:
    """A folder and those above it, up to the top, which is empty."""
    while True:
        yield folder
        if not folder:
            return
        folder = posixpath.dirname(folder)


def expression(pattern: str) -> re.Pattern[str]:
    """What matches the paths that a pattern means, and those below a folder that it means.

    `**/` is any number of folders, `*` anything but a slash, `?` one character.
    """
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(signs.get(part, re.escape(part)) for part in parts) + "(?:/.*)?")
