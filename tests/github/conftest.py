"""The GitHub stand-in, served in this process, and an App of its own."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import Client as WsgiClient

from slipway.github import Client, as_app, connect, token
from slipway.localcloud.github.app import GitHub
from slipway.localcloud.web import RequestLog

SEED = {
    "organizations": [{"login": "acme", "id": 1, "plan": "enterprise"}],
    "repositories": [{"owner": "acme", "name": "app", "id": 31}, {"owner": "acme", "name": "web", "id": 32}],
}


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: pytest shows what failed."""


@dataclass
class StandIn:
    """The stand-in, its address, and what each request to it carried."""

    github: GitHub
    url: str = ""
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list[tuple[str, str, dict[str, str]]])

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        headers = {name[5:].lower(): str(text) for name, text in environ.items() if name.startswith("HTTP_")}
        self.seen.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], headers))
        return self.github(environ, start_response)

    def fail(self, *rules: dict[str, Any]) -> None:
        with self.github.world.lock:
            self.github.world.faults.replace(list(rules), 0)

    def calls(self, method: str) -> list[str]:
        return [path for verb, path, _ in self.seen if verb == method]


@pytest.fixture(scope="module")
def served() -> Iterator[StandIn]:
    stand_in = StandIn(GitHub(RequestLog()))
    stand_in.github.world.seed(SEED)
    server = make_server("127.0.0.1", 0, stand_in, threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stand_in.url = f"http://127.0.0.1:{server.server_port}"
    yield stand_in
    server.shutdown()


@pytest.fixture
def stand_in(served: StandIn) -> Iterator[StandIn]:
    served.seen.clear()
    yield served
    served.fail()


@pytest.fixture
def waits() -> list[float]:
    """Seconds that a client was made to wait; nobody does."""
    return []


@pytest.fixture
def job(stand_in: StandIn, waits: list[float]) -> Client:
    """As a job with its token."""
    return Client(stand_in.url, token("stand-in"), sleep=waits.append)


@dataclass(frozen=True)
class App:
    id: int
    installation: int
    sign: Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def app(served: StandIn) -> App:
    manifest = {
        "name": "acme-delivery",
        "url": "https://github.com/acme",
        "hook_attributes": {"url": "http://127.0.0.1:1/hook", "active": False},
        "redirect_url": "http://127.0.0.1:1/created",
        "public": False,
        "default_permissions": {"contents": "read", "issues": "write", "metadata": "read"},
        "default_events": [],
    }
    form = WsgiClient(served.github).post(
        "/organizations/acme/settings/apps/new?state=s",
        data={"manifest": json.dumps(manifest)},
        base_url=served.url,
    )
    code = parse_qs(urlsplit(form.headers["Location"]).query)["code"][0]
    made: Any = connect(url=served.url).post(f"/app-manifests/{code}/conversions")
    key: Any = serialization.load_pem_private_key(made["pem"].encode(), None)

    def sign(message: bytes) -> bytes:
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())

    found: Any = connect(as_app(made["id"], sign), served.url).get("/orgs/acme/installation")
    return App(int(made["id"]), int(found["id"]), sign)
