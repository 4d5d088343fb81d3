"""What all routes share: authentication, permissions, pages, rate limits, and what a handler gets."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from slipway.localcloud.github import app_tokens
from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.model import Allowance, Environment, Json, Owner, Repository, Token
from slipway.localcloud.github.world import World
from slipway.localcloud.web import Routes, json_response, read_object

T = TypeVar("T")

MAX_PER_PAGE = 100
"""https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api"""


@dataclass(frozen=True)
class Call:
    """One request, authenticated and allowed, with what its path names already looked up on demand."""

    request: Request
    world: World
    token: Token
    path: dict[str, str]

    def owner(self) -> Owner:
        """The organisation in the path; 404 as GitHub answers for one that the token cannot see."""
        owner = self.world.owners.get(self.path["org"].lower())
        if owner is None or owner.type != "Organization" or not self.token.reaches(owner):
            raise not_found()
        return owner

    def repository(self) -> Repository:
        """The repository in the path; 404 for one that the token cannot see."""
        repository = self.world.repositories.get((self.path["owner"].lower(), self.path["repo"].lower()))
        if repository is None:
            raise not_found()
        scope = self.token.repositories
        inside = self.token.reaches(repository.owner) and (scope is None or repository.slug.lower() in scope)
        if not inside and repository.visibility != "public":
            raise not_found()
        return repository

    def environment(self) -> Environment:
        """The environment in the path; 404 where there is none."""
        environment = self.repository().environments.get(self.path["environment"].lower())
        if environment is None:
            raise not_found()
        return environment

    def numbered(self, items: Mapping[int, T], name: str) -> T:
        """The item whose number the path gives as `name`; 404 where there is none."""
        number = self.path[name]
        item = items.get(int(number)) if number.isdecimal() else None
        if item is None:
            raise not_found()
        return item

    def body(self) -> Json:
        """The JSON object in the body; 400 for anything else."""
        body = read_object(self.request)
        if body is None:
            raise GitHubError(HTTPStatus.BAD_REQUEST, "Problems parsing JSON")
        return body

    def known_repository_ids(self, owner: Owner, ids: object) -> list[int]:
        """`ids`, a list of ids of repositories of the owner; 422 for anything else."""
        known = {
            repository.id for repository in self.world.repositories.values() if repository.owner is owner
        }
        listed: list[Any] = cast("list[Any]", ids) if isinstance(ids, list) else [None]
        if not set(listed) <= known:
            raise invalid("Validation Failed", {"field": "selected_repository_ids", "code": "invalid"})
        return listed

    def url(self, path: str) -> str:
        return self.request.host_url.rstrip("/") + path

    def page(self, items: Sequence[object]) -> tuple[list[object], dict[str, str]]:
        """The asked page of `items` and its Link header; 30 a page, 100 at most."""
        size = min(max(self._number("per_page", 30), 1), MAX_PER_PAGE)
        page = max(self._number("page", 1), 1)
        last = max(1, -(-len(items) // size))
        links = {"prev": page - 1, "first": 1} if page > 1 else {}
        links |= {"next": page + 1, "last": last} if page < last else {}
        args = {key: value for key, value in self.request.args.items() if key not in {"page", "per_page"}}
        parts = [
            f'<{self.request.base_url}?{urlencode({**args, "per_page": size, "page": to})}>; rel="{relation}"'
            for relation, to in links.items()
        ]
        return list(items[(page - 1) * size : page * size]), {"Link": ", ".join(parts)} if parts else {}

    def listed(self, items: Sequence[object]) -> Response:
        """One page as a JSON list."""
        page, headers = self.page(items)
        return json_response(page, headers=headers)

    def repository_list(self, ids: Sequence[int]) -> Response:
        """One page of the repositories with these ids, in short."""
        repositories = [one for one in self.world.repositories.values() if one.id in ids]
        return self.counted_list(
            "repositories", [{"id": one.id, "name": one.name, "full_name": one.slug} for one in repositories]
        )

    def counted_list(self, key: str, items: Sequence[object]) -> Response:
        """One page as `{"total_count": all, key: page}`."""
        page, headers = self.page(items)
        return json_response({"total_count": len(items), key: page}, headers=headers)

    def _number(self, name: str, default: int) -> int:
        text = self.request.args.get(name, "")
        return int(text) if text.isdecimal() else default


Handler = Callable[[Call], Response]


AS_APP = "app"
"""What a route needs that is for Apps themselves, by a token that they sign."""


@dataclass(frozen=True)
class Route:
    """A handler and the permission it needs: `name:level`, several with `|`, none for any valid token.

    Routes that need `AS_APP` take no other token, and no other route takes an App's own.
    """

    name: str
    handler: Handler
    needs: str


class Area:
    """Collects the routes of one area of the API, and registers them in a table."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, str, Route]] = []

    def route(self, method: str, path: str, *, needs: str) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            self._routes.append((method, path.strip("/"), Route(f"{method} {path}", handler, needs)))
            return handler

        return register

    def into(self, table: Routes[Route]) -> None:
        for method, path, route in self._routes:
            table.add(method, path, route)


