"""What people said of a pull request, by GitHub: whose approvals stand, and for whom they speak."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from slipway.github import Client, path

_DECISIONS: Final = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})
"""A mere comment takes no approval back
(https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/reviewing-changes-in-pull-requests/about-pull-request-reviews)."""
_MAY_WRITE: Final = frozenset({"admin", "write"})
"""What `permission` is of roles that may write; `maintain` is `write` there
(https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user)."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """An approval that stands.

    Attributes:
        by: the login.
        at: epoch seconds.
        commit: the head that was approved.
        speaks_for: see `Approval`.
    """

    by: str
    at: float
    commit: str
    speaks_for: frozenset[str] = frozenset()


def standing(reviews: Iterable[Mapping[str, Any]], author: str) -> list[Said]:
    """The approvals that their authors have not taken back.

    Args:
        reviews: as GitHub lists them, the oldest first.
        author: login of the pull request's; what that says of its own change does not count.
    """
    last: dict[str, Mapping[str, Any]] = {}
    for review in reviews:
        user: Mapping[str, Any] = review.get("user") or {}
        if review.get("state") in _DECISIONS and user.get("type") == "User":
            last[str(user["login"]).lower()] = review
    return [
        Said(by=login, at=moment(str(review.get("submitted_at"))), commit=str(review.get("commit_id") or ""))
        for login, review in last.items()
        if review["state"] == "APPROVED" and login != author.lower()
    ]


def moment(text: str, otherwise: float = float("-inf")) -> float:
    """Epoch seconds of a time as GitHub writes it."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return otherwise


class People:
    """Who may write to a repository, and who is in which team. Each question is asked once."""

    def __init__(self, client: Client, repository: str) -> None:
        """Args:
        client: with `metadata: read`, and `members: read` where owners are teams.
        repository: `owner/name`.
        """
        self._client = client
        self._repository = path("repos", *repository.split("/", 1))
        self._writers: dict[str, bool] = {}
        self._teams: dict[str, frozenset[str]] = {}

    def approvals(self, pull: Mapping[str, Any], owners: Collection[str]) -> Iterator[Said]:
        """The approvals of a pull request that count: of people who may write.

        Args:
            pull: as GitHub shows it.
            owners: in lower case, those for which somebody is to speak.

        Raises:
            GithubError: GitHub refuses, or does not answer.
        """
        reviews = self._client.every(f"{self._repository}/pulls/{pull['number']}/reviews")
        for each in standing(reviews, str(pull["user"]["login"])):
            if self._may_write(each.by):
                speaks_for = frozenset(owner for owner in owners if self._is(each.by, owner))
                yield Said(by=each.by, at=each.at, commit=each.commit, speaks_for=speaks_for)

    def _may_write(self, login: str) -> bool:
        """Anybody may approve what they can read; that counts for nothing."""
        if login not in self._writers:
            found = self._client.find(f"{self._repository}{path('collaborators', login, 'permission')}")
            self._writers[login] = found is not None and found.get("permission") in _MAY_WRITE
        return self._writers[login]

    def _is(self, login: str, owner: str) -> bool:
        organization, _, team = owner.removeprefix("@").partition("/")
        if not team:
            return login == organization
        if owner not in self._teams:
            members = self._client.every(path("orgs", organization, "teams", team, "members"))
            self._teams[owner] = frozenset(str(each["login"]).lower() for each in members)
        return login in self._teams[owner]
