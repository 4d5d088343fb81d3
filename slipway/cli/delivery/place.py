"""A stack that is delivered, and the store of its plans: what every command of delivery begins with."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway.errors import SlipwayError
from slipway.platform.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway.aws import AwsSession
    from slipway.stacks.log import Log
    from slipway.stacks.plan_stores import PlanStore
    from slipway.stacks.target import Target
    from slipway.store import Leases

_STACK = "of this project, or of any project of the repository as project/stack."
STACK = Annotated[str, typer.Argument(help=f"A stack {_STACK}")]
STACKS = Annotated[list[str], typer.Argument(metavar="STACK...", help=f"Stacks {_STACK}")]
STORE = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS",
        envvar="SLIPWAY_STORE",
        help="Where plans are, in place of `store` in slipway.yaml: s3://… or file://….",
    ),
]


@dataclass(frozen=True)
class Place:
    """A stack, and the store of its plans."""

    target: "Target"
    opened: "PlanStore"

    def log(self, leases: "Leases | None" = None) -> "Log":
        """The stack's record; with leases of the same store, where it is to be written."""
        from slipway.stacks.log import Log
        from slipway.store import Leases

        store = self.opened.store
        return Log(store, leases or Leases(store), self.target.project, self.target.stack)


def place_of(root: Path, stack: str, store: str) -> Place:
    """Raises SlipwayError: no such stack, or no store that could be opened."""
    from slipway.stacks.plan_stores import open_store
    from slipway.stacks.target import find

    target = find(root, stack)
    return Place(target, open_store(store or _address(target), target.top, connect=_connect(target)))


def _connect(target: "Target") -> "Callable[[str], AwsSession] | None":
    """In a rehearsal, as the stack's account on the project's own embedded cloud; else None, the real AWS."""
    from slipway import aws
    from slipway.localcloud import runtime
    from slipway.platform.reading import load
    from slipway.private_folder import rehearsed

    project_root = rehearsed(target.folder)
    if project_root is None:
        return None
    cloud, account = runtime.require(project_root), load(target.folder, target.stack).account
    return lambda region: aws.connect(region, endpoint=cloud.aws, account=account)


def _address(target: "Target") -> str:
    """Where slipway.yaml says; of a stack on a stand-in, beside its state."""
    from slipway.private_folder import private_folder

    if target.stack == Stack.LOCAL:
        return f"file://{private_folder(target.folder, make=True) / 'plans'}"
    if not target.store:
        raise SlipwayError(
            "it is not said where plans are stored",
            where=str(target.top / "slipway.yaml"),
            fix="add `store: s3://<bucket>`, or give --store file://<folder>",
        )
    return target.store
