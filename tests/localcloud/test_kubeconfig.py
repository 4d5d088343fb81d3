"""Which Kubernetes is used: the one that was named, on this machine, and never the ambient one."""

import json
from pathlib import Path
from typing import Any

import pytest

from slipway.errors import SlipwayError
from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.localcloud.kubeconfig import kubeconfig


def write(path: Path, server: str = "https://127.0.0.1:6443", **cluster: Any) -> Path:
    document = {
        "current-context": "here",
        "contexts": [
            {"name": "elsewhere", "context": {"cluster": "far", "user": "admin"}},
            {"name": "here", "context": {"cluster": "near", "user": "admin", "namespace": "shop"}},
        ],
        "clusters": [
            {"name": "far", "cluster": {"server": "https://far.example.com"}},
            {"name": "near", "cluster": {"server": server, "certificate-authority": "ca.crt", **cluster}},
        ],
        "users": [{"name": "admin", "user": {"token": "kubernetes-credential"}}],
    }
    path.write_text(json.dumps(document))
    return path


def test_the_stand_ins_has_one_context_and_no_credential_worth_having(cloud: Cloud) -> None:
    document = json.loads(kubeconfig(cloud))
    assert [one["cluster"] for one in document["clusters"]] == [{"server": cloud.kubernetes}]
    assert [one["user"] for one in document["users"]] == [{"token": "stand-in"}]
    assert document["current-context"] == document["contexts"][0]["name"]


def test_a_named_control_plane_is_used_and_nothing_stands_in_for_it(root: Path, tmp_path: Path) -> None:
    cloud = runtime.start(root, kubeconfig=write(tmp_path / "config"))
    assert (cloud.kubernetes, cloud.kubernetes_kind) == ("https://127.0.0.1:6443", "real")
    assert cloud.kubernetes_label == "real control plane"
    assert "kubernetes" not in runtime.status(root).detail["counts"]
    document = json.loads(kubeconfig(cloud))
    assert len(document["clusters"]) == 1
    assert document["clusters"][0]["cluster"] == {
        "server": "https://127.0.0.1:6443",
        "certificate-authority": str(tmp_path / "ca.crt"),
    }
    assert document["contexts"][0]["context"]["namespace"] == "shop"


def test_its_credential_stays_in_its_own_file(root: Path, tmp_path: Path) -> None:
    cloud = runtime.start(root, kubeconfig=write(tmp_path / "config"))
    assert cloud.kubeconfig == str(tmp_path / "config")
    kept = "".join(path.read_text() for path in (root / ".slipway").iterdir())
    assert "kubernetes-credential" not in kept + json.dumps(runtime.status(root).to_json())


def test_a_running_stand_in_is_not_passed_off_as_the_real_one(root: Path, tmp_path: Path) -> None:
    runtime.start(root)
    with pytest.raises(SlipwayError, match="already runs, with recording stand-in"):
        runtime.start(root, kubeconfig=write(tmp_path / "config"))


def test_the_ambient_kubeconfig_is_never_read(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(write(tmp_path / "config")))
    assert runtime.start(root).kubernetes_kind == "stand-in"


@pytest.mark.parametrize(
    "server",
    [
        "https://10.0.0.7:6443",
        "https://cluster.example.com",
        "https://127.0.0.1.example.com",
        "https://127.0.0.1@example.com",
        "https://localhost.example.com:6443",
        "nonsense",
    ],
)
def test_a_server_elsewhere_is_refused_unless_meant(root: Path, tmp_path: Path, server: str) -> None:
    config = write(tmp_path / "config", server)
    with pytest.raises(SlipwayError, match="not on this machine") as caught:
        runtime.start(root, kubeconfig=config)
    assert "--allow-remote-kubernetes" in caught.value.fix
    assert list(root.iterdir()) == []


def test_an_override_accepts_a_server_elsewhere(root: Path, tmp_path: Path) -> None:
    config = write(tmp_path / "config", "https://10.0.0.7:6443")
    cloud = runtime.start(root, kubeconfig=config, allow_remote_kubernetes=True)
    assert cloud.kubernetes == "https://10.0.0.7:6443"


def test_a_proxy_elsewhere_is_refused(root: Path, tmp_path: Path) -> None:
    config = write(tmp_path / "config", **{"proxy-url": "http://proxy.example.com"})
    with pytest.raises(SlipwayError, match="proxy-url is not on this machine"):
        runtime.start(root, kubeconfig=config)


@pytest.mark.parametrize("server", ["https://[::1]:6443", "http://localhost:8080", "https://127.0.0.9"])
def test_every_form_of_loopback_is_this_machine(root: Path, tmp_path: Path, server: str) -> None:
    assert runtime.start(root, kubeconfig=write(tmp_path / "config", server)).kubernetes == server


@pytest.mark.parametrize("text", ["", "[]", "a: [", "current-context: x\n", "\x00"])
def test_a_file_that_is_no_kubeconfig_is_named(root: Path, tmp_path: Path, text: str) -> None:
    config = tmp_path / "config"
    config.write_text(text)
    with pytest.raises(SlipwayError, match="of no use") as caught:
        runtime.start(root, kubeconfig=config)
    assert caught.value.where == str(config)
    with pytest.raises(SlipwayError, match="of no use"):
        runtime.start(root, kubeconfig=tmp_path / "absent")
