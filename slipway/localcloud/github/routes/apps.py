"""GitHub Apps: made from a manifest, installed where they are made, known by tokens that they sign.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
https://docs.github.com/en/rest/apps/apps

On GitHub an owner looks at the manifest, agrees, and then installs the App; here both are taken as done.
"""

import json
import re
import secrets
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urlencode

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.wrappers import Request, Response

from slipway.localcloud.github.automation import App
from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.model import Allowance, Json, Owner, Token, now
from slipway.localcloud.github.protocol import AS_APP, Area, Call, created
from slipway.localcloud.github.world import World
from slipway.localcloud.web import json_response

area = Area()

TOKEN_LIFE_S = 3600
_LEVELS = {"read": 1, "write": 2, "admin": 3}


def submit_manifest(request: Request, world: World, organization: str) -> Response:
    """The page that a manifest is posted to: sends the browser back with a code, as once an owner agrees."""
    owner = world.owners.get(organization.lower())
    if owner is None or owner.type != "Organization":
        raise not_found()
    try:
        manifest: Any = json.loads(request.form.get("manifest", ""))
        _check_manifest(manifest)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise invalid(f"Invalid manifest: {error}") from None
    code = secrets.token_hex(20)
    world.automation.conversions[code] = {"organization": owner.login, "manifest": manifest}
    answer = {"code": code, "state": request.args.get("state", "")}
    separator = "&" if "?" in manifest["redirect_url"] else "?"
    return Response(
        status=HTTPStatus.FOUND,
        headers={"Location": f"{manifest['redirect_url']}{separator}{urlencode(answer)}"},
    )


def _check_manifest(manifest: Json) -> None:
    for name in ("url", "redirect_url"):
        if not str(manifest[name]).startswith(("http://", "https://")):
            msg = f"{name} is no URL"
            raise ValueError(msg)
    permissions: dict[str, str] = manifest.get("default_permissions") or {}
    if not set(permissions.values()) <= set(_LEVELS):
        msg = "a permission is neither read, write nor admin"
        raise ValueError(msg)


def convert(request: Request, world: World, code: str) -> Response:
    """Make the App, and hand out its key and secrets: once for each code, and to whoever has it.

    https://docs.github.com/en/rest/apps/apps#create-a-github-app-from-a-manifest
    """
    with world.lock:
        asked = world.automation.conversions.pop(code, None)
    if asked is None:
        raise not_found()
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    with world.lock:
        owner = world.owners[str(asked["organization"]).lower()]
        app = _create(world, owner, asked["manifest"], key.public_key())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
    given = {"client_secret": secrets.token_hex(20), "webhook_secret": app.hook["secret"], "pem": pem}
    base = request.host_url.rstrip("/")
    return created({**_shown(world, app, base), **given})


def _create(world: World, owner: Owner, manifest: Json, public_key: rsa.RSAPublicKey) -> App:
    id_, installation = _numbers(world, owner)
    asked: Json = manifest.get("hook_attributes") or {}
    name = re.sub(r"[^a-z0-9]+", "-", str(manifest.get("name") or f"app-{id_}").lower()).strip("-")
    taken = {app.slug for app in world.automation.apps.values()}
    app = App(
        id=id_,
        installation_id=installation,
        slug=name if name not in taken else f"{name}-{id_}",
        client_id=f"Iv23{secrets.token_hex(8)}",
        organization=owner.login,
        manifest=manifest,
        public_key=public_key,
        hook={
            "url": str(asked.get("url", "")),
            "content_type": "json",
            "insecure_ssl": "0",
            "secret": secrets.token_hex(20),
        },
        allowance=Allowance(limit=5000),
        installation_allowance=Allowance(),
    )
    world.automation.apps[id_] = app
    return app


def _numbers(world: World, owner: Owner) -> tuple[int, int]:
    id_, installation = world.automation.reserved.get(owner.login.lower(), (0, 0))
    if id_ and id_ not in world.automation.apps:
        return id_, installation
    return world.next_id(), world.next_id()


@area.route("GET", "/app", needs=AS_APP)
def get_app(call: Call) -> Response:
    return json_response({**_shown(call.world, _app(call), call.url("")), "installations_count": 1})


@area.route("GET", "/app/hook/config", needs=AS_APP)
def get_hook(call: Call) -> Response:
    """https://docs.github.com/en/rest/apps/webhooks; the secret is never shown."""
    return json_response({**_app(call).hook, "secret": "********"})


@area.route("PATCH", "/app/hook/config", needs=AS_APP)
def update_hook(call: Call) -> Response:
    hook, body = _app(call).hook, call.body()
    hook |= {name: str(body[name]) for name in hook if name in body}
    return json_response({**hook, "secret": "********"})


@area.route("GET", "/app/installations", needs=AS_APP)
def list_installations(call: Call) -> Response:
    return call.listed([_installation(call, _app(call))])


