"""What GitHub refused, or that it did not answer. Nothing that was sent is in here, nor a token."""

from collections.abc import Mapping
from typing import Any, cast

from slipway.errors import ServiceError

_NEEDED = "x-accepted-github-permissions"
"""https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api"""


class GithubError(ServiceError):
    """GitHub answered with an error, or not at all; `status` is the HTTP status, 0 where no answer came."""

    def __init__(self, what: str, *, status: int = 0, where: str = "", fix: str = "") -> None:
        super().__init__(what, service="GitHub", code=str(status or ""), where=where, fix=fix)
        self.status = status


class GithubRateLimited(GithubError):
    """A rate limit that ends later than the caller is willing to wait; `wait_s` says when, in seconds."""

    def __init__(self, what: str, *, status: int, wait_s: float, where: str) -> None:
        super().__init__(what, status=status, where=where, fix=f"try again in {wait_s:.0f} s")
        self.wait_s = wait_s


def refused(method: str, place: str, status: int, body: object, headers: Mapping[str, str]) -> GithubError:
    """The error for an answer that is no success: GitHub's message and details, and what rights it takes."""
    needed = headers.get(_NEEDED, "") if status in {403, 404} else ""
    return GithubError(
        f"GitHub answers {status} to {method} {place}: {message(body) or 'no reason given'}",
        status=status,
        fix=f"the token needs {needed}" if needed else "",
    )


def message(body: object) -> str:
    """GitHub's message with its details; empty where the answer has none."""
    if not isinstance(body, Mapping):
        return ""
    answer = cast("Mapping[str, Any]", body)
    details: Any = answer.get("errors")
    listed = cast("list[object]", details) if isinstance(details, list) else []
    return "; ".join(text for text in (str(answer.get("message") or ""), *map(_detail, listed)) if text)


def _detail(error: object) -> str:
    """https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed"""
    if isinstance(error, Mapping):
        fields = cast("Mapping[str, object]", error)
        return str(fields.get("message") or " ".join(str(value) for value in fields.values()))
    return str(error)
