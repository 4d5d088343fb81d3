"""The one comment of ours on a pull request: made, changed, and found again by its hidden first line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from slipway.errors import SlipwayError
from slipway.github.client import Client, path
from slipway.stacks.comment.page import MARKER, UNDATED

_STAMP: Final = re.compile(rf"{re.escape(MARKER)} (\S+) -->")


@dataclass(frozen=True)
class Posted:
    """What was done: `superseded` where the comment tells of a newer plan than this one."""

    done: Literal["created", "updated", "unchanged", "superseded"]
    url: str


def post(client: Client, repository: str, pull: int, body: str, *, author: str | None = None) -> Posted:
    """Write `body` as our comment on a pull request, whichever there is already.

    Anybody can write a comment that begins as ours does, and its author can change it whatever we wrote
    there: so only one of our own is taken. Where two runs made one each at the same time, one of them goes.

    Args:
        client: with `issues: write` or `pull-requests: write`.
        repository: `owner/name`.
        pull: number of the pull request.
        body: of `page`.
        author: login of the person whose token it is; None for an App's, or a job's.

    Raises:
        SlipwayError: the body is none of ours, or GitHub refuses.
    """
    stamp = _stamp_of(body)
    if stamp is None:
        raise SlipwayError("the text does not begin with the line by which a comment is found again")
    issues = path("repos", *repository.split("/", 1), "issues")
    ours = list(_ours(client, f"{issues}/{pull}/comments", author))
    if not ours:
        return _posted("created", client.post(f"{issues}/{pull}/comments", {"body": body}))
    kept = max(ours, key=_stamp)  # of equal ones the oldest
    for each in ours:
        if each is not kept:
            client.delete(f"{issues}/comments/{each['id']}")
    if stamp != UNDATED and stamp < _stamp(kept):
        return _posted("superseded", kept)
    if kept["body"].strip() == body.strip():
        return _posted("unchanged", kept)
    return _posted("updated", client.patch(f"{issues}/comments/{kept['id']}", {"body": body}, safe=True))


def _posted(done: Literal["created", "updated", "unchanged", "superseded"], comment: Any) -> Posted:
    return Posted(done, str(comment.get("html_url") or ""))


def _ours(client: Client, place: str, author: str | None) -> Iterator[dict[str, Any]]:
    """Our comments, the oldest first."""
    for comment in client.every(place):
        if is_by(comment, author) and _stamp_of(str(comment.get("body") or "")) is not None:
            yield comment


def is_by(written: dict[str, Any], author: str | None) -> bool:
    """Whether a comment or an issue is of a person, or for None of any App."""
    user: dict[str, Any] = written.get("user") or {}
    return user.get("type") == "Bot" if author is None else user.get("login") == author


def _stamp_of(body: str) -> str | None:
    """The time of what a comment of ours says; None for any other."""
    found = _STAMP.match(body)
    return None if found is None else found[1]


def _stamp(comment: dict[str, Any]) -> str:
    """To be compared: without a time it comes before all that have one."""
    stamp = _stamp_of(comment["body"])
    return "" if stamp is None or stamp == UNDATED else stamp
