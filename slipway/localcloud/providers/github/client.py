"""The one client of GitHub, at an explicit loopback address with an explicit token, for one owner."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from slipway.github import Client, GithubError, path
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.values import Props

DOCS = "https://registry.terraform.io/providers/integrations/github/latest/docs/resources"


@dataclass(frozen=True)
class GitHubCloud:
    """One owner's view of the stand-in."""

    owner: str
    client: Client
    ids: dict[str, int] = field(default_factory=dict[str, int])

    def send(self, method: str, place: str, body: Any = None) -> Any:
        """The answer's data.

        Raises:
            GithubError: any status from 300; its `status` says which.
            ProviderError: the stand-in does not answer.
        """
        with _answering(self.client):
            return self.client.send(method, place, body)

    def get(self, place: str) -> Any:
        return self.send("GET", place)

    def every(self, place: str, name: str = "") -> list[Props]:
        """All items of a list over all its pages; `name` is the field that holds them, if there is one."""
        with _answering(self.client):
            return list(self.client.every(place, name))

    def repo(self, name: Any, *parts: Any) -> str:
        return path("repos", self.owner, name, *parts)

    def org(self, *parts: Any) -> str:
        return path("orgs", self.owner, *parts)

    def repository_id(self, name: str) -> int:
        if name not in self.ids:
            self.ids[name] = int(self.get(self.repo(name))["id"])
        return self.ids[name]


@contextmanager
def _answering(client: Client) -> Generator[None]:
    try:
        yield
    except GithubError as error:
        if error.status:
            raise
        raise ProviderError(error.what, where=client.url, fix="slipway cloud start") from error


def split_id(id_: str, count: int) -> list[str]:
    """The `count` parts of an id, with colons between them.

    A repository's name, the first part, holds no colon, nor does what follows the last one; an environment's
    or a label's name may. Raises ProviderError for an id with fewer parts.
    """
    if count == 1:
        return [id_]
    first, *rest = id_.split(":", 1)
    parts = [first, *rest] if count == 2 else [first, *rest[0].rsplit(":", 1)] if rest else [first]
    if len(parts) != count:
        raise ProviderError(f"{id_!r} is no id of {count} parts with colons between them")
    return parts
