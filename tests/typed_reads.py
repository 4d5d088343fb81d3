"""Which attribute of which class is read somewhere in the sources, as far as annotations tell it.

A small reading of types: of parameters, fields, properties and what functions return. It knows mappings and
sequences by what is in them, and says nothing about what it cannot tell.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Type: TypeAlias = "str | Several | None"
"""The name of a class, what is inside of something, or None for what cannot be told."""
_WRAPPERS = {"Annotated", "Final", "ClassVar", "type", "Type"}
_PASSING = {"sorted", "tuple", "list", "set", "reversed", "iter", "frozenset"}


@dataclass(frozen=True)
class Several:
    """A mapping, by its keys and values, a sequence, by its items, or a tuple, by its parts."""

    item: Type
    key: Type = None
    mapping: bool = False
    parts: tuple[Type, ...] = ()


@dataclass
class _Class:
    bases: list[str]
    fields: dict[str, ast.expr] = field(default_factory=dict[str, ast.expr])
    """What its annotated fields, properties and methods are or return."""


def found_in(trees: Sequence[ast.Module]) -> set[tuple[str, str]]:
    """Classes and their attributes that these sources read."""
    reads = _Reads(trees)
    reads.look(trees)
    return reads.found


class _Reads:
    """A look at sources, one after another.

    Args:
        trees: of all the files in which classes and functions are defined.
    """

    def __init__(self, trees: Sequence[ast.Module]) -> None:
        self.found: set[tuple[str, str]] = set()
        self._classes: dict[str, _Class] = {}
        self._functions: dict[str, ast.expr] = {}
        self._aliases: dict[str, ast.expr] = {}
        self._kept: dict[tuple[str, str], Type] = {}
        """What methods put into attributes that have no annotation."""
        for tree in trees:
            self._define(tree)

    def _define(self, tree: ast.Module) -> None:
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.returns:
                self._functions[node.name] = node.returns
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self._aliases[node.targets[0].id] = node.value
            elif isinstance(node, ast.ClassDef):
                made = self._classes.setdefault(node.name, _Class([ast.unparse(base) for base in node.bases]))
                for part in node.body:
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                        made.fields[part.target.id] = part.annotation
                    elif isinstance(part, ast.FunctionDef) and part.returns:
                        made.fields[part.name] = part.returns

    def look(self, trees: Iterable[ast.Module]) -> None:
        """Note what is read in these sources."""
        for tree in trees:
            self._block(tree.body, {}, "")

    def _block(self, body: Sequence[ast.stmt], names: dict[str, Type], own: str) -> None:
        for statement in body:
            self._statement(statement, names, own)

    def _statement(self, node: ast.stmt, names: dict[str, Type], own: str) -> None:
        if isinstance(node, ast.ClassDef):
            self._block(node.body, dict(names), node.name)
        elif isinstance(node, ast.FunctionDef):
            self._function(node, names, own)
        elif isinstance(node, ast.Assign):
            value = self._type(node.value, names)
            for target in node.targets:
                self._bind(target, value, names, node.value)
                if own and isinstance(target, ast.Attribute):
                    self._kept.setdefault((own, target.attr), value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            self._type(node.value, names)
            names[node.target.id] = self._annotated(node.annotation)
        else:
            self._other(node, names, own)

    def _function(self, node: ast.FunctionDef, names: dict[str, Type], own: str) -> None:
        inner = dict(names)
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
            inner[argument.arg] = self._annotated(argument.annotation) if argument.annotation else None
        if own and node.args.args and node.args.args[0].arg == "self":
            inner["self"] = own
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            self._type(default, names)
        self._block(node.body, inner, own)

    def _other(self, node: ast.stmt, names: dict[str, Type], own: str) -> None:
        """Loops, conditions and the like, in the order in which they are written."""
        if isinstance(node, ast.For):
            self._bind(node.target, _inside(self._type(node.iter, names)), names)
        for _, value in ast.iter_fields(node):
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.stmt):
                    self._statement(part, names, own)
                elif isinstance(part, ast.expr):
                    self._type(part, names)
                elif isinstance(part, ast.match_case | ast.ExceptHandler):
                    self._block(part.body, names, own)
                elif isinstance(part, ast.withitem):
                    self._type(part.context_expr, names)

    def _bind(
        self, target: ast.expr, value: Type, names: dict[str, Type], given: ast.expr | None = None
    ) -> None:
        if isinstance(target, ast.Name):
            names[target.id] = value
        elif isinstance(target, ast.Tuple):
            several = isinstance(given, ast.Tuple) and len(given.elts) == len(target.elts)
            for index, element in enumerate(target.elts):
                part = self._type(given.elts[index], names) if several else _part(value, index)  # type: ignore[union-attr]
                self._bind(element, part, names)

    def _type(self, node: ast.expr | None, names: dict[str, Type]) -> Type:  # noqa: C901, PLR0911 - a line each
        """The type of an expression; notes what is read in it."""
        match node:
            case None:
                return None
            case ast.Name():
                return names.get(node.id)
            case ast.Attribute():
                of = self._type(node.value, names)
                return self._attribute(of, node.attr)
            case ast.Call():
                return self._call(node, names)
            case ast.Subscript():
                of = self._type(node.value, names)
                self._type(node.slice, names)
                return _inside(of) if not (isinstance(of, Several) and of.mapping) else of.item
            case ast.BoolOp():
                return _first(self._type(value, names) for value in node.values)
            case ast.IfExp():
                self._type(node.test, names)
                return _first([self._type(node.body, names), self._type(node.orelse, names)])
            case ast.NamedExpr():
                value = self._type(node.value, names)
                self._bind(node.target, value, names)
                return value
            case ast.GeneratorExp() | ast.ListComp() | ast.SetComp() | ast.DictComp():
                return self._comprehension(node, names)
            case ast.Lambda():
                self._type(node.body, dict(names))
                return None
            case _:
                parts = [
                    self._type(part, names)
                    for part in ast.iter_child_nodes(node)
                    if isinstance(part, ast.expr)
                ]
                inside = isinstance(node, ast.Tuple | ast.List | ast.Set)
                return Several(_first(parts)) if inside else None

    def _comprehension(
        self, node: ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp, names: dict[str, Type]
    ) -> Type:
        inner = dict(names)
        for generator in node.generators:
            self._bind(generator.target, _inside(self._type(generator.iter, inner)), inner)
            for condition in generator.ifs:
                self._type(condition, inner)
        if isinstance(node, ast.DictComp):
            return Several(self._type(node.value, inner), self._type(node.key, inner), mapping=True)
        return Several(self._type(node.elt, inner))

    def _call(self, node: ast.Call, names: dict[str, Type]) -> Type:
        given = [self._type(argument, names) for argument in node.args]
        for keyword in node.keywords:
            self._type(keyword.value, names)
        if isinstance(node.func, ast.Attribute):
            return self._method(self._type(node.func.value, names), node.func.attr)
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in self._classes:
            return name
        if name in _PASSING:
            return _first(given)
        return self._returned(name)

    def _method(self, of: Type, name: str) -> Type:
        if isinstance(of, str):
            return self._attribute(of, name)
        if not isinstance(of, Several) or not of.mapping:
            return self._returned(name)  # of a module
        if name == "items":
            return Several(Several(None, parts=(of.key, of.item)))
        return Several(of.item) if name == "values" else of.item

    def _returned(self, function: str) -> Type:
        return self._annotated(self._functions[function]) if function in self._functions else None

    def _attribute(self, of: Type, name: str) -> Type:
        if not isinstance(of, str):
            return None
        self.found.add((of, name))
        if (of, name) in self._kept:
            return self._kept[of, name]
        for cls in self._lineage(of):
            if name in self._classes[cls].fields:
                self.found.add((cls, name))
                return self._annotated(self._classes[cls].fields[name])
        return None

    def _lineage(self, name: str) -> Iterator[str]:
        if name in self._classes:
            yield name
            for base in self._classes[name].bases:
                yield from self._lineage(base)

    def _annotated(self, node: ast.expr) -> Type:  # noqa: PLR0911 - a line each
        """The type that an annotation names."""
        match node:
            case ast.Constant(value=str()) if node.value in self._classes:
                return node.value
            case ast.Name():
                if node.id in self._classes:
                    return node.id
                alias = self._aliases.get(node.id)
                return self._annotated(alias) if isinstance(alias, ast.Subscript | ast.BinOp) else None
            case ast.Attribute():
                return node.attr if node.attr in self._classes else None
            case ast.BinOp():
                return _first([self._annotated(node.left), self._annotated(node.right)])
            case ast.Subscript():
                name = ast.unparse(node.value)
                parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                if name in _WRAPPERS:
                    return self._annotated(parts[0])
                if name in {"dict", "Mapping"} and len(parts) == 2:
                    return Several(self._annotated(parts[1]), self._annotated(parts[0]), mapping=True)
                return Several(_first(self._annotated(part) for part in parts))
            case _:
                return None


def _inside(of: Type) -> Type:
    if not isinstance(of, Several):
        return None
    return of.key if of.mapping else of.item


def _part(value: Type, index: int) -> Type:
    if not isinstance(value, Several):
        return None
    return value.parts[index] if index < len(value.parts) else value.item


def _first(types: Iterable[Type]) -> Type:
    """Of several possible types the first that can be told; all are looked at."""
    return next((found for found in list(types) if found is not None), None)
