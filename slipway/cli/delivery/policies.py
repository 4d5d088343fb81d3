"""Policy packs of Pulumi: a plan is held to them, and so is the apply of it."""

# ruff: noqa: PLC0415 - what a command needs is imported when it runs: no other command pays for it
from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.cli.stacks import ENGINE, opened
from slipway.errors import SlipwayError

if TYPE_CHECKING:
    from slipway.cli.session import Session
    from slipway.stacks.target import Target


def packs_of(target: Target, given: Collection[Path]) -> tuple[str, ...]:
    """Policy packs as a plan names them: from the top of the repository, where an apply finds them too.

    Raises:
        SlipwayError: one is not in the repository.
    """
    top = target.top.resolve()
    for pack in given:
        if not pack.resolve().is_relative_to(top) or not (pack / "PulumiPolicy.yaml").is_file():
            raise SlipwayError(
                "no policy pack of this repository: a folder in it with a PulumiPolicy.yaml",
                where=str(pack),
                fix="put the pack into the repository, so that `apply` is held to the same one",
            )
    return tuple(pack.resolve().relative_to(top).as_posix() for pack in given)


@contextmanager
def held(
    target: Target, engine: ENGINE, packs: Collection[str], *, changes: bool = True
) -> Generator[Session]:
    """A stack whose previews and updates are held to policy packs.

    Raises:
        SlipwayError: the embedded engine, which runs none.
    """
    from slipway.engine.cli_engine import PulumiEngine

    with opened(target.folder, target.stack, engine, changes=changes) as session:
        if isinstance(session.engine, PulumiEngine):
            session.engine.policy_packs = tuple(str(target.top / pack) for pack in packs)
        elif packs:
            raise SlipwayError(
                "the embedded engine runs no policy pack: Pulumi's CLI starts those, and has their analyzers",
                where=target.name,
                fix="take --engine pulumi, or a check in slipway.yaml, which any engine has",
            )
        yield session
