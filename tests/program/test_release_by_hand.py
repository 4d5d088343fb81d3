"""A release that somebody rolled back, left half-way or failed by hand: drift names it, `up` mends it."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from werkzeug.serving import make_server

from components.release.app_release import AppRelease, AppReleaseArgs
from components.release.values import ImageReference
from infra.providers import kubernetes_provider
from slipway.engine.interface import Engine, Result
from slipway.localcloud.kubernetes import Kubernetes
from slipway.localcloud.web import RequestLog
from tests.program.both import ENGINES, endpoint, engine_of
from tests.providers.conftest import Served
from tests.providers.kubernetes_world import call, kubeconfig

CHART = Path(__file__).parents[2] / "examples/skill-pool/chart"
RECORD = "/apis/slipway.dev/v1/namespaces/app/releases/skill-pool"
IMAGES = {
    name: ImageReference(repository=f"registry.example.com/skill-pool/{name}", digest="sha256:" + "ab" * 32)
    for name in ("server", "web")
}


@pytest.fixture
def server() -> Iterator[Served]:
    served = make_server("127.0.0.1", 0, Kubernetes(RequestLog()), threaded=True)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield Served(f"http://127.0.0.1:{served.server_port}")
    served.shutdown()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, server: Served, tmp_path: Path) -> Engine:
    return engine_of(request.param, __name__, tmp_path / "project", {"kubernetes": server.url})


def program() -> None:
    inside = pulumi.ResourceOptions(providers=[kubernetes_provider(kubeconfig(endpoint("kubernetes")))])
    app = kubernetes.core.v1.Namespace("app", metadata={"name": "app"}, opts=inside)
    AppRelease(
        "skill-pool",
        AppReleaseArgs(
            release_name="skill-pool",
            namespace="app",
            chart=str(CHART),
            images=IMAGES,
            values={"ingress": {"host": "skill-pool.example.com"}},
        ),
        opts=pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=[app])),
    )


def release(result: Result) -> tuple[str, dict[str, tuple[Any, Any]]]:
    (step,) = [step for step in result.steps if step.type == "kubernetes:helm.sh/v3:Release"]
    return step.op, {change.path: (change.old, change.new) for change in step.diff}


FAILED = {"status": {"status": "failed", "revision": 2}}
ROLLED_BACK = {"spec": {"version": "0.0.1"}, "status": {"status": "deployed", "revision": 2}}
AGAIN = {"status": {"status": "deployed", "revision": 3}}
PENDING = {"status": {"status": "pending-upgrade", "revision": 2}}


@pytest.mark.parametrize(
    ("by_hand", "named"),
    [
        (FAILED, {"status.status": ("deployed", "failed"), "status.revision": (1, 2)}),
        (ROLLED_BACK, {"status.version": ("0.2.0", "0.0.1"), "status.revision": (1, 2)}),
        (AGAIN, {"status.revision": (1, 3)}),
    ],
    ids=["failed", "rolled back", "released again"],
)
def test_drift_names_it_and_after_a_refresh_up_mends_it(
    by_hand: dict[str, Any], named: dict[str, Any], engine: Engine, server: Served
) -> None:
    assert engine.up().ok
    assert release(engine.drift()) == ("same", {})
    call(server, "PATCH", RECORD, by_hand)
    revision = call(server, "GET", RECORD)["status"]["revision"]

    assert release(engine.drift()) == ("update", named)
    assert release(engine.refresh()) == ("update", named)
    assert release(engine.preview())[0] == "update"
    mended = engine.up()
    assert mended.ok, mended.diagnostics
    assert release(mended)[0] == "update"
    held = call(server, "GET", RECORD)
    assert (held["status"]["status"], held["status"]["revision"]) == ("deployed", revision + 1)
    assert held["spec"]["version"] == "0.2.0"
    assert release(engine.drift()) == ("same", {})
    assert release(engine.up())[0] == "same", "it is mended once"


def test_what_is_in_the_middle_is_named_and_left_to_whoever_began_it(engine: Engine, server: Served) -> None:
    assert engine.up().ok
    call(server, "PATCH", RECORD, PENDING)
    assert release(engine.drift())[1]["status.status"] == ("deployed", "pending-upgrade")
    assert engine.refresh().ok
    refused = engine.up()
    assert not refused.ok
    assert "another operation (install/upgrade/rollback) is in progress" in refused.errors[0].message
    assert call(server, "GET", RECORD)["status"] == {
        **call(server, "GET", RECORD)["status"],
        **PENDING["status"],
    }

    call(server, "PATCH", RECORD, FAILED)
    assert engine.up().ok, "it is tried again, until it is done"
    assert call(server, "GET", RECORD)["status"]["status"] == "deployed"
