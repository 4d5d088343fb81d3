"""What a refusal of GitHub's looks like."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Response

from slipway.localcloud.web import json_response

DOCUMENTATION = "https://docs.github.com/rest"


class GitHubError(Exception):
    """An answer of GitHub's with an error body."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[object] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = headers or {}

    def response(self) -> Response:
        body: dict[str, Any] = {"message": self.message}
        if self.errors:
            body["errors"] = list(self.errors)
        body |= {"documentation_url": DOCUMENTATION, "status": str(int(self.status))}
        return json_response(body, self.status, self.headers)


def not_found() -> GitHubError:
    return GitHubError(HTTPStatus.NOT_FOUND, "Not Found")


def invalid(message: str, *errors: object) -> GitHubError:
    return GitHubError(HTTPStatus.UNPROCESSABLE_ENTITY, message, errors=errors)
