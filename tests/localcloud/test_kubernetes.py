"""The recording stand-in: what a client of a Kubernetes API server relies on."""

from typing import Any

import pytest

from slipway.localcloud.cloud import Cloud
from tests.localcloud.conftest import Answer, Client

MERGE = {"Content-Type": "application/merge-patch+json"}
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


def test_what_one_cluster_holds_is_in_no_other(k8s: Client, namespace: str) -> None:
    """Several clusters are rehearsed on one cloud, and each makes its own objects of the same names."""
    shop = {"kind": "Namespace", "metadata": {"name": "shop"}}
    for cluster in ("222222222222-slipway-staging", "333333333333-slipway-prod"):
        place = f"/clusters/{cluster}"
        k8s("DELETE", f"{place}/api/v1/namespaces/shop")
        assert k8s("GET", f"{place}{namespace}").status == 404
        assert k8s("POST", f"{place}/api/v1/namespaces", shop).status == 201
        assert k8s("GET", f"{place}{namespace}").status == 200
        assert k8s("GET", f"{place}/version").json["gitVersion"].endswith("slipway-stand-in")
    assert k8s("DELETE", "/clusters/222222222222-slipway-staging/api/v1/namespaces/shop").status == 200
    assert k8s("GET", f"/clusters/333333333333-slipway-prod{namespace}").status == 200
    assert k8s("GET", namespace).status == 200


class TestObjects:
    def test_one_is_created_read_changed_and_deleted(self, k8s: Client, namespace: str) -> None:
        path = f"{namespace}/configmaps"
        made = k8s("POST", path, config_map(data={"a": "1"}))
        assert made.status == 201
        meta = made.json["metadata"]
        assert (meta["namespace"], bool(meta["uid"]), bool(meta["creationTimestamp"])) == ("shop", True, True)
        changed = k8s("PATCH", f"{path}/settings", {"data": {"b": "2"}}, MERGE).json
        assert changed["data"] == {"a": "1", "b": "2"}
        assert changed["metadata"]["uid"] == meta["uid"]
        assert int(changed["metadata"]["resourceVersion"]) > int(meta["resourceVersion"])
        gone = k8s("DELETE", f"{path}/settings")
        assert (gone.status, gone.json["status"]) == (200, "Success")
        assert reason(k8s("GET", f"{path}/settings")) == (404, "NotFound")
        assert reason(k8s("DELETE", f"{path}/settings")) == (404, "NotFound")
        assert reason(k8s("PATCH", f"{path}/settings", {}, MERGE)) == (404, "NotFound")

    def test_a_second_one_of_the_same_name_is_a_conflict(self, k8s: Client, namespace: str) -> None:
        k8s("POST", f"{namespace}/configmaps", config_map())
        assert reason(k8s("POST", f"{namespace}/configmaps", config_map())) == (409, "AlreadyExists")

    def test_a_stale_version_is_a_conflict(self, k8s: Client, namespace: str) -> None:
        first = k8s("POST", f"{namespace}/configmaps", config_map()).json
        k8s("PATCH", f"{namespace}/configmaps/settings", {**first, "data": {"a": "1"}}, MERGE)
        stale = k8s("PATCH", f"{namespace}/configmaps/settings", {**first, "data": {"a": "2"}}, MERGE)
        assert reason(stale) == (409, "Conflict")
        assert k8s("GET", f"{namespace}/configmaps/settings").json["data"] == {"a": "1"}

    def test_writing_the_same_again_changes_no_version(self, k8s: Client, namespace: str) -> None:
        first = k8s("POST", f"{namespace}/configmaps", config_map(data={"a": "1"})).json
        again = k8s("PATCH", f"{namespace}/configmaps/settings", {"data": {"a": "1"}}, MERGE).json
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
        [
            *("/api", "/apis", "/api/v1", "/nonsense", "/api/v1/namespaces/shop/pods/x/log"),
            *(f"/api/v1/configmaps?{asked}" for asked in ("watch=true", "labelSelector=a%3Db", "dryRun=All")),
        ],
    )
    def test_what_is_not_served_says_so(self, k8s: Client, namespace: str, path: str) -> None:
        assert reason(k8s("GET", path)) == (501, "NotImplemented")

    def test_it_does_not_play_the_judge(self, k8s: Client) -> None:
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        assert reason(k8s("POST", path, {"kind": "SelfSubjectAccessReview"})) == (501, "NotImplemented")


class TestLists:
    def test_by_namespace_and_over_all(self, k8s: Client, namespace: str) -> None:
        for name in ("b", "a"):
            k8s("POST", f"{namespace}/configmaps", config_map(metadata={"name": name}))
        for path in (f"{namespace}/configmaps", "/api/v1/configmaps"):
            assert [one["metadata"]["name"] for one in k8s("GET", path).json["items"]] == ["a", "b"]


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

    @pytest.mark.parametrize(
        "kind",
        [
            *("application/json-patch+json", "application/strategic-merge-patch+json"),
            *("application/apply-patch+yaml", "application/json", "text/plain"),
        ],
    )
    def test_other_patches_are_refused(self, k8s: Client, namespace: str, kind: str) -> None:
        k8s("POST", f"{namespace}/configmaps", config_map())
        answer = k8s("PATCH", f"{namespace}/configmaps/settings", {}, {"Content-Type": kind})
        assert reason(answer) == (415, "UnsupportedMediaType")
