"""What the servers of the embedded cloud share: who may call, what is logged, how paths are routed."""

import io
import json
import re
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Generic, TypeVar, cast
from urllib.parse import unquote, urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wrappers import Request, Response

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost"})
MAX_BODY_BYTES = 64 * 1024 * 1024
OWNER = "slipway.owner"
"""Whether the caller is a process of the user whose cloud this is; the server says it of each request."""

_OWN_SITES = frozenset({"none", "same-origin"})  # `same-site` is any port of this machine


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request that was answered. Holds no header, query or body: those may carry secrets."""

    at: str
    service: str
    method: str
    path: str
    action: str
    status: int
    ms: int


class RequestLog:
    """The most recent calls, the number of all calls, and the routes that nobody serves. Thread safe."""

    def __init__(self, size: int = 200) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._recent: deque[Call] = deque(maxlen=size)
        self._unknown: dict[str, int] = {}
        self._total = 0

    def add(self, call: Call) -> None:
        with self._lock:
            self._recent.append(call)
            self._total += 1
        # The path may hold anything a client sent: one line per call, whatever is in it.
        print(f"{call.at} {call.service} {call.method} {call.path!a} {call.status} {call.ms}ms", flush=True)

    def unknown(self, service: str, method: str, path: str) -> None:
        """Remember a call that no route serves; `slipway cloud status` and tests ask for these."""
        with self._lock:
            key = f"{service} {method} {path}"
            if key not in self._unknown and len(self._unknown) >= self._size:
                return
            self._unknown[key] = self._unknown.get(key, 0) + 1

    def snapshot(self) -> dict[str, Any]:
        """`{"total": n, "unknown": {"<service> <METHOD> <path>": times}, "recent": [newest call first]}`."""
        with self._lock:
            recent = [asdict(call) for call in reversed(self._recent)]
            return {"total": self._total, "unknown": dict(self._unknown), "recent": recent}


def is_loopback_name(netloc: str) -> bool:
    """Whether `host`, `host:port` names this machine by a loopback name that browsers cannot rebind."""
    try:
        return urlsplit(f"//{netloc}").hostname in LOOPBACK_NAMES
    except ValueError:
        return False


class Guard:
    """WSGI middleware: serves the owner's own programs, refuses every web page but ours, then logs the call.

    The browser is the owner's too, whatever page it shows. One that rebinds its own name to 127.0.0.1 sends
    that name as `Host`; one that posts across origins sends its `Origin`; and of one that only links here, or
    has an image here, which takes a GET of AWS as well, the browser says so in `Sec-Fetch-Site`. Another port
    of this machine is another origin: https://www.rfc-editor.org/rfc/rfc6454, https://www.w3.org/TR/fetch-metadata.
    """

    def __init__(self, service: str, app: WSGIApplication, log: RequestLog) -> None:
        self._service = service
        self._app = app
        self._log = log

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = time.monotonic()
        seen: list[int] = []

        def record(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Any:
            seen.append(int(status.split(" ", 1)[0]))
            return start_response(status, headers, exc_info)

        refusal = self._refusal(environ)
        # moto consumes the body, so what the log wants of it is read before.
        action = "" if refusal else aws_action(environ)
        try:
            if refusal is not None:
                return refusal(environ, record)
            return self._app(environ, record)
        finally:
            self._note(environ, action, seen[-1] if seen else 500, started)

    def _note(self, environ: WSGIEnvironment, action: str, status: int, started: float) -> None:
        path = str(environ.get("PATH_INFO", ""))
        if path == "/healthz":  # our own question whether this still runs
            return
        self._log.add(
            Call(
                at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                service=self._service,
                method=str(environ.get("REQUEST_METHOD", "")),
                path=path,
                action=action,
                status=status,
                ms=round((time.monotonic() - started) * 1000),
            )
        )

    def _refusal(self, environ: WSGIEnvironment) -> Response | None:
        if environ.get(OWNER) is not True:
            return problem(HTTPStatus.FORBIDDEN, "only the processes of the user who started this are served")
        host = str(environ.get("HTTP_HOST", ""))
        if not is_loopback_name(host):
            return problem(
                HTTPStatus.FORBIDDEN, "only requests addressed to 127.0.0.1 or localhost are served"
            )
        origin = environ.get("HTTP_ORIGIN", f"http://{host}")
        if origin != f"http://{host}" or environ.get("HTTP_SEC_FETCH_SITE", "none") not in _OWN_SITES:
            return problem(
                HTTPStatus.FORBIDDEN, "requests that a web page of another origin makes are not served"
            )
        length = str(environ.get("CONTENT_LENGTH") or "0")
        if not length.isdecimal():
            return problem(HTTPStatus.BAD_REQUEST, "Content-Length is not a number")
        if int(length) > MAX_BODY_BYTES:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request body is larger than 64 MiB")
        return None


_FORM_ACTION = re.compile(rb"(?:^|&)Action=([A-Za-z]{1,64})(?:&|$)")


def aws_action(environ: WSGIEnvironment) -> str:
    """The name of the AWS operation, where the protocol says it: in a header or a form; otherwise empty."""
    target = str(environ.get("HTTP_X_AMZ_TARGET", ""))
    if target:
        return target.rpartition(".")[2]
    if not str(environ.get("CONTENT_TYPE", "")).startswith("application/x-www-form-urlencoded"):
        return ""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = cast("bytes", environ["wsgi.input"].read(length))
    environ["wsgi.input"] = io.BytesIO(body)
    found = _FORM_ACTION.search(body)
    return found.group(1).decode() if found else ""


def json_response(
    body: object, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer in JSON; a body of None gives an empty answer."""
    text = "" if body is None else json.dumps(body)
    return Response(text, status=status, headers=headers, content_type="application/json; charset=utf-8")


