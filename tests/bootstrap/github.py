"""A GitHub for the tests of bootstrap: the stand-in on loopback, with the organisation of the settings."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from slipway.github import Client, connect, token
from slipway.localcloud.github.app import GitHub
from slipway.localcloud.web import RequestLog

SEED: dict[str, Any] = {
    "organizations": [{"login": "acme", "id": 9001}],
    "repositories": [{"owner": "acme", "name": "platform", "id": 70000}],
    "users": [{"login": "ada", "id": 7}, {"login": "eve", "id": 9, "repositories": ["other"]}],
    "teams": [
        {"organization": "acme", "slug": "release-managers", "id": 70},
        {"organization": "acme", "slug": "strangers", "id": 71, "repositories": ["other"]},
    ],
}


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class StandIn:
    """The stand-in, and every call that was to change something; `refuse` fails the one of that number."""

    def __init__(self) -> None:
        self.github = GitHub(RequestLog())
        self.github.world.seed(SEED)
        self.url = ""
        self.changes: list[str] = []
        self.refuse: int | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] != "GET":
            if self.refuse == len(self.changes):
                start_response("403 Forbidden", [("Content-Type", "application/json")])
                return [b'{"message": "cut short"}']
            self.changes.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return self.github(environ, start_response)

    @property
    def client(self) -> Client:
        return connect(token("stand-in"), self.url)

    def environment(self, name: str) -> Any:
        """What there is of an environment, without the numbers that each world gives anew."""
        found = self.github.world.repositories["acme", "platform"].environments[name]
        return {
            "rules": {key: value for key, value in found.data.items() if key != "id"},
            "branches": sorted(policy["name"] for policy in found.policies.values()),
            "variables": {key: item["value"] for key, item in found.variables.items()},
            "secrets": sorted(found.secrets),
        }


@contextmanager
def serving() -> Iterator[StandIn]:
    """The stand-in while it runs."""
    stand_in = StandIn()
    server = make_server("127.0.0.1", 0, stand_in, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
