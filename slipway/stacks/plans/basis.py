"""What a plan was made from, by names and digests, and what of it has changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar, Final

from slipway.engine import documents

Digests = Mapping[str, str]
"""A digest by name. Of what may be a secret it is keyed, so that it tells nothing to who lacks the key."""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """All that a plan depends on beside the world itself.

    Attributes:
        evidence: files and other parts that the stack is made of, the lock file among them; not a commit,
            so that a squash, a rebase or somebody else's commit changes nothing.
        config: each key of the stack's configuration, keyed.
        upstreams: each output of other stacks that the stack refers to, as `stack: output`, keyed.
        environment: each environment variable that the program was declared to read, keyed.
        tools: what runs the program, and this command, by version.
        plugins: what the program's resources are made with, by version.
        state: what the stack's state says, keyed; under the one name `resources`.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    evidence: Digests = field(default_factory=dict[str, str])
    config: Digests = field(default_factory=dict[str, str])
    upstreams: Digests = field(default_factory=dict[str, str])
    environment: Digests = field(default_factory=dict[str, str])
    tools: Digests = field(default_factory=dict[str, str])
    plugins: Digests = field(default_factory=dict[str, str])
    state: Digests = field(default_factory=dict[str, str])


_NAMED: Final = {
    "evidence": "",
    "config": "the configuration's ",
    "upstreams": "the output of another stack, ",
    "environment": "the environment variable ",
    "tools": "the version of ",
    "plugins": "the version of the plugin ",
    "state": "the state of the stack's ",
}
VERSIONS: Final = frozenset({"tools", "plugins"})
"""Whose digests are what they stand for, and may be shown."""


def changes(then: Basis, now: Basis) -> Iterator[str]:
    """Each part that has changed, came or went; without any value, except of versions."""
    for kind in (item.name for item in fields(Basis)):
        before: Digests = getattr(then, kind)
        after: Digests = getattr(now, kind)
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                yield f"{_NAMED[kind]}{name} {_how(kind, before.get(name), after.get(name))}"


def _how(kind: str, before: str | None, after: str | None) -> str:
    if before is None:
        return "is new"
    if after is None:
        return "is gone"
    return f"was {before}, and is {after}" if kind in VERSIONS else "has changed"
