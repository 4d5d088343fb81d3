"""What the stand-in cannot play: silence, redirects, and answers that GitHub gives seldom."""

import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from slipway.errors import SlipwayError
from slipway.github import Auth, Client, GithubError, GithubRateLimited, connect, path, token
from slipway.github.transport import Answer, NoAnswer

URL = "https://api.github.com"


def answer(status: int, body: object = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=named, text="" if body is None else json.dumps(body))


class Script:
    """Gives these answers, one a request."""

    def __init__(self, *answers: Answer | NoAnswer, auth: Auth | None = None) -> None:
        self._answers = list(answers)
        self._auth = auth
        self.sent: list[tuple[str, str, object]] = []

    def send(self, method: str, place: str, body: object, headers: object = None) -> Answer:
        self.sent.append((method, place, body))
        if self._auth:
            _ = self._auth.token
        given = self._answers.pop(0)
        if isinstance(given, NoAnswer):
            raise given
        return given


def scripted(*answers: Answer | NoAnswer, auth: Auth | None = None) -> tuple[Client, Script, list[float]]:
    waits: list[float] = []
    client, script = Client(URL, auth, sleep=waits.append), Script(*answers, auth=auth)
    client._transport = script  # type: ignore[assignment]
    return client, script, waits


def silence(*, sent: bool) -> NoAnswer:
    return NoAnswer(TimeoutError(), sent=sent)


OK = answer(200, {"ok": True})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_silence_is_asked_again_where_that_is_safe(method: str) -> None:
    client, script, waits = scripted(silence(sent=True), silence(sent=False), OK)
    assert client.send(method, "/x") == {"ok": True}
    assert len(script.sent) == 3
    assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_silence_after_a_request_that_may_have_been_done_is_an_error(method: str) -> None:
    client, script, _ = scripted(silence(sent=True), OK)
    with pytest.raises(GithubError, match=r"does not answer \(TimeoutError\).*may have been done") as raised:
        client.send(method, "/x", {"a": 1})
    assert (raised.value.status, raised.value.code) == (0, "")
    assert len(script.sent) == 1
    client, script, _ = scripted(silence(sent=False), OK)
    client.send(method, "/x", {"a": 1})
    assert len(script.sent) == 2
    client, script, _ = scripted(silence(sent=True), answer(502), OK)
    client.send(method, "/x", {"a": 1}, safe=True)
    assert len(script.sent) == 3


def test_silence_without_end_is_an_error() -> None:
    client, script, waits = scripted(*[silence(sent=False)] * 5)
    with pytest.raises(GithubError, match="does not answer"):
        client.get("/x")
    assert (len(script.sent), len(waits)) == (5, 4)


def test_an_outage_without_end_is_githubs_last_word() -> None:
    client, script, _ = scripted(*[answer(503)] * 5)
    with pytest.raises(GithubError, match="answers 503 to GET /x: no reason given"):
        client.get("/x")
    assert len(script.sent) == 5


def test_an_outage_that_says_how_long_is_waited_out_within_patience() -> None:
    client, _, waits = scripted(answer(503, retry_after="20"), OK)
    client.get("/x")
    assert waits == [20.0]
    client, _, waits = scripted(answer(503, retry_after="3600"))
    with pytest.raises(GithubError, match="answers 503"):
        client.get("/x")
    assert waits == []


@pytest.mark.parametrize(
    ("headers", "text", "expected"),
    [
        ({}, "You have exceeded a secondary rate limit", 60.0),
        ({"retry_after": "5"}, "You have triggered an abuse detection mechanism", 5.0),
        ({"x_ratelimit_remaining": "5"}, "You have exceeded a secondary rate limit", 60.0),
    ],
)
def test_a_limit_is_as_long_as_github_says_or_a_minute(
    headers: dict[str, str], text: str, expected: float
) -> None:
    client, _, waits = scripted(answer(403, {"message": text}, **headers), OK)
    client.post("/x")
    assert waits == [expected]


def test_a_limit_that_was_over_when_it_was_told_is_tried_at_once() -> None:
    past = str(int(time.time()) - 100)
    limited = answer(
        403, {"message": "API rate limit exceeded"}, x_ratelimit_remaining="0", x_ratelimit_reset=past
    )
    client, _, waits = scripted(limited, OK)
    client.get("/x")
    assert waits == [1.0]


def test_a_minute_doubles_and_ends_with_the_patience() -> None:
    limited = answer(429, {"message": "rate limit"})
    client, _, waits = scripted(limited, limited)
    with pytest.raises(GithubRateLimited) as raised:
        client.get("/x")
    assert (waits, raised.value.wait_s) == ([60.0], 120.0)


@pytest.mark.parametrize("left", ["0", "5"])
def test_a_refusal_that_is_no_limit_is_not_tried_again(left: str) -> None:
    refusal = answer(403, {"message": "Resource not accessible by integration"}, x_ratelimit_remaining=left)
    client, script, _ = scripted(refusal)
    with pytest.raises(GithubError, match="Resource not accessible"):
        client.get("/x")
    assert len(script.sent) == 1


