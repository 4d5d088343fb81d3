"""The client for servers of this machine: it goes nowhere else, whatever an address or environment says."""

import socket
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from slipway.errors import SlipwayError
from slipway.localcloud import loopback_http
from slipway.localcloud.loopback_http import fetch
from tests.platform.test_loopback import ELSEWHERE


class Echo(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        text = f"{self.command} {self.path} {self.headers.get('X-Sent')} ".encode() + body
        self.send_response(302 if self.path.startswith("/away") else 200)
        self.send_header("Location", "http://127.0.0.2:9/")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def echo() -> Generator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_request_and_its_answer_are_passed_on_as_they_are(echo: str) -> None:
    reply = fetch("POST", f"{echo}/a%2Fb?c=d", b"\x00body", {"X-Sent": "yes"}, timeout_s=10)
    assert (reply.status, reply.content) == (200, b"POST /a%2Fb?c=d yes \x00body")
    assert reply.headers["location"] == "http://127.0.0.2:9/"
    assert fetch("GET", echo, timeout_s=10).content == b"GET / None "


def test_a_redirect_is_an_answer(echo: str) -> None:
    assert fetch("GET", f"{echo}/away", timeout_s=10).status == 302


def test_no_proxy_of_the_environment_is_asked(echo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert fetch("GET", echo, timeout_s=10).status == 200


@pytest.mark.parametrize("url", ELSEWHERE)
def test_it_goes_nowhere_else(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connected(*_: object, **__: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(loopback_http.http.client.HTTPConnection, "connect", connected)
    with pytest.raises(SlipwayError, match="is not on this machine"):
        fetch("GET", url, timeout_s=10)


@pytest.mark.parametrize(
    "spoken", [b"", b"no http\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"]
)
def test_what_is_no_http_is_an_oserror(spoken: bytes) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def speak() -> None:
            connection, _ = listening.accept()
            connection.recv(65536)
            connection.sendall(spoken)
            connection.close()

        thread = threading.Thread(target=speak)
        thread.start()
        with pytest.raises(OSError, match=r"\w"):
            fetch("GET", f"http://127.0.0.1:{listening.getsockname()[1]}", timeout_s=10)
        thread.join()


def test_silence_is_a_timeout() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        with pytest.raises(TimeoutError):
            fetch("GET", f"http://127.0.0.1:{listening.getsockname()[1]}", timeout_s=0.2)
