"""Who calls: a job's token, an App by a token that its key signs, or an installation by a token it gets."""

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from slipway.github.client import Client

Signer = Callable[[bytes], bytes]
"""RSASSA-PKCS1-v1_5 with SHA-256 over a message; the key stays where it is, in KMS for instance."""

Fetch = Callable[[], tuple[str, float]]
"""A new token, and when it ends (epoch seconds)."""

_APP_LIFE_S = 540
"""A token of an App may live for 10 minutes; its clock may be off by one of them.
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app"""

_MARGIN_S = 60.0
"""A token that ends sooner is not used for another call."""


class Auth:
    """A token that is fetched when it is first needed, again before it ends, and when GitHub refuses it."""

    def __init__(self, kind: str, fetch: Fetch) -> None:
        """Args:
        kind: how the header calls it: `Bearer` or `token`.
        fetch: makes one; called by one thread at a time.
        """
        self.kind = kind
        self._fetch = fetch
        self._token = ""
        self._ends = 0.0
        self._lock = threading.Lock()

    @property
    def token(self) -> str:
        """The token to send now. Raises what fetching one raises."""
        with self._lock:
            if not self._is_fresh():
                self._token, self._ends = self._fetch()
            return self._token

    @property
    def is_cached(self) -> bool:
        """Whether the next call is sent with a token that was fetched for an earlier one."""
        with self._lock:
            return self._is_fresh()

    def forget(self) -> None:
        """Fetch a new token for the next call."""
        with self._lock:
            self._ends = 0.0

    def _is_fresh(self) -> bool:
        return time.time() < self._ends - _MARGIN_S


class _Given(Auth):
    """A token that somebody else made; there is no other."""

    @property
    def is_cached(self) -> bool:
        return False


def token(text: str) -> Auth:
    """A job's `GITHUB_TOKEN`, or a person's own token."""
    return _Given("token", lambda: (text, float("inf")))


def as_app(app_id: int | str, sign: Signer) -> Auth:
    """A GitHub App by its id or client id, which may look at itself, its deliveries and its installations."""
    return Auth("Bearer", lambda: (app_token(app_id, sign), time.time() + _APP_LIFE_S))


def as_installation(
    app: "Client",
    installation_id: int,
    *,
    repositories: Sequence[str] | None = None,
    permissions: dict[str, str] | None = None,
) -> Auth:
    """An App's installation, with all that it may do or less.

    Args:
        app: a client `as_app`.
        installation_id: of the App in an organisation.
        repositories: names without the owner; all that it reaches for None.
        permissions: `{"contents": "read"}`; all that it has for None.
    """
    asked = {
        "repositories": list(repositories) if repositories is not None else None,
        "permissions": permissions,
    }
    body = {name: value for name, value in asked.items() if value is not None}

    def fetch() -> tuple[str, float]:
        place = f"/app/installations/{installation_id}/access_tokens"
        # Where an answer was lost, a second token harms nobody.
        made = cast("dict[str, Any]", app.post(place, body or None, safe=True))
        return str(made["token"]), datetime.fromisoformat(str(made["expires_at"])).timestamp()

    return Auth("token", fetch)


def app_token(app_id: int | str, sign: Signer) -> str:
    """A JSON web token of an App (RS256). The caller holds it in memory only."""
    now = int(time.time())
    claims = {"iat": now - 60, "exp": now + _APP_LIFE_S, "iss": str(app_id), "jti": uuid.uuid4().hex}
    text = f"{_encoded({'alg': 'RS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    return f"{text}.{_base64(sign(text.encode()))}"


def _encoded(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
