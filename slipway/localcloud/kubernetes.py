"""The recording stand-in for a Kubernetes API server: real paths and answers for any object, nothing runs.

    /version
    /api/v1[/namespaces/<namespace>]/<plural>[/<name>]                     GET LIST POST PATCH DELETE
    /apis/<group>/<version>[/namespaces/<namespace>]/<plural>[/<name>]     the same
    /clusters/<cluster>/...                                                the same of a cluster of its own

PATCH takes JSON merge patches. It serves what the embedded providers ask for: no discovery, no selectors, no
dry runs, no watches. Where those matter there is a real control plane (`make kubernetes`).
"""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import cast
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.wrappers import Request, Response

from slipway.localcloud.kubernetes_fields import KNOWN, Object
from slipway.localcloud.kubernetes_objects import Collection, StatusError, Store
from slipway.localcloud.web import RequestLog, json_response, raw_segments

VERSION: Object = {
    "major": "1",
    "minor": "35",
    "gitVersion": "v1.35.0-slipway-stand-in",
    "platform": "linux/amd64",
}

_UNSERVED = ("watch", "dryRun", "labelSelector", "fieldSelector")
"""What changes the meaning of a request, so that it must not be passed over."""
# Their answers are decisions of a control plane, which a recorder must not invent.
_REVIEWS = frozenset({"authorization.k8s.io", "authentication.k8s.io"})


class Kubernetes:
    """The WSGI application over one `Store`."""

    def __init__(self, log: RequestLog) -> None:
        self.store = Store()
        self._log = log
        self._others: dict[str, Kubernetes] = {}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._serve(environ, start_response, raw_segments(environ))

    def _serve(
        self, environ: WSGIEnvironment, start_response: StartResponse, path: list[str]
    ) -> Iterable[bytes]:
        match path:
            case ["clusters", name, *rest]:
                # One control plane each: what one cluster holds is not in another.
                other = self._others.setdefault(name, Kubernetes(self._log))
                return other._serve(environ, start_response, rest)
            case _:
                return self._respond(Request(environ), path)(environ, start_response)

    def _respond(self, request: Request, path: list[str]) -> Response:
        try:
            return self._answer(request, path)
        except StatusError as refused:
            if refused.code == HTTPStatus.NOT_IMPLEMENTED:
                self._log.unknown("kubernetes", request.method, request.path)
            return json_response(
                {
                    "kind": "Status",
                    "apiVersion": "v1",
                    "metadata": {},
                    "status": "Failure",
                    "message": refused.message,
                    "reason": refused.reason,
                    "code": int(refused.code),
                },
                refused.code,
            )

    def _answer(self, request: Request, path: list[str]) -> Response:
        asked = [name for name in _UNSERVED if request.args.get(name)]
        if asked:
            raise _unserved(", ".join(asked))
        match path:
            case ["version"]:
                return json_response(VERSION)
            case ["api", "v1", one, *rest]:
                return self._objects(request, "", "v1", [one, *rest])
            case ["apis", group, version, one, *rest] if group not in _REVIEWS:
                return self._objects(request, group, version, [one, *rest])
            case _:
                raise _unserved(f"{request.method} {request.path}")

    def _objects(self, request: Request, group: str, version: str, rest: list[str]) -> Response:
        match rest:
            case ["namespaces", namespace, plural, *name] if len(name) < 2:
                where = Collection(group, version, plural, namespace)
            case [plural, *name] if len(name) < 2:
                where = Collection(group, version, plural)
            case _:
                raise _unserved(f"the subresource {'/'.join(rest)}")
        return self._one(request, where, name[0]) if name else self._all(request, where)

    def _all(self, request: Request, where: Collection) -> Response:
        if request.method == "POST":
            created = self.store.create(where, _body(request))
            return json_response(created, HTTPStatus.CREATED)
        if request.method != "GET":
            raise _not_allowed(request)
        found, version = self.store.list(where)
        kind = self._kind(where)
        listed = {
            "kind": f"{kind}List",
            "apiVersion": where.api_version,
            "metadata": {"resourceVersion": version},
            "items": found,
        }
        return json_response(listed)

    def _one(self, request: Request, where: Collection, name: str) -> Response:
        match request.method:
            case "GET":
                return json_response(self.store.get(where, name))
            case "PATCH" if request.mimetype == "application/merge-patch+json":
                return json_response(self.store.merge(where, name, _body(request)))
            case "PATCH":
                message = f"the body of the request was in an unknown format: {request.mimetype}"
                raise StatusError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
            case "DELETE":
                preconditions: Object = _body(request).get("preconditions") or {}
                gone = self.store.delete(where, name, uid=str(preconditions.get("uid", "")))
                details = {
                    "name": name,
                    "group": where.group,
                    "kind": where.plural,
                    "uid": gone["metadata"]["uid"],
                }
                status: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
                return json_response({**status, "details": details})
            case _:
                raise _not_allowed(request)

    def _kind(self, where: Collection) -> str:
        known = KNOWN.get((where.group, where.version), {}).get(where.plural)
        stored = self.store.kinds.get((where.group, where.plural))
        kind, _ = known or stored or ("", False)
        if not kind:
            raise StatusError(
                HTTPStatus.NOT_FOUND, "NotFound", "the server could not find the requested resource"
            )
        return kind


def _body(request: Request) -> Object:
    """The object in JSON; `{}` for an empty body."""
    data = request.get_data()
    if not data:
        return {}
    try:
        body: object = json.loads(data)
    except ValueError as error:
        raise StatusError(HTTPStatus.BAD_REQUEST, "BadRequest", "the body is no JSON") from error
    if not isinstance(body, dict):
        raise StatusError(HTTPStatus.BAD_REQUEST, "BadRequest", "the body is not an object")
    return cast("Object", body)


def _unserved(what: str) -> StatusError:
    return StatusError(
        HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"the Kubernetes stand-in does not serve {what}"
    )


def _not_allowed(request: Request) -> StatusError:
    message = f"{request.method} is not supported on {request.path}"
    return StatusError(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
