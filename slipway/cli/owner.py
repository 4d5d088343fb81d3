"""GitHub as an owner of the organisation sees it: by a token of the environment, or given at the keyboard."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from slipway.errors import SlipwayError

if TYPE_CHECKING:
    from slipway.github import Client


def owner(root: Path, endpoint: str | None, *, will_ask: bool = False) -> "Client":
    """A client with the token of GITHUB_TOKEN or GH_TOKEN, or one read from standard input.

    Never an option: what is typed there is in the shell's history and in the list of processes.

    Args:
        root: the project's folder, whose embedded cloud may be the endpoint.
        endpoint: a stand-in on loopback, which needs none.
        will_ask: whether a question comes after this, which takes standard input, too.

    Raises:
        SlipwayError: there is no token, or none can be read before that question.
    """
    from slipway.github import connect, token  # noqa: PLC0415 - slow, and for those commands alone

    if endpoint is not None:
        _seed(root, endpoint)
        return connect(token("stand-in"), endpoint)
    given = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN") or ""
    if not given and not sys.stdin.isatty():
        if will_ask:
            raise SlipwayError(
                "standard input cannot hold both the token and the answer to a question",
                fix="add --yes, or put the token into GITHUB_TOKEN",
            )
        given = sys.stdin.readline().strip()
    elif not given:
        given = typer.prompt("Token of an owner (gh auth token prints yours)", hide_input=True, err=True)
    if not given:
        raise SlipwayError(
            "there is no token", fix="export GITHUB_TOKEN=$(gh auth token), as an owner of the organisation"
        )
    return connect(token(given))


def _seed(root: Path, endpoint: str) -> None:
    """What the project's files say is on GitHub already, where its own embedded cloud plays GitHub."""
    from slipway.cli.seeding import rehearsal_seed  # noqa: PLC0415 - for a rehearsal alone
    from slipway.localcloud import runtime  # noqa: PLC0415 - likewise

    cloud = runtime.running(root.resolve())
    if cloud is not None and cloud.github == endpoint.rstrip("/"):
        runtime.seed(cloud, rehearsal_seed(root))
