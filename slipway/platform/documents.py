"""Reads a YAML file and remembers where each of its keys stands, so that a mistake can be told with its line.

The one reader of YAML settings: the engine reads Pulumi's own files through it, and so does whoever asks what
a stack or a service is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from slipway.errors import SlipwayError

_KEYS = 200_000
"""Keys and items that a file may come to: by its aliases a short one can come to any number."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """The lines that a key and its value take, counted from 1, both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"line {self.first}" if self.first == self.last else f"lines {self.first} to {self.last}"


@dataclass(frozen=True, kw_only=True)
class Document:
    """One file: its values, and the span of every key by its dotted path (`network.zones.0`)."""

    file: str
    values: Mapping[str, Any]
    spans: Mapping[str, Span] = field(default_factory=dict[str, Span])

    def line(self, path: str) -> int:
        """The line of a key, or of the nearest one above it that is there; 0 where none is."""
        while path:
            if path in self.spans:
                return self.spans[path].first
            path = path.rpartition(".")[0]
        return 0

    def below(self, *path: str) -> "Document":
        """The same file seen from one of its keys; empty where there is no such block."""
        values: Any = self.values
        for key in path:
            values = cast(Mapping[str, Any], values).get(key) if isinstance(values, Mapping) else None
        prefix = "".join(f"{key}." for key in path)
        return Document(
            file=self.file,
            values=cast(Mapping[str, Any], values) if isinstance(values, Mapping) else {},
            spans={
                key.removeprefix(prefix): span for key, span in self.spans.items() if key.startswith(prefix)
            },
        )


def read(path: Path, file: str = "") -> Document:
    """Read a file whose top is a map of keys to values; an empty file is an empty map.

    Args:
        path: where it is.
        file: how messages name it; by default by its path.

    Raises:
        SlipwayError: it cannot be read, or it is no YAML, with the line.
    """
    file = file or str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SlipwayError(f"the file cannot be read: {error.strerror}", where=file) from error
    return parsed(content, file)


def parsed(content: bytes, file: str) -> Document:
    """What a file holds, wherever it was read from, as of an earlier revision.

    Args:
        content: the file's.
        file: how messages name it.

    Raises:
        SlipwayError: it is no YAML, with the line, or more of it than anybody writes.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SlipwayError("the file is no text in UTF-8", where=file) from error
    yaml: Any = YAML(typ="safe", pure=True)
    try:
        values: Any = yaml.load(text)
        node: Any = yaml.compose(text)
    except YAMLError as error:
        mark: Any = getattr(error, "problem_mark", None)
        if isinstance(error, DuplicateKeyError) and mark is not None:
            raise _twice(file, text, mark) from None
        line = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise SlipwayError(
            f"the file is not valid YAML: {problem}", where=f"{file}{line}", fix="correct the file"
        ) from None
    except RecursionError:
        raise _endless(file) from None
    if values is None:
        return Document(file=file, values={})
    if not isinstance(values, Mapping):
        raise SlipwayError("the file must be a map of keys to values", where=file)
    return Document(
        file=file,
        values={str(key): value for key, value in cast(Mapping[object, Any], values).items()},
        spans=_all_spans(node, file),
    )


def _all_spans(node: Any, file: str) -> dict[str, Span]:
    try:
        found = [*islice(_spans(node, ""), _KEYS + 1)]
    except RecursionError:  # an alias of what it stands in
        raise _endless(file) from None
    if len(found) > _KEYS:
        raise _endless(file)
    return dict(found)


def _endless(file: str) -> SlipwayError:
    return SlipwayError(
        f"the file is nested too deeply, or its aliases make more than {_KEYS} keys of it",
        where=file,
        fix="write out what its aliases stand for",
    )


def _twice(file: str, text: str, mark: Any) -> SlipwayError:
    """A key that stands twice in one block, with both of its lines."""
    yaml: Any = YAML(typ="safe", pure=True)
    nodes: list[Any] = [yaml.compose(text)]
    for node in nodes:
        first: dict[str, int] = {}
        for key, start, value in _items(node):
            if (start.line, start.column) == (mark.line, mark.column):
                return SlipwayError(
                    f"the key '{key}' stands twice, in line {first[key]} and in line {_line(start)}",
                    where=f"{file}:{_line(start)}",
                    fix="keep one of the two",
                )
            first.setdefault(key, _line(start))
            nodes.append(value)
    return SlipwayError("a key stands twice", where=f"{file}:{_line(mark)}", fix="keep one of the two")


def _spans(node: Any, prefix: str) -> Iterator[tuple[str, Span]]:
    """The span of every key and list item below a node. ruamel's nodes have no types, hence `Any`."""
    for key, mark, value in _items(node):
        path = f"{prefix}{key}"
        yield path, Span(first=_line(mark), last=_last_line(value))
        yield from _spans(value, f"{path}.")


def _items(node: Any) -> list[tuple[str, Any, Any]]:
    """What stands in a map or list: its key or index, where it begins, and its value."""
    if isinstance(node, MappingNode):
        pairs: Any = cast(Any, node).value
        plain = [(cast(Any, key), value) for key, value in pairs if isinstance(key, ScalarNode)]
        return [(key.value, key.start_mark, value) for key, value in plain]
    if isinstance(node, SequenceNode):
        items: Any = cast(Any, node).value
        return [(str(index), item.start_mark, item) for index, item in enumerate(items)]
    return []


def _last_line(node: Any) -> int:
    """The last line of a value: a block ends where its last value does, not where the next key begins."""
    items = _items(node)
    if items and not node.flow_style:
        return _last_line(items[-1][2])
    return max(_line(node.start_mark), _line(node.end_mark))


def _line(mark: Any) -> int:
    return int(mark.line) + 1
