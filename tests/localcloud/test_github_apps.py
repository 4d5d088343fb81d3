"""GitHub Apps on the stand-in: the manifest flow, tokens that they sign, installation tokens, deliveries."""

import hashlib
import hmac
import json
import time
from datetime import datetime

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from slipway.localcloud.cloud import Cloud
from tests.localcloud.conftest import Client
from tests.localcloud.github_app import (
    PERMISSIONS,
    AppUnderTest,
    Hook,
    encoded,
    make_app,
    manifest_code,
    post_manifest,
)


class TestManifest:
    def test_the_conversion_hands_out_the_app_and_its_secrets(self, app: AppUnderTest) -> None:
        assert app.given["slug"] == f"{app.organization}-runners"
        assert app.given["owner"]["login"] == app.organization
        assert app.given["permissions"] == {**PERMISSIONS, "metadata": "read"}
        assert app.given["events"] == ["workflow_job", "workflow_run"]
        assert app.given["pem"].startswith("-----BEGIN RSA PRIVATE KEY-----")
        assert len(app.given["webhook_secret"]) == 40
        assert app.given["html_url"].startswith(app.cloud.github)

    def test_a_code_works_once(self, cloud: Cloud, app: AppUnderTest) -> None:
        code = manifest_code(cloud, app.organization, app.hook.url, PERMISSIONS)
        client = Client(cloud.github)
        assert [client("POST", f"/app-manifests/{code}/conversions").status for _ in range(2)] == [201, 404]
        assert client("POST", "/app-manifests/unknown/conversions").status == 404

    def test_two_apps_of_one_name_have_two_slugs(self, cloud: Cloud, app: AppUnderTest) -> None:
        code = manifest_code(cloud, app.organization, app.hook.url, PERMISSIONS)
        second = Client(cloud.github)("POST", f"/app-manifests/{code}/conversions").json
        assert second["slug"] != app.given["slug"]

    @pytest.mark.parametrize(
        "manifest",
        [
            "",
            "{",
            "[]",
            json.dumps({"url": "https://x"}),
            json.dumps({"url": "x", "redirect_url": "http://127.0.0.1/"}),
            json.dumps(
                {"url": "https://x", "redirect_url": "http://127.0.0.1/", "default_permissions": {"a": "all"}}
            ),
        ],
    )
    def test_a_manifest_that_is_none_is_422(self, cloud: Cloud, app: AppUnderTest, manifest: str) -> None:
        assert post_manifest(cloud, app.organization, manifest).status == 422

    def test_no_such_organization_is_404(self, cloud: Cloud) -> None:
        assert post_manifest(cloud, "nobody", "{}").status == 404


class TestSignedTokens:
    def test_an_app_sees_itself_and_its_installation(self, app: AppUnderTest) -> None:
        assert app.as_app("GET", "/app").json["id"] == app.given["id"]
        found = app.as_app("GET", "/app/installations").json
        assert [one["id"] for one in found] == [app.installation]
        one = app.as_app("GET", f"/app/installations/{app.installation}").json
        assert (one["app_id"], one["account"]["login"]) == (app.given["id"], app.organization)
        assert "pem" not in app.as_app("GET", "/app").text

    def test_the_client_id_may_sign_too(self, app: AppUnderTest) -> None:
        headers = {"Authorization": f"Bearer {app.token(iss=app.given['client_id'])}"}
        assert app.control("GET", "/app", headers=headers).status == 200

    @pytest.mark.parametrize(
        ("claims", "status", "words"),
        [
            ({"exp": 3600}, 401, "too far in the future"),
            ({"exp": -1}, 401, "Expiration time"),
            ({"exp": None}, 401, "Expiration time"),
            ({"iat": 600}, 401, "Issued at"),
            ({"iat": None}, 401, "Issued at"),
            ({"iss": "1"}, 404, "Integration not found"),
            ({"iss": None}, 404, "Integration not found"),
        ],
    )
    def test_claims_that_are_refused(
        self, app: AppUnderTest, claims: dict[str, object], status: int, words: str
    ) -> None:
        now = int(time.time())
        at = {key: now + value if isinstance(value, int) else value for key, value in claims.items()}
        answer = app.control("GET", "/app", headers={"Authorization": f"Bearer {app.token(**at)}"})
        assert answer.status == status
        assert words in answer.json["message"]

    def test_another_key_or_algorithm_or_changed_claims_are_refused(
        self, cloud: Cloud, app: AppUnderTest, hook: Hook
    ) -> None:
        other = make_app(cloud, hook)
        head, body, signature = app.token().split(".")
        foreign = other.token(iss=str(app.given["id"]))
        unsigned = f"{encoded({'alg': 'none'})}.{body}."
        key = serialization.load_pem_private_key(app.given["pem"].encode(), None)
        text = f"{encoded({'alg': 'RS512'})}.{body}"
        strange = f"{text}.{encoded(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA512()))}"  # type: ignore[union-attr,call-arg]
        for one in (foreign, unsigned, strange, f"{head}.{body}.x", f"a.{body}.{signature}", "a.b.c"):
            answer = app.control("GET", "/app", headers={"Authorization": f"Bearer {one}"})
            assert answer.status == 401, one

    def test_routes_of_the_app_take_no_other_token(self, app: AppUnderTest) -> None:
        assert app.installed()("GET", "/app").status == 401
        stand_in = {"Authorization": "Bearer stand-in"}
        assert app.control("GET", "/app/hook/deliveries", headers=stand_in).status == 401

    def test_an_app_itself_may_not_do_what_its_installation_may(self, app: AppUnderTest) -> None:
        assert app.as_app("GET", f"/orgs/{app.organization}/actions/runners").status == 403


