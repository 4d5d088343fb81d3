"""Stand-in for what an instance talks to: its metadata service, the fleet's claim and finish, and STS."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "eu-west-1"
INSTANCE = "i-0123456789abcdef0"
KEY_ID = "ASIAINSTANCEROLE0001"
SECRET_KEY = "instance/secret+key/0123456789abcdefghijk"
SESSION_TOKEN = "IQoJb3JpZ2luX2VjINSTANCE//" + "tokenpart" * 60 + "=="
IMDS_TOKEN = "AQAEAmetadataTOKEN=="
JITCONFIG = "eyJqaXQiOiJjb25maWcifQ" + "Zk9s" * 2000 + "=="
CICD_SECRET = "cicd/secret/key/only/for/the/job"

Answer = tuple[int, dict[str, Any] | str, dict[str, str]]


def granted(minutes: int = 1, *, cicd: bool = False) -> Answer:
    told = {
        "jitconfig": JITCONFIG,
        "runner_name": "automation-linux-i-0123456789abcdef0-1",
        "job_timeout_minutes": minutes,
        "cicd": cicd,
    }
    return 200, told, {}


def refused(status: int, retry_after: int | None = None) -> Answer:
    headers = {} if retry_after is None else {"retry-after": str(retry_after)}
    return status, ("" if status == 204 else {"error": "no"}), headers


ENDED: Answer = (200, {"ended": INSTANCE}, {})


@dataclass
class Services:
    """Scripted answers, each given once except the last, and what was asked."""

    claims: list[Answer] = field(default_factory=lambda: [granted()])
    finishes: list[Answer] = field(default_factory=lambda: [ENDED])
    lifecycle: list[str] = field(default_factory=lambda: ["InService"])
    function: Callable[[str, dict[str, Any]], Answer] | None = None
    """Answers claim and finish instead of the scripted answers."""
    instance: str = INSTANCE
    spot_notice: bool = False
    role_refused: bool = False
    asked: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    bodies: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    unsigned: list[str] = field(default_factory=list[str])
    url: str = ""

    def count(self, what: str) -> int:
        return sum(1 for one, _ in self.asked if one == what)

    def finished(self) -> dict[str, Any]:
        (body,) = [body for path, body in self.bodies if path == "/finish"][-1:]
        return body

    def next(self, answers: list[Any]) -> Any:
        return answers.pop(0) if len(answers) > 1 else answers[0]


class Handler(BaseHTTPRequestHandler):
    """One request to any of the services."""

    services: Services

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _send(self, status: int, body: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        raw = body.encode()
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def do_PUT(self) -> None:
        assert self.path == "/latest/api/token"
        self._send(200, IMDS_TOKEN)

    def do_GET(self) -> None:
        services = self.services
        if self.headers["X-aws-ec2-metadata-token"] != IMDS_TOKEN:
            self._send(401, "")
            return
        path = self.path.removeprefix("/latest/meta-data/")
        services.asked.append((path, time.monotonic()))
        expires = (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
        found = {
            "instance-id": services.instance,
            "iam/security-credentials/": "runner-automation-linux",
            "iam/security-credentials/runner-automation-linux": json.dumps(
                {
                    "Code": "Success",
                    "AccessKeyId": KEY_ID,
                    "SecretAccessKey": SECRET_KEY,
                    "Token": SESSION_TOKEN,
                    "Expiration": expires,
                }
            ),
        }
        if path == "autoscaling/target-lifecycle-state":
            found[path] = services.next(services.lifecycle)
        if path == "spot/instance-action" and services.spot_notice:
            found[path] = json.dumps({"action": "terminate", "time": expires})
        self._send(200 if path in found else 404, found.get(path, ""))

    def do_POST(self) -> None:
        services = self.services
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        services.asked.append((self.path, time.monotonic()))
        if not self._signed(body, "sts" if self.path == "/" else "execute-api"):
            services.unsigned.append(self.path)
            self._send(403, json.dumps({"message": "Forbidden"}))
        elif self.path == "/":
            self._assume_role(body)
        else:
            services.bodies.append((self.path, json.loads(body)))
            answers = services.claims if self.path == "/claim" else services.finishes
            function = services.function
            status, told, headers = (
                function(self.path, json.loads(body)) if function else services.next(answers)
            )
            self._send(status, told if isinstance(told, str) else json.dumps(told), headers)

    def _signed(self, body: str, service: str) -> bool:
        """Whether botocore, given the same request and key, comes to the same signature."""
        given = self.headers.get("Authorization", "")
        names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        url = f"http://{self.headers['Host']}{self.path}"
        request = AWSRequest("POST", url, data=body, headers={name: self.headers[name] for name in names})
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        auth = SigV4Auth(Credentials(KEY_ID, SECRET_KEY, SESSION_TOKEN), service, REGION)
        expected = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        token = self.headers["X-Amz-Security-Token"] == SESSION_TOKEN and "x-amz-security-token" in names
        return token and f"Credential={KEY_ID}/" in given and given.endswith(f"Signature={expected}")

    def _assume_role(self, body: str) -> None:
        services, asked = self.services, {name: value[0] for name, value in parse_qs(body).items()}
        services.bodies.append(("/", asked))
        if services.role_refused:
            error = f"<Code>AccessDenied</Code><Message>{KEY_ID} may not</Message>"
            self._send(403, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>")
            return
        expires = (datetime.now(UTC) + timedelta(seconds=int(asked["DurationSeconds"]))).isoformat()
        inner = (
            f"<AccessKeyId>ASIACICD</AccessKeyId><SecretAccessKey>{CICD_SECRET}</SecretAccessKey>"
            f"<SessionToken>cicd-token</SessionToken><Expiration>{expires}</Expiration>"
        )
        name = "https://sts.amazonaws.com/doc/2011-06-15/"
        result = f"<AssumeRoleResult><Credentials>{inner}</Credentials></AssumeRoleResult>"
        self._send(200, f'<AssumeRoleResponse xmlns="{name}">{result}</AssumeRoleResponse>')


@contextmanager
def serving(services: Services) -> Iterator[Services]:
    """The services on a free loopback port."""
    handler = type("Bound", (Handler,), {"services": services})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        services.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield services
        finally:
            server.shutdown()
            thread.join()
