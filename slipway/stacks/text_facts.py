"""What a file in another language says about what its program is made of; and a stack's file by key.

Pure: from the text alone, and without a parser of each language. What names a path that leads out of a folder
does so with `..` in every one of them; what is reached otherwise stands in manifests of package managers.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, TypedDict, cast

_LARGEST = 2_000_000
_RELATIVE = re.compile(r"(?:\.\.[/\\])+[\w@.*/\\-]*|\.\.(?=[\"'`\s),\]}]|$)")
_QUOTED = re.compile(r"[\"'`]([^\"'`\n]{1,200})[\"'`]")
_SCRIPTS = (".ts", ".tsx", ".js", ".mts", ".cts", ".mjs", ".cjs")
_ALIAS = re.compile(r"\"([^\"\n]+)\"\s*:\s*\[((?:\s*\"[^\"\n]+\"\s*,?)+)\s*\]")
_REFERENCE = re.compile(r"(?:[\w.-]+/)?[\w.-]+/(?:[\w.-]|\$?\{[^}\n]*\}|%\w)*")
_REFERS = re.compile(r"stack-?reference", re.IGNORECASE)
_DOCUMENTS = re.compile(r"readme|changelog|license", re.IGNORECASE)


class TextFacts(TypedDict):
    """Facts of a file; plain values, because they are kept as JSON.

    Keys:
        digest: of what the file says; comments apart where they can be told safely.
        relative: paths that lead upwards, as they are written.
        packages: what is imported or required by name.
        name: of a manifest, the package's own name.
        aliases: of a manifest, paths from its folder by the name under which they are found; `*` ends both.
        embeds: it takes files in by a pattern.
        refers: it reads outputs of other stacks.
        words: of a file that does, what can name those; of any, what can.
        documents: it names files that are otherwise only for people.
    """

    digest: str
    relative: list[str]
    packages: list[str]
    name: str
    aliases: dict[str, list[str]]
    embeds: bool
    refers: bool
    words: list[str]
    documents: bool


class StackFacts(TypedDict):
    """A stack's file: a digest by key of its `config`, of the rest, and what can name other stacks."""

    keys: dict[str, str]
    rest: str
    relative: list[str]
    words: list[str]


def text_facts(path: str, content: bytes) -> TextFacts:
    """The facts of a file.

    Args:
        path: for its kind.
        content: of it.
    """
    name = path.rpartition("/")[2]
    text = "" if len(content) > _LARGEST or b"\0" in content else content.decode(errors="replace")
    digested = _without_comments(name, text).encode() if text else content
    package, packages, aliases = _package(name, text)
    return TextFacts(
        digest=hashlib.sha256(digested).hexdigest(),
        relative=relative(text),
        packages=sorted(packages),
        name=package,
        aliases=aliases,
        embeds="go:embed" in text,
        refers=_REFERS.search(text) is not None,
        words=references(text),
        documents=_DOCUMENTS.search(text) is not None and not is_document(path),
    )


def is_document(path: str) -> bool:
    """Whether a file is for people, and part of a program only where that names it."""
    name = path.rpartition("/")[2]
    return _DOCUMENTS.match(name) is not None or name in (".gitignore", ".editorconfig", ".gitattributes")


def relative(text: str) -> list[str]:
    """Paths that lead upwards."""
    return sorted({found.replace("\\", "/") for found in _RELATIVE.findall(text)})


def references(text: str) -> list[str]:
    """Words with a slash that can name a stack of another project, `[organization/]project/stack`."""
    return sorted(
        {found for found in _REFERENCE.findall(text) if found.count("/") <= 2 and ".." not in found}
    )


def _without_comments(name: str, text: str) -> str:
    """The text without whole lines of comment, where no such line can be part of a program's own texts."""
    if name.endswith(".go") and "`" not in text and "/*" not in text and 'import "C"' not in text:
        kept = re.compile(r"\s*//(?!go:|\s*\+build)")
    elif name.endswith(_SCRIPTS) and not re.search(r"`|/\*|\\$", text, re.MULTILINE):
        kept = re.compile(r"\s*//(?!.*@ts-|\s*<reference|/)")
    else:
        return text
    return "\n".join(line for line in text.split("\n") if not kept.match(line))


