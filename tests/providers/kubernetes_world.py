"""A Kubernetes stand-in in this process, a provider for it, and what its samples need around them."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from slipway.localcloud.kubernetes import Kubernetes
from slipway.localcloud.providers.kubernetes import KubernetesProvider
from slipway.localcloud.web import RequestLog
from tests.providers.conftest import Served, serve
from tests.providers.driver import Driver, Made


def kubeconfig(url: str, user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "clusters": [{"name": "it", "cluster": {"server": url, **(cluster or {})}}],
            "users": [{"name": "it", "user": {"token": "stand-in"} if user is None else user}],
        }
    )


@pytest.fixture(scope="session")
def kubernetes_server() -> Iterator[Served]:
    yield from serve(Kubernetes(RequestLog()))


@pytest.fixture
def kubernetes(kubernetes_server: Served) -> Driver:
    driver = Driver(KubernetesProvider())
    driver.configure({"kubeconfig": kubeconfig(kubernetes_server.url)})
    return driver


class World:
    """A namespace, made when it is first asked for."""

    def __init__(self, kubernetes: Driver) -> None:
        self._kubernetes = kubernetes
        self._made: list[Made] = []

    @property
    def namespace(self) -> str:
        if not self._made:
            inputs = {"metadata": {"name": "world"}}
            self._made.append(self._kubernetes.create("kubernetes:core/v1:Namespace", inputs, "world"))
        return "world"

    def named(self, name: str, **more: object) -> dict[str, object]:
        labels = {"app.kubernetes.io/managed-by": "slipway"}
        return {"name": name, "namespace": self.namespace, "labels": labels, **more}

    def clear(self) -> None:
        for made in self._made:
            self._kubernetes.delete(made)


@pytest.fixture
def world(kubernetes: Driver) -> Iterator[World]:
    made = World(kubernetes)
    yield made
    made.clear()


def call(server: Served, method: str, path: str, body: Any = None) -> Any:
    """What somebody else does to the cluster; a PATCH is a JSON merge patch."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=120)
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    try:
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": kind})
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()
