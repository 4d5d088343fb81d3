"""Every kind of Kubernetes object against the stand-in: lives, drift, names, secrets, and the fence."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from slipway.localcloud.providers.errors import FenceError, ProviderError, UnknownTypeError
from slipway.localcloud.providers.kubernetes import KubernetesProvider
from slipway.localcloud.providers.kubernetes.fields import merge_patch, same_quantity
from slipway.localcloud.providers.kubernetes.kinds import KINDS
from slipway.localcloud.providers.kubernetes.kubeconfig import parse
from slipway.localcloud.providers.values import UNKNOWN
from tests.providers.conftest import Served, serve
from tests.providers.driver import CheckFailed, Driver
from tests.providers.kubernetes_samples import SAMPLES
from tests.providers.kubernetes_world import (
    World,
    call,
    kubeconfig,
    kubernetes,  # noqa: F401 - a fixture
    kubernetes_server,  # noqa: F401 - a fixture
    world,  # noqa: F401 - a fixture
)
from tests.providers.life import live

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
NAMESPACE = "kubernetes:core/v1:Namespace"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
QUOTA = "kubernetes:core/v1:ResourceQuota"
ROLE = "kubernetes:rbac.authorization.k8s.io/v1:Role"
SECRET = "kubernetes:core/v1:Secret"
SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"


def test_every_kind_has_a_sample() -> None:
    assert set(SAMPLES) == set(KINDS)


@pytest.mark.parametrize("token", sorted(SAMPLES))
def test_life(token: str, kubernetes: Driver, world: World) -> None:  # noqa: F811
    # A recorder computes no usage.
    live(kubernetes, token, SAMPLES[token], world, {"status"} if token == QUOTA else set())


@pytest.mark.parametrize("token", sorted(SAMPLES))
def test_an_import_describes_the_object(token: str, kubernetes: Driver, world: World) -> None:  # noqa: F811
    made = kubernetes.create(token, SAMPLES[token].inputs(world))
    found = kubernetes.imported(token, made.id)
    assert found is not None
    described = {key: value for key, value in found.inputs.items() if key not in ("apiVersion", "kind")}
    if token == SECRET:
        made.inputs["data"] = {
            key: base64.b64encode(value.encode()).decode()
            for key, value in made.inputs.pop("stringData").items()
        }
    assert described == made.inputs
    kubernetes.delete(made)


def test_ids_are_those_of_pulumi(kubernetes: Driver, world: World) -> None:  # noqa: F811
    made = kubernetes.create(CONFIG_MAP, SAMPLES[CONFIG_MAP].inputs(world))
    assert made.id == "world/sample"
    kubernetes.delete(made)
    assert kubernetes.create(NAMESPACE, {"metadata": {"name": "solo"}}).id == "solo"


def test_what_the_program_declared_is_watched_and_nothing_else(
    kubernetes: Driver,  # noqa: F811
    world: World,  # noqa: F811
    kubernetes_server: Served,  # noqa: F811
) -> None:
    made = kubernetes.create(ROLE, SAMPLES[ROLE].inputs(world))
    path = "/apis/rbac.authorization.k8s.io/v1/namespaces/world/roles/sample"
    call(kubernetes_server, "PATCH", path, {"metadata": {"annotations": {"somebody": "else"}}})
    found = kubernetes.read(made)
    assert found is not None
    assert (found.state, found.inputs) == (made.state, made.inputs)
    call(kubernetes_server, "PATCH", path, {"rules": [], "metadata": {"labels": None}})
    found = kubernetes.read(made)
    assert found is not None
    assert found.inputs != made.inputs
    assert set(kubernetes.diff(found, made.inputs).detailed_diff) == {"rules[0]", "metadata.labels"}
    repaired = kubernetes.update(found, made.inputs)
    assert call(kubernetes_server, "GET", path)["rules"] == made.inputs["rules"]
    assert call(kubernetes_server, "GET", path)["metadata"]["annotations"] == {"somebody": "else"}
    kubernetes.delete(repaired)


def test_a_rule_that_lets_everybody_in_is_not_taken_for_none(
    kubernetes: Driver,  # noqa: F811
    world: World,  # noqa: F811
    kubernetes_server: Served,  # noqa: F811
) -> None:
    spec: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": []}
    made = kubernetes.create(POLICY, {"metadata": world.named("sample"), "spec": spec})
    path = "/apis/networking.k8s.io/v1/namespaces/world/networkpolicies/sample"
    call(kubernetes_server, "PATCH", path, {"spec": {"ingress": [{}]}})
    found = kubernetes.read(made)
    assert found is not None
    assert set(kubernetes.diff(found, made.inputs).detailed_diff) == {"spec.ingress[0]"}
    kubernetes.delete(made)


@pytest.mark.parametrize(
    ("token", "name", "empty"),
    [(POLICY, "spec.ingress", []), (SERVICE_ACCOUNT, "automountServiceAccountToken", False)],
)
def test_an_empty_value_says_more_than_none(
    token: str,
    name: str,
    empty: Any,
    kubernetes: Driver,  # noqa: F811
    world: World,  # noqa: F811
) -> None:
    """`ingress: []` lets nobody in, and a token is mounted unless it says `false`."""
    spec = {"spec": {"podSelector": {}, "policyTypes": ["Ingress"]}} if token == POLICY else {}
    made = kubernetes.create(token, {"metadata": {"name": "sample", "namespace": world.namespace}, **spec})
    changed = {**made.inputs}
    if token == POLICY:
        changed["spec"] = {**spec["spec"], "ingress": empty}
    else:
        changed[name] = empty
    assert list(kubernetes.diff(made, changed).detailed_diff) == [name]
    kubernetes.delete(made)


def test_an_amount_that_the_server_spells_another_way_is_no_drift(
    kubernetes: Driver,  # noqa: F811
    world: World,  # noqa: F811
    kubernetes_server: Served,  # noqa: F811
) -> None:
    spec = {"hard": {"requests.cpu": "1000m", "requests.memory": "1024Mi"}}
    made = kubernetes.create(QUOTA, {"metadata": world.named("sample"), "spec": spec})
    path = "/api/v1/namespaces/world/resourcequotas/sample"
    call(
        kubernetes_server, "PATCH", path, {"spec": {"hard": {"requests.cpu": "1", "requests.memory": "1Gi"}}}
    )
    found = kubernetes.read(made)
    assert found is not None
    assert found.inputs == made.inputs
    kubernetes.delete(made)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1", "1000m", True),
        ("1Gi", "1024Mi", True),
        ("1G", "1Gi", False),
        (2, "2", True),
        ("1e3", "1k", True),
        ("x", "x", False),
        (True, "1", False),
    ],
)
def test_quantities(one: Any, other: Any, *, same: bool) -> None:
    assert same_quantity(one, other) is same


def test_a_patch_removes_what_is_no_longer_said() -> None:
    old = {"metadata": {"labels": {"a": "1", "b": "2"}}, "data": {"k": "v"}, "same": [1]}
    new = {"metadata": {"labels": {"a": "1"}}, "same": [1]}
    assert merge_patch(old, new) == {"metadata": {"labels": {"b": None}}, "data": None}


def test_an_object_of_somebody_else_is_not_taken_over(kubernetes: Driver, world: World) -> None:  # noqa: F811
    inputs = SAMPLES[CONFIG_MAP].inputs(world)
    made = kubernetes.create(CONFIG_MAP, inputs)
    with pytest.raises(ProviderError, match="AlreadyExists"):
        kubernetes.create(CONFIG_MAP, inputs)
    kubernetes.delete(made)


def test_a_missing_namespace_is_named(kubernetes: Driver) -> None:  # noqa: F811
    with pytest.raises(ProviderError, match='namespaces "nowhere" not found'):
        kubernetes.create(CONFIG_MAP, {"metadata": {"name": "x", "namespace": "nowhere"}})


def test_an_unknown_type_is_named(kubernetes: Driver) -> None:  # noqa: F811
    with pytest.raises(UnknownTypeError, match="kubernetes:apps/v1:Deployment"):
        kubernetes.check("kubernetes:apps/v1:Deployment", {"metadata": {"name": "x"}})


def test_a_generated_name_is_kept_and_says_so(kubernetes: Driver) -> None:  # noqa: F811
    inputs = {"metadata": {"labels": {"a": "b"}}}
    made = kubernetes.create(NAMESPACE, inputs)
    assert made.state["metadata"]["name"].startswith("it-")
    assert made.state["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}
    assert not kubernetes.diff(made, inputs).detailed_diff
    kubernetes.delete(made)


@pytest.mark.parametrize("name", ["Upper", "under_score", "-dash", "a" * 64])
def test_a_name_that_kubernetes_would_refuse_is_refused_by_check(name: str, kubernetes: Driver) -> None:  # noqa: F811
    with pytest.raises(CheckFailed) as raised:
        kubernetes.check(NAMESPACE, {"metadata": {"name": name}})
    assert raised.value.properties == ["metadata.name"]


def test_a_preview_with_unknowns_names_nothing(kubernetes: Driver) -> None:  # noqa: F811
    shown = kubernetes.preview(CONFIG_MAP, {"metadata": {"name": UNKNOWN}, "data": {"k": UNKNOWN}})
    assert shown["metadata"]["name"] is UNKNOWN
    assert shown["metadata"]["namespace"] == "default"


def test_a_preview_works_before_the_cluster_is_known() -> None:
    driver = Driver(KubernetesProvider())
    driver.configure({"kubeconfig": UNKNOWN})
    assert driver.preview(NAMESPACE, {"metadata": {"name": "x"}})["status"] is UNKNOWN
    with pytest.raises(ProviderError, match="before its cluster was known"):
        driver.create(NAMESPACE, {"metadata": {"name": "x"}})


@pytest.mark.parametrize(("token", "key"), [(SECRET, "stringData"), (CONFIG_MAP, "data")])
def test_content_is_replaced_unless_it_is_mutable(
    token: str,
    key: str,
    kubernetes: Driver,  # noqa: F811
    world: World,  # noqa: F811
    kubernetes_server: Served,  # noqa: F811
) -> None:
    inputs = SAMPLES[token].inputs(world)
    made = kubernetes.create(token, inputs)
    found = kubernetes.diff(made, {**inputs, key: {"url": "other"}})
    assert found.replaces == [key]
    assert found.delete_before_replace
    mutable = Driver(KubernetesProvider())
    mutable.configure(
        {
            "kubeconfig": kubeconfig(kubernetes_server.url),
            "enableSecretMutable": "true",
            "enableConfigMapMutable": True,
        }
    )
    news = {**inputs, key: {"url": "other"}}
    assert not mutable.diff(made, news).replaces
    made = mutable.update(made, news)
    held = call(kubernetes_server, "GET", f"/api/v1/namespaces/world/{KINDS[token].plural}/sample")
    assert set(held["data"]) == {"url"}, "a key that is no longer declared is gone"
    assert mutable.diff(made, {**news, "immutable": True}).changes
    made = mutable.update(made, {**news, "immutable": True})
    assert mutable.diff(made, {**news, "immutable": True, key: {"url": "x"}}).replaces == [key]
    kubernetes.delete(made)


def test_secret_values_are_secret_outputs_and_in_no_error(kubernetes: Driver, world: World) -> None:  # noqa: F811
    made = kubernetes.create(SECRET, SAMPLES[SECRET].inputs(world))
    assert "stringData" in made.secrets
    kubernetes.delete(made)
    bad = {"metadata": world.named("bad"), "data": {"hush-hush": "not base64: hunter2!"}}
    with pytest.raises(ProviderError, match="illegal base64") as raised:
        kubernetes.create(SECRET, bad)
    assert "hunter2" not in str(raised.value)


def test_a_refusal_that_quotes_a_secret_shows_none_of_it() -> None:
    def refuse(environ: Any, start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        answer = {"reason": "Invalid", "message": f"is invalid: {body} and hunter2"}
        start_response("422 Unprocessable", [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    server = next(serving := serve(refuse))
    driver = Driver(KubernetesProvider())
    driver.configure({"kubeconfig": kubeconfig(server.url)})
    with pytest.raises(ProviderError, match="is invalid") as raised:
        driver.create(SECRET, {"metadata": {"name": "x"}, "stringData": {"a": "hunter2"}})
    assert "hunter2" not in str(raised.value)
    assert base64.b64encode(b"hunter2").decode() not in str(raised.value)
    next(serving, None)


def test_a_property_that_is_gone_altogether_shows(
    kubernetes: Driver,  # noqa: F811
    world: World,  # noqa: F811
    kubernetes_server: Served,  # noqa: F811
) -> None:
    made = kubernetes.create(CONFIG_MAP, SAMPLES[CONFIG_MAP].inputs(world))
    call(kubernetes_server, "PATCH", "/api/v1/namespaces/world/configmaps/sample", {"data": None})
    found = kubernetes.read(made)
    assert found is not None
    assert "data" not in found.inputs
    assert set(kubernetes.diff(found, made.inputs).detailed_diff) == {"data"}
    kubernetes.delete(made)


def test_a_drifted_secret_shows(
    kubernetes: Driver,  # noqa: F811
    world: World,  # noqa: F811
    kubernetes_server: Served,  # noqa: F811
) -> None:
    made = kubernetes.create(SECRET, SAMPLES[SECRET].inputs(world))
    changed = base64.b64encode(b"postgres://other").decode()
    call(kubernetes_server, "PATCH", "/api/v1/namespaces/world/secrets/sample", {"data": {"url": changed}})
    found = kubernetes.read(made)
    assert found is not None
    assert found.inputs["stringData"]["url"] == "postgres://other"
    kubernetes.delete(made)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/home/somebody/.kube/config",
        "a: [",
        kubeconfig("https://example.com"),
        kubeconfig("https://127.0.0.1.example.com"),
        kubeconfig("https://127.0.0.1:1", user={"exec": {"command": "aws"}}),
        kubeconfig("https://127.0.0.1:1", cluster={"proxy-url": "http://10.0.0.1"}),
        kubeconfig("https://127.0.0.1:1", user={"client-certificate-data": "bm90IGEgY2VydGlmaWNhdGU="}),
    ],
)
def test_no_other_cluster_can_be_named(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ambient = tmp_path / "config"
    ambient.write_text(kubeconfig("https://127.0.0.1:6443"))
    monkeypatch.setenv("KUBECONFIG", str(ambient))
    with pytest.raises(FenceError):
        Driver(KubernetesProvider()).configure({"kubeconfig": text} if text else {})


def test_a_broken_kubeconfig_is_not_quoted() -> None:
    with pytest.raises(FenceError) as raised:
        Driver(KubernetesProvider()).configure({"kubeconfig": "users: [token: hunter2"})
    assert "hunter2" not in str(raised.value)


def test_yaml_a_token_file_and_another_context_are_read(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("abc\n")
    document = json.loads(kubeconfig("http://127.0.0.1:1", user={"tokenFile": str(token)}))
    document["contexts"].append(
        {"name": "two", "context": {"cluster": "it", "user": "it", "namespace": "apps"}}
    )
    target = parse(json.dumps(document, indent=1), "two")
    assert target.headers == {"Authorization": "Bearer abc"}
    assert target.namespace == "apps"
    assert "abc" not in repr(target)
    assert list(tmp_path.iterdir()) == [token]
