"""Secrets of organisations, repositories and environments, and variables of the latter two.

https://docs.github.com/en/rest/actions/secrets and …/variables

A secret comes in sealed for the scope's public key (libsodium's sealed box), is opened once to see that it
can be, and is then forgotten: nothing here, and so nothing behind any route, log or page, keeps it.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Literal

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.model import Json, Owner, Scope, now
from slipway.localcloud.github.protocol import Area, Call, created, no_content
from slipway.localcloud.web import json_response

area = Area()

MAX_VALUE_BYTES = 48 * 1024
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Level = Literal["organization", "repository", "environment"]
_PATHS: Mapping[Level, str] = {
    "organization": "/orgs/{org}/actions",
    "repository": "/repos/{owner}/{repo}/actions",
    "environment": "/repos/{owner}/{repo}/environments/{environment}",
}


@dataclass(frozen=True)
class Kind:
    """Secrets or variables.

    Args:
        name: `secrets` or `variables`: the last part of the path, and the attribute of a scope.
        title: how GitHub's messages begin.
        permissions: what they need, by level.
        limits: how many there may be, by level.
    """

    name: Literal["secrets", "variables"]
    title: str
    permissions: Mapping[Level, str]
    limits: Mapping[Level, int]

    def stored(self, scope: Scope) -> dict[str, Json]:
        """By name in capitals."""
        return scope.secrets if self.name == "secrets" else scope.variables

    def get(self, call: Call) -> Json:
        """What the path names; 404 where there is none. GitHub takes names in any case."""
        item = self.stored(_scope(call)).get(call.path["name"].upper())
        if item is None:
            raise not_found()
        return item


# https://docs.github.com/en/actions/reference/security/secrets
SECRETS = Kind(
    "secrets",
    "Secret",
    {"organization": "organization_secrets", "repository": "secrets", "environment": "environments"},
    {"organization": 1000, "repository": 100, "environment": 100},
)
# https://docs.github.com/en/actions/reference/workflows-and-actions/variables
VARIABLES = Kind(
    "variables",
    "Variable",
    {
        "repository": "actions_variables",
        "environment": "environments",
    },
    {"repository": 500, "environment": 100},
)


def _level(call: Call) -> Level:
    if "org" in call.path:
        return "organization"
    return "environment" if "environment" in call.path else "repository"


def _scope(call: Call) -> Scope:
    match _level(call):
        case "organization":
            return call.owner()
        case "environment":
            return call.environment()
        case "repository":
            return call.repository()


def _check_name(kind: Kind, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise invalid(
            f"{kind.title} names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or "
            "underscores (_). Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or "
            "underscores (_)."
        )
    if name.upper().startswith("GITHUB_"):
        raise invalid(f"{kind.title} names must not start with GITHUB_.")


def _check_room(call: Call, kind: Kind) -> None:
    level = _level(call)
    if len(kind.stored(_scope(call))) >= kind.limits[level]:
        raise invalid(f"Validation Failed: this {level} already has {kind.limits[level]} {kind.name}")


def _check_size(kind: Kind, size: int) -> None:
    if size > MAX_VALUE_BYTES:
        raise invalid(f"Validation Failed: the {kind.title.lower()} is larger than 48 KB")


def _visibility(call: Call, body: Json, old: Json) -> Json:
    """The `visibility` of an organisation's secret; 422 where `selected` names repositories of others."""
    scope = _scope(call)
    if not isinstance(scope, Owner):
        return {}
    visibility: Any = body.get("visibility", old.get("visibility"))
    if visibility not in {"all", "private", "selected"}:
        raise invalid("Validation Failed", {"field": "visibility", "code": "missing_field"})
    ids: list[Any] = body.get("selected_repository_ids") or old.get("selected_repository_ids", [])
    if visibility != "selected":
        ids = []
    return {"visibility": visibility, "selected_repository_ids": call.known_repository_ids(scope, ids)}


def _public(call: Call, kind: Kind, item: Json) -> Json:
    """The REST form."""
    shown = {key: value for key, value in item.items() if key != "selected_repository_ids"}
    if item.get("visibility") == "selected":
        path = f"/orgs/{call.path['org']}/actions/{kind.name}/{item['name']}/repositories"
        shown["selected_repositories_url"] = call.url(path)
    return shown


def _list(kind: Kind, call: Call) -> Response:
    return call.counted_list(
        kind.name, [_public(call, kind, item) for item in kind.stored(_scope(call)).values()]
    )


def _get(kind: Kind, call: Call) -> Response:
    return json_response(_public(call, kind, kind.get(call)))


