"""The console: a page for people of what runs here, the same as JSON, and the records."""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.wrappers import Request, Response

from slipway.localcloud.cloud import Cloud
from slipway.localcloud.held_stacks import board
from slipway.localcloud.records import NOT_ENFORCED, RECORDED, Records
from slipway.localcloud.web import RequestLog, json_response, problem
from slipway.stacks.dashboard.page import content, environment

_PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Console:
    """Routes: `/` the page, `/status.json` and `/dashboard.json` the same, `/healthz` the nonce only."""

    def __init__(
        self, cloud: Cloud, counts: dict[str, Callable[[], dict[str, int]]], records: Records, log: RequestLog
    ) -> None:
        self._cloud = cloud
        self._counts = counts
        self._records = records
        self._log = log
        self._began = time.monotonic()
        self._templates = environment(Path(__file__).parent / "templates")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._answer(Request(environ))(environ, start_response)

    def status(self) -> dict[str, Any]:
        """Everything the page shows beside the stacks, as JSON."""
        cloud = asdict(self._cloud)
        recorded = self._records.types()
        return {
            **cloud,
            "uptime_s": round(time.monotonic() - self._began),
            "counts": {service: count() for service, count in self._counts.items()},
            "recorded": {
                name: {"reason": RECORDED.get(name, "recorded by a provider"), "count": recorded.get(name, 0)}
                for name in sorted({*RECORDED, *recorded})
            },
            "not_enforced": NOT_ENFORCED,
            "requests": self._log.snapshot(),
        }

    def _answer(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return problem(HTTPStatus.METHOD_NOT_ALLOWED, "the console is read-only")
        match request.path:
            case "/healthz":
                return json_response({"id": self._cloud.id})
            case "/status.json":
                return json_response(self.status(), headers={"Cache-Control": "no-store"})
            case "/dashboard.json":
                return Response(
                    board(self._cloud).to_bytes(), headers=_PAGE_HEADERS, mimetype="application/json"
                )
            case "/":
                stacks = content(board(self._cloud))
                page = self._templates.get_template("status.html").render(self.status(), **stacks)
                return Response(page, headers=_PAGE_HEADERS, content_type="text/html; charset=utf-8")
            case _:
                return problem(HTTPStatus.NOT_FOUND, "the console has /, /status.json and /dashboard.json")
