"""A stack that is delivered, and the store of its plans: what every command of delivery begins with."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway.errors import SlipwayError
from slipway.platform.stack import Stack

if TYPE_CHECKING:
    from slipway.aws import AwsSession
    from slipway.stacks.log import Log
    from slipway.stacks.plan_stores import Connect, PlanStore
    from slipway.stacks.target import Target, Tree
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
    from slipway.stacks.target import find

    return place_at(find(root, stack), store)


def place_at(target: "Target", store: str) -> Place:
    """The same of a stack that was looked up already."""
    from slipway.stacks.plan_stores import open_store

    connect = connect_in(target.folder, target.stack)
    return Place(target, open_store(store or _address(target), target.top, connect=connect))


def connect_in(folder: Path, stack: str) -> "Connect | None":
    """In a rehearsal, as a stack's account on the project's own embedded cloud; else None, the real AWS.

    Args:
        folder: the top of a clone, or of a project in it.
        stack: whose account it is in a rehearsal.
    """
    from slipway.private_folder import rehearsed

    project_root = rehearsed(folder)
    if project_root is None:
        return None

    def connect(region: str) -> "AwsSession":
        from slipway import aws
        from slipway.localcloud import runtime
        from slipway.platform.reading import load

        return aws.connect(
            region, endpoint=runtime.require(project_root).aws, account=load(folder, stack).account
        )

    return connect


def store_of(tree: "Tree", store: str) -> "PlanStore":
    """The store of several stacks: of those on a stand-in the one beside their state.

    Raises:
        SlipwayError: they have different ones, it is not said where it is, or it cannot be opened.
    """
    from slipway.stacks.plan_stores import open_store

    folders = tree.folders or {}
    local = [folder for name, folder in folders.items() if name.endswith(f"/{Stack.LOCAL}")]
    beside = {*map(_beside, local)}
    if not store and local and (len(beside) > 1 or len(local) < len(folders)):
        raise SlipwayError(
            "a stack on a stand-in keeps its plans beside its state, and others do not",
            where=", ".join(sorted(folders)),
            fix="name it alone, or give --store ADDRESS",
        )
    address = store or (beside.pop() if beside else _said(tree))
    return open_store(address, tree.top, connect=connect_in(tree.top, Stack.AUTOMATION))


def has_store(target: "Target") -> bool:
    """Whether it is said where the stack's plans are."""
    return bool(target.store) or target.stack == Stack.LOCAL


def _address(target: "Target") -> str:
    """Where slipway.yaml says; of a stack on a stand-in, beside its state."""
    return _beside(target.folder) if target.stack == Stack.LOCAL else _said(target)


def _beside(folder: Path) -> str:
    from slipway.private_folder import private_folder

    return f"file://{private_folder(folder, make=True) / 'plans'}"


def _said(tree: "Target | Tree") -> str:
    if not tree.store:
        raise SlipwayError(
            "it is not said where plans are stored",
            where=str(tree.top / "slipway.yaml"),
            fix="add `store: s3://<bucket>`, or give --store file://<folder>",
        )
    return tree.store
