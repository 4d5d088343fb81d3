"""The walk with a real API server, which refuses what no stand-in does; where `make kubernetes` runs one."""

import http.client
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.program.conftest import ROOT, Project
from tools.kubernetes import RUN, alive

FOLDER = ROOT / ".slipway" / "kubernetes"
KUBECONFIG = Path(os.environ.get("SLIPWAY_KUBECONFIG") or FOLDER / "kubeconfig")
RBAC = "/apis/rbac.authorization.k8s.io/v1"
DEPLOY = "slipway:skill-pool:production:deploy"
Api = Callable[..., Any]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not KUBECONFIG.exists(), reason="no control plane runs; `make kubernetes` starts one"),
    pytest.mark.xdist_group("kubernetes"),
]


@pytest.fixture
def api() -> Api:
    """A request as the cluster's administrator; the status and the object."""
    document = json.loads(KUBECONFIG.read_text())
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    context = ssl.create_default_context(cafile=cluster["certificate-authority"])

    def call(method: str, path: str, body: Any = None, **impersonated: str) -> tuple[int, Any]:
        request = urllib.request.Request(  # noqa: S310 - https on loopback
            cluster["server"] + path,
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"Authorization": f"Bearer {user['token']}", "Content-Type": "application/json"}
            | {f"Impersonate-{key}": value for key, value in impersonated.items()},
        )
        try:
            with urllib.request.urlopen(request, timeout=120, context=context) as answer:  # noqa: S310
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    return call


@pytest.mark.skipif("etcd" not in alive(), reason="the control plane is not this project's")
def test_nobody_else_on_this_machine_reaches_etcd() -> None:
    arguments = Path(f"/proc/{alive()['etcd']}/cmdline").read_text().split("\0")
    (url,) = (one.partition("=")[2] for one in arguments if one.startswith("--listen-client-urls="))
    context = ssl.create_default_context(cafile=str(RUN / "etcd-ca.crt"))
    keys = f"{url}/v3/kv/range"
    everything = urllib.request.Request(keys, data=b'{"key": "AA==", "range_end": "AA=="}')  # noqa: S310
    with pytest.raises(OSError, match=r"EOF|certificate required"):
        urllib.request.urlopen(everything, timeout=10, context=context)  # noqa: S310
    with pytest.raises(http.client.RemoteDisconnected):  # no TLS at all
        urllib.request.urlopen(keys.replace("https:", "http:"), timeout=10)  # noqa: S310
    context.load_cert_chain(RUN / "etcd.crt", RUN / "etcd.key")
    with urllib.request.urlopen(everything, timeout=10, context=context) as answer:  # noqa: S310
        assert json.load(answer)["kvs"]


@pytest.fixture
def real(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("SLIPWAY_KUBECONFIG", str(KUBECONFIG))
    monkeypatch.setenv("PATH", f"{FOLDER / 'bin'}{os.pathsep}{os.environ['PATH']}")
    project.ok("cloud", "start")
    return project


def may(api: Api, group: str, verb: str, path: str) -> bool:
    """Whether a member of a group is let through; what it asks for need not exist."""
    status, _ = api(verb, path, User="somebody", Group=group)
    return status != 403


def test_the_walk_on_a_real_control_plane(real: Project, api: Api) -> None:
    try:
        first = real.result("up", "local", "--yes")
        assert first["ok"], first["diagnostics"]
        assert not real.result("up", "local", "--yes")["changed"]
        assert real.run("drift", "local").returncode == 0
        runs(api)
        guards(api)
        mends(real, api)
        refuses(real)
    finally:
        destroyed = real.result("destroy", "local", "--yes")
    assert destroyed["ok"], destroyed["diagnostics"]
    _, left = api("GET", "/api/v1/namespaces?labelSelector=slipway.dev/service")
    assert [
        one["metadata"]["name"] for one in left["items"] if "deletionTimestamp" not in one["metadata"]
    ] == []


def runs(api: Api) -> None:
    """The release was really installed: its hook ran to its end, and its pods stand."""
    _, job = api("GET", "/apis/batch/v1/namespaces/skill-pool/jobs/skill-pool-migrate")
    assert job["status"]["succeeded"] == 1
    _, deployments = api("GET", "/apis/apps/v1/namespaces/skill-pool/deployments")
    ready = {one["metadata"]["name"]: one["status"].get("readyReplicas") for one in deployments["items"]}
    assert ready == {"skill-pool-server": 2, "skill-pool-web": 2}


def guards(api: Api) -> None:
    """Kubernetes itself says who may do what, and which pods may run."""
    own, other = (f"/apis/apps/v1/namespaces/{name}/deployments" for name in ("skill-pool", "kube-system"))
    assert may(api, DEPLOY, "GET", own)
    assert not may(api, DEPLOY, "GET", other)
    assert not may(api, DEPLOY, "GET", f"{RBAC}/namespaces/skill-pool/roles")
    secrets = "/api/v1/namespaces/skill-pool/secrets"
    assert may(api, "slipway:reader", "GET", f"{secrets}/skill-pool-db")
    assert not may(api, "slipway:reader", "GET", secrets)
    assert not may(api, "slipway:reader", "DELETE", f"{secrets}/skill-pool-db")
    privileged = {"name": "it", "image": "it", "securityContext": {"privileged": True}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "it"},
        "spec": {"containers": [privileged]},
    }
    status, answer = api("POST", "/api/v1/namespaces/skill-pool/pods", pod)
    assert (status, "restricted" in answer["message"]) == (403, True)


def mends(real: Project, api: Api) -> None:
    """What somebody deletes is drift, by name, and comes back."""
    role = f"{RBAC}/namespaces/skill-pool/roles/slipway-production-deploy"
    assert api("DELETE", role)[0] == 200
    done = real.run("drift", "local", "--json")
    assert done.returncode == 2, done.stderr
    steps = [
        step for step in json.loads(done.stdout)["steps"] if step["op"] not in ("same", "read", "refresh")
    ]
    assert [(step["op"], step["name"]) for step in steps] == [
        ("delete", "cluster-access-skill-pool-production-deploy")
    ]
    assert real.result("up", "local", "--yes")["counts"]["create"] == 1
    assert api("GET", role)[0] == 200


def refuses(real: Project) -> None:
    """A release that the API server refuses fails by name, and the next `up` goes on with the right one."""
    chart = real.root / "examples" / "skill-pool" / "chart" / "templates" / "web-service.yaml"
    whole = chart.read_text()
    chart.write_text(whole.replace("kind: Service", "kind: Servize", 1))
    failed = real.result("up", "local", "--yes")
    assert not failed["ok"]
    said = str(failed["diagnostics"])
    assert "Servize" in said
    assert "skill-pool-production-release" in said
    chart.write_text(whole)
    repaired = real.result("up", "local", "--yes")
    assert repaired["ok"], repaired["diagnostics"]
    assert real.run("drift", "local").returncode == 0
