"""The objects of the Kubernetes stand-in: stored and versioned, run by nobody."""

import copy
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import cast

from slipway.localcloud.kubernetes_fields import Object, encode_secret, merge_patch, name_problem

INITIAL_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
# The API server's own admission refuses to delete these three.
_UNDELETABLE = frozenset({"default", "kube-public", "kube-system"})


class StatusError(Exception):
    """An answer with a Status object.
    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/"""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message


@dataclass(frozen=True)
class Collection:
    """Where an object lives: `plural` of `group`/`version`; an empty namespace means the cluster."""

    group: str
    version: str
    plural: str
    namespace: str = ""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """As the API server names it in messages: `roles.rbac.authorization.k8s.io`, `namespaces`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def is_namespaces(self) -> bool:
        return (self.group, self.plural) == ("", "namespaces")


class Store:
    """All objects of the cluster. Thread safe; what goes in and out is copied.

    Versions of one group share their objects, as in a real cluster. An object is written by `create` and
    `merge`; each raises `StatusError` with the code that the API server answers.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._objects: dict[tuple[str, str, str, str], Object] = {}
        self._version = 0
        self.kinds: dict[tuple[str, str], tuple[str, bool]] = {}
        for name in INITIAL_NAMESPACES:
            self.create(Collection("", "v1", "namespaces"), {"metadata": {"name": name}, "kind": "Namespace"})

    def get(self, where: Collection, name: str) -> Object:
        with self._lock:
            return copy.deepcopy(self._held(where, name))

    def list(self, where: Collection) -> tuple[list[Object], str]:
        """The objects by namespace and name, of all namespaces where none is named; the list's version."""
        with self._lock:
            found = [
                copy.deepcopy(held)
                for (group, plural, namespace, _), held in sorted(
                    self._objects.items(), key=lambda item: item[0]
                )
                if (group, plural) == (where.group, where.plural) and where.namespace in ("", namespace)
            ]
            return found, str(self._version)

    def counts(self) -> dict[str, int]:
        """How many objects of each kind there are; the namespaces a cluster is born with are not counted."""
        with self._lock:
            totals: dict[str, int] = {}
            for (_, plural, _, name), held in self._objects.items():
                if plural == "namespaces" and name in INITIAL_NAMESPACES:
                    continue
                totals[str(held["kind"])] = totals.get(str(held["kind"]), 0) + 1
            return dict(sorted(totals.items()))

    def create(self, where: Collection, body: Object) -> Object:
        with self._lock:
            new = copy.deepcopy(body)
            name = self._check_new(where, new)
            if self._key(where, name) in self._objects:
                message = f'{where.qualified} "{name}" already exists'
                raise StatusError(HTTPStatus.CONFLICT, "AlreadyExists", message)
            meta = new["metadata"]
            meta["uid"] = str(uuid.uuid4())
            meta["creationTimestamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            if "spec" in new:
                meta["generation"] = 1
            if where.is_namespaces:
                meta.setdefault("labels", {})["kubernetes.io/metadata.name"] = name
                new.setdefault("spec", {"finalizers": ["kubernetes"]})
                new["status"] = {"phase": "Active"}
            self._keep(where, new)
            return copy.deepcopy(new)

    def merge(self, where: Collection, name: str, patch: Object) -> Object:
        """JSON merge patch, RFC 7396."""
        with self._lock:
            held = self._held(where, name)
            new = cast("Object", merge_patch(copy.deepcopy(held), copy.deepcopy(patch)))
            self._check_same(where, name, held, new)
            meta = new["metadata"]
            for kept in ("uid", "creationTimestamp", "generation"):
                if kept in held["metadata"]:
                    meta.setdefault(kept, held["metadata"][kept])
            if "status" in held:
                new.setdefault("status", copy.deepcopy(held["status"]))
            if new.get("spec") != held.get("spec"):
                meta["generation"] = int(held["metadata"].get("generation", 0)) + 1
            meta["resourceVersion"] = held["metadata"]["resourceVersion"]
            if new == held:
                return copy.deepcopy(held)
            self._keep(where, new)
            return copy.deepcopy(new)

    def delete(self, where: Collection, name: str, *, uid: str = "") -> Object:
        """Remove the object, and with a namespace all that is in it."""
        with self._lock:
            held = self._held(where, name)
            if uid and uid != held["metadata"]["uid"]:
                message = f'the UID in the precondition ({uid}) is not that of {where.qualified} "{name}"'
                raise StatusError(HTTPStatus.CONFLICT, "Conflict", message)
            if where.is_namespaces and name in _UNDELETABLE:
                message = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
                raise StatusError(HTTPStatus.FORBIDDEN, "Forbidden", message)
            gone = [self._key(where, name)]
            if where.is_namespaces:
                gone += [key for key in self._objects if key[2] == name]
            for key in gone:
                del self._objects[key]
            self._version += 1
            return held

    def _keep(self, where: Collection, new: Object) -> None:
        if where.plural == "secrets" and not where.group:
            wrong = encode_secret(new)
            if wrong:
                message = f'Secret "{new["metadata"]["name"]}" is invalid: {wrong}'
                raise StatusError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", message)
        new["apiVersion"] = where.api_version
        self._version += 1
        new["metadata"]["resourceVersion"] = str(self._version)
        self.kinds[where.group, where.plural] = (str(new["kind"]), bool(where.namespace))
        self._objects[self._key(where, str(new["metadata"]["name"]))] = copy.deepcopy(new)

    def _held(self, where: Collection, name: str) -> Object:
        found = self._objects.get(self._key(where, name))
        if found is None:
            raise StatusError(HTTPStatus.NOT_FOUND, "NotFound", f'{where.qualified} "{name}" not found')
        return found

    @staticmethod
    def _key(where: Collection, name: str) -> tuple[str, str, str, str]:
        return where.group, where.plural, where.namespace, name

    def _check_new(self, where: Collection, new: Object) -> str:
        name = str(new.setdefault("metadata", {}).get("name", ""))
        kind = str(new.get("kind", ""))
        if not name:
            message = f'{kind} "" is invalid: metadata.name: Required value: name is required'
            raise StatusError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", message)
        problem = name_problem(where.group, where.plural, name)
        if problem:
            message = f'{kind} "{name}" is invalid: metadata.name: Invalid value: "{name}": {problem}'
            raise StatusError(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", message)
        if new["metadata"].get("resourceVersion"):
            message = "resourceVersion should not be set on objects to be created"
            raise StatusError(HTTPStatus.BAD_REQUEST, "BadRequest", message)
        self._check_place(where, new)
        if where.namespace and ("", "namespaces", "", where.namespace) not in self._objects:
            raise StatusError(HTTPStatus.NOT_FOUND, "NotFound", f'namespaces "{where.namespace}" not found')
        return name

    def _check_same(self, where: Collection, name: str, held: Object, new: Object) -> None:
        meta = new.setdefault("metadata", {})
        if meta.setdefault("name", name) != name:
            message = f"the name of the object ({meta['name']}) does not match the name on the URL ({name})"
            raise StatusError(HTTPStatus.BAD_REQUEST, "BadRequest", message)
        self._check_place(where, new)
        given = meta.get("resourceVersion")
        stale = given and given != held["metadata"]["resourceVersion"]
        if stale or meta.get("uid", held["metadata"]["uid"]) != held["metadata"]["uid"]:
            message = (
                f'Operation cannot be fulfilled on {where.qualified} "{name}": the object has been modified; '
                "please apply your changes to the latest version and try again"
            )
            raise StatusError(HTTPStatus.CONFLICT, "Conflict", message)

    @staticmethod
    def _check_place(where: Collection, new: Object) -> None:
        if not new.get("kind"):
            raise StatusError(HTTPStatus.BAD_REQUEST, "BadRequest", "Object 'Kind' is missing")
        version = new.setdefault("apiVersion", where.api_version)
        if version != where.api_version:
            message = f"the API version in the data ({version}) is not the expected one ({where.api_version})"
            raise StatusError(HTTPStatus.BAD_REQUEST, "BadRequest", message)
        meta = new["metadata"]
        if where.namespace:
            meta.setdefault("namespace", where.namespace)
        if meta.get("namespace", "") != where.namespace:
            message = "the namespace of the provided object does not match the namespace sent on the request"
            raise StatusError(HTTPStatus.BAD_REQUEST, "BadRequest", message)