def authenticate(request: Request, world: World) -> Token:
    """The token of `Authorization: Bearer …` or `token …`; 401 without one or with one nobody issued."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    text = given.strip()
    if not text or scheme.lower() not in {"bearer", "token"}:
        raise GitHubError(HTTPStatus.UNAUTHORIZED, "Requires authentication")
    if text.count(".") == 2:
        app = app_tokens.signer(text, world.automation)
        return Token(permissions={}, allowance=app.allowance, app_id=app.id)
    token = world.tokens.get(text)
    if token is None or time.time() >= token.expires_at:
        raise GitHubError(HTTPStatus.UNAUTHORIZED, "Bad credentials")
    return token


def authorize(token: Token, route: Route) -> None:
    """403 where the token lacks the permission, with GitHub's header that names it."""
    if route.needs == AS_APP and token.app_id is None:
        raise GitHubError(HTTPStatus.UNAUTHORIZED, "A JSON web token could not be decoded")
    if route.needs != AS_APP and not token.allows(route.needs):
        accepted = route.needs.replace(":", "=").replace("|", "; ")
        headers = {"X-Accepted-GitHub-Permissions": accepted}
        raise GitHubError(HTTPStatus.FORBIDDEN, "Resource not accessible by integration", headers=headers)


def spend(allowance: Allowance, method: str) -> dict[str, str]:
    """Charge the request; the rate headers. 403 past the hour's limit or the minute's points.

    A GET, HEAD or OPTIONS costs one point, everything else five, of 900 a minute on the real API.
    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    now = time.time()
    if now >= allowance.resets_at:
        allowance.spent, allowance.resets_at = 0, int(now) + 3600
    if allowance.spent >= allowance.limit:
        message = "API rate limit exceeded for installation."
        raise GitHubError(HTTPStatus.FORBIDDEN, message, headers=rate_headers(allowance))
    allowance.spent += 1
    allowance.points[:] = [(at, cost) for at, cost in allowance.points if at > now - 60]
    cost = 1 if method in {"GET", "HEAD", "OPTIONS"} else 5
    if allowance.points_per_minute and points_used(allowance) + cost > allowance.points_per_minute:
        message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
        wait = max(1, round(allowance.points[0][0] + 60 - now)) if allowance.points else 60
        headers = {**rate_headers(allowance), "Retry-After": str(wait)}
        raise GitHubError(HTTPStatus.FORBIDDEN, message, headers=headers)
    allowance.points.append((now, cost))
    return rate_headers(allowance)


def points_used(allowance: Allowance) -> int:
    return sum(cost for _, cost in allowance.points)


def rate_headers(allowance: Allowance) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(allowance.limit),
        "X-RateLimit-Remaining": str(max(0, allowance.limit - allowance.spent)),
        "X-RateLimit-Used": str(allowance.spent),
        "X-RateLimit-Reset": str(allowance.resets_at),
        "X-RateLimit-Resource": "core",
    }


def created(body: object) -> Response:
    return json_response(body, HTTPStatus.CREATED)


def no_content() -> Response:
    return json_response(None, HTTPStatus.NO_CONTENT)


def require(body: Json, fields: Iterable[tuple[str, type]]) -> None:
    """422 that names every missing or mistyped field of `body`, as GitHub's validation does."""
    errors: list[Json] = []
    for name, kind in fields:
        value: Any = body.get(name)
        if value is None:
            errors.append({"field": name, "code": "missing_field"})
        elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            errors.append({"field": name, "code": "invalid"})
    if errors:
        raise invalid("Validation Failed", *errors)