def problem(status: int, message: str) -> Response:
    """An error answer of our own servers: `{"message": ...}`."""
    return json_response({"message": message}, status)


def raw_segments(environ: WSGIEnvironment) -> list[str]:
    """The path's segments, each percent-decoded by itself: an encoded slash stays inside its segment."""
    raw = str(environ.get("RAW_URI") or environ.get("PATH_INFO", "/"))
    path = urlsplit(raw).path if "://" in raw.split("?", 1)[0] else raw.split("?", 1)[0]
    return [unquote(segment) for segment in path.split("/") if segment]


def read_object(request: Request) -> dict[str, Any] | None:
    """The JSON object in the body, `{}` for an empty body, or None where the body is anything else."""
    data = request.get_data()
    if not data:
        return {}
    try:
        body: object = json.loads(data)
    except ValueError:
        return None
    return cast("dict[str, Any]", body) if isinstance(body, dict) else None


H = TypeVar("H")


class Routes(Generic[H]):
    """Path templates such as `repos/{owner}/{repo}` to handlers, matched segment by segment."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, int], list[tuple[list[str], H]]] = {}
        self._open_ended: list[tuple[str, list[str], H]] = []

    def add(self, method: str, template: str, handler: H) -> None:
        """A last segment `{name...}` takes one segment or more, where no other template fits."""
        segments = template.split("/")
        if segments[-1].endswith("...}"):
            self._open_ended.append((method, segments, handler))
            return
        self._routes.setdefault((method, len(segments)), []).append((segments, handler))

    def find(self, method: str, segments: list[str]) -> tuple[H, dict[str, str]] | None:
        """The handler and the values of the template's `{names}`; a literal segment outranks a name."""
        best: tuple[int, H, dict[str, str]] | None = None
        for template, handler in self._routes.get((method, len(segments)), []):
            values: dict[str, str] = {}
            for wanted, given in zip(template, segments, strict=True):
                if wanted.startswith("{"):
                    values[wanted.strip("{}")] = given
                elif wanted != given:
                    break
            else:
                if best is None or len(values) < best[0]:
                    best = (len(values), handler, values)
        return (best[1], best[2]) if best else self._find_open_ended(method, segments)

    def _find_open_ended(self, method: str, segments: list[str]) -> tuple[H, dict[str, str]] | None:
        for wanted_method, template, handler in self._open_ended:
            fixed = len(template) - 1
            pairs = list(zip(template[:fixed], segments, strict=False))
            fits = all(wanted.startswith("{") or wanted == given for wanted, given in pairs)
            if wanted_method == method and len(segments) > fixed and fits:
                values = {wanted.strip("{}"): given for wanted, given in pairs if wanted.startswith("{")}
                return handler, {**values, template[-1].strip("{.}"): "/".join(segments[fixed:])}
        return None
