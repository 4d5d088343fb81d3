"""Speaks to GitHub as its App: a token signed by KMS, and the few calls that the commands make."""

import base64
import http.client
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from slipway.aws import AWS_ERRORS, AwsError
from slipway.errors import SlipwayError
from slipway.runners.fleet import Fleet

Json = dict[str, Any]
_PAGE = 100
_TIMEOUT_S = 20
_LIFE_S = 540
"""A token of an App may live for 10 minutes; its clock may be off by one of them.
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app"""


class Refused(SlipwayError):
    """An answer of GitHub's that is no success."""

    def __init__(self, status: int, method: str, path: str, message: str) -> None:
        super().__init__(f"GitHub answers {status} to {method} {path}: {message}")
        self.status = status


class AppApi:
    """GitHub's API as the App itself, which may look at itself and at its webhook's deliveries."""

    def __init__(self, fleet: Fleet, app_id: int) -> None:
        self._fleet = fleet
        self._app_id = app_id
        self._token = ""

    def app(self) -> Json:
        """The App as it is: its name, permissions and events."""
        return cast(Json, self._ask("GET", "/app"))

    def installation(self) -> Json | None:
        """Its installation in the fleet's organisation; None where it is not installed."""
        try:
            return cast(Json, self._ask("GET", f"/orgs/{self._fleet.organization}/installation"))
        except Refused as error:
            if error.status == http.client.NOT_FOUND:
                return None
            raise

    def webhook(self) -> str:
        """URL that GitHub sends the App's events to."""
        return str(cast(Json, self._ask("GET", "/app/hook/config")).get("url", ""))

    def set_webhook(self, **settings: str) -> None:
        """Change the App's webhook: its `url`, or the `secret` that its events are signed with."""
        self._ask("PATCH", "/app/hook/config", settings)

    def deliveries(self, since_s: float) -> Iterator[Json]:
        """Deliveries of the App's webhook, newest first, as far back as `since_s` (epoch seconds)."""
        path = f"/app/hook/deliveries?per_page={_PAGE}"
        while path:
            found, headers = self._page(path)
            for one in found:
                if seconds(str(one["delivered_at"])) < since_s:
                    return
                yield one
            path = _next(headers)

    def redeliver(self, delivery_id: int) -> None:
        """Have GitHub send one delivery again."""
        self._ask("POST", f"/app/hook/deliveries/{delivery_id}/attempts")

    def _page(self, path: str) -> tuple[list[Json], Mapping[str, str]]:
        body, headers = request(self._fleet.github_api, "GET", path, token=self._signed())
        return cast("list[Json]", body), headers

    def _ask(self, method: str, path: str, body: Json | None = None) -> object:
        return request(self._fleet.github_api, method, path, token=self._signed(), body=body)[0]

    def _signed(self) -> str:
        if not self._token:
            self._token = app_token(self._fleet, self._app_id)
        return self._token


def app_token(fleet: Fleet, app_id: int) -> str:
    """A JSON web token of the App, signed by its key in KMS (RS256); the caller holds it in memory only.

    Raises:
        SlipwayError: KMS does not sign.
    """
    now = int(time.time())
    claims = {"iat": now - 60, "exp": now + _LIFE_S, "iss": str(app_id), "jti": uuid.uuid4().hex}
    text = f"{_encoded({'alg': 'RS256', 'typ': 'JWT'})}.{_encoded(claims)}"
    try:
        answer: Json = fleet.client("kms").sign(
            KeyId=fleet.names.app_key,
            Message=text.encode(),
            MessageType="RAW",
            SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
        )
    except AWS_ERRORS as error:
        raise AwsError(
            "KMS does not sign as the App",
            error,
            where=fleet.names.app_key,
            fix=f"slipway runners app create {fleet.stack}",
        ) from error
    return f"{text}.{_base64(bytes(answer['Signature']))}"


def request(
    base: str, method: str, path: str, *, token: str = "", body: Json | None = None
) -> tuple[object, Mapping[str, str]]:
    """One call of GitHub's API; the answer's JSON (None for an empty one) and its headers, in lower case.

    Raises:
        Refused: GitHub answers with an error; its message, and nothing that was sent.
        SlipwayError: GitHub does not answer.
    """
    address = urlsplit(base)
    # The standard library's client knows no proxies, so nobody stands between these calls and GitHub.
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    headers = {"Accept": "application/vnd.github+json", "User-Agent": "slipway"}
    headers |= {"X-GitHub-Api-Version": "2022-11-28", "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection = kind(address.netloc, timeout=_TIMEOUT_S)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        response = connection.getresponse()
        raw = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise SlipwayError(f"GitHub does not answer: {error}", where=base, fix="try again") from error
    finally:
        connection.close()
    found = _json(raw)
    if response.status >= http.client.BAD_REQUEST:
        message = cast(Json, found).get("message", "") if isinstance(found, dict) else ""
        raise Refused(response.status, method, path.partition("?")[0], str(message) or response.reason)
    return found, {key.lower(): value for key, value in response.getheaders()}


def seconds(time_text: str) -> float:
    """GitHub's ISO time as epoch seconds."""
    return datetime.fromisoformat(time_text).timestamp()


def _next(headers: Mapping[str, str]) -> str:
    """Path and query of the next page, from the Link header; empty on the last one."""
    for part in headers.get("link", "").split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            split = urlsplit(address.strip().strip("<>"))
            return f"{split.path}?{split.query}"
    return ""


def _json(raw: bytes) -> object:
    try:
        return json.loads(raw) if raw.strip() else None
    except ValueError:
        return None


def _encoded(value: Json) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
