"""The few calls that the fleet makes of GitHub's REST API, by urllib. A runner's `busy` flag is never read.

https://docs.github.com/en/rest/actions/self-hosted-runners and …/apps/webhooks
"""

import http.client
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol, cast
from urllib.parse import parse_qs, quote, urlsplit

from runners.control.reasons import Reason

_TIMEOUT_S = 10
_SHORT_S, _LONG_S = 5, 60
"""How long to stay away when GitHub does not say: after a fault, after a rate limit."""
_LONGEST_S = 3_660
"""GitHub counts by the hour, so that no limit lasts longer; what asks for more is asked again then."""
_MOST_PAGES = 100
"""Of a hundred runners each: GitHub keeps at most 10,000 in a group
(https://docs.github.com/en/actions/reference/actions-limits), and a loop needs an end."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes = b""

    def json(self) -> Any:
        """The body read as JSON; None if it is empty. Raises GitHubUnavailable for anything else."""
        try:
            return json.loads(self.body) if self.body else None
        except (ValueError, RecursionError) as error:
            raise GitHubUnavailable("an answer that is no JSON", retry_after=_SHORT_S) from error


Transport = Callable[[str, str, dict[str, str], bytes | None], Answer]
"""Method, URL, headers, body -> answer. Raises OSError if none came."""


class GitHubUnavailable(Exception):
    """GitHub cannot serve us now; `retry_after` in seconds, `reason` for those who wait.

    `grows`: it is a limit of which GitHub does not say how long it lasts, so that `retry_after` is the least,
    and who meets it again has to wait longer.
    """

    def __init__(
        self, what: str, *, retry_after: int, reason: Reason = Reason.GITHUB, grows: bool = False
    ) -> None:
        super().__init__(what)
        self.retry_after = retry_after
        self.reason = reason
        self.grows = grows


class GitHubClientError(Exception):
    """GitHub will not do this, however often it is asked."""

    def __init__(self, what: str, status: int) -> None:
        super().__init__(what)
        self.status = status


class Credentials(Protocol):
    """Where the client gets what it shows to GitHub. Both raise GitHubUnavailable."""

    def installation_token(self) -> str:
        """The shared installation token."""
        ...

    def app_jwt(self) -> str:
        """A fresh JWT of the App."""
        ...

    def forget(self, token: str) -> None:
        """GitHub did not accept this token."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook delivery, without its payload. `failed`: the endpoint did not answer 2xx.

    `unreadable`: it answered that it cannot read it, so that another try changes nothing.
    """

    id: int
    guid: str
    event: str
    failed: bool
    redelivery: bool
    unreadable: bool = False


@dataclass
class Spent:
    """What has been used up: calls made, and what GitHub says is left of the hour's rate."""

    calls: int = 0
    rate_left: int | None = None


class GitHub(Protocol):
    """What the functions need of GitHub. Every call raises GitHubUnavailable or GitHubClientError."""

    spent: Spent

    def mint_runner(self, name: str, group_id: int, labels: tuple[str, ...]) -> tuple[str, int]:
        """A just-in-time configuration and the number of the runner it is for."""
        ...

    def delete_runner(self, runner_id: int) -> bool:
        """Deregister a runner. False: it is running a job, so GitHub keeps it. Gone already is True."""
        ...

    def runners(self) -> Iterator[tuple[int, str, bool]]:
        """Every runner of the organisation: number, name, online."""
        ...

    def deliveries(self, cursor: str) -> tuple[list[Delivery], str]:
        """A page of the App's webhook deliveries, newest first, and the cursor of the next (empty: last)."""
        ...

    def redeliver(self, delivery: int) -> None:
        """Ask for a delivery to be sent again."""
        ...

    def run(self, slug: str, run_id: int) -> dict[str, Any]:
        """A workflow run."""
        ...

    def job(self, slug: str, job_id: int) -> dict[str, Any]:
        """One attempt of a job."""
        ...

    def rerun(self, slug: str, job_id: int) -> None:
        """Run a finished job again; refused (403) while its run is going on."""
        ...


