"""One request to one GitHub and its answer: no retries and no judgement."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from slipway.github.auth import Auth
from slipway.github.errors import GithubError
from slipway.platform.loopback import is_loopback

_HEADERS = {
    "Accept": "application/vnd.github+json",
    "User-Agent": "slipway",
    "X-GitHub-Api-Version": "2022-11-28",
}
_TIMEOUT_S = (10, 30)
"""To connect, and between two bytes of an answer."""

_MOVED = frozenset({301, 302, 307, 308})
"""Repeated as they were, to the address that they name:
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects"""
_REDIRECTS = 3

Prepared = requests.PreparedRequest


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer; `headers` are in lower case, `text` is its body."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> object:
        """The JSON in it; None where it has none."""
        try:
            return json.loads(self.text) if self.text.strip() else None
        except ValueError:
            return None


class NoAnswer(Exception):
    """None came. `sent` is False where it is certain that GitHub never saw the request."""

    def __init__(self, error: Exception, *, sent: bool) -> None:
        super().__init__(type(error).__name__)
        self.sent = sent


class Transport:
    """One GitHub at one address, as one caller. May be used by several threads."""

    def __init__(self, url: str, auth: Auth | None) -> None:
        self._base = url.rstrip("/")
        self._auth = auth
        self._session = requests.Session()
        # A stand-in is met without a proxy, and without anything else of the environment.
        self._session.trust_env = not is_loopback(url)
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def send(self, method: str, place: str, body: object, headers: Mapping[str, str] | None = None) -> Answer:
        """One request, and again where it has moved on the same server.

        Args:
            method: of HTTP.
            place: a path with its query, or a whole address on this server.
            body: what JSON can hold; nothing for None.
            headers: beside the usual ones, or instead of them.

        Raises:
            NoAnswer: nobody answered.
            GithubError: the address is on another server, which must not see the token.
        """
        address = self._base + place if place.startswith("/") else place
        answer = self._once(method, address, body, headers or {})
        for _ in range(_REDIRECTS):
            moved = urljoin(address, answer.headers.get("location", ""))
            if answer.status not in _MOVED or moved == address or not self._is_ours(moved):
                break
            address = moved
            answer = self._once(method, address, body, headers or {})
        return answer

    def _once(self, method: str, address: str, body: object, headers: Mapping[str, str]) -> Answer:
        if not self._is_ours(address):
            raise GithubError("an address of GitHub's is on another server", where=address.partition("?")[0])
        data = None if body is None else json.dumps(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        try:
            response = self._session.request(
                method,
                address,
                data=data,
                headers={**_HEADERS, **kind, **headers},
                auth=self._authorize(),
                timeout=_TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise NoAnswer(error, sent=not _never_sent(error)) from error
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status_code, headers=found, text=response.text)

    def _authorize(self) -> Callable[[Prepared], Prepared]:
        """Given even where there is no token: requests would take one from ~/.netrc otherwise."""
        value = f"{self._auth.kind} {self._auth.token}" if self._auth else ""

        def authorize(request: Prepared) -> Prepared:
            if value:
                request.headers["Authorization"] = value
            return request

        return authorize

    def _is_ours(self, address: str) -> bool:
        """Whether the token may be shown to who is there."""
        here, there = urlsplit(self._base), urlsplit(address)
        return (here.scheme, here.netloc) == (there.scheme, there.netloc)


def _never_sent(error: requests.RequestException) -> bool:
    cause: object = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)
