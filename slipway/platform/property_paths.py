"""Pulumi's property paths, ``a.b[0]["c.d"]``, as segments: compared by these, never by their letters.

Source: sdk/go/common/resource/property_path.go; what follows a ``#`` is of `slipway.engine.diffs`.
"""

import json
import re

_SEGMENT = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|\.?([^.\[#]+)|(#)')
_PLAIN_KEY = re.compile(r"[A-Za-z_$][\w$-]*")
PropertyPath = tuple[str | int, ...]
INSIDE = -1
"""The segment for the JSON document that a string holds, ``#`` in a path."""


def parse(path: str) -> PropertyPath:
    """The segments of a path: names and list indexes. ``*`` stands for any of them.

    A path of the JSON document in a string property ends where the document begins, at ``#``.
    """
    segments = parse_through(path)
    return segments[: segments.index(INSIDE)] if INSIDE in segments else segments


def parse_through(path: str) -> PropertyPath:
    """`parse`, but on into the JSON document in a string property: the opposite of `render`."""
    segments: list[str | int] = []
    for quoted, index, key, inside in _SEGMENT.findall(path):
        if inside:
            segments.append(INSIDE)
        elif index:
            segments.append(int(index) if index.isdigit() else "*")
        else:
            segments.append(json.loads(f'"{quoted}"') if quoted else key)
    return tuple(segments)


def render(path: PropertyPath) -> str:
    """The path as Pulumi writes it; a name with other characters than an identifier's is quoted."""
    text = ""
    for segment in path:
        if segment == INSIDE:
            text += "#"
        elif isinstance(segment, int):
            text += f"[{segment}]"
        elif not _PLAIN_KEY.fullmatch(segment):
            text += f"[{json.dumps(segment)}]"
        else:
            text += f".{segment}" if text and not text.endswith("#") else segment
    return text


def covers(pattern: PropertyPath, path: PropertyPath) -> bool:
    """Whether `pattern` names `path` or something above it."""
    return len(pattern) <= len(path) and all(
        want in ("*", have) for want, have in zip(pattern, path, strict=False)
    )
