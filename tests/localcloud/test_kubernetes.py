"""The recording stand-in: what a client of a Kubernetes API server relies on."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from slipway.localcloud.cloud import Cloud
from slipway.localcloud.kubeconfig import kubeconfig
from tests.localcloud.conftest import Answer, Client

MERGE = {"Content-Type": "application/merge-patch+json"}
APPLY = {"Content-Type": "application/apply-patch+yaml"}
STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
RBAC = "/apis/rbac.authorization.k8s.io/v1"


@pytest.fixture
def k8s(cloud: Cloud) -> Client:
    return Client(cloud.kubernetes)


@pytest.fixture
def namespace(k8s: Client) -> str:
    """The path of an empty namespace `shop`."""
    k8s("DELETE", "/api/v1/namespaces/shop")
    assert (
        k8s("POST", "/api/v1/namespaces", {"kind": "Namespace", "metadata": {"name": "shop"}}).status == 201
    )
    return "/api/v1/namespaces/shop"


def config_map(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, **fields}


def reason(answer: Answer) -> tuple[int, str]:
    assert answer.json["kind"] == "Status"
    assert answer.json["code"] == answer.status
    return answer.status, answer.json["reason"]


def apply(k8s: Client, namespace: str, manager: str, data: dict[str, str], *, force: bool = False) -> Answer:
    query = f"fieldManager={manager}" + ("&force=true" if force else "")
    return k8s("PATCH", f"{namespace}/configmaps/settings?{query}", config_map(data=data), APPLY)


class TestObjects:
    def test_one_is_created_read_replaced_and_deleted(self, k8s: Client, namespace: str) -> None:
        path = f"{namespace}/configmaps"
        made = k8s("POST", path, config_map(data={"a": "1"}))
        assert made.status == 201
        meta = made.json["metadata"]
        assert (meta["namespace"], bool(meta["uid"]), bool(meta["creationTimestamp"])) == ("shop", True, True)
        replaced = k8s("PUT", f"{path}/settings", config_map(data={"b": "2"})).json
        assert replaced["data"] == {"b": "2"}
        assert replaced["metadata"]["uid"] == meta["uid"]
        assert int(replaced["metadata"]["resourceVersion"]) > int(meta["resourceVersion"])
        gone = k8s("DELETE", f"{path}/settings")
        assert (gone.status, gone.json["status"]) == (200, "Success")
        assert reason(k8s("GET", f"{path}/settings")) == (404, "NotFound")
        assert reason(k8s("DELETE", f"{path}/settings")) == (404, "NotFound")
        assert reason(k8s("PUT", f"{path}/settings", config_map())) == (404, "NotFound")

    def test_a_second_one_of_the_same_name_is_a_conflict(self, k8s: Client, namespace: str) -> None:
        k8s("POST", f"{namespace}/configmaps", config_map())
        assert reason(k8s("POST", f"{namespace}/configmaps", config_map())) == (409, "AlreadyExists")

    def test_a_stale_version_is_a_conflict(self, k8s: Client, namespace: str) -> None:
        first = k8s("POST", f"{namespace}/configmaps", config_map()).json
        k8s("PUT", f"{namespace}/configmaps/settings", {**first, "data": {"a": "1"}})
        stale = k8s("PUT", f"{namespace}/configmaps/settings", {**first, "data": {"a": "2"}})
        assert reason(stale) == (409, "Conflict")
        assert k8s("GET", f"{namespace}/configmaps/settings").json["data"] == {"a": "1"}

    def test_writing_the_same_again_changes_no_version(self, k8s: Client, namespace: str) -> None:
        first = k8s("POST", f"{namespace}/configmaps", config_map(data={"a": "1"})).json
        again = k8s("PUT", f"{namespace}/configmaps/settings", config_map(data={"a": "1"})).json
        assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]

    def test_the_namespace_must_exist(self, k8s: Client) -> None:
        answer = k8s("POST", "/api/v1/namespaces/nowhere/configmaps", config_map())
        assert reason(answer) == (404, "NotFound")
        assert 'namespaces "nowhere" not found' in answer.json["message"]

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"metadata": {"name": "settings", "namespace": "other"}}, (400, "BadRequest")),
            ({"apiVersion": "v2"}, (400, "BadRequest")),
            ({"kind": ""}, (400, "BadRequest")),
            ({"metadata": {}}, (422, "Invalid")),
            ({"metadata": {"name": "Upper_Case"}}, (422, "Invalid")),
            ({"metadata": {"name": "x" * 254}}, (422, "Invalid")),
            ({"metadata": {"name": "settings", "resourceVersion": "7"}}, (400, "BadRequest")),
        ],
    )
    def test_what_an_api_server_refuses(
        self, k8s: Client, namespace: str, body: dict[str, Any], expected: tuple[int, str]
    ) -> None:
        assert reason(k8s("POST", f"{namespace}/configmaps", config_map(**body))) == expected
        assert k8s("GET", f"{namespace}/configmaps").json["items"] == []

    def test_names_follow_their_kind(self, k8s: Client) -> None:
        long = {"kind": "Namespace", "metadata": {"name": "n" * 64}}
        assert k8s("POST", "/api/v1/namespaces", long).status == 422
        role = {"kind": "ClusterRole", "metadata": {"name": "slipway:reader"}, "rules": []}
        assert k8s("POST", f"{RBAC}/clusterroles", role).status == 201
        assert k8s("DELETE", f"{RBAC}/clusterroles/slipway:reader").status == 200

    @pytest.mark.parametrize("body", ["{", "[]", "7"])
    def test_a_body_that_is_no_object(self, k8s: Client, namespace: str, body: str) -> None:
        assert reason(k8s("POST", f"{namespace}/configmaps", body)) == (400, "BadRequest")

    def test_a_dry_run_changes_nothing(self, k8s: Client, namespace: str) -> None:
        assert k8s("POST", f"{namespace}/configmaps?dryRun=All", config_map()).status == 201
        assert k8s("GET", f"{namespace}/configmaps/settings").status == 404
        k8s("POST", f"{namespace}/configmaps", config_map(data={"a": "1"}))
        patched = k8s("PATCH", f"{namespace}/configmaps/settings?dryRun=All", {"data": {"a": "2"}}, MERGE)
        assert patched.json["data"] == {"a": "2"}
        k8s("DELETE", f"{namespace}/configmaps/settings?dryRun=All")
        assert k8s("GET", f"{namespace}/configmaps/settings").json["data"] == {"a": "1"}

    def test_deleting_by_a_uid_that_is_gone_is_a_conflict(self, k8s: Client, namespace: str) -> None:
        k8s("POST", f"{namespace}/configmaps", config_map())
        answer = k8s("DELETE", f"{namespace}/configmaps/settings", {"preconditions": {"uid": "other"}})
        assert reason(answer) == (409, "Conflict")

    def test_a_kind_that_nobody_declared_before_is_taken(self, k8s: Client, namespace: str) -> None:
        path = "/apis/example.com/v1alpha1/namespaces/shop/widgets"
        assert k8s("GET", path).status == 404
        widget = {"apiVersion": "example.com/v1alpha1", "kind": "Widget", "metadata": {"name": "w"}}
        assert k8s("POST", path, widget).status == 201
        assert k8s("GET", path).json["kind"] == "WidgetList"

    def test_secrets_keep_text_as_the_api_server_does(self, k8s: Client, namespace: str) -> None:
        secret = {"kind": "Secret", "metadata": {"name": "db"}, "stringData": {"password": "p"}}
        made = k8s("POST", f"{namespace}/secrets", secret).json
        assert (made["data"], made["type"], "stringData" in made) == ({"password": "cA=="}, "Opaque", False)
        broken = {"kind": "Secret", "metadata": {"name": "x"}, "data": {"k": "not base64!"}}
        assert reason(k8s("POST", f"{namespace}/secrets", broken)) == (422, "Invalid")

    @pytest.mark.parametrize(
        "path",
        ["/api/v1/namespaces/shop/configmaps?watch=true", "/api/v1/namespaces/shop/pods/x/log", "/nonsense"],
    )
    def test_what_is_not_served_says_so(self, k8s: Client, namespace: str, path: str) -> None:
        assert reason(k8s("GET", path)) == (501, "NotImplemented")

    def test_it_does_not_play_the_judge(self, k8s: Client) -> None:
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        assert reason(k8s("POST", path, {"kind": "SelfSubjectAccessReview"})) == (501, "NotImplemented")


class TestLists:
    def test_by_namespace_over_all_and_by_selectors(self, k8s: Client, namespace: str) -> None:
        for name, labels in (("a", {"app": "x"}), ("b", {"app": "y"}), ("c", {})):
            body = config_map(metadata={"name": name, "labels": labels})
            k8s("POST", f"{namespace}/configmaps", body)

        def names(path: str) -> list[str]:
            return [one["metadata"]["name"] for one in k8s("GET", path).json["items"]]

        assert names(f"{namespace}/configmaps") == ["a", "b", "c"]
        assert names("/api/v1/configmaps") == ["a", "b", "c"]
        for selector, found in (
            ("app=x", ["a"]),
            ("app==y", ["b"]),
            ("app!=x", ["b", "c"]),
            ("app", ["a", "b"]),
            ("!app", ["c"]),
            ("app,app!=x", ["b"]),
        ):
            assert names(f"{namespace}/configmaps?labelSelector={quote(selector)}") == found
        assert names(f"{namespace}/configmaps?fieldSelector=metadata.name%3Db") == ["b"]
        assert k8s("GET", f"{namespace}/configmaps?labelSelector={quote('app in (x)')}").status == 501


class TestNamespaces:
    def test_one_is_active_and_carries_its_name(self, k8s: Client, namespace: str) -> None:
        found = k8s("GET", namespace).json
        assert found["status"] == {"phase": "Active"}
        assert found["metadata"]["labels"]["kubernetes.io/metadata.name"] == "shop"

    def test_deleting_one_deletes_what_is_in_it_and_nothing_else(self, k8s: Client, namespace: str) -> None:
        k8s("POST", f"{namespace}/configmaps", config_map())
        k8s("POST", f"{RBAC}/namespaces/shop/roles", {"kind": "Role", "metadata": {"name": "r"}, "rules": []})
        k8s("POST", "/api/v1/namespaces/default/configmaps", config_map(metadata={"name": "stays"}))
        assert k8s("DELETE", namespace).status == 200
        k8s("POST", "/api/v1/namespaces", {"kind": "Namespace", "metadata": {"name": "shop"}})
        assert k8s("GET", f"{namespace}/configmaps").json["items"] == []
        assert k8s("GET", f"{RBAC}/namespaces/shop/roles").json["items"] == []
        assert k8s("DELETE", "/api/v1/namespaces/default/configmaps/stays").status == 200

    def test_the_ones_a_cluster_needs_stay(self, k8s: Client) -> None:
        assert reason(k8s("DELETE", "/api/v1/namespaces/kube-system")) == (403, "Forbidden")


class TestPatches:
    def test_a_merge_patch_changes_and_removes(self, k8s: Client, namespace: str) -> None:
        k8s("POST", f"{namespace}/configmaps", config_map(data={"keep": "1", "drop": "2"}))
        path = f"{namespace}/configmaps/settings"
        patched = k8s("PATCH", path, {"data": {"drop": None, "new": "3"}}, MERGE)
        assert patched.json["data"] == {"keep": "1", "new": "3"}
        assert reason(k8s("PATCH", f"{namespace}/configmaps/x", {}, MERGE)) == (404, "NotFound")

    def test_a_strategic_patch_is_taken_where_it_means_the_same(self, k8s: Client, namespace: str) -> None:
        k8s("POST", f"{namespace}/configmaps", config_map(data={"a": "1"}))
        path = f"{namespace}/configmaps/settings"
        assert k8s("PATCH", path, {"data": {"b": "2"}}, STRATEGIC).json["data"] == {"a": "1", "b": "2"}
        for body in ({"spec": {"containers": [{"name": "x"}]}}, {"data": {"$patch": "replace"}}):
            assert reason(k8s("PATCH", path, body, STRATEGIC)) == (415, "UnsupportedMediaType")

    @pytest.mark.parametrize("kind", ["application/json-patch+json", "application/json", "text/plain"])
    def test_other_patches_are_refused(self, k8s: Client, namespace: str, kind: str) -> None:
        k8s("POST", f"{namespace}/configmaps", config_map())
        answer = k8s("PATCH", f"{namespace}/configmaps/settings", {}, {"Content-Type": kind})
        assert reason(answer) == (415, "UnsupportedMediaType")


class TestApply:
    def test_it_creates_then_changes(self, k8s: Client, namespace: str) -> None:
        assert apply(k8s, namespace, "slipway", {"a": "1"}).status == 201
        changed = apply(k8s, namespace, "slipway", {"a": "2"})
        assert (changed.status, changed.json["data"]) == (200, {"a": "2"})

    def test_the_same_again_changes_no_version(self, k8s: Client, namespace: str) -> None:
        first = apply(k8s, namespace, "slipway", {"a": "1"}).json["metadata"]
        again = apply(k8s, namespace, "slipway", {"a": "1"}).json["metadata"]
        assert again["resourceVersion"] == first["resourceVersion"]

    def test_a_field_that_is_left_out_is_removed(self, k8s: Client, namespace: str) -> None:
        apply(k8s, namespace, "slipway", {"a": "1", "b": "2"})
        assert apply(k8s, namespace, "slipway", {"a": "1"}).json["data"] == {"a": "1"}

    def test_fields_of_others_are_left_alone(self, k8s: Client, namespace: str) -> None:
        apply(k8s, namespace, "slipway", {"a": "1"})
        apply(k8s, namespace, "other", {"b": "2"})
        k8s("PATCH", f"{namespace}/configmaps/settings", {"data": {"c": "3"}}, MERGE)
        assert apply(k8s, namespace, "slipway", {"d": "4"}).json["data"] == {"b": "2", "c": "3", "d": "4"}

    def test_a_field_that_another_applied_too_stays_when_one_leaves_it_out(
        self, k8s: Client, namespace: str
    ) -> None:
        apply(k8s, namespace, "slipway", {"a": "1", "b": "2"})
        apply(k8s, namespace, "other", {"b": "2"})
        assert apply(k8s, namespace, "slipway", {"a": "1"}).json["data"] == {"a": "1", "b": "2"}

    def test_two_managers_of_one_field_conflict_unless_forced(self, k8s: Client, namespace: str) -> None:
        apply(k8s, namespace, "slipway", {"a": "1"})
        assert apply(k8s, namespace, "other", {"a": "1"}).status == 200
        refused = apply(k8s, namespace, "other", {"a": "2"})
        assert reason(refused) == (409, "Conflict")
        assert 'conflict with "slipway": .data.a' in refused.json["message"]
        assert apply(k8s, namespace, "other", {"a": "2"}, force=True).json["data"] == {"a": "2"}
        # The field is now the other's: leaving it out does not remove it.
        assert apply(k8s, namespace, "slipway", {"z": "0"}).json["data"] == {"a": "2", "z": "0"}

    def test_who_owns_what_is_shown(self, k8s: Client, namespace: str) -> None:
        owned = apply(k8s, namespace, "slipway", {"a": "1"}).json["metadata"]["managedFields"]
        assert [(one["manager"], one["operation"], one["fieldsV1"]) for one in owned] == [
            ("slipway", "Apply", {"f:data": {"f:a": {}}})
        ]

    def test_it_takes_yaml_and_needs_a_manager(self, k8s: Client, namespace: str) -> None:
        text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '1'}\n"
        path = f"{namespace}/configmaps/settings"
        assert k8s("PATCH", f"{path}?fieldManager=x", text, APPLY).status == 201
        assert reason(k8s("PATCH", path, text, APPLY)) == (422, "Invalid")


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
class TestKubectl:
    @pytest.fixture
    def kubectl(self, cloud: Cloud, tmp_path: Path) -> Any:
        config = tmp_path / "kubeconfig"
        config.write_text(kubeconfig(cloud))

        def run(*arguments: str, stdin: str = "") -> str:
            command = [
                "kubectl",
                "--kubeconfig",
                str(config),
                "--cache-dir",
                str(tmp_path / "cache"),
                *arguments,
            ]
            done = subprocess.run(
                command, input=stdin, capture_output=True, text=True, timeout=120, check=False
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        return run

    def test_it_lists_namespaces_and_knows_the_server(self, kubectl: Any) -> None:
        assert "kube-system" in kubectl("get", "namespaces")
        assert "slipway-stand-in" in kubectl("version")
        assert "networkpolicies" in kubectl("api-resources")

    def test_it_applies_reads_and_deletes(self, kubectl: Any, k8s: Client) -> None:
        documents = [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "by-kubectl"}},
            config_map(metadata={"name": "settings", "namespace": "by-kubectl"}, data={"a": "1"}),
        ]
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": documents})
        kubectl("apply", "--server-side", "--validate=false", "-f", "-", stdin=text)
        found = json.loads(kubectl("-n", "by-kubectl", "get", "configmap", "settings", "-o", "json"))
        assert found["data"] == {"a": "1"}
        kubectl("delete", "namespace", "by-kubectl")
        assert k8s("GET", "/api/v1/namespaces/by-kubectl").status == 404
