"""SQS and Secrets Manager as far as the webhook speaks to them, on loopback; also a process of its own.

`python stand_in.py` serves until its stdin ends, and prints its address.
"""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Aws(ThreadingHTTPServer):
    """Keeps what was sent; `fail` names actions that are answered with an error."""

    daemon_threads = True
    # One after the other, a burst of connections would be refused.
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.secrets: dict[str, str] = {"AWSCURRENT": "current"}
        self.messages: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.authorizations: list[dict[str, str]] = []
        self.fail: set[str] = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Aws

    def do_POST(self) -> None:
        action = self.headers["X-Amz-Target"].rpartition(".")[2]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append(action)
        self.server.authorizations.append({key.lower(): value for key, value in self.headers.items()})
        if action in self.server.fail:
            self._send(500, {"__type": "InternalFailure", "message": json.dumps(body)})
        elif action == "SendMessage":
            self.server.messages.append(json.loads(body["MessageBody"]))
            self._send(200, {"MessageId": "1"})
        elif body["VersionStage"] in self.server.secrets:
            self._send(200, {"SecretString": self.server.secrets[body["VersionStage"]]})
        else:
            self._send(400, {"__type": "ResourceNotFoundException", "message": "no such version"})

    def _send(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


if __name__ == "__main__":
    server = Aws()
    print(server.url, flush=True)
    sys.stdin.read()
