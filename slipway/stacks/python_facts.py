"""What one Python file says about what its program is made of: modules, files and keys that it names.

Pure: from the text alone. What cannot be told counts as everything (`opaque`, `everything`, `keys` None), so
that a change is never missed; what is told exactly keeps a stack out of changes that do not concern it.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import TypedDict

from slipway.stacks.path_patterns import ANY, folded, is_path
from slipway.stacks.python_config import config_keys

READERS = frozenset({"open", "FileAsset", "FileArchive", "listdir", "scandir", "walk", "read_file"})
"""Functions whose first argument is what they read."""
_METHODS = frozenset({"read_text", "read_bytes", "glob", "rglob", "iterdir", "open"})
"""Methods that read what they are called on."""
_LISTS = frozenset({"glob", "rglob", "iterdir"})
_OPAQUE = frozenset({"subprocess", "os.system", "os.popen", "exec", "eval", "zipimport", "shutil", "ctypes"})
"""What can read any file without naming it here."""
OWN_NAME = "@name"
_BY_NAME = frozenset({"import_module", "__import__"})
"""Functions that import the module whose name they are given."""
_EVERYTHING = frozenset({"runpy", "imp", "spec_from_file_location", "entry_points", "walk_packages"})
"""What imports modules whose names are not written down."""
_SEEN = frozenset({"inspect", "linecache", "pulumi.dynamic", "ResourceProvider", "dill", "cloudpickle"})
"""What sees the text of a program or its line numbers: a dynamic provider is serialised, for one."""
_TEXTS = (ast.Constant, ast.JoinedStr, ast.BinOp, ast.Call)
_PATH_ARGUMENTS = frozenset(
    {
        "path",
        "file",
        "chart",
        "context",
        "directory",
        "folder",
        "source",
        "code",
        "root",
        "dockerfile",
        "build",
    }
)
"""Arguments that are paths wherever programs call something of theirs so."""
_WORD_LENGTH = 80


class PythonFacts(TypedDict):
    """Facts of a file; plain values, because they are kept as JSON.

    Keys:
        digest: of what the file says, comments and layout apart.
        seen: the program looks at its own text, so that comments count.
        imports: level, module and names of each import that can run.
        everything: it imports modules that it does not name.
        moves: it changes where modules are looked for.
        paths: patterns of paths that it names (see `path_patterns`).
        opaque: it reads files that it does not name.
        keys: of the project's configuration, those it can read; None if that cannot be told.
        words: texts that can be a stack's or a project's name, or a key.
        refers: it reads outputs of other stacks.
    """

    digest: str
    seen: bool
    imports: list[tuple[int, str, list[str]]]
    everything: bool
    moves: bool
    paths: list[str]
    opaque: bool
    keys: list[str] | None
    words: list[str]
    refers: bool


def python_facts(content: bytes) -> PythonFacts:
    """The facts of a file; of one that is no Python, only that it counts as it is."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        raw = hashlib.sha256(content).hexdigest()
        return PythonFacts(
            digest=raw,
            seen=True,
            imports=[],
            everything=True,
            moves=True,
            paths=[],
            opaque=True,
            keys=None,
            words=[],
            refers=False,
        )
    nodes = list(_running(tree))
    names = {name for node in nodes for name in _named(node)}
    constants = _constants(tree)
    paths, opaque = _paths(nodes, constants)
    return PythonFacts(
        digest=hashlib.sha256(ast.dump(tree).encode(errors="surrogatepass")).hexdigest(),
        seen=bool(names & _SEEN),
        imports=[found for node in nodes for found in _imports(node, constants)],
        everything=_imports_unnamed(nodes, names, constants),
        moves=_moves_imports(nodes),
        paths=sorted(paths),
        opaque=opaque or bool(names & _OPAQUE),
        keys=config_keys(nodes, names),
        words=_words(nodes, constants),
        refers="StackReference" in names,
    )


