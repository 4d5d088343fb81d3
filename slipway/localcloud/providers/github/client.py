"""Requests to GitHub's REST API at an explicit loopback address with an explicit token."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote

from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.fence import Reply, Rest
from slipway.localcloud.providers.values import Props, items

API_VERSION = "2022-11-28"
DOCS = "https://registry.terraform.io/providers/integrations/github/latest/docs/resources"
PAGE = 100


class GitHubRefused(Exception):
    """GitHub answered with an error: its status, and what it says."""

    def __init__(self, request: str, status: int, data: Any) -> None:
        body = cast("Props", data) if isinstance(data, dict) else {}
        details = [_detail(error) for error in items(body.get("errors"))]
        text = "; ".join([str(body.get("message", "")), *details])
        super().__init__(f"{request}: {status} {text}")
        self.status = status


def _detail(error: Any) -> str:
    if isinstance(error, dict):
        return " ".join(str(value) for value in cast("Mapping[str, Any]", error).values())
    return str(error)


def escaped(*parts: Any) -> str:
    """A path of `parts`, each escaped by itself, so that a slash in an environment's name stays in it."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


@dataclass(frozen=True)
class GitHubCloud:
    """One owner's view of the stand-in."""

    owner: str
    rest: Rest
    ids: dict[str, int] = field(default_factory=dict[str, int])

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's data; raises GitHubRefused for any status from 300."""
        reply: Reply = self.rest.request(method, path, body)
        if reply.status >= 300:
            raise GitHubRefused(f"{method} {path}", reply.status, reply.data)
        return reply.data

    def get(self, path: str) -> Any:
        return self.send("GET", path)

    def every(self, path: str, name: str = "") -> list[Props]:
        """All items of a list over all its pages; `name` is the field that holds them, if there is one."""
        listed: list[Props] = []
        for page in range(1, 1000):
            data: Any = self.get(f"{path}?per_page={PAGE}&page={page}")
            items = cast("list[Props]", data[name] if name else data)
            listed += items
            if len(items) < PAGE:
                break
        return listed

    def repo(self, name: Any, *parts: Any) -> str:
        return "/repos" + escaped(self.owner, name, *parts)

    def org(self, *parts: Any) -> str:
        return "/orgs" + escaped(self.owner, *parts)

    def repository_id(self, name: str) -> int:
        if name not in self.ids:
            self.ids[name] = int(self.get(self.repo(name))["id"])
        return self.ids[name]


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
