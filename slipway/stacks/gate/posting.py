"""The verdict as a commit's status, which a ruleset requires of the App that posts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, cast

from slipway.github import Client, path
from slipway.platform.naming import GATE_STATUS
from slipway.stacks.gate.verdict import Verdict

CONTEXT: Final = GATE_STATUS
MAX_DESCRIPTION: Final = 140
"""Characters; GitHub refuses more (https://docs.github.com/en/rest/commits/statuses#create-a-commit-status)."""
State = Literal["success", "failure", "error"]
Json = dict[str, Any]


def post(
    client: Client,
    repository: str,
    commit: str,
    state: State,
    description: str,
    *,
    author: str = "",
    url: str = "",
) -> bool:
    """Say of a commit whether it may be merged; whether that was not the last thing that was said.

    Args:
        client: with `statuses: write`, of the App that the ruleset names.
        repository: `owner/name`.
        commit: full hash.
        state: `success` alone opens.
        description: of `described`.
        author: our own login, `<slug>[bot]`. What it has said last is not said again: of one context a commit
            takes a thousand. What others said under this context counts for nothing. Said always if empty.
        url: of the run that says so; none if empty.

    Raises:
        GithubError: GitHub refuses, or does not answer.
    """
    place = path("repos", *repository.split("/", 1))
    body = {"state": state, "context": CONTEXT, "description": description}
    if author:
        said = cast("list[Json]", client.get(f"{place}/commits/{commit}/statuses?per_page=100"))
        ours = [each for each in said if _is_ours(each, author)]
        if ours and all(ours[0].get(key) == text for key, text in body.items()):
            return False
    client.post(f"{place}/statuses/{commit}", {**body, **({"target_url": url} if url else {})}, safe=True)
    return True


def _is_ours(status: Json, author: str) -> bool:
    creator: Json = status.get("creator") or {}
    return status.get("context") == CONTEXT and creator.get("login") == author


def described(verdicts: Sequence[Verdict]) -> tuple[State, str]:
    """What is said of a commit whose pull requests have these verdicts."""
    reasons = [reason for verdict in verdicts for reason in verdict.reasons]
    if not reasons:
        touched = sorted({name for verdict in verdicts for name in verdict.touched})
        return "success", shortened(f"concerns {', '.join(touched)}" if touched else "concerns no stack")
    first = reasons[0]
    of = first.stack if first.cause == first.stack else f"{first.stack} needs {first.cause}"
    more = f"; and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    return "failure", f"{shortened(f'{of}: {first.what}', MAX_DESCRIPTION - len(more))}{more}"


def shortened(text: str, room: int = MAX_DESCRIPTION) -> str:
    """On one line, printable, and no longer than there is room."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return plain if len(plain) <= room else f"{plain[: room - 1]}…"
