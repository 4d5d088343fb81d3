"""Variables of organisations, repositories and environments. https://docs.github.com/en/rest/actions/variables"""

import re
from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.model import Json, Owner, Scope, now
from slipway.localcloud.github.protocol import Area, Ask
from slipway.localcloud.web import json_response

area = Area()

# https://docs.github.com/en/actions/reference/workflows-and-actions/variables
MAX_VALUE_BYTES = 48 * 1024
LIMITS = {"organization": 1000, "repository": 500, "environment": 100}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

PLACES = {
    "/orgs/{org}/actions": "organization_actions_variables",
    "/repos/{owner}/{repo}/actions": "actions_variables",
    "/repos/{owner}/{repo}/environments/{environment}": "environments",
}
"""Path prefix -> the permission for the variables there."""


def name_problem(what: str, name: str) -> str:
    """What GitHub holds against the name of a variable or secret, or an empty text."""
    if not _NAME.fullmatch(name):
        return (
            f"{what} names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_)."
            " Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_)."
        )
    if name.upper().startswith("GITHUB_"):
        return f"{what} names must not start with GITHUB_."
    return ""


def scope_of(ask: Ask) -> tuple[Scope, str]:
    """What the path names, and whether that is an organization, a repository or an environment."""
    if "org" in ask.path:
        return ask.owner(), "organization"
    if "environment" in ask.path:
        return ask.environment(), "environment"
    return ask.repository(), "repository"


def visibility_of(ask: Ask, scope: Scope, body: Json, held: Json | None) -> Json:
    """The `visibility` of an organisation's variable or secret; 422 where `selected` names unknown ids."""
    if not isinstance(scope, Owner):
        return {}
    visibility: Any = body.get("visibility", (held or {}).get("visibility"))
    if visibility not in {"all", "private", "selected"}:
        raise invalid("Validation Failed", {"field": "visibility", "code": "missing_field"})
    ids: list[Any] = body.get("selected_repository_ids") or (held or {}).get("selected_repository_ids", [])
    known = {one.id for one in ask.world.repositories.values() if one.owner is scope}
    if visibility == "selected" and not set(ids) <= known:
        raise invalid("Validation Failed", {"field": "selected_repository_ids", "code": "invalid"})
    return {"visibility": visibility, "selected_repository_ids": ids if visibility == "selected" else []}


def _list(ask: Ask) -> Response:
    scope, _ = scope_of(ask)
    return ask.listed("variables", [_shown(ask, scope, one) for one in scope.variables.values()])


def _create(ask: Ask) -> Response:
    (scope, place), body = scope_of(ask), ask.body()
    name, value = body.get("name"), body.get("value")
    if not isinstance(name, str) or not isinstance(value, str):
        raise invalid("Validation Failed", {"field": "value" if name else "name", "code": "missing_field"})
    _check(name, value)
    if name.upper() in scope.variables:
        raise GitHubError(HTTPStatus.CONFLICT, "Already exists - Variable already exists")
    if len(scope.variables) >= LIMITS[place]:
        raise invalid(f"Validation Failed: this {place} already has {LIMITS[place]} variables")
    scope.variables[name.upper()] = {
        "name": name.upper(),
        "value": value,
        "created_at": now(),
        "updated_at": now(),
        **visibility_of(ask, scope, body, None),
    }
    return json_response({}, HTTPStatus.CREATED)


def _get(ask: Ask) -> Response:
    scope, _ = scope_of(ask)
    return json_response(_shown(ask, scope, _held(ask, scope)))


def _update(ask: Ask) -> Response:
    (scope, _), body = scope_of(ask), ask.body()
    held = _held(ask, scope)
    name, value = str(body.get("name", held["name"])), str(body.get("value", held["value"]))
    _check(name, value)
    renamed = {**held, "name": name.upper(), "value": value, "updated_at": now()}
    renamed |= visibility_of(ask, scope, body, held)
    if name.upper() != held["name"] and name.upper() in scope.variables:
        raise GitHubError(HTTPStatus.CONFLICT, "Already exists - Variable already exists")
    del scope.variables[held["name"]]
    scope.variables[name.upper()] = renamed
    return json_response(None, HTTPStatus.NO_CONTENT)


def _delete(ask: Ask) -> Response:
    scope, _ = scope_of(ask)
    del scope.variables[_held(ask, scope)["name"]]
    return json_response(None, HTTPStatus.NO_CONTENT)


def _check(name: str, value: str) -> None:
    problem = name_problem("Variable", name)
    if problem:
        raise invalid(problem)
    if len(value.encode()) > MAX_VALUE_BYTES:
        raise invalid("Validation Failed: the value is larger than 48 KB")


def _held(ask: Ask, scope: Scope) -> Json:
    found = scope.variables.get(ask.path["name"].upper())
    if found is None:
        raise not_found()
    return found


def _shown(ask: Ask, scope: Scope, held: Json) -> Json:
    shown = {key: value for key, value in held.items() if key != "selected_repository_ids"}
    if isinstance(scope, Owner) and held.get("visibility") == "selected":
        url = f"/orgs/{scope.login}/actions/variables/{held['name']}/repositories"
        shown["selected_repositories_url"] = ask.url(url)
    return shown


for _prefix, _permission in PLACES.items():
    area.route("GET", _prefix + "/variables", needs=f"{_permission}:read")(_list)
    area.route("POST", _prefix + "/variables", needs=f"{_permission}:write")(_create)
    area.route("GET", _prefix + "/variables/{name}", needs=f"{_permission}:read")(_get)
    area.route("PATCH", _prefix + "/variables/{name}", needs=f"{_permission}:write")(_update)
    area.route("DELETE", _prefix + "/variables/{name}", needs=f"{_permission}:write")(_delete)
