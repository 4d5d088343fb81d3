"""Tokens that GitHub Apps sign themselves: RS256, ten minutes at most.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
"""

import base64
import json
import time
from http import HTTPStatus
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from slipway.localcloud.github.automation import App, Automation
from slipway.localcloud.github.errors import GitHubError

LIFE_S = 600
_CLOCK_S = 60


def signer(text: str, automation: Automation) -> App:
    """The App that signed the token. Raises GitHubError, 401 with GitHub's reason."""
    header, _, rest = text.partition(".")
    payload, _, signature = rest.partition(".")
    head, claims = _object(header), _object(payload)
    issuer = str(claims.get("iss", ""))
    app = next((app for app in automation.apps.values() if issuer in {str(app.id), app.client_id}), None)
    if app is None:
        raise GitHubError(HTTPStatus.NOT_FOUND, "Integration not found")
    if head.get("alg") != "RS256":
        raise _undecodable()
    try:
        app.public_key.verify(_bytes(signature), f"{header}.{payload}".encode(), padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        raise _undecodable() from None
    _check_times(claims)
    return app


def _check_times(claims: dict[str, Any]) -> None:
    now, issued, expires = time.time(), claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int | float) or issued > now + _CLOCK_S:
        message = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was"
        raise GitHubError(HTTPStatus.UNAUTHORIZED, f"{message} issued")
    if not isinstance(expires, int | float) or expires <= now:
        message = (
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which"
        )
        raise GitHubError(HTTPStatus.UNAUTHORIZED, f"{message} the assertion expires")
    if expires > now + LIFE_S:
        message = "'Expiration time' claim ('exp') is too far in the future"
        raise GitHubError(HTTPStatus.UNAUTHORIZED, message)


def _object(part: str) -> dict[str, Any]:
    try:
        decoded: Any = json.loads(_bytes(part))
    except ValueError:
        raise _undecodable() from None
    if not isinstance(decoded, dict):
        raise _undecodable()
    return decoded  # pyright: ignore[reportUnknownVariableType] - any JSON


def _bytes(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise _undecodable() from None


def _undecodable() -> GitHubError:
    return GitHubError(HTTPStatus.UNAUTHORIZED, "A JSON web token could not be decoded")
