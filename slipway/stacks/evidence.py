"""What each stack of a tree is made of: a digest by part, and one of all of them.

Of contents and not of commits, so that a squash, a rebase or a merge queue changes nothing. Where it cannot
be told what a program reads, all in its folder counts, unless slipway.yaml (`paths`) tells. What a plan saw a
program open beside that, it warns of (`slipway.stacks.unseen`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from slipway.stacks.knowledge import Knowledge


@dataclass(frozen=True)
class Program:
    """What all stacks of a project have in common.

    Attributes:
        project: its name.
        parts: a digest by path of a file.
        keys: of the project's configuration, those that can be read; None for all.
        words: texts that can name other stacks.
        refers: it reads outputs of other stacks.
        opaque: it may read files that a stack's configuration names.
        of_stack: patterns of paths with STACK in place of a stack's name, from the repository's top.
    """

    project: str
    parts: Mapping[str, str]
    keys: frozenset[str] | None
    words: frozenset[str]
    refers: bool
    opaque: bool
    of_stack: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Of all parts."""
        return digest_of(self.parts)


@dataclass(frozen=True)
class Evidence:
    """What one stack is made of.

    Attributes:
        stack: its id, project/stack.
        program: what it shares with the other stacks of its project.
        own: a digest by part of what is its own, its configuration apart.
        file: its file; `blob`: the id of that file's contents.
        upstreams: the stacks that it needs or reads outputs of, sorted.
    """

    stack: str
    program: Program
    own: Mapping[str, str]
    file: str
    blob: str
    upstreams: tuple[str, ...]
    configured: Configured

    @cached_property
    def configuration(self) -> Mapping[str, str]:
        """A digest by key of what can be read of its configuration."""
        return self.configured.of(self.program, self.file, self.blob)

    @property
    def parts(self) -> dict[str, str]:
        """A digest by part: a path, or a path and a key of it."""
        return {**self.program.parts, **self.own, **self.configuration}

    @cached_property
    def sources(self) -> str:
        """The digest of all but its configuration: whoever knows that decrypted compares it by its values."""
        return hashlib.sha256(f"{self.program.digest} {digest_of(self.own)}".encode()).hexdigest()

    @cached_property
    def digest(self) -> str:
        """The digest of all that it is made of. Of its upstreams only their names count."""
        named = {**self.configuration, **{f"needs {name}": "" for name in self.upstreams}}
        return hashlib.sha256(f"{self.sources} {digest_of(named)}".encode()).hexdigest()

    def same(self, other: Evidence) -> bool:
        """Whether both are made of the same; told without reading what is identical."""
        return (
            self.upstreams == other.upstreams
            and (self.program is other.program or self.program.parts == other.program.parts)
            and self.own == other.own
            and (
                (
                    self.blob == other.blob
                    and self.file == other.file
                    and self.program.keys == other.program.keys
                )
                or self.configuration == other.configuration
            )
        )


def digest_of(parts: Mapping[str, str]) -> str:
    """The digest of parts, whatever their order."""
    named = hashlib.sha256()
    for name, digest in sorted(parts.items()):
        named.update(f"{name}\0{digest}\0".encode(errors="surrogateescape"))
    return named.hexdigest()


class Configured:
    """Reads of stacks' files what their programs can."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge

    def of(self, program: Program, file: str, blob: str) -> dict[str, str]:
        """A digest by key, and one of what stands beside `config`."""
        facts = self._knowledge.stack(blob)
        named = {
            f"{file}: {key}": digest
            for key, digest in facts["keys"].items()
            if can_read(program.project, program.keys, key)
        }
        return {**named, file: facts["rest"]}


def can_read(project: str, keys: frozenset[str] | None, key: str) -> bool:
    """Whether a program can read a key: of its own namespace what it names, of others all, for providers."""
    namespace, _, name = key.rpartition(":")
    return keys is None or namespace not in ("", project) or name in keys
