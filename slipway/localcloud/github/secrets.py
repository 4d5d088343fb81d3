"""Secrets of organisations, repositories and environments. https://docs.github.com/en/rest/actions/secrets

A value comes in sealed for the scope's public key (libsodium's sealed box), is opened once to see that it
can be, and is then forgotten: nothing here, and so nothing behind any route, log or page, holds it.
"""

import base64
import binascii
import hashlib
from http import HTTPStatus
from typing import Any

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import invalid, not_found
from slipway.localcloud.github.model import Json, Owner, Scope, now
from slipway.localcloud.github.protocol import Area, Ask
from slipway.localcloud.github.variables import name_problem, scope_of, visibility_of
from slipway.localcloud.web import json_response

area = Area()

# https://docs.github.com/en/actions/reference/security/secrets
MAX_VALUE_BYTES = 48 * 1024
LIMITS = {"organization": 1000, "repository": 100, "environment": 100}

PLACES = {
    "/orgs/{org}/actions": "organization_secrets",
    "/repos/{owner}/{repo}/actions": "secrets",
    "/repos/{owner}/{repo}/environments/{environment}": "environments",
}
"""Path prefix -> the permission for the secrets there."""


def _key(scope: Scope) -> tuple[str, PrivateKey]:
    key = PrivateKey(scope.key_seed)
    public = bytes(key.public_key)
    return str(int.from_bytes(hashlib.sha256(public).digest()[:8])), key


def _public_key(ask: Ask) -> Response:
    scope, _ = scope_of(ask)
    key_id, key = _key(scope)
    return json_response({"key_id": key_id, "key": base64.b64encode(bytes(key.public_key)).decode()})


def _put(ask: Ask) -> Response:
    """201 for a new secret, 204 for a new value of an old one."""
    (scope, place), body, name = scope_of(ask), ask.body(), ask.path["name"].upper()
    problem = name_problem("Secret", name)
    if problem:
        raise invalid(problem)
    size = _sealed_size(scope, body)
    held = scope.secrets.get(name)
    if held is None and len(scope.secrets) >= LIMITS[place]:
        raise invalid(f"Validation Failed: this {place} already has {LIMITS[place]} secrets")
    if size > MAX_VALUE_BYTES:
        raise invalid("Validation Failed: the secret is larger than 48 KB")
    scope.secrets[name] = {
        "name": name,
        "created_at": held["created_at"] if held else now(),
        "updated_at": now(),
        **visibility_of(ask, scope, body, held),
    }
    return (
        json_response({}, HTTPStatus.CREATED) if held is None else json_response(None, HTTPStatus.NO_CONTENT)
    )


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


def _list(ask: Ask) -> Response:
    scope, _ = scope_of(ask)
    return ask.listed("secrets", [_shown(ask, scope, one) for one in scope.secrets.values()])


def _get(ask: Ask) -> Response:
    scope, _ = scope_of(ask)
    return json_response(_shown(ask, scope, _held(ask, scope)))


def _delete(ask: Ask) -> Response:
    scope, _ = scope_of(ask)
    del scope.secrets[_held(ask, scope)["name"]]
    return json_response(None, HTTPStatus.NO_CONTENT)


def _selected(ask: Ask) -> Response:
    """The repositories that an organisation's `selected` secret is for."""
    scope = ask.owner()
    wanted = _held(ask, scope).get("selected_repository_ids", [])
    listed = [
        {"id": one.id, "name": one.name, "full_name": one.slug}
        for one in ask.world.repositories.values()
        if one.id in wanted
    ]
    return ask.listed("repositories", listed)


def _held(ask: Ask, scope: Scope) -> Json:
    found = scope.secrets.get(ask.path["name"].upper())
    if found is None:
        raise not_found()
    return found


def _shown(ask: Ask, scope: Scope, held: Json) -> Json:
    shown = {key: value for key, value in held.items() if key != "selected_repository_ids"}
    if isinstance(scope, Owner) and held.get("visibility") == "selected":
        url = f"/orgs/{scope.login}/actions/secrets/{held['name']}/repositories"
        shown["selected_repositories_url"] = ask.url(url)
    return shown


for _prefix, _permission in PLACES.items():
    area.route("GET", _prefix + "/secrets/public-key", needs=f"{_permission}:read")(_public_key)
    area.route("GET", _prefix + "/secrets", needs=f"{_permission}:read")(_list)
    area.route("GET", _prefix + "/secrets/{name}", needs=f"{_permission}:read")(_get)
    area.route("PUT", _prefix + "/secrets/{name}", needs=f"{_permission}:write")(_put)
    area.route("DELETE", _prefix + "/secrets/{name}", needs=f"{_permission}:write")(_delete)
area.route("GET", "/orgs/{org}/actions/secrets/{name}/repositories", needs="organization_secrets:read")(
    _selected
)
