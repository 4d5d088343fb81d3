"""A page on 127.0.0.1 that hands the manifest to GitHub and takes the code that GitHub sends back. Once."""

import html
import json
import secrets
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from slipway.errors import SlipwayError

_RETURN = "/created"
_PAGE = """<!doctype html><meta charset="utf-8"><title>slipway</title>
<h1>GitHub App for {organization}</h1>
<p>GitHub shows what the App may do and asks for its name. An owner of {organization} has to agree.</p>
<form method="post" action="{action}"><input type="hidden" name="manifest" value="{manifest}">
<button>Go on to GitHub</button></form>
"""
_DONE = """<!doctype html><meta charset="utf-8"><title>slipway</title>
<p>Taken. The terminal says what comes next; this page can be closed.</p>
"""


class AppPage:
    """The running page. Only who knows `url` sees the manifest, and only who saw it knows the state."""

    def __init__(self, github_web: str, organization: str, manifest: Callable[[str], dict[str, Any]]) -> None:
        """Bind a free port.

        Args:
            github_web: base URL of GitHub's pages.
            organization: the organisation that will own the App.
            manifest: the manifest for a redirect URL, which is known once the port is.
        """
        self.state = secrets.token_urlsafe(32)
        self._entrance = f"/{secrets.token_urlsafe(32)}"
        self._arrived = threading.Event()
        self._lock = threading.Lock()
        self._code = ""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host}{self._entrance}"
        self.manifest = manifest(f"http://{self.host}{_RETURN}")
        address = f"{github_web}/organizations/{organization}/settings/apps/new"
        self.action = f"{address}?{urlencode({'state': self.state})}"
        self._form = _PAGE.format(
            organization=html.escape(organization),
            action=html.escape(self.action),
            manifest=html.escape(json.dumps(self.manifest)),
        )
        self.form_target = "{0.scheme}://{0.netloc}".format(urlsplit(github_web))

    def wait(self, timeout_s: float) -> str:
        """The code, as soon as a browser brings it with the right state.

        Raises:
            SlipwayError: none came in time.
        """
        deadline = time.monotonic() + timeout_s
        while not self._arrived.wait(0.2):  # in short steps, so that an interrupt is heard
            if time.monotonic() > deadline:
                raise SlipwayError(
                    f"GitHub sent nobody back within {timeout_s / 60:.0f} minutes",
                    where=f"http://{self.host}",
                    fix="run it again; a browser elsewhere ends at an address that has the code for --code",
                )
        return self._code

    def answer(self, path: str, host: str) -> tuple[HTTPStatus, str]:
        """What to answer to a GET of `path`."""
        address = urlsplit(path)
        # Another name for this machine means that a foreign page has sent the browser here.
        if host != self.host:
            return HTTPStatus.MISDIRECTED_REQUEST, ""
        if secrets.compare_digest(address.path, self._entrance):
            return HTTPStatus.OK, self._form
        if address.path == _RETURN:
            return self._take(parse_qs(address.query))
        return HTTPStatus.NOT_FOUND, ""

    def _take(self, query: dict[str, list[str]]) -> tuple[HTTPStatus, str]:
        state, code = query.get("state", [""])[0], query.get("code", [""])[0]
        if not code or not secrets.compare_digest(state.encode(), self.state.encode()):
            return HTTPStatus.FORBIDDEN, "this is not the answer to what was asked from here"
        with self._lock:
            if self._code:
                return HTTPStatus.GONE, "already taken"
            self._code = code
        self._arrived.set()
        return HTTPStatus.OK, _DONE


@contextmanager
def serving(page: AppPage) -> Generator[AppPage]:
    """Serve the page for as long as the block runs."""
    thread = threading.Thread(target=page.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield page
    finally:
        page.server.shutdown()
        page.server.server_close()
        thread.join()


def _handler(page: AppPage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            status, body = page.answer(self.path, self.headers.get("Host", ""))
            raw = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(raw)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            # Browsers hold the way back against it as well, so our own address is in it.
            policy = f"default-src 'none'; form-action 'self' {page.form_target}; frame-ancestors 'none'"
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the request line holds the code."""

    return Handler
