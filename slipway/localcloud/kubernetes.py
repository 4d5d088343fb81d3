"""The recording stand-in for a Kubernetes API server: real paths and answers for any object, nothing runs.

    /version  /api  /apis  /api/v1  /apis/<group>/<version>                   discovery
    /api/v1[/namespaces/<namespace>]/<plural>[/<name>]                         GET LIST POST PUT PATCH DELETE
    /apis/<group>/<version>[/namespaces/<namespace>]/<plural>[/<name>]         the same

PATCH takes JSON merge patches, strategic merge patches without lists of objects, and server-side apply.
`dryRun=All`, `labelSelector` and `fieldSelector=metadata.name=` are honoured; watches are not served.
"""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIEnvironment

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
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

_SHORT = {
    "namespaces": ["ns"],
    "serviceaccounts": ["sa"],
    "configmaps": ["cm"],
    "resourcequotas": ["quota"],
    "networkpolicies": ["netpol"],
}
_VERBS = ["create", "delete", "get", "list", "patch", "update"]
# Their answers are decisions of a control plane, which a recorder must not invent.
_REVIEWS = frozenset({"authorization.k8s.io", "authentication.k8s.io"})


class Kubernetes:
    """The WSGI application over one `Store`."""

    def __init__(self, log: RequestLog) -> None:
        self.store = Store()
        self._log = log

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        try:
            response = self._answer(request, raw_segments(environ))
        except StatusError as refused:
            if refused.code == HTTPStatus.NOT_IMPLEMENTED:
                self._log.unknown("kubernetes", request.method, request.path)
            response = json_response(
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
        return response(environ, start_response)

    def _answer(self, request: Request, path: list[str]) -> Response:
        match path:
            case ["healthz" | "livez" | "readyz"]:
                return Response("ok")
            case ["api", "v1", one, *rest]:
                return self._objects(request, "", "v1", [one, *rest])
            case ["apis", group, version, one, *rest] if group not in _REVIEWS:
                return self._objects(request, group, version, [one, *rest])
            case _:
                return json_response(self._discovery(request, path))

    def _discovery(self, request: Request, path: list[str]) -> Object:
        match path:
            case ["version"]:
                return VERSION
            case ["api"]:
                return {"kind": "APIVersions", "versions": ["v1"]}
            case ["apis"]:
                return self._groups()
            case ["api", "v1"]:
                return self._resources("", "v1")
            case ["apis", group, version]:
                return self._resources(group, version)
            case _:
                raise _unserved(f"{request.method} {request.path}")

    def _objects(self, request: Request, group: str, version: str, rest: list[str]) -> Response:
        if request.args.get("watch") in {"true", "1"}:
            raise _unserved("watches")
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
            created = self.store.create(where, _body(request), dry_run=_dry_run(request))
            return json_response(created, HTTPStatus.CREATED)
        if request.method != "GET":
            raise _not_allowed(request)
        found, version = self.store.list(where)
        kind = self._kind(where)
        listed = {
            "kind": f"{kind}List",
            "apiVersion": where.api_version,
            "metadata": {"resourceVersion": version},
            "items": [one for one in found if _selected(one, request)],
        }
        return json_response(listed)

    def _one(self, request: Request, where: Collection, name: str) -> Response:
        dry_run = _dry_run(request)
        match request.method:
            case "GET":
                return json_response(self.store.get(where, name))
            case "PUT":
                return json_response(self.store.replace(where, name, _body(request), dry_run=dry_run))
            case "PATCH":
                return self._patch(request, where, name, dry_run=dry_run)
            case "DELETE":
                preconditions: Object = _body(request).get("preconditions") or {}
                gone = self.store.delete(where, name, uid=str(preconditions.get("uid", "")), dry_run=dry_run)
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

    def _patch(self, request: Request, where: Collection, name: str, *, dry_run: bool) -> Response:
        body = _body(request)
        match request.mimetype:
            case "application/apply-patch+yaml":
                manager = request.args.get("fieldManager", "")
                if not manager:
                    message = (
                        "PatchOptions is invalid: fieldManager: Required value: is required for apply patch"
                    )
                    raise StatusError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", message)
                force = request.args.get("force") in {"true", "1"}
                applied, new = self.store.apply(
                    where, name, body, manager=manager, force=force, dry_run=dry_run
                )
                return json_response(applied, HTTPStatus.CREATED if new else HTTPStatus.OK)
            case "application/merge-patch+json":
                return json_response(self.store.merge(where, name, body, dry_run=dry_run))
            case "application/strategic-merge-patch+json" if not _has_object_list(body):
                return json_response(self.store.merge(where, name, body, dry_run=dry_run))
            case "application/strategic-merge-patch+json":
                message = (
                    "the stand-in does not know lists' merge keys: use server-side apply or a merge patch"
                )
                raise StatusError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
            case other:
                message = f"the body of the request was in an unknown format: {other}"
                raise StatusError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)

    def _kind(self, where: Collection) -> str:
        known = KNOWN.get((where.group, where.version), {}).get(where.plural)
        stored = self.store.kinds.get((where.group, where.plural))
        kind, _ = known or stored or ("", False)
        if not kind:
            raise StatusError(
                HTTPStatus.NOT_FOUND, "NotFound", "the server could not find the requested resource"
            )
        return kind

    def _groups(self) -> Object:
        groups = [(group, version) for group, version in KNOWN if group]
        return {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [
                {
                    "name": group,
                    "versions": [{"groupVersion": f"{group}/{version}", "version": version}],
                    "preferredVersion": {"groupVersion": f"{group}/{version}", "version": version},
                }
                for group, version in groups
            ],
        }

    def _resources(self, group: str, version: str) -> Object:
        known = KNOWN.get((group, version))
        if known is None:
            raise StatusError(
                HTTPStatus.NOT_FOUND, "NotFound", "the server could not find the requested resource"
            )
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": f"{group}/{version}" if group else version,
            "resources": [
                {
                    "name": plural,
                    "singularName": kind.lower(),
                    "kind": kind,
                    "namespaced": namespaced,
                    "shortNames": _SHORT.get(plural, []),
                    "verbs": _VERBS,
                }
                for plural, (kind, namespaced) in known.items()
            ],
        }


