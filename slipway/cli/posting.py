"""Who writes on GitHub for a command, and where."""

# ruff: noqa: PLC0415 - what only posting needs is imported when something is posted
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.cli.options import endpoint_of
from slipway.errors import SlipwayError

if TYPE_CHECKING:
    from slipway.github import Client


def require_repository(repository: str) -> None:
    """Raises SlipwayError where it is not `owner/name`."""
    if repository.count("/") != 1:
        raise SlipwayError(
            f"{repository!r} is no repository" if repository else "the repository is not said",
            fix="--repository OWNER/NAME, or set GITHUB_REPOSITORY",
        )


def client_of(root: Path, endpoint: str | None, what: str) -> "Client":
    """GitHub, or its stand-in, with the token of the environment.

    Args:
        root: the project's folder.
        endpoint: see `options.endpoint_of`.
        what: is to be written, for the error.

    Raises:
        SlipwayError: there is no token, or no stand-in runs.
    """
    from slipway.github import connect, token
    from slipway.platform.naming import GITHUB_API

    address = endpoint_of(root, endpoint, "github")
    given = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN")
    if not given:
        raise SlipwayError(
            f"there is no token to write {what} with",
            where="GITHUB_TOKEN",
            fix=f"export GITHUB_TOKEN=$(gh auth token), or see {what} here, without writing it",
        )
    return connect(token(given), address or os.environ.get("GITHUB_API_URL") or GITHUB_API)


def author_of(client: "Client") -> str | None:
    """Whose texts are ours: those of the token's person, or of Apps where it is one's."""
    answer = client.exchange("GET", "/user")
    found = answer.body if answer.status == 200 else None
    return str(found["login"]) if isinstance(found, Mapping) else None  # pyright: ignore[reportUnknownArgumentType]