def counted(ends_in: float) -> tuple[Auth, list[str]]:
    made: list[str] = []

    def fetch() -> tuple[str, float]:
        made.append(f"token-{len(made)}")
        return made[-1], time.time() + ends_in

    return Auth("token", fetch), made


def test_a_token_is_fetched_when_needed_and_before_it_ends() -> None:
    auth, made = counted(3600)
    assert made == []
    assert [auth.token, auth.token] == ["token-0", "token-0"]
    auth, made = counted(30)
    assert [auth.token, auth.token] == ["token-0", "token-1"]


def test_a_cached_token_is_renewed_once_for_a_401_and_a_new_one_never() -> None:
    auth, _ = counted(3600)
    client, script, _ = scripted(*[answer(401)] * 5, auth=auth)
    _ = auth.token
    with pytest.raises(GithubError, match="answers 401"):
        client.post("/x")
    assert len(script.sent) == 2
    auth, _ = counted(3600)
    client, script, _ = scripted(answer(401), auth=auth)
    with pytest.raises(GithubError, match="answers 401"):
        client.post("/x")
    assert len(script.sent) == 1


@pytest.mark.parametrize(
    "body", [None, "text", ["list"], {"message": None}, {"errors": ["plain", {"message": "m"}]}]
)
def test_any_body_of_a_refusal_will_do(body: object) -> None:
    client, _, _ = scripted(answer(422, body))
    with pytest.raises(GithubError, match="answers 422 to GET /x"):
        client.get("/x")


def test_an_answer_that_is_no_json_is_none() -> None:
    client, _, _ = scripted(Answer(status=200, headers={}, text="<html>"))
    assert client.get("/x") is None


def test_segments_are_escaped() -> None:
    assert (
        path("repos", "acme", "a b", "environments", "x/y?z#%")
        == "/repos/acme/a%20b/environments/x%2Fy%3Fz%23%25"
    )


@pytest.mark.parametrize(
    "url", ["http://api.github.com", "http://10.0.0.1", "http://localhost.example.com", "x"]
)
def test_a_token_goes_out_by_https_only(url: str) -> None:
    with pytest.raises(SlipwayError, match="neither https nor on this machine"):
        connect(token("t"), url)


class Moving(http.server.BaseHTTPRequestHandler):
    """Redirects `/old…` within the server, `/away` off it, and everything else to nowhere."""

    seen: list[tuple[str, str, str, bytes]] = []  # noqa: RUF012

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((self.command, self.path, self.headers.get("Authorization", ""), body))
        place = {"/old": "/new", "/away": "http://127.0.0.2:9/new", "/loop": "/loop2", "/loop2": "/loop"}
        moved = place.get(self.path.partition("?")[0])
        self.send_response(307 if moved else 200)
        if moved:
            query = self.path.partition("?")[1] + self.path.partition("?")[2]
            self.send_header("Location", moved + query)
        if self.path.startswith("/list"):
            self.send_header("Link", '<http://127.0.0.2:9/list?page=2>; rel="next"')
        text = b"[{}]" if self.path.startswith("/list") else b'{"ok": true}'
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def moving() -> Iterator[Client]:
    Moving.seen.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Moving)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield connect(token("secret"), f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


def test_what_moved_on_the_server_is_asked_there_with_its_query_and_body(moving: Client) -> None:
    assert moving.post("/old?filter=a", {"b": 1}) == {"ok": True}
    assert Moving.seen[-1] == ("POST", "/new?filter=a", "token secret", b'{"b": 1}')


@pytest.mark.parametrize(("place", "calls"), [("/away", 1), ("/loop", 4)])
def test_what_moved_off_the_server_or_in_a_circle_is_an_error(moving: Client, place: str, calls: int) -> None:
    with pytest.raises(GithubError, match=f"answers 307 to GET {place}"):
        moving.get(place)
    assert len(Moving.seen) == calls


def test_a_next_page_on_another_server_does_not_get_the_token(moving: Client) -> None:
    items = moving.every("/list")
    assert next(items) == {}
    with pytest.raises(GithubError, match="on another server"):
        next(items)


def test_nobody_there_is_known_as_never_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        waits: list[float] = []
        client = Client(f"http://127.0.0.1:{taken.getsockname()[1]}", None, sleep=waits.append)
        with pytest.raises(GithubError, match=r"does not answer \(ConnectionError\) to POST /x\.\n"):
            client.post("/x")
    assert len(waits) == 4


def test_a_server_that_hangs_up_is_not_taken_for_one_that_never_heard() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def hang_up() -> None:
            connection, _ = listening.accept()
            connection.recv(65536)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        client = Client(f"http://127.0.0.1:{listening.getsockname()[1]}", None, sleep=lambda _: None)
        with pytest.raises(GithubError, match="may have been done"):
            client.post("/x", {})
        thread.join()
