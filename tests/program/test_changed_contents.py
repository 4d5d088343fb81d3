"""A changed Secret or ConfigMap keeps its place: whoever reads it meanwhile finds the old or the new one."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from werkzeug.serving import make_server

from components.state.database_secret import DatabaseSecret, DatabaseSecretArgs
from infra.providers import kubernetes_provider
from slipway.localcloud.kubernetes import Kubernetes
from slipway.localcloud.web import RequestLog
from tests.program.both import ENGINES, endpoint, engine_of
from tests.providers.kubernetes_world import kubeconfig

SECRET = "/api/v1/namespaces/app/secrets/database"
CONFIG_MAP = "/api/v1/namespaces/app/configmaps/flags"


@pytest.fixture
def calls() -> RequestLog:
    return RequestLog()


@pytest.fixture
def server(calls: RequestLog) -> Iterator[str]:
    served = make_server("127.0.0.1", 0, Kubernetes(calls), threaded=True)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()


def program() -> None:
    value = pulumi.Config("contents").require("value")
    inside = pulumi.ResourceOptions(providers=[kubernetes_provider(kubeconfig(endpoint("kubernetes")))])
    app = kubernetes.core.v1.Namespace("app", metadata={"name": "app"}, opts=inside)
    after = pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=[app]))
    DatabaseSecret(
        "database",
        DatabaseSecretArgs(
            namespace="app", name="database", key="URL", value=pulumi.Output.secret(f"postgres://{value}")
        ),
        opts=after,
    )
    kubernetes.core.v1.ConfigMap(
        "flags", metadata={"name": "flags", "namespace": "app"}, data={"flag": value}, opts=after
    )


def held(server: str, path: str) -> dict[str, Any]:
    connection = http.client.HTTPConnection(server.removeprefix("http://"), timeout=10)
    connection.request("GET", path)
    found = json.loads(connection.getresponse().read())
    connection.close()
    return found


@pytest.mark.parametrize("name", ENGINES)
def test_a_changed_secret_and_config_map_are_updated_in_place(
    name: str, server: str, calls: RequestLog, tmp_path: Path
) -> None:
    def up(value: str) -> dict[str, str]:
        config = {"contents:value": value}
        engine = engine_of(name, __name__, tmp_path / "project", {"kubernetes": server}, config=config)
        result = engine.up()
        assert result.ok, result.diagnostics
        return {step.type.rpartition(":")[2]: step.op for step in result.steps}

    up("one")
    before = {path: held(server, path) for path in (SECRET, CONFIG_MAP)}
    done = up("two")
    assert (done["Secret"], done["ConfigMap"]) == ("update", "update")
    for path, was in before.items():
        now = held(server, path)
        assert now["metadata"]["uid"] == was["metadata"]["uid"], f"{path} was gone in between"
        assert now["data"] != was["data"]
    assert "DELETE" not in {call["method"] for call in calls.snapshot()["recent"]}