def _words(nodes: list[ast.AST], constants: Mapping[str, str]) -> list[str]:
    texts = (folded(node, constants) for node in nodes if isinstance(node, _TEXTS))
    return sorted(
        {text for text in texts if text and len(text) <= _WORD_LENGTH and not re.search(r"\s", text)}
    )


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node that can run: none below `if TYPE_CHECKING:`, and no text that stands alone."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and _last_name(node.test) == "TYPE_CHECKING":
            waiting.extend(node.orelse)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            waiting.extend(ast.iter_child_nodes(node))


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _named(node: ast.AST) -> Iterator[str]:
    """The names that a node uses, a module's with what is taken of it."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
        if isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"
    elif isinstance(node, ast.Import):
        yield from (part for name in node.names for part in (name.name, *name.name.split(".")))
    elif isinstance(node, ast.ImportFrom):
        yield from (node.module or "", *(node.module or "").split("."))
        for name in node.names:
            yield name.name
            yield f"{node.module}.{name.name}"


def _imports(node: ast.AST, constants: Mapping[str, str]) -> Iterator[tuple[int, str, list[str]]]:
    if isinstance(node, ast.Import):
        yield from ((0, name.name, []) for name in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.level, node.module or "", [name.name for name in node.names]
    elif found := _modules_by_name(node, constants):
        yield found


def _modules_by_name(node: ast.AST, constants: Mapping[str, str]) -> tuple[int, str, list[str]] | None:
    """What a call imports by a name that is written, but for its last part; None if it is no such call."""
    if not (isinstance(node, ast.Call) and _last_name(node.func) in _BY_NAME and len(node.args) == 1):
        return None
    name = folded(node.args[0], {**constants, "__name__": OWN_NAME, "__package__": OWN_NAME}) or ""
    if name == f"{OWN_NAME}.{ANY}":
        return 1, "", ["*"]
    written = re.fullmatch(r"(\w+(?:\.\w+)*)(\.\*\*)?", name)
    return (0, written[1], ["*"] if written[2] else []) if written else None


def _imports_unnamed(nodes: list[ast.AST], names: set[str], constants: Mapping[str, str]) -> bool:
    if names & _EVERYTHING:
        return True
    written = sum(_modules_by_name(node, constants) is not None for node in nodes)
    return written < sum(
        isinstance(node, ast.Name | ast.Attribute) and _last_name(node) in _BY_NAME for node in nodes
    )


def _moves_imports(nodes: list[ast.AST]) -> bool:
    """Whether it changes where modules are looked for, or may."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in ("path", "meta_path", "path_hooks", "modules")
        and _last_name(node.value) == "sys"
        for node in nodes
    )


def _constants(tree: ast.Module) -> dict[str, str]:
    """By name, the paths of names that get one value in all of the module."""
    stored: dict[str, int] = {}
    given: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            stored[node.id] = stored.get(node.id, 0) + 1
        elif isinstance(node, ast.arg | ast.alias):
            name = node.arg if isinstance(node, ast.arg) else node.asname or node.name
            stored[name] = stored.get(name, 0) + 2
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            given |= {target.id: node.value for target in targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.For | ast.comprehension) and (listing := _listing(node.iter)):
            given |= {node.target.id: listing} if isinstance(node.target, ast.Name) else {}
    found: dict[str, str] = {}
    for name, value in given.items():
        pattern = folded(value, found) if stored.get(name) == 1 else None
        if pattern is not None:
            found[name] = pattern
    return found


def _listing(node: ast.expr) -> ast.expr | None:
    """The call that lists files, where something goes through them one by one."""
    if isinstance(node, ast.Call) and _last_name(node.func) in ("sorted", "list") and node.args:
        node = node.args[0]
    return node if isinstance(node, ast.Call) and _last_name(node.func) in _LISTS else None


def _paths(nodes: list[ast.AST], constants: Mapping[str, str]) -> tuple[set[str], bool]:
    """The patterns of paths that are named, and whether something is read that is not."""
    paths: set[str] = set()
    opaque = False
    inner: set[int] = set()
    for node in nodes:  # what is around an expression comes before it
        found = folded(node, constants) if isinstance(node, _TEXTS) and id(node) not in inner else None
        if found is not None and is_path(found, written=_is_written_as_path(node)):
            paths.add(found)
            inner.update(id(part) for part in _folded_parts(node))
        if isinstance(node, ast.keyword) and node.arg in _PATH_ARGUMENTS:
            given = folded(node.value, constants)
            if given is not None and is_path(given, written=True):
                paths.add(given)
        subject = _read_subject(node) if isinstance(node, ast.Call) else None
        if subject is not None:
            read = folded(subject, constants)
            if read is None or not read.strip("*/"):
                opaque = True
            else:
                paths.add(read)
    return paths, opaque


def _folded_parts(node: ast.AST) -> Iterator[ast.AST]:
    """What the path of an expression is put together of, and names none by itself; no arguments of calls."""
    if isinstance(node, ast.BinOp):
        for side in (node.left, node.right):
            yield side
            yield from _folded_parts(side)
    elif isinstance(node, ast.JoinedStr):
        yield from node.values
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield node.func.value
        yield from _folded_parts(node.func.value)


def _is_written_as_path(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div))


def _read_subject(node: ast.Call) -> ast.expr | None:
    """What a call reads; None if it reads no file."""
    name = _last_name(node.func)
    if isinstance(node.func, ast.Attribute) and name in _METHODS:
        # `glob.glob(pattern)` and `os.open(path)` are functions of modules.
        of_module = isinstance(node.func.value, ast.Name) and node.func.value.id in ("glob", "os", "io")
        if not of_module:
            return node.func.value
        return node.args[0] if node.args else None
    if name in READERS:
        keywords = [word.value for word in node.keywords if word.arg in ("file", "path")]
        return next(iter([*node.args, *keywords]), None)
    return None
