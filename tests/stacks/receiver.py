"""A server on loopback that takes callbacks: not at once, and not without looking."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """What came, and what was answered. `answers` are given in turns, the last one from then on."""

    answers: list[int]
    url: str = ""
    location: str = ""
    delay_s: float = 0.0
    statuses: list[int] = field(default_factory=list[int])
    bodies: list[bytes] = field(default_factory=list[bytes])
    headers: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    paths: list[str] = field(default_factory=list[str])


@contextmanager
def receiver(*answers: int, delay_s: float = 0.0) -> Generator[Receiver]:
    """One that fails twice and then takes it, unless something else is said."""
    told = Receiver(list(answers) or [503, 503, 204], delay_s=delay_s)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            told.headers.append(dict(self.headers.items()))
            told.paths.append(self.path)
            status = told.answers[min(len(told.statuses), len(told.answers) - 1)]
            told.statuses.append(status)
            time.sleep(told.delay_s)
            self.send_response(status)
            if told.location:
                self.send_header("Location", told.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: pytest shows what failed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    told.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield told
    server.shutdown()
    server.server_close()