def _delete(kind: Kind, call: Call) -> Response:
    del kind.stored(_scope(call))[kind.get(call)["name"]]
    return no_content()


def _selected_repositories(call: Call) -> Response:
    """The repositories that an organisation's `selected` secret is for."""
    return call.repository_list(SECRETS.get(call)["selected_repository_ids"])


def _create_variable(call: Call) -> Response:
    scope, body = _scope(call), call.body()
    name, value = body.get("name"), body.get("value")
    if not isinstance(name, str) or not isinstance(value, str):
        raise invalid("Validation Failed", {"field": "value" if name else "name", "code": "missing_field"})
    _check_name(VARIABLES, name)
    _check_size(VARIABLES, len(value.encode()))
    _check_free(scope, name)
    _check_room(call, VARIABLES)
    times = {"created_at": now(), "updated_at": now()}
    scope.variables[name.upper()] = {"name": name.upper(), "value": value, **times}
    return created({})


def _update_variable(call: Call) -> Response:
    scope, body, old = _scope(call), call.body(), VARIABLES.get(call)
    name, value = str(body.get("name", old["name"])), str(body.get("value", old["value"]))
    _check_name(VARIABLES, name)
    _check_size(VARIABLES, len(value.encode()))
    if name.upper() != old["name"]:
        _check_free(scope, name)
    del scope.variables[old["name"]]
    scope.variables[name.upper()] = {**old, "name": name.upper(), "value": value, "updated_at": now()}
    return no_content()


def _check_free(scope: Scope, name: str) -> None:
    if name.upper() in scope.variables:
        raise GitHubError(HTTPStatus.CONFLICT, "Already exists - Variable already exists")


def _key(scope: Scope) -> tuple[str, PrivateKey]:
    key = PrivateKey(scope.key_seed)
    public = bytes(key.public_key)
    return str(int.from_bytes(hashlib.sha256(public).digest()[:8])), key


def _public_key(call: Call) -> Response:
    key_id, key = _key(_scope(call))
    return json_response({"key_id": key_id, "key": base64.b64encode(bytes(key.public_key)).decode()})


def _put_secret(call: Call) -> Response:
    """201 for a new secret, 204 for a new value of an old one."""
    scope, body, name = _scope(call), call.body(), call.path["name"].upper()
    _check_name(SECRETS, name)
    size = _sealed_size(scope, body)
    old = scope.secrets.get(name)
    if old is None:
        _check_room(call, SECRETS)
    _check_size(SECRETS, size)
    scope.secrets[name] = {
        "name": name,
        "created_at": old["created_at"] if old else now(),
        "updated_at": now(),
        **_visibility(call, body, old or {}),
    }
    return created({}) if old is None else no_content()


def _sealed_size(scope: Scope, body: Json) -> int:
    """How long the value in the box is, bytes; 422 where the box was sealed for another key, or is none."""
    key_id, key = _key(scope)
    given: Any = body.get("encrypted_value")
    if not isinstance(given, str) or not given:
        raise invalid("Validation Failed", {"field": "encrypted_value", "code": "missing_field"})
    if str(body.get("key_id", "")) != key_id:
        raise invalid("Validation Failed", {"field": "key_id", "code": "invalid"})
    try:
        return len(SealedBox(key).decrypt(base64.b64decode(given, validate=True)))
    except (binascii.Error, CryptoError, ValueError) as error:
        raise invalid("Validation Failed", {"field": "encrypted_value", "code": "invalid"}) from error


_ROUTES: tuple[tuple[Kind, str, str, Callable[[Call], Response]], ...] = (
    (SECRETS, "GET", "/public-key", _public_key),
    (SECRETS, "PUT", "/{name}", _put_secret),
    (VARIABLES, "POST", "", _create_variable),
    (VARIABLES, "PATCH", "/{name}", _update_variable),
    *(
        (kind, method, suffix, partial(handler, kind))
        for kind in (SECRETS, VARIABLES)
        for method, suffix, handler in (("GET", "", _list), ("GET", "/{name}", _get))
    ),
    *((kind, "DELETE", "/{name}", partial(_delete, kind)) for kind in (SECRETS, VARIABLES)),
)

for _kind, _method, _suffix, _handler in _ROUTES:
    for _place, _permission in _kind.permissions.items():
        _need = f"{_permission}:{'read' if _method == 'GET' else 'write'}"
        area.route(_method, f"{_PATHS[_place]}/{_kind.name}{_suffix}", needs=_need)(_handler)
area.route(
    "GET", f"{_PATHS['organization']}/secrets/{{name}}/repositories", needs="organization_secrets:read"
)(_selected_repositories)
