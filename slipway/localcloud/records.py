"""What moto and the Kubernetes stand-in lack is recorded here: one JSON object per type and id.

Routes, mounted on the console port and on the AWS port (percent-encode a type; slashes in an id may stay):

    GET    /slipway/records                 {"<type>": number of records}
    GET    /slipway/records/<type>          {"<id>": {...}}, empty where nothing is recorded
    GET    /slipway/records/<type>/<id>     the object, or 404
    PUT    /slipway/records/<type>/<id>     201 created, 200 replaced; 412 where it exists and the
                                            request has `If-None-Match: *`
    DELETE /slipway/records/<type>/<id>     204, or 404
"""

import copy
import threading
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wrappers import Request, Response

from slipway.localcloud.web import json_response, problem, raw_segments, read_object

RECORDED: dict[str, str] = {
    "aws:eks/addon:Addon": "moto 5.2 has no add-on API (404)",
    "aws:lambda/eventSourceMapping:EventSourceMapping": "moto's own would start Docker for every message",
    "kubernetes:helm.sh/v3:Release": "the Kubernetes stand-in runs nothing that Helm could wait for",
}
"""Resource types that are only recorded, and why: nothing checks, or acts on, what was declared."""

NOT_ENFORCED: dict[str, str] = {
    "IAM trust policies": "moto lets any token assume any role; slipway access evaluates them itself",
    "IAM permission policies": "kept off, so that a caller of the embedded cloud needs no identity",
    "Conditions in bucket policies": "moto would apply them without the condition, so they are stored only",
    "EC2 instances": "known to moto, with their user data; nothing boots",
    "Throttling of HTTP APIs": "stored only; the embedded gateway takes every request",
    "CloudWatch alarms": "stored and shown; no metric is evaluated",
    "GitHub code owners, signatures, name patterns, merge queue": "stored in rulesets; other rules refuse",
    "Kubernetes RBAC, quotas, network policies": "stored only; a real control plane enforces them",
}
"""Rules that are stored and shown, and that nothing in the embedded cloud enforces."""


class Records:
    """The recorded objects. Thread safe; what goes in and out is copied."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_type: dict[str, dict[str, dict[str, Any]]] = {}

    def types(self) -> dict[str, int]:
        with self._lock:
            return {name: len(held) for name, held in sorted(self._by_type.items()) if held}

    def all(self, type_: str) -> dict[str, dict[str, Any]]:
        with self._lock:
            return copy.deepcopy(self._by_type.get(type_, {}))

    def get(self, type_: str, id_: str) -> dict[str, Any] | None:
        with self._lock:
            return copy.deepcopy(self._by_type.get(type_, {}).get(id_))

    def put(self, type_: str, id_: str, value: dict[str, Any], *, create_only: bool) -> bool | None:
        """Whether the record is new; None where `create_only` forbids to replace it."""
        with self._lock:
            held = self._by_type.setdefault(type_, {})
            new = id_ not in held
            if not new and create_only:
                return None
            held[id_] = copy.deepcopy(value)
            return new

    def delete(self, type_: str, id_: str) -> bool:
        with self._lock:
            return self._by_type.get(type_, {}).pop(id_, None) is not None


class RecordsApi:
    """WSGI middleware that serves `/slipway/records` and `/slipway/info`; other paths are for `app`.

    Args:
        info: addresses of the cloud's other parts; a provider that knows one of them asks for the rest.
    """

    def __init__(
        self, records: Records, app: WSGIApplication, info: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._records = records
        self._app = app
        self._info = dict(info)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        segments = raw_segments(environ)
        # A signed request is for AWS, whatever its path: `slipway` is a legal name for a bucket.
        signed = str(environ.get("HTTP_AUTHORIZATION", "")).startswith("AWS")
        if segments == ["slipway", "info"] and not signed:
            return json_response(self._info)(environ, start_response)
        if segments[:2] != ["slipway", "records"] or signed:
            return self._app(environ, start_response)
        return self._answer(Request(environ), segments[2:])(environ, start_response)

    def _answer(self, request: Request, rest: list[str]) -> Response:
        if len(rest) < 2:
            if request.method != "GET":
                return problem(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is served without a record's id")
            return json_response(self._records.all(rest[0]) if rest else self._records.types())
        type_, id_ = rest[0], "/".join(rest[1:])
        if request.method == "GET":
            found = self._records.get(type_, id_)
            return self._missing(type_, id_) if found is None else json_response(found)
        if request.method == "PUT":
            return self._put(request, type_, id_)
        if request.method == "DELETE":
            found = self._records.delete(type_, id_)
            return json_response(None, HTTPStatus.NO_CONTENT) if found else self._missing(type_, id_)
        return problem(HTTPStatus.METHOD_NOT_ALLOWED, "records know GET, PUT and DELETE")

    def _put(self, request: Request, type_: str, id_: str) -> Response:
        body = read_object(request)
        if body is None:
            return problem(HTTPStatus.BAD_REQUEST, "a record is one JSON object")
        new = self._records.put(type_, id_, body, create_only=request.headers.get("If-None-Match") == "*")
        if new is None:
            return problem(HTTPStatus.PRECONDITION_FAILED, f"{type_} {id_} is already recorded")
        return json_response(body, HTTPStatus.CREATED if new else HTTPStatus.OK)

    @staticmethod
    def _missing(type_: str, id_: str) -> Response:
        return problem(HTTPStatus.NOT_FOUND, f"{type_} {id_} is not recorded")