def _body(request: Request) -> Object:
    """The object in JSON or YAML; `{}` for an empty body."""
    data = request.get_data()
    if not data:
        return {}
    if request.mimetype == "application/vnd.kubernetes.protobuf":
        message = "the stand-in reads JSON and YAML, not protobuf"
        raise StatusError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
    try:
        yaml_body = "yaml" in request.mimetype
        body: object = cast("Any", YAML(typ="safe")).load(data) if yaml_body else json.loads(data)
    except (ValueError, YAMLError) as error:
        raise StatusError(
            HTTPStatus.BAD_REQUEST, "BadRequest", "the body is neither JSON nor YAML"
        ) from error
    if not isinstance(body, dict):
        raise StatusError(HTTPStatus.BAD_REQUEST, "BadRequest", "the body is not an object")
    return cast("Object", body)


def _dry_run(request: Request) -> bool:
    return request.args.get("dryRun", "") == "All"


def _selected(one: Object, request: Request) -> bool:
    """Whether the object matches `labelSelector` (equality and existence) and `fieldSelector` (the name)."""
    labels: dict[str, Any] = one["metadata"].get("labels") or {}
    fields = {
        "metadata.name": one["metadata"]["name"],
        "metadata.namespace": one["metadata"].get("namespace", ""),
    }
    return all(_matches(labels, term) for term in _terms(request, "labelSelector")) and all(
        _matches(fields, term) for term in _terms(request, "fieldSelector")
    )


def _terms(request: Request, name: str) -> list[str]:
    selector = request.args.get(name, "")
    if "(" in selector:
        raise _unserved(f"set-based selectors ({selector})")
    return [term.strip() for term in selector.split(",") if term.strip()]


def _matches(values: dict[str, Any], term: str) -> bool:
    for operator in ("!=", "==", "="):
        key, found, value = term.partition(operator)
        if found:
            return (values.get(key.strip()) == value.strip()) != (operator == "!=")
    return term[1:] not in values if term.startswith("!") else term in values


def _has_object_list(value: object) -> bool:
    if isinstance(value, dict):
        fields = cast("Object", value)
        return any(key.startswith("$") or _has_object_list(held) for key, held in fields.items())
    return isinstance(value, list) and any(isinstance(one, dict) for one in cast("list[object]", value))


def _unserved(what: str) -> StatusError:
    return StatusError(
        HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"the Kubernetes stand-in does not serve {what}"
    )


def _not_allowed(request: Request) -> StatusError:
    message = f"{request.method} is not supported on {request.path}"
    return StatusError(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
