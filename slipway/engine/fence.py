"""The fence around stacks that run on a stand-in: what one is, and where its stacks keep their state."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from slipway.engine.urn import ORGANIZATION
from slipway.errors import SlipwayError
from slipway.platform.loopback import is_loopback
from slipway.private_folder import private_folder

ENDPOINTS: Final = "slipway:endpoints"
_STACK: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
"""Source: sdk/go/common/tokens/names.go (Pulumi v3.260)."""


@dataclass(frozen=True)
class Fence:
    """The stand-in that a stack runs on instead of a cloud.

    Args:
        endpoints: a name to the URL where it answers. None for a stand-in within this process.

    Raises:
        SlipwayError: one of them is not on this machine.
    """

    endpoints: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        for name, url in self.endpoints.items():
            if not is_loopback(url):
                raise SlipwayError(
                    f"the endpoint of {name!r} is not on this machine, so it is no stand-in",
                    where=url,
                    fix="a stack that runs on a stand-in accepts loopback addresses only",
                )

    @property
    def config(self) -> dict[str, str]:
        """How the program gets to know of it: configuration that no file may have."""
        return {ENDPOINTS: json.dumps(dict(self.endpoints))} if self.endpoints else {}


@dataclass(frozen=True)
class Home:
    """Where the stacks of one stand-in keep what belongs to them, whatever project they are of.

    Stacks refer to each other within one home.

    Attributes:
        root: the folder of the project that the stand-in belongs to; what is kept lies in its ``.slipway``.
        own: that project, whose states lie there directly; those of others have folders of their own.
    """

    root: Path
    own: str

    @property
    def folder(self) -> Path:
        return private_folder(self.root)

    def states(self, project: str) -> Path:
        """The embedded engine's folder for the states of a project."""
        states = self.folder / "state"
        return states if project == self.own else states / project

    def pulumi(self, project: str) -> Path:
        """The project folder that the Pulumi CLI runs in."""
        folder = self.folder / "pulumi"
        return folder if project == self.own else folder / "projects" / project


def require_name(stack: str) -> str:
    """A stack's name as Pulumi accepts it, which is safe as a file's name too.

    Raises:
        SlipwayError: it is none.
    """
    if not _STACK.fullmatch(stack) or stack in (".", ".."):
        raise SlipwayError(
            f"{stack!r} is no name for a stack", fix="letters, digits, '.', '_' and '-', at most 100 of them"
        )
    return stack


def referred(name: str, project: str) -> tuple[str, str]:
    """Project and stack that a stack reference names.

    ``stack``, ``organization/stack`` or ``organization/project/stack``, as Pulumi's own file backend has it:
    pkg/backend/diy/backend.go (v3.260).

    Raises:
        SlipwayError: it is no such name.
    """
    *owner, stack = name.split("/")
    if len(owner) > 2 or (owner and owner[0] != ORGANIZATION):
        raise SlipwayError(
            f"{name!r} names no stack of this machine",
            fix=f"write it as 'stack', or as '{ORGANIZATION}/project/stack'",
        )
    return require_name(owner[1] if len(owner) > 1 else project), require_name(stack)