@area.route("GET", "/app/installations/{installation}", needs=AS_APP)
def get_installation(call: Call) -> Response:
    return json_response(_installation(call, _installed(call)))


@area.route("GET", "/orgs/{org}/installations", needs="organization_administration:read")
def list_organization_installations(call: Call) -> Response:
    """https://docs.github.com/en/rest/orgs/orgs#list-app-installations-for-an-organization"""
    login = call.owner().login
    installed = [app for app in call.world.automation.apps.values() if app.organization == login]
    return call.counted_list("installations", [_installation(call, app) for app in installed])


@area.route("GET", "/orgs/{org}/installation", needs=AS_APP)
def get_organization_installation(call: Call) -> Response:
    app = _app(call)
    if call.owner().login != app.organization:
        raise not_found()
    return json_response(_installation(call, app))


@area.route("POST", "/app/installations/{installation}/access_tokens", needs=AS_APP)
def create_token(call: Call) -> Response:
    """https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app"""
    app, body, world = _installed(call), call.body(), call.world
    permissions: dict[str, str] = body.get("permissions") or dict(app.permissions)
    for name, level in permissions.items():
        if _LEVELS.get(level, 9) > _LEVELS.get(app.permissions.get(name, ""), 0):
            raise invalid("The permissions requested are not granted to this installation.")
    repositories = _chosen(call, app, body)
    at = time.time()
    for text in [text for text, token in world.tokens.items() if token.expires_at < at]:
        del world.tokens[text]
    text, expires_at = f"ghs_{secrets.token_hex(18)}", at + TOKEN_LIFE_S
    world.tokens[text] = Token(
        permissions={**permissions, "metadata": "read"},
        repositories=None if repositories is None else frozenset(slug.lower() for slug in repositories),
        organization=app.organization.lower(),
        app=(app.id, app.slug),
        expires_at=expires_at,
        allowance=app.installation_allowance,
    )
    answer: Json = {
        "token": text,
        "expires_at": datetime.fromtimestamp(int(expires_at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "permissions": {**permissions, "metadata": "read"},
        "repository_selection": "all" if repositories is None else "selected",
    }
    return created(answer)


def _chosen(call: Call, app: App, body: Json) -> list[str] | None:
    """The repositories that a token is to be for, as `owner/name`; None for all."""
    names, ids = body.get("repositories"), body.get("repository_ids")
    if names is None and ids is None:
        return None
    own = [repo for repo in call.world.repositories.values() if repo.owner.login == app.organization]
    by_name, by_id = {repo.name.lower(): repo.slug for repo in own}, {repo.id: repo.slug for repo in own}
    slugs = [by_name.get(str(name).lower()) for name in cast("list[object]", names or [])]
    slugs += [by_id.get(cast("int", id_)) for id_ in cast("list[object]", ids or [])]
    if None in slugs:
        raise invalid("There is at least one repository that does not exist or is not accessible")
    return [slug for slug in slugs if slug is not None]


def _app(call: Call) -> App:
    app = call.world.automation.apps.get(call.token.app_id or 0)
    if app is None:
        raise GitHubError(HTTPStatus.NOT_FOUND, "Integration not found")
    return app


def _installed(call: Call) -> App:
    """The App, where the installation in the path is its own."""
    app, number = _app(call), call.path["installation"]
    if not number.isdecimal() or int(number) != app.installation_id:
        raise not_found()
    return app


def _shown(world: World, app: App, base: str) -> Json:
    owner = world.owners[app.organization.lower()]
    return {
        "id": app.id,
        "slug": app.slug,
        "node_id": f"A_{app.id}",
        "client_id": app.client_id,
        "owner": {"login": owner.login, "id": owner.id, "type": owner.type},
        "name": app.manifest.get("name") or app.slug,
        "description": app.manifest.get("description") or "",
        "external_url": app.manifest["url"],
        "html_url": f"{base}/apps/{app.slug}",
        "created_at": app.created_at,
        "updated_at": now(),
        "permissions": app.permissions,
        "events": app.events,
    }


def _installation(call: Call, app: App) -> Json:
    owner = call.world.owners[app.organization.lower()]
    return {
        "id": app.installation_id,
        "account": {"login": owner.login, "id": owner.id, "type": owner.type},
        "app_id": app.id,
        "app_slug": app.slug,
        "client_id": app.client_id,
        "html_url": call.url(f"/organizations/{owner.login}/settings/installations/{app.installation_id}"),
        "target_id": owner.id,
        "target_type": owner.type,
        "repository_selection": "all",
        "permissions": app.permissions,
        "events": app.events,
        "access_tokens_url": call.url(f"/app/installations/{app.installation_id}/access_tokens"),
        "created_at": app.created_at,
        "updated_at": app.created_at,
        "suspended_at": None,
        "single_file_name": None,
    }