class TestInstallationTokens:
    def test_it_has_the_apps_permissions_for_an_hour(self, app: AppUnderTest) -> None:
        path = f"/app/installations/{app.installation}/access_tokens"
        before = int(time.time())
        made = app.as_app("POST", path).json
        assert made["permissions"] == {**PERMISSIONS, "metadata": "read"}
        assert made["repository_selection"] == "all"
        assert made["token"].startswith("ghs_")
        ends = datetime.fromisoformat(made["expires_at"]).timestamp()
        assert before + 3600 <= ends <= time.time() + 3600

    def test_less_can_be_asked_for_and_more_cannot(self, app: AppUnderTest) -> None:
        less = app.installed(permissions={"actions": "read"})
        assert less("GET", f"/orgs/{app.organization}/actions/runners").status == 403
        path = f"/app/installations/{app.installation}/access_tokens"
        for asked in ({"actions": "write"}, {"contents": "read"}):
            assert app.as_app("POST", path, {"permissions": asked}).status == 422

    def test_it_can_be_for_some_repositories(self, app: AppUnderTest) -> None:
        narrow = app.installed(repositories=["public"])
        assert narrow("GET", f"/repos/{app.organization}/private").status == 404
        path = f"/app/installations/{app.installation}/access_tokens"
        assert app.as_app("POST", path, {"repositories": ["nobody"]}).status == 422

    def test_it_reaches_no_other_organization(self, cloud: Cloud, app: AppUnderTest, hook: Hook) -> None:
        other = make_app(cloud, hook)
        client = app.installed()
        assert client("GET", f"/orgs/{app.organization}/actions/runners").status == 200
        assert client("GET", f"/orgs/{other.organization}/actions/runners").status == 404
        assert client("GET", f"/repos/{other.organization}/private").status == 404
        path = f"/app/installations/{other.installation}/access_tokens"
        assert app.as_app("POST", path).status == 404
        assert app.as_app("GET", f"/orgs/{other.organization}/installation").status == 404

    def test_tokens_of_one_installation_share_their_allowance(self, app: AppUnderTest) -> None:
        path = f"/orgs/{app.organization}/actions/runners"
        first, second = app.installed(), app.installed()
        left = [int(one("GET", path).headers["X-RateLimit-Remaining"]) for one in (first, second, first)]
        assert left == [left[0], left[0] - 1, left[0] - 2]


