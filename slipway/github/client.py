"""Calls of GitHub's REST API: what is sent again, how long it waits, and all pages of a list."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, urlsplit

from slipway.errors import SlipwayError
from slipway.github.auth import Auth
from slipway.github.errors import GithubError, GithubRateLimited, message, refused
from slipway.github.transport import Answer, NoAnswer, Transport
from slipway.platform.loopback import is_loopback
from slipway.platform.naming import GITHUB_API

Json = dict[str, Any]

PATIENCE_S = 90.0
"""A secondary limit that says nothing lasts for a minute at least:
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api"""

_PER_PAGE = 100
_ATTEMPTS = 5
_FIRST_WAIT_S = 1.0
_UNSAID_LIMIT_S = 60.0
# RFC 9110, section 9.2.2: doing these twice is doing them once.
_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What is left of the caller's hour, as the latest answer had it; `resets_at` in epoch seconds."""

    left: int
    limit: int
    resets_at: float


class Client:
    """One caller's view of one GitHub. May be used by several threads."""

    def __init__(
        self,
        url: str,
        auth: Auth | None,
        *,
        patience_s: float = PATIENCE_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Made by `connect`."""
        self.url = url
        self.rate: Rate | None = None
        """None until the first answer."""
        self._auth = auth
        self._transport = Transport(url, auth)
        self._patience_s = patience_s
        self._sleep = sleep

    def get(self, place: str) -> object:
        """The JSON at a path with its query. Raises as `send`."""
        return self.send("GET", place)

    def find(self, place: str) -> Json | None:
        """The object at a path; None for a 404, which GitHub also answers where the token may not look."""
        answer = self.exchange("GET", place)
        return None if answer.status == 404 else cast("Json", _checked("GET", place, answer).body)

    def every(self, place: str, key: str = "") -> Iterator[Json]:
        """All items of a list, page by page as they are asked for.

        Args:
            place: path of the list, with its filters as a query.
            key: of the list in each page, for pages that are objects.

        Raises:
            GithubError: as `send`, or a page is no such list.
        """
        upcoming = place + ("&" if "?" in place else "?") + f"per_page={_PER_PAGE}"
        while upcoming:
            answer = _checked("GET", place, self.exchange("GET", upcoming))
            body = answer.body
            page = cast("Json", body).get(key) if key and isinstance(body, dict) else body
            if not isinstance(page, list):
                what = f"GitHub's answer to GET {_shown(place)} holds no list {key}".rstrip()
                raise GithubError(what, status=answer.status)
            yield from cast("list[Json]", page)
            upcoming = _next(answer.headers)

    def post(self, place: str, body: object = None, *, safe: bool = False) -> object:
        """Create or start something; `safe` where it may happen twice without harm. Raises as `send`."""
        return self.send("POST", place, body, safe=safe)

    def put(self, place: str, body: object = None) -> object:
        """Make something be as it says. Raises as `send`."""
        return self.send("PUT", place, body)

    def patch(self, place: str, body: object, *, safe: bool = False) -> object:
        """Change something; `safe` where it may happen twice without harm. Raises as `send`."""
        return self.send("PATCH", place, body, safe=safe)

    def delete(self, place: str) -> None:
        """Remove something. Raises as `send`, for a 404 too unless an earlier try explains it."""
        self.send("DELETE", place)

    def send(self, method: str, place: str, body: object = None, *, safe: bool = False) -> object:
        """One call and the JSON of its answer, None for an empty one.

        Raises:
            GithubRateLimited: it would have to wait longer than its patience.
            GithubError: any other answer than 2xx, or none.
        """
        return _checked(method, place, self.exchange(method, place, body, safe=safe)).body

    def exchange(
        self,
        method: str,
        place: str,
        body: object = None,
        *,
        safe: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One call and its answer, whatever its status.

        A refusal for the rate is waited out and sent again whatever the method, since GitHub did nothing.
        What is lost on the way, or answered with a 5xx, may have been done: that is sent again for GET, HEAD,
        PUT and DELETE, and where the caller says that it is safe. A token that GitHub takes no longer is
        renewed once.

        Raises:
            GithubRateLimited: it would have to wait longer than its patience.
            GithubError: there is no answer.
        """
        safe = safe or method in _IDEMPOTENT
        left, lost = self._patience_s, False
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            cached = self._auth is not None and self._auth.is_cached
            try:
                answer = self._transport.send(method, place, body, headers)
            except NoAnswer as error:
                lost = lost or error.sent
                wait = _backoff(attempt)
                if last or wait > left or (error.sent and not safe):
                    raise self._silent(method, place, error) from error
            else:
                self._note(answer)
                if answer.status == 401 and cached and not last and self._auth is not None:
                    self._auth.forget()  # so that the next one is not from the cache, and its 401 stands
                    wait = 0.0
                else:
                    wait = self._wait(method, place, answer, attempt, left, safe=safe)
                    if wait is None or last:
                        return _explained(method, answer, lost=lost)
                    lost = lost or answer.status >= 500
            self._sleep(wait)
            left -= wait
        raise AssertionError("the last attempt returns or raises")

    def _wait(
        self, method: str, place: str, answer: Answer, attempt: int, left: float, *, safe: bool
    ) -> float | None:
        """Seconds until it is sent again; None where the answer stands."""
        limited = _limit(answer, attempt)
        if limited is not None:
            if limited > left or attempt == _ATTEMPTS - 1:
                raise GithubRateLimited(
                    f"GitHub's rate limit is used up: {message(answer.body) or answer.status}",
                    status=answer.status,
                    wait_s=limited,
                    where=f"{method} {_shown(place)}",
                )
            return limited
        if answer.status < 500 or not safe:
            return None
        wait = max(_retry_after(answer), _backoff(attempt))
        return wait if wait <= left else None

    def _silent(self, method: str, place: str, error: NoAnswer) -> GithubError:
        unknown = " It may have been done nevertheless." if error.sent and method != "GET" else ""
        return GithubError(
            f"GitHub does not answer ({error}) to {method} {_shown(place)}.{unknown}",
            where=self.url,
            fix="look whether it was done before it is tried again" if unknown else "try again",
        )

    def _note(self, answer: Answer) -> None:
        names = ("x-ratelimit-remaining", "x-ratelimit-limit", "x-ratelimit-reset")
        texts = [answer.headers.get(name, "") for name in names]
        if all(text.isdecimal() for text in texts):
            left, limit, reset = map(int, texts)
            self.rate = Rate(left=left, limit=limit, resets_at=float(reset))


def connect(auth: Auth | None = None, url: str = GITHUB_API, *, patience_s: float = PATIENCE_S) -> Client:
    """A client as the caller that `auth` is, or as nobody.

    Args:
        auth: from `token`, `as_app` or `as_installation`.
        url: of the API: https, or a stand-in on loopback.
        patience_s: how long one call may wait in all for rate limits and outages.

    Raises:
        SlipwayError: the address would show the token to whoever listens.
    """
    if urlsplit(url).scheme != "https" and not is_loopback(url):
        raise SlipwayError(f"{url} is neither https nor on this machine", fix=f"use {GITHUB_API}")
    return Client(url, auth, patience_s=patience_s)


def path(*segments: object) -> str:
    """A path of segments, each escaped by itself, so that a slash in an environment's name stays in it."""
    return "/" + "/".join(quote(str(segment), safe="") for segment in segments)


def _checked(method: str, place: str, answer: Answer) -> Answer:
    if answer.status >= 300:
        raise refused(method, _shown(place), answer.status, answer.body, answer.headers)
    return answer


def _explained(method: str, answer: Answer, *, lost: bool) -> Answer:
    """A deletion whose first answer was lost finds nothing left to delete the second time."""
    done = method == "DELETE" and lost and answer.status == 404
    return Answer(status=204, headers=answer.headers, text="") if done else answer


def _limit(answer: Answer, attempt: int) -> float | None:
    """Seconds that a rate limit asks for; None where the answer is no such refusal.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
    """
    after, text = _retry_after(answer), message(answer.body)
    if answer.status != 429 and not (answer.status == 403 and (after or "rate limit" in text.lower())):
        return None
    if after:
        return after
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(int(reset) - time.time(), 0.0) + 1  # at some time within that second
    return _UNSAID_LIMIT_S * 2**attempt


def _retry_after(answer: Answer) -> float:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else 0.0


def _backoff(attempt: int) -> float:
    return _FIRST_WAIT_S * 2**attempt * random.uniform(0.5, 1)  # noqa: S311 - not for a secret


def _shown(place: str) -> str:
    """A path without its query, which may hold what nobody should read."""
    return place.partition("?")[0]


def _next(headers: Mapping[str, str]) -> str:
    """Path and query of the next page, from the Link header (RFC 8288); empty on the last one."""
    for link in headers.get("link", "").split(","):
        address, _, parameters = link.partition(";")
        if 'rel="next"' in parameters:
            parts = urlsplit(address.strip().strip("<>"))
            return f"{parts.scheme}://{parts.netloc}{parts.path}?{parts.query}"
    return ""