Package = tuple[str, set[str], dict[str, list[str]]]


def _package(name: str, text: str) -> Package:
    """Of a file: its package's name, the packages that it uses, and paths that names lead to."""
    if name == "package.json":
        return _node_package(text)
    if name == "go.mod":
        own = re.search(r"^module\s+(\S+)", text, re.MULTILINE)
        replaced = re.findall(r"(\S+)(?:\s+v\S+)?\s+=>\s+(\./\S+)", text)
        return (own[1] if own else ""), set(), {name: [path] for name, path in replaced}
    if name.endswith((".go", *_SCRIPTS)):
        return "", {found for found in _QUOTED.findall(text) if " " not in found}, {}
    if re.fullmatch(r"[tj]sconfig.*\.json", name):
        return "", set(), {key: _QUOTED.findall(paths) for key, paths in _ALIAS.findall(text)}
    return "", set(), {}


def _node_package(text: str) -> Package:
    try:
        read: Any = json.loads(text)
    except ValueError:
        return "", set(), {}
    manifest = cast(Mapping[str, Any], read if isinstance(read, dict) else {})
    used: dict[str, Any] = {}
    for kind in ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies"):
        block = manifest.get(kind)
        used |= cast(dict[str, Any], block) if isinstance(block, dict) else {}
    local = {
        name: [str(version).partition(":")[2]]
        for name, version in used.items()
        if str(version).startswith(("file:", "link:", "portal:"))
    }
    return str(manifest.get("name") or ""), set(used), local


_TOP = re.compile(r"(?P<quote>[\"']?)(?P<key>[\w-]+)(?P=quote):(?=\s|$)")
_KEY = re.compile(r"(?P<indent> +)(?P<quote>[\"']?)(?P<key>[^\s\"'#][^\s\"']*?)(?P=quote):(?=\s|$)")
_NOT_SIMPLE = re.compile(r"[&*!|>%`\t]|<<|---|\.\.\.")


def stack_facts(content: bytes) -> StackFacts:
    """A stack's file by key, read without a YAML parser, because there are many thousands of them.

    A file that is more than plain blocks, lists and texts of one line counts as one piece.
    """
    text = content.decode(errors="replace").replace("\r\n", "\n")
    keys, rest = _segments(text)
    return StackFacts(
        keys={key: _short(part) for key, part in keys.items()},
        rest=_short(rest),
        relative=relative(text),
        words=references(text),
    )


def _segments(text: str) -> tuple[dict[str, str], str]:
    lines = [line.rstrip() for line in text.split("\n")]
    lines = [line for line in lines if line and not line.lstrip().startswith("#")]
    if any(_NOT_SIMPLE.search(line) or line.count('"') % 2 or line.count("'") % 2 for line in lines):
        return {}, text
    keys: dict[str, list[str]] = {}
    rest: list[str] = []
    block, indent, current = "", "", rest
    for line in lines:
        top, key = _TOP.match(line), _KEY.match(line)
        if top:
            block, indent, current = top["key"], "", rest
        elif not line.startswith(" "):
            return {}, text
        elif block == "config" and key and key["indent"] == (indent or key["indent"]):
            indent, current = key["indent"], keys.setdefault(key["key"], [])
            if current:  # a key that stands twice
                return {}, text
        elif block == "config" and not _goes_on(line, indent, at_key=current is not rest):
            return {}, text
        current.append(line)
    return {key: "\n".join(part) for key, part in keys.items()}, "\n".join(rest)


def _goes_on(line: str, indent: str, *, at_key: bool) -> bool:
    """Whether a line belongs to the key before it. A list may stand as deep as its key does."""
    return line.startswith(f"{indent} ") or (at_key and line.startswith(f"{indent}- "))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