class TestDeliveries:
    def test_events_arrive_signed_with_githubs_headers(self, app: AppUnderTest) -> None:
        (job,) = app.queue()
        app.flush()
        by_event = {headers["X-GitHub-Event"]: (headers, body) for headers, body in app.hook.arrived}
        headers, body = by_event["workflow_job"]
        secret = app.given["webhook_secret"].encode()
        assert (
            headers["X-Hub-Signature-256"] == f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"
        )
        event = json.loads(body)
        assert (event["action"], event["workflow_job"]["id"]) == ("queued", job["id"])
        assert event["workflow_job"]["labels"] == ["self-hosted", "linux", "x64"]
        assert event["workflow_job"]["run_attempt"] == 1
        assert event["installation"]["id"] == app.installation
        assert event["repository"]["full_name"] == f"{app.organization}/private"
        assert event["repository"]["private"] is True
        run = json.loads(by_event["workflow_run"][1])
        assert (run["action"], run["workflow_run"]["id"]) == ("requested", job["run_id"])
        assert run["workflow_run"]["head_repository"]["id"] == run["repository"]["id"]

    def test_a_forks_run_says_so(self, app: AppUnderTest) -> None:
        app.queue(head_repository="stranger/fork", event="pull_request")
        app.flush()
        run = next(one for one in app.hook.events() if "workflow_run" in one)
        assert run["workflow_run"]["head_repository"]["full_name"] == "stranger/fork"
        assert run["workflow_run"]["head_repository"]["id"] != run["repository"]["id"]
        assert run["workflow_run"]["event"] == "pull_request"

    @pytest.mark.parametrize("status", [401, 500, 503])
    def test_a_refused_delivery_is_kept_and_can_be_sent_again(self, app: AppUnderTest, status: int) -> None:
        app.hook.status = status
        app.queue()
        app.flush()
        failed = app.as_app("GET", "/app/hook/deliveries").json
        assert {(one["status_code"], one["redelivery"]) for one in failed} == {(status, False)}
        app.hook.status = 202
        app.hook.arrived.clear()
        for one in failed:
            assert app.as_app("POST", f"/app/hook/deliveries/{one['id']}/attempts").status == 202
        app.flush()
        assert sorted(headers["X-GitHub-Delivery"] for headers, _ in app.hook.arrived) == sorted(
            one["guid"] for one in failed
        )
        again = [one for one in app.as_app("GET", "/app/hook/deliveries").json if one["redelivery"]]
        assert {(one["status"], one["status_code"]) for one in again} == {("OK", 202)}

    def test_nobody_listening_is_a_failed_delivery(self, app: AppUnderTest) -> None:
        app.as_app("PATCH", "/app/hook/config", {"url": "http://127.0.0.1:9/x"})
        app.queue()
        app.flush()
        found = app.as_app("GET", "/app/hook/deliveries").json
        assert {one["status"] for one in found} == {"failed to connect to host"}

    def test_nothing_is_sent_to_another_machine(self, app: AppUnderTest) -> None:
        app.as_app("PATCH", "/app/hook/config", {"url": "http://example.com/x"})
        app.queue()
        app.flush()
        found = app.as_app("GET", "/app/hook/deliveries").json
        assert {one["status"] for one in found} == {"failed to connect to host"}

    def test_the_hooks_secret_changes_and_is_not_shown(self, app: AppUnderTest) -> None:
        answer = app.as_app("PATCH", "/app/hook/config", {"secret": "fresh"})
        assert "fresh" not in answer.text + app.as_app("GET", "/app/hook/config").text
        app.queue()
        app.flush()
        headers, body = app.hook.arrived[0]
        assert headers["X-Hub-Signature-256"].endswith(hmac.new(b"fresh", body, "sha256").hexdigest())

    def test_the_cursor_leads_through_all_of_them_newest_first(self, app: AppUnderTest) -> None:
        app.queue(count=12)
        app.flush()
        path, ids = "/app/hook/deliveries?per_page=5", list[int]()
        while path:
            answer = app.as_app("GET", path)
            ids += [one["id"] for one in answer.json]
            link = answer.headers.get("Link", "")
            assert not link or 'rel="next"' in link
            path = link.partition(">")[0].lstrip("<").removeprefix(app.cloud.github)
        assert len(ids) == 13
        assert ids == sorted(ids, reverse=True)

    def test_a_delivery_can_be_looked_at(self, app: AppUnderTest) -> None:
        app.queue()
        app.flush()
        one = app.as_app("GET", "/app/hook/deliveries").json[0]
        found = app.as_app("GET", f"/app/hook/deliveries/{one['id']}").json
        assert found["request"]["payload"]["installation"]["id"] == app.installation
        assert app.as_app("GET", "/app/hook/deliveries/1").status == 404
        assert app.as_app("POST", "/app/hook/deliveries/1/attempts").status == 404
        assert app.as_app("GET", "/app/hook/deliveries?cursor=x").status == 422

    def test_another_apps_deliveries_are_its_own(self, cloud: Cloud, app: AppUnderTest, hook: Hook) -> None:
        other = make_app(cloud, hook)
        other.queue()
        other.flush()
        one = other.as_app("GET", "/app/hook/deliveries").json[0]
        assert app.as_app("GET", f"/app/hook/deliveries/{one['id']}").status == 404
        assert app.as_app("GET", "/app/hook/deliveries").json == []
