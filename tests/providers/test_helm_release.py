"""Releases: recorded on the stand-in, installed by helm where the server is a real control plane."""

import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi.provider.experimental import provider as sdk

from slipway.localcloud.providers.errors import FenceError, InitFailed, ProviderError
from slipway.localcloud.providers.kubernetes import KubernetesProvider
from slipway.localcloud.providers.kubernetes.charts import coalesced
from slipway.localcloud.providers.values import UNKNOWN, wrap_map
from tests.providers.conftest import Served
from tests.providers.driver import CheckFailed, Driver, finish, urn
from tests.providers.kubernetes_world import (
    World,
    call,
    kubeconfig,
    kubernetes,  # noqa: F401 - a fixture
    kubernetes_server,  # noqa: F401 - a fixture
    world,  # noqa: F401 - a fixture
)
from tests.providers.life import Sample, live, plain

RELEASE = "kubernetes:helm.sh/v3:Release"
RECORD = "/apis/slipway.dev/v1/namespaces/world/releases/skill-pool"
EXAMPLE = Path(__file__).parents[2] / "examples/skill-pool/chart"

# kubeconfig and values are read while they exist; `fail` and `metadata` tell it how to answer.
FAKE = """#!/bin/sh
folder={folder}
echo "$@" >> $folder/log
env > $folder/env
for one in "$@"; do case "$one" in
  */kubeconfig) stat -c %a "$one" >> $folder/modes; cp "$one" $folder/kubeconfig;;
  */values.json) stat -c %a "$one" >> $folder/modes; cp "$one" $folder/values;;
esac; done
if [ "$1" = get ]; then
  if [ -e $folder/metadata ]; then cat $folder/metadata; exit 0; fi
  echo "Error: release: not found" >&2; exit 1
fi
if [ -e $folder/fail ]; then cat $folder/fail >&2; exit 1; fi
if [ "$1" = upgrade ]; then
  echo '{{"name":"skill-pool","chart":"skill-pool","version":"1.2.3","appVersion":"v9","namespace":"world",'\
'"revision":3,"status":"deployed"}}' > $folder/metadata
else rm -f $folder/metadata; fi
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "chart"
    folder.mkdir()
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: skill-pool\nversion: 1.2.3\nappVersion: v9\n")
    return folder


@pytest.fixture
def inputs(world: World, chart: Path) -> dict[str, Any]:  # noqa: F811
    return {
        "name": "skill-pool",
        "namespace": world.namespace,
        "chart": str(chart),
        "values": {"image": {"tag": "v1"}, "password": "hush-hush"},
        "maxHistory": 5,
        "timeout": 60,
    }


@pytest.fixture
def helm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "helm").write_text(FAKE.format(folder=folder))
    (folder / "helm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real-looking")
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    private = tmp_path / "private"
    private.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(private))
    yield folder
    assert not list(private.iterdir()), "the kubeconfig or the values were left behind"


@pytest.fixture
def real(kubernetes_server: Served, monkeypatch: pytest.MonkeyPatch) -> Driver:  # noqa: F811
    """A provider that takes the stand-in for a real control plane."""
    monkeypatch.setattr("slipway.localcloud.providers.kubernetes.api.STAND_IN", "never")
    driver = Driver(KubernetesProvider())
    driver.configure({"kubeconfig": kubeconfig(kubernetes_server.url, user={"token": "t0ken"})})
    return driver


def test_a_file_of_the_chart_that_changed_is_an_update_and_no_drift(
    kubernetes: Driver,  # noqa: F811
    inputs: dict[str, Any],
    chart: Path,
) -> None:
    made = kubernetes.create(RELEASE, inputs)
    assert not kubernetes.diff(made, inputs).changes
    (chart / "templates").mkdir()
    (chart / "templates" / "web.yaml").write_text("kind: ConfigMap\n")
    found = kubernetes.diff(made, inputs)
    assert list(found.detailed_diff) == ["checksum"]
    assert not found.replaces
    read = kubernetes.read(made)
    assert read is not None
    assert read.inputs == made.inputs
    kubernetes.delete(made)


def test_life(kubernetes: Driver, world: World, inputs: dict[str, Any]) -> None:  # noqa: F811
    sample = Sample(lambda w: inputs, plain(values={"image": {"tag": "v2"}}), plain(name="other"))
    live(kubernetes, RELEASE, sample, world)


def test_a_release_is_recorded_without_its_values(
    kubernetes: Driver,  # noqa: F811
    kubernetes_server: Served,  # noqa: F811
    inputs: dict[str, Any],
) -> None:
    made = kubernetes.create(RELEASE, inputs)
    assert made.id == "world/skill-pool"
    assert made.state["status"] == {
        "name": "skill-pool",
        "namespace": "world",
        "chart": "skill-pool",
        "version": "1.2.3",
        "appVersion": "v9",
        "revision": 1,
        "status": "deployed",
    }
    made = kubernetes.update(made, {**inputs, "values": {"password": "new"}})
    assert made.state["status"]["revision"] == 2
    record = call(kubernetes_server, "GET", RECORD)
    assert "hush" not in json.dumps(record)
    assert "nothing runs" in record["status"]["note"]
    with pytest.raises(ProviderError, match="cannot re-use a name"):
        kubernetes.create(RELEASE, inputs)
    call(kubernetes_server, "PATCH", RECORD, {"spec": {"valuesDigest": "other"}})
    found = kubernetes.read(made)
    assert found is not None
    assert "values" not in found.inputs
    assert set(kubernetes.diff(found, made.inputs).detailed_diff) == {"values"}
    kubernetes.delete(made)
    assert call(kubernetes_server, "GET", RECORD)["code"] == 404


def test_a_namespace_is_needed_or_asked_for(
    kubernetes: Driver,  # noqa: F811
    kubernetes_server: Served,  # noqa: F811
    chart: Path,
) -> None:
    wanted = {"name": "x", "namespace": "fresh", "chart": str(chart)}
    with pytest.raises(ProviderError, match='namespaces "fresh" not found'):
        kubernetes.create(RELEASE, wanted)
    kubernetes.create(RELEASE, {**wanted, "createNamespace": True})
    assert call(kubernetes_server, "DELETE", "/api/v1/namespaces/fresh")["status"] == "Success"


def test_check_refuses_what_is_no_chart(
    kubernetes: Driver,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "empty").mkdir()
    for chart, message in [
        (str(tmp_path / "empty"), "no Chart.yaml"),
        ("no/such/chart", "there is no chart at no/such/chart"),
    ]:
        with pytest.raises(CheckFailed, match=message) as raised:
            kubernetes.check(RELEASE, {"name": "x", "chart": chart})
        assert raised.value.properties == ["chart"]
    monkeypatch.chdir(EXAMPLE.parent)
    values = _example_values()
    kubernetes.check(RELEASE, {"name": "x", "chart": "chart", "values": values})
    with pytest.raises(CheckFailed, match="needs the input 'chart'"):
        kubernetes.check(RELEASE, {"name": "x"})


def test_values_must_fit_the_charts_schema_and_are_not_quoted(kubernetes: Driver) -> None:  # noqa: F811
    wanted = {"name": "x", "chart": str(EXAMPLE), "values": _example_values()}
    kubernetes.check(RELEASE, wanted)
    wrong = {**wanted, "values": {**_example_values(), "image": {"server": {"digest": "hush-hush"}}}}
    with pytest.raises(CheckFailed) as raised:
        kubernetes.check(RELEASE, wrong)
    assert set(raised.value.properties) == {"values"}
    assert "image.server.digest" in str(raised.value)
    assert "hush" not in str(raised.value)
    unknown = {**wrong, "values": {"image": UNKNOWN}}
    assert kubernetes.preview(RELEASE, unknown)["status"] is UNKNOWN


def _example_values() -> dict[str, Any]:
    digest = f"sha256:{'0' * 64}"
    images = {
        name: {"repository": f"registry.example.com/{name}", "digest": digest} for name in ("server", "web")
    }
    return {"image": images, "ingress": {"host": "skill-pool.example.com"}}


def test_a_schema_is_never_fetched(kubernetes: Driver, chart: Path) -> None:  # noqa: F811
    (chart / "values.schema.json").write_text('{"$ref": "http://127.0.0.1:9/schema.json"}')
    with pytest.raises(CheckFailed, match="refers to another file"):
        kubernetes.check(RELEASE, {"name": "x", "chart": str(chart)})


def test_an_archive_is_read_too(
    kubernetes: Driver,  # noqa: F811
    tmp_path: Path,
    inputs: dict[str, Any],
    chart: Path,
) -> None:
    archive = tmp_path / "skill-pool-1.2.3.tgz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(chart, "skill-pool")
    made = kubernetes.create(RELEASE, {**inputs, "chart": str(archive)})
    assert made.state["status"]["version"] == "1.2.3"
    kubernetes.delete(made)


@pytest.mark.parametrize("name", ["postrender", "valueYamlFiles", "dependencyUpdate", "keyring"])
def test_what_is_not_carried_out_is_refused_by_name(
    name: str,
    kubernetes: Driver,  # noqa: F811
    chart: Path,
) -> None:
    with pytest.raises(CheckFailed) as raised:
        kubernetes.check(RELEASE, {"name": "x", "chart": str(chart), name: "y"})
    assert raised.value.properties == [name]


def test_repository_credentials_are_refused(kubernetes: Driver) -> None:  # noqa: F811
    options = {"repo": "http://127.0.0.1:1", "password": "hush-hush"}
    with pytest.raises(CheckFailed, match="repositoryOpts") as raised:
        kubernetes.check(RELEASE, {"name": "x", "chart": "y", "repositoryOpts": options})
    assert "hush" not in str(raised.value)


def test_a_null_takes_a_default_away() -> None:
    assert coalesced({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": None}, "d": {"e": 4}}) == {
        "a": {"c": 2},
        "d": {"e": 4},
    }


def test_helm_gets_the_kubeconfig_and_the_values_in_private_files(
    real: Driver, helm: Path, inputs: dict[str, Any], chart: Path
) -> None:
    made = real.create(RELEASE, {**inputs, "waitForJobs": True, "atomic": False, "cleanupOnFail": True})
    assert made.state["status"]["revision"] == 3
    upgrade = next(line for line in (helm / "log").read_text().splitlines() if line.startswith("upgrade"))
    for flag in (
        "--install --namespace world",
        "--timeout 60s",
        "--history-max 5",
        "--wait --wait-for-jobs",
        "--cleanup-on-fail",
    ):
        assert flag in upgrade
    assert upgrade.endswith(f"-- skill-pool {chart}")
    assert "--atomic" not in upgrade
    assert "--no-hooks" not in upgrade
    assert "hush" not in upgrade
    assert json.loads((helm / "values").read_text()) == inputs["values"]
    assert "t0ken" in (helm / "kubeconfig").read_text()
    assert set((helm / "modes").read_text().split()) == {"600"}
    environment = (helm / "env").read_text()
    assert "AWS_SECRET_ACCESS_KEY" not in environment
    assert "KUBECONFIG" not in environment
    real.delete(made)
    assert "uninstall --namespace world --ignore-not-found --wait --timeout 60s" in (helm / "log").read_text()
    assert real.read(made) is None


def test_a_failure_shows_what_helm_said_without_secrets(
    real: Driver, helm: Path, inputs: dict[str, Any]
) -> None:
    encoded = "aHVzaC1odXNo"  # base64 of hush-hush
    (helm / "fail").write_text(f"Error: UPGRADE FAILED: bad {encoded} and hush-hush\nmore\n")
    checked = wrap_map(real.check(RELEASE, inputs), {"values"})
    with pytest.raises(ProviderError, match="UPGRADE FAILED") as raised:
        finish(real.provider.create(sdk.CreateRequest(urn(RELEASE), checked, 60, False)))
    assert "hush-hush" not in str(raised.value)
    assert encoded not in str(raised.value)
    (helm / "fail").unlink()
    made = real.create(RELEASE, inputs)
    (helm / "fail").write_text("Error: timed out waiting for the condition")
    with pytest.raises(InitFailed, match="timed out"):
        real.update(made, {**inputs, "values": {}})


def test_a_failed_first_attempt_is_gone_on_with(real: Driver, helm: Path, inputs: dict[str, Any]) -> None:
    (helm / "metadata").write_text('{"name": "skill-pool", "revision": 1, "status": "failed"}')
    assert real.create(RELEASE, inputs).state["status"]["status"] == "deployed"
    with pytest.raises(ProviderError, match="cannot re-use a name"):
        real.create(RELEASE, inputs)


def test_without_helm_it_says_so(
    real: Driver, inputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ProviderError, match="needs helm"):
        real.create(RELEASE, inputs)


@pytest.mark.parametrize(
    "more",
    [
        {"chart": "oci://registry.example.com/charts/app"},
        {"chart": "app", "repositoryOpts": {"repo": "https://charts.example.com"}},
    ],
)
def test_no_chart_comes_from_off_this_machine(
    more: dict[str, Any], real: Driver, helm: Path, inputs: dict[str, Any]
) -> None:
    with pytest.raises(FenceError, match="repository"):
        real.create(RELEASE, {**inputs, **more})
    assert "upgrade" not in (helm / "log").read_text()
