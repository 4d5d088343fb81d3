"""Requests to a Kubernetes API server at an explicit loopback address."""

import base64
import json
import os
import time
from collections.abc import Iterator
from functools import cached_property
from typing import Any, cast
from urllib.parse import quote

from slipway.localcloud.loopback_http import CALLS_FROM
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.fence import Rest
from slipway.localcloud.providers.kubernetes.kinds import Kind
from slipway.localcloud.providers.kubernetes.kubeconfig import Target
from slipway.localcloud.providers.values import Props
from slipway.platform.masking import mask

STAND_IN = "slipway"
"""Part of the version by which the recording stand-in says what it is."""

DELETION_S = 300.0
_MANAGER = "fieldManager=slipway"
_FIRST_WAIT_S = 0.02
_LONGEST_WAIT_S = 1.0


class KubernetesApiError(Exception):
    """The API server answered with an error: its status, its reason (`AlreadyExists`), and its message."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{reason or status}: {message}")
        self.status = status
        self.reason = reason


class Api:
    """One API server. `target` says where it is and who calls."""

    def __init__(self, target: Target) -> None:
        self.target = target
        headers = {"User-Agent": "slipway", **target.headers}
        self._rest = Rest(
            target.server,
            "the Kubernetes API server",
            headers,
            target.tls,
            source=os.environ.get(CALLS_FROM, ""),
        )

    @cached_property
    def is_stand_in(self) -> bool:
        """Whether it only records; a real control plane runs what it is given."""
        answer: Any = self._send("GET", "/version")
        return STAND_IN in str(answer.get("gitVersion", ""))

    def get(self, path: str) -> Props | None:
        try:
            return self._send("GET", path)
        except KubernetesApiError as refused:
            if refused.status == 404:
                return None
            raise

    def create(self, collection: str, body: Props) -> Props:
        return self._send("POST", f"{collection}?{_MANAGER}", body)

    def patch(self, path: str, patch: Props) -> Props:
        """Apply a JSON merge patch."""
        return self._send("PATCH", f"{path}?{_MANAGER}", patch, "application/merge-patch+json")

    def delete(self, path: str, wait_s: float = DELETION_S) -> None:
        """Remove an object and wait until it is gone, for a namespace with all that is in it.

        Raises:
            KubernetesApiError: it is gone already (404), or may not be deleted.
            ProviderError: it is still there after `wait_s`.
        """
        found = self.get(path)
        identity = (found or {}).get("metadata", {}).get("uid")
        self._send("DELETE", path, {"propagationPolicy": "Foreground"})
        deadline = time.monotonic() + wait_s
        wait = _FIRST_WAIT_S
        while True:
            held = self.get(path)
            if held is None or held.get("metadata", {}).get("uid") != identity:
                return
            if time.monotonic() > deadline:
                raise ProviderError(
                    f"it is still being deleted after {wait_s:.0f} s: finalizers "
                    f"{held['metadata'].get('finalizers') or held.get('spec', {}).get('finalizers')} wait",
                    where=f"{self.target.server}{path}",
                )
            time.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT_S)

    def _send(
        self, method: str, path: str, body: Props | None = None, content_type: str = "application/json"
    ) -> Props:
        reply = self._rest.request(method, path, body, {"Content-Type": content_type})
        if reply.status >= 400:
            status = cast("Props", reply.data) if isinstance(reply.data, dict) else {}
            message = str(status.get("message") or f"the server answered {reply.status}")
            if "/secrets" in path:
                message = _without(message, body or {})
            raise KubernetesApiError(reply.status, str(status.get("reason") or ""), message)
        return cast("Props", reply.data or {})


def collection_of(kind: Kind, namespace: str) -> str:
    """`/api/v1/namespaces/<namespace>/secrets`."""
    root = f"/apis/{kind.group}/{kind.version}" if kind.api_group else f"/api/{kind.version}"
    where = f"/namespaces/{quote(namespace, safe='')}" if kind.namespaced else ""
    return f"{root}{where}/{kind.plural}"


def path_of(kind: Kind, id_: str) -> str:
    """The path of the object with the id `<namespace>/<name>`, or `<name>` for one of the cluster."""
    namespace, _, name = id_.rpartition("/")
    if kind.namespaced and not namespace:
        raise ProviderError(f"{id_!r} is no id of the form <namespace>/<name>", where=kind.token)
    return f"{collection_of(kind, namespace)}/{quote(name, safe='')}"


def _without(message: str, secret: Props) -> str:
    """A validation message quotes the value that it is about, also in base64."""
    values = _texts({key: secret.get(key) for key in ("data", "stringData")})
    return mask(message, values, [json.dumps(secret.get("metadata"))])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in cast("Props", value).values():
            yield from _texts(item)
    elif isinstance(value, str) and value:
        yield from spellings(value)
        try:
            yield from spellings(base64.b64decode(value, validate=True).decode())
        except ValueError:
            return


def spellings(secret: str) -> Iterator[str]:
    """The forms in which a secret text turns up in messages: itself, quoted, and in base64."""
    if secret:
        yield secret
        yield json.dumps(secret)[1:-1]
        yield base64.b64encode(secret.encode()).decode()