class GitHubRest:
    """The API at `url`, for one organisation; `clock` gives epoch milliseconds."""

    def __init__(
        self,
        url: str,
        organization: str,
        credentials: Credentials,
        transport: Transport,
        spent: Spent,
        *,
        clock: Callable[[], int],
    ) -> None:
        self._url = url.rstrip("/")
        self._organization = organization
        self._credentials = credentials
        self._transport = transport
        self._clock = clock
        self.spent = spent

    def mint_runner(self, name: str, group_id: int, labels: tuple[str, ...]) -> tuple[str, int]:
        """See `GitHub`."""
        path = f"/orgs/{self._organization}/actions/runners/generate-jitconfig"
        body = {"name": name, "runner_group_id": group_id, "labels": list(labels), "work_folder": "_work"}
        made = self._installed("POST", path, body).json()
        return str(made["encoded_jit_config"]), int(made["runner"]["id"])

    def delete_runner(self, runner_id: int) -> bool:
        """See `GitHub`."""
        try:
            self._installed("DELETE", f"/orgs/{self._organization}/actions/runners/{runner_id}")
        except GitHubClientError as error:
            if error.status == HTTPStatus.UNPROCESSABLE_ENTITY:
                return False
            if error.status != HTTPStatus.NOT_FOUND:
                raise
        return True

    def runners(self) -> Iterator[tuple[int, str, bool]]:
        """See `GitHub`."""
        for page in range(1, _MOST_PAGES + 1):
            path = f"/orgs/{self._organization}/actions/runners?per_page=100&page={page}"
            listed = self._installed("GET", path).json()["runners"]
            for runner in listed:
                yield int(runner["id"]), str(runner["name"]), runner["status"] == "online"
            if len(listed) < 100:
                return

    def deliveries(self, cursor: str) -> tuple[list[Delivery], str]:
        """See `GitHub`."""
        path = "/app/hook/deliveries?per_page=100" + (f"&cursor={cursor}" if cursor else "")
        answer = self._as_app("GET", path)
        return [_delivery(entry) for entry in answer.json()], next_cursor(answer.headers.get("link", ""))

    def redeliver(self, delivery: int) -> None:
        """See `GitHub`."""
        self._as_app("POST", f"/app/hook/deliveries/{delivery}/attempts")

    def run(self, slug: str, run_id: int) -> dict[str, Any]:
        """See `GitHub`."""
        return self._installed("GET", f"/repos/{quote(slug)}/actions/runs/{run_id}").json()

    def job(self, slug: str, job_id: int) -> dict[str, Any]:
        """See `GitHub`."""
        return self._installed("GET", f"/repos/{quote(slug)}/actions/jobs/{job_id}").json()

    def rerun(self, slug: str, job_id: int) -> None:
        """See `GitHub`."""
        self._installed("POST", f"/repos/{quote(slug)}/actions/jobs/{job_id}/rerun")

    def _installed(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        token = self._credentials.installation_token()
        answer = self._send(method, path, f"token {token}", body)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._credentials.forget(token)
        return checked(answer, self._clock())

    def _as_app(self, method: str, path: str) -> Answer:
        answer = self._send(method, path, f"Bearer {self._credentials.app_jwt()}", None)
        return checked(answer, self._clock())

    def _send(self, method: str, path: str, authorization: str, body: dict[str, Any] | None) -> Answer:
        answer = send(self._transport, method, self._url + path, authorization, body)
        self.spent.calls += 1
        left = answer.headers.get("x-ratelimit-remaining", "")
        if left.isdigit():
            self.spent.rate_left = int(left)
        return answer


def send(
    transport: Transport, method: str, url: str, authorization: str, body: dict[str, Any] | None
) -> Answer:
    """One request with GitHub's headers. Raises GitHubUnavailable if no answer comes."""
    headers = {
        "accept": "application/vnd.github+json",
        "authorization": authorization,
        "user-agent": "slipway-runners",
        "x-github-api-version": "2022-11-28",
    }
    sent = None
    if body is not None:
        sent, headers["content-type"] = json.dumps(body).encode(), "application/json"
    try:
        return transport(method, url, headers, sent)
    except (OSError, http.client.HTTPException) as error:
        raise GitHubUnavailable(f"no answer: {type(error).__name__}", retry_after=_SHORT_S) from error


def checked(answer: Answer, now: int) -> Answer:
    """The answer if it is a success; `now` in epoch ms.

    Raises GitHubUnavailable or GitHubClientError; neither carries the body.
    """
    status = answer.status
    if status < 300:
        return answer
    stated = _whole(answer.headers.get("retry-after", ""))
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.FORBIDDEN and _is_limit(answer)):
        until_reset = _until_reset(answer, now)
        raise GitHubUnavailable(
            f"rate limited ({status})",
            retry_after=min(stated or until_reset or _LONG_S, _LONGEST_S),
            reason=Reason.RATE_LIMITED,
            grows=not (stated or until_reset),
        )
    if status >= 500 or status == HTTPStatus.UNAUTHORIZED:
        raise GitHubUnavailable(f"answered {status}", retry_after=min(stated or _SHORT_S, _LONGEST_S))
    raise GitHubClientError(f"answered {status}", status)


def _is_limit(answer: Answer) -> bool:
    """Whether a 403 is a limit rather than a refusal: a secondary one may show that by its words alone.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
    """
    headers, words = answer.headers, answer.body.lower()
    named = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    return named or b"rate limit" in words or b"abuse detection" in words


def _until_reset(answer: Answer, now: int) -> int:
    """Seconds until the hour's rate begins anew, where it is used up; 0 where it is not, or does not say."""
    reset = _whole(answer.headers.get("x-ratelimit-reset", ""))
    if answer.headers.get("x-ratelimit-remaining") != "0" or not reset:
        return 0
    return max(_SHORT_S, reset - now // 1000 + 1)


def _whole(text: str) -> int:
    """A number of a header; 0 for anything else."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else 0


def next_cursor(link: str) -> str:
    """The cursor in a Link header's rel="next"; empty if there is none."""
    for part in link.split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            query = parse_qs(urlsplit(address.strip().strip("<>")).query)
            return query.get("cursor", [""])[0]
    return ""


def _delivery(entry: dict[str, Any]) -> Delivery:
    return Delivery(
        id=int(entry["id"]),
        guid=str(entry["guid"]),
        event=str(entry["event"]),
        failed=not 200 <= int(entry["status_code"] or 0) < 300,
        redelivery=bool(entry["redelivery"]),
        unreadable=int(entry["status_code"] or 0)
        in (HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    )


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """A redirect would carry the token to wherever it points."""


_opener = urllib.request.build_opener(_NoRedirects)


def by_urllib(method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
    """The transport of the deployed functions."""
    request = urllib.request.Request(url, data=body, headers=headers, method=method)  # noqa: S310 -- the URL is our setting
    try:
        with _opener.open(request, timeout=_TIMEOUT_S) as answer:
            return _answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.headers, error.read())


def _answer(status: int, headers: Any, body: bytes) -> Answer:
    named = cast("list[tuple[str, str]]", list(headers.items()))
    return Answer(status, {name.lower(): value for name, value in named}, body)
