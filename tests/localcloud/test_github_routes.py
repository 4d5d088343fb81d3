"""Every route of the GitHub stand-in asks for a permission and refuses a token without it, as GitHub does."""

import re
from types import ModuleType
from typing import Any

import pytest
from werkzeug.test import Client

from slipway.errors import SlipwayError
from slipway.localcloud.github import routes
from slipway.localcloud.github.app import GitHub
from slipway.localcloud.github.model import Token
from slipway.localcloud.github.protocol import AS_APP, Area
from slipway.localcloud.web import RequestLog

NEEDS = re.compile(r"\w+:(read|write)(\|\w+:(read|write))*")
FREE = {"GET /orgs/{org}", "GET /user", "GET /users/{login}", "GET /rate_limit"}
"""What GitHub shows to any valid token."""


def declared() -> dict[str, str]:
    """What each route needs, by method and path."""
    found: dict[str, str] = {}
    for area in routes.all_areas():
        area.into(_Collector(found))  # type: ignore[arg-type]
    return found


class _Collector:
    """Takes the place of the table of routes."""

    def __init__(self, found: dict[str, str]) -> None:
        self._found = found

    def add(self, _method: str, _path: str, route: object) -> None:
        self._found[route.name] = route.needs  # type: ignore[attr-defined]


ROUTES = declared()
GUARDED = sorted(name for name, needs in ROUTES.items() if needs not in ("", AS_APP))
assert len(GUARDED) > 100


@pytest.fixture
def github() -> GitHub:
    return GitHub(RequestLog())


def ask(github: GitHub, name: str, permissions: dict[str, str] | None) -> tuple[int, str]:
    """Status, and the header that names the missing permission, of a call with such a token."""
    headers: dict[str, str] = {"Content-Type": "application/json"}
    if permissions is not None:
        github.world.tokens["t"] = Token(permissions=permissions)
        headers["Authorization"] = "Bearer t"
    method, path = name.split(" ")
    response = Client(github).open(re.sub(r"\{\w+\}", "1", path), method=method, headers=headers, data="{}")
    return response.status_code, response.headers.get("X-Accepted-GitHub-Permissions", "")


def test_a_route_says_what_it_needs() -> None:
    for name, needs in ROUTES.items():
        assert needs == AS_APP or NEEDS.fullmatch(needs) or name in FREE, (
            f"{name} needs {needs!r}: give it GitHub's permission, such as contents:read"
        )


@pytest.mark.parametrize("name", GUARDED)
def test_a_token_without_the_permission_is_refused_before_anything_is_looked_up(
    name: str, github: GitHub
) -> None:
    needs = ROUTES[name]
    assert ask(github, name, None)[0] == 401
    assert ask(github, name, {}) == (403, needs.replace(":", "=").replace("|", "; "))
    lower = {one.split(":")[0]: "read" for one in needs.split("|") if one.endswith(":write")}
    if lower and ":read" not in needs:
        assert ask(github, name, lower)[0] == 403
    allowed = dict(one.split(":") for one in needs.split("|"))
    assert ask(github, name, allowed)[0] not in (401, 403, 501)


@pytest.mark.parametrize(
    ("doc", "area", "complaint"),
    [
        (f"Topics. {routes.REFERENCE}/repos", None, "defines no area"),
        (f"Topics. {routes.REFERENCE}/repos", {}, "defines no area"),
        ("Topics.", Area(), "does not say what it stands for"),
        (None, Area(), "does not say what it stands for"),
    ],
)
def test_a_module_without_an_area_or_its_page_is_named(doc: str | None, area: Any, complaint: str) -> None:
    module = ModuleType("slipway.localcloud.github.routes.topics", doc)
    if area is not None:
        vars(module)["area"] = area
    with pytest.raises(SlipwayError, match=complaint) as refused:
        routes.area_of(module)
    assert refused.value.where == "slipway/localcloud/github/routes/topics.py"
    assert refused.value.fix
