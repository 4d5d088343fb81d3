"""PyGithub's objects over our client: its breadth and types; our waits, retries, errors and connections.

It takes a fifth of a second to import, so that only what uses it does.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from github.Repository import Repository
from github.Requester import Requester

from slipway.github.errors import GithubError, refused

if TYPE_CHECKING:
    from slipway.github.client import Client


class ClientRequester(Requester):
    """What PyGithub sends JSON with; everything but the sending is its own."""

    def __init__(self, client: "Client") -> None:
        super().__init__(
            auth=None,
            base_url=client.url,
            timeout=0,
            user_agent="slipway",
            per_page=100,
            verify=True,
            retry=None,
            pool_size=None,
        )
        self._client = client

    def requestJson(  # noqa: PLR0917 - PyGithub's own
        self,
        verb: str,
        url: str,
        parameters: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
        input: Any | None = None,
        cnx: object = None,
        follow_302_redirect: bool = False,
    ) -> tuple[int, dict[str, Any], str]:
        """Status, headers and text of the answer, once our client is done waiting and trying."""
        place = Requester.add_parameters_to_url(url, parameters or {})
        answer = self._client.exchange(verb, place, input, headers=headers)
        return answer.status, dict(answer.headers), answer.text

    @classmethod
    def createException(  # type: ignore[override]
        cls, status: int, headers: Mapping[str, Any], output: object
    ) -> GithubError:
        """Our error, where PyGithub would raise its own."""
        return refused("a request", "GitHub's API", status, output, headers)


def repository(client: "Client", slug: str) -> Repository:
    """`owner/name` as PyGithub has it. Raises GithubError where the caller may not see it."""
    attributes = cast("dict[str, Any]", client.get(f"/repos/{slug}"))
    return Repository(ClientRequester(client), {}, attributes, completed=True)
