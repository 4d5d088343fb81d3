"""What the gate is asked by an event of GitHub, and about which commits. Pure.

Of an event only what it is about is believed, a pull request or a merge group: GitHub is asked for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from slipway.errors import SlipwayError

_GROUP: Final = re.compile(r"gh-readonly-queue/.+/pr-(?P<pull>[0-9]{1,9})-(?P<base>[0-9a-f]{40,64})")
"""The branch of an entry of a merge queue: its pull request, and the commit it would be merged to
(https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue)."""
_COMMIT: Final = re.compile(r"[0-9a-f]{40,64}")
ALL: Final = frozenset({"workflow_run", "workflow_dispatch", "schedule"})


@dataclass(frozen=True, kw_only=True)
class Group:
    """An entry of a merge queue.

    Attributes:
        pull: the number of its pull request.
        head: its commit, with what is before it in the queue.
        base: what it would be merged to: the branch, or the entry before it.
    """

    pull: int
    head: str
    base: str


Ask = int | Group | None
"""A pull request by its number, an entry of a merge queue, or every open pull request."""


def ask_of(event: str, payload: Mapping[str, Any]) -> Ask:
    """What an event asks.

    A review and a merge group come by `workflow_run`, of a workflow that has no right to anything: GitHub
    takes the workflow of both from the pull request.

    Args:
        event: its name (GITHUB_EVENT_NAME).
        payload: its content (GITHUB_EVENT_PATH).

    Raises:
        SlipwayError: another event than those, or not of the form that GitHub gives it.
    """
    if event == "pull_request_target":
        pull: Mapping[str, Any] = payload.get("pull_request") or {}
        number = pull.get("number")
        if isinstance(number, int):
            return number
    elif event == "workflow_run":
        run: Mapping[str, Any] = payload.get("workflow_run") or {}
        if run.get("event") != "merge_group":
            return None
        found = _GROUP.fullmatch(str(run.get("head_branch")))
        head = str(run.get("head_sha"))
        if found and _COMMIT.fullmatch(head):
            return Group(pull=int(found["pull"]), head=head, base=found["base"])
    elif event in ALL:
        return None
    raise SlipwayError(
        f"the gate is not asked by an event {event!r} of this form",
        where="GITHUB_EVENT_NAME",
        fix="run it from .github/workflows/infra-gate.yml, or name a pull request: --pull N",
    )


def by_head(
    pulls: Iterable[Mapping[str, Any]], number: int | None = None
) -> dict[str, list[Mapping[str, Any]]]:
    """Pull requests by their head, because a status is a commit's: all that have one must be open.

    Args:
        pulls: the open ones, as GitHub lists them.
        number: only those of the same head as this one; all if None.
    """
    found: dict[str, list[Mapping[str, Any]]] = {}
    for pull in pulls:
        found.setdefault(str(pull["head"]["sha"]), []).append(pull)
    return {
        head: several
        for head, several in found.items()
        if number is None or any(pull["number"] == number for pull in several)
    }
