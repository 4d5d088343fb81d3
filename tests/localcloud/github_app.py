"""A GitHub App made by the manifest flow, and its calls; and a place that webhooks arrive at."""

import base64
import json
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from tests.localcloud.http_client import Answer, Client

LABELS = ["self-hosted", "linux", "x64"]
PERMISSIONS = {"actions": "read", "organization_self_hosted_runners": "write"}


def encoded(value: bytes | dict[str, Any]) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Hook:
    """What arrived, and what is answered next: a status, or a function of the request's headers."""

    status: int = 202
    arrived: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.arrived]

    def actions(self, kind: str = "workflow_job") -> list[str]:
        return [one["action"] for one in self.events() if kind in one]


def listening(hook: Hook) -> ThreadingHTTPServer:
    """A server in a thread that notes what is posted to it in `hook`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.arrived.append((dict(self.headers.items()), body))
            self.send_response(hook.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.url = f"http://127.0.0.1:{server.server_port}/webhook"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


@dataclass
class AppUnderTest:
    """An App of an organisation of its own, with a private and a public repository."""

    cloud: Cloud
    organization: str
    given: dict[str, Any]
    hook: Hook
    installation: int = 0

    @property
    def control(self) -> Client:
        return Client(self.cloud.github)

    def token(self, **claims: Any) -> str:
        """What the App signs; a claim of None is left out."""
        now = int(time.time())
        body = {"iat": now - 60, "exp": now + 540, "iss": str(self.given["id"]), "jti": uuid.uuid4().hex}
        body = {name: value for name, value in {**body, **claims}.items() if value is not None}
        text = f"{encoded({'alg': 'RS256', 'typ': 'JWT'})}.{encoded(body)}"
        key: Any = serialization.load_pem_private_key(self.given["pem"].encode(), None)
        return f"{text}.{encoded(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    @property
    def as_app(self) -> Client:
        return Client(self.cloud.github, {"Authorization": f"Bearer {self.token()}"})

    def installed(self, **asked: object) -> Client:
        """Calls with a new installation token."""
        path = f"/app/installations/{self.installation}/access_tokens"
        made = self.as_app("POST", path, asked or None)
        assert made.status == 201, made.text
        return Client(self.cloud.github, {"Authorization": f"token {made.json['token']}"})

    def configuration(self, name: str = "", *, group: int = 1, labels: list[str] | None = None) -> Answer:
        body = {"name": name or f"runner-{uuid.uuid4().hex[:8]}", "runner_group_id": group}
        path = f"/orgs/{self.organization}/actions/runners/generate-jitconfig"
        return self.installed()("POST", path, {**body, "labels": labels or LABELS})

    def online(self, *, group: int = 1, labels: list[str] | None = None) -> dict[str, Any]:
        """A runner that has connected."""
        config = self.configuration(group=group, labels=labels).json["encoded_jit_config"]
        answer = self.control("POST", "/slipway/runners/connect", {"encoded_jit_config": config})
        assert answer.status == 200, answer.text
        return dict(answer.json)

    def queue(self, **fields: object) -> list[dict[str, Any]]:
        body = {"repository": f"{self.organization}/private", "labels": LABELS, **fields}
        answer = self.control("POST", "/slipway/workflow-jobs", body)
        assert answer.status == 201, answer.text
        return list(answer.json["jobs"])

    def assign(self) -> list[dict[str, Any]]:
        return list(self.control("POST", "/slipway/assignments", {"seed": 1}).json["assigned"])

    def flush(self) -> dict[str, Any]:
        answer = self.control("POST", "/slipway/webhooks/flush", {"timeout_s": 240}).json
        assert answer["settled"]
        return dict(answer)


def make_app(cloud: Cloud, hook: Hook, permissions: dict[str, str] | None = None) -> AppUnderTest:
    """Walk through the manifest flow as a browser and the command do."""
    organization, id_ = f"org-{uuid.uuid4().hex[:8]}", int(time.time_ns() % 10**9)
    repositories = [
        {"owner": organization, "name": "private", "id": id_ + 1},
        {"owner": organization, "name": "public", "id": id_ + 2, "visibility": "public"},
    ]
    runtime.seed(cloud, {"organizations": [{"login": organization, "id": id_}], "repositories": repositories})
    code = manifest_code(cloud, organization, hook.url, permissions or PERMISSIONS)
    answer = Client(cloud.github)("POST", f"/app-manifests/{code}/conversions")
    assert answer.status == 201, answer.text
    made = AppUnderTest(cloud, organization, answer.json, hook)
    made.installation = made.as_app("GET", f"/orgs/{organization}/installation").json["id"]
    return made


def manifest_code(cloud: Cloud, organization: str, url: str, permissions: dict[str, str]) -> str:
    manifest = {
        "name": f"{organization}-runners",
        "url": "https://github.com/acme",
        "hook_attributes": {"url": url, "active": True},
        "redirect_url": "http://127.0.0.1:1/created",
        "public": False,
        "default_permissions": permissions,
        "default_events": ["workflow_job", "workflow_run"],
    }
    answer = post_manifest(cloud, organization, json.dumps(manifest))
    assert answer.status == 302, answer.text
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["state"] == ["s"]
    return query["code"][0]


def post_manifest(cloud: Cloud, organization: str, manifest: str) -> Answer:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    path = f"/organizations/{organization}/settings/apps/new?state=s"
    return Client(cloud.github)("POST", path, urlencode({"manifest": manifest}), form)
