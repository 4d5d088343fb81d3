"""Runners and jobs on the stand-in: who gets which job, what may be removed, and what may go wrong."""

import json
import time
import uuid

import pytest

from runners.control.github import Answer, GitHubUnavailable, checked
from slipway.localcloud.cloud import Cloud
from tests.localcloud.conftest import Client
from tests.localcloud.github_app import LABELS, AppUnderTest, Hook, make_app


class TestConfigurations:
    def test_it_registers_an_offline_runner(self, app: AppUnderTest) -> None:
        answer = app.configuration("one")
        assert answer.status == 201
        runner = answer.json["runner"]
        assert (runner["name"], runner["status"], runner["busy"]) == ("one", "offline", False)
        assert [one["name"] for one in runner["labels"]] == LABELS
        listed = app.installed()("GET", f"/orgs/{app.organization}/actions/runners").json
        assert (listed["total_count"], listed["runners"][0]["id"]) == (1, runner["id"])
        assert answer.json["encoded_jit_config"] not in str(listed)

    def test_a_name_is_taken_once(self, app: AppUnderTest) -> None:
        assert [app.configuration("one").status for _ in range(2)] == [201, 409]

    @pytest.mark.parametrize(
        ("fields", "status"),
        [
            ({"runner_group_id": 4711}, 404),
            ({"labels": []}, 422),
            ({"labels": ["x"] * 101}, 422),
            ({"labels": None}, 422),
            ({"name": None}, 422),
            ({"runner_group_id": "1"}, 422),
        ],
    )
    def test_what_is_refused(self, app: AppUnderTest, fields: dict[str, object], status: int) -> None:
        body = {"name": "one", "runner_group_id": 1, "labels": LABELS, **fields}
        path = f"/orgs/{app.organization}/actions/runners/generate-jitconfig"
        assert app.installed()("POST", path, body).status == status

    def test_it_needs_the_permission_to_write(self, cloud: Cloud, hook: Hook) -> None:
        reader = make_app(cloud, hook, {"organization_self_hosted_runners": "read"})
        answer = reader.configuration()
        assert answer.status == 403
        assert "organization_self_hosted_runners=write" in answer.headers["X-Accepted-GitHub-Permissions"]

    def test_it_brings_one_runner_on_line_once(self, app: AppUnderTest) -> None:
        config = app.configuration("one").json["encoded_jit_config"]
        body = {"encoded_jit_config": config}
        assert [app.control("POST", "/slipway/runners/connect", body).status for _ in range(2)] == [200, 409]
        unknown = {"encoded_jit_config": "bm9ib2R5"}
        assert app.control("POST", "/slipway/runners/connect", unknown).status == 404

    def test_it_stays_used_after_its_runner_is_gone(self, app: AppUnderTest) -> None:
        config = app.configuration("one").json["encoded_jit_config"]
        app.control("POST", "/slipway/runners/connect", {"encoded_jit_config": config})
        (job,) = app.queue()
        app.assign()
        app.control("POST", f"/slipway/workflow-jobs/{job['id']}/complete", {})
        answer = app.control("POST", "/slipway/runners/connect", {"encoded_jit_config": config})
        assert answer.status == 409


class TestLists:
    def test_by_name_by_group_and_by_page(self, app: AppUnderTest) -> None:
        group = self.group(app)
        for number in range(3):
            app.configuration(f"r-{number}", group=group if number else 1)
        client, path = app.installed(), f"/orgs/{app.organization}/actions/runners"
        assert [one["name"] for one in client("GET", f"{path}?name=r-1").json["runners"]] == ["r-1"]
        page = client("GET", f"{path}?per_page=2&page=2")
        assert (page.json["total_count"], [one["name"] for one in page.json["runners"]]) == (3, ["r-2"])
        found = client("GET", f"/orgs/{app.organization}/actions/runner-groups/{group}/runners").json
        assert [one["name"] for one in found["runners"]] == ["r-1", "r-2"]

    def test_one_is_removed_but_not_while_it_runs_a_job(self, app: AppUnderTest) -> None:
        runner = app.online()
        client, path = app.installed(), f"/orgs/{app.organization}/actions/runners/{runner['id']}"
        app.queue()
        app.assign()
        assert client("GET", path).json["busy"] is True
        assert client("DELETE", path).status == 422
        app.control("POST", f"/slipway/runners/{runner['id']}/disconnect", {})
        assert client("GET", path).json["status"] == "offline"
        assert [client("DELETE", path).status for _ in range(2)] == [204, 404]

    @staticmethod
    def group(app: AppUnderTest) -> int:
        path = f"/orgs/{app.organization}/actions/runner-groups"
        body = {"name": uuid.uuid4().hex, "visibility": "all"}
        return int(app.installed()("POST", path, body).json["id"])


class TestJobs:
    def test_a_job_goes_to_a_runner_with_its_labels_whatever_their_case(self, app: AppUnderTest) -> None:
        (job,) = app.queue(labels=["SELF-HOSTED", "Linux"])
        assert app.assign() == []
        app.online(labels=["self-hosted", "windows"])
        assert app.assign() == []
        runner = app.online()
        assert app.assign() == [
            {"job_id": job["id"], "runner_id": runner["id"], "runner_name": runner["name"]}
        ]
        found = app.control("GET", f"/slipway/workflow-jobs/{job['id']}").json
        assert (found["status"], found["runner_name"]) == ("in_progress", runner["name"])

    def test_a_runner_takes_one_job_and_is_gone_with_it(self, app: AppUnderTest) -> None:
        jobs = app.queue(count=2)
        app.online()
        assert [one["job_id"] for one in app.assign()] == [jobs[0]["id"]]
        assert app.assign() == []
        app.control("POST", f"/slipway/workflow-jobs/{jobs[0]['id']}/complete", {"conclusion": "success"})
        assert app.assign() == []
        listed = app.installed()("GET", f"/orgs/{app.organization}/actions/runners").json
        assert listed["total_count"] == 0

    def test_its_events_are_queued_in_progress_and_completed(self, app: AppUnderTest) -> None:
        (job,) = app.queue()
        runner = app.online()
        app.assign()
        app.control("POST", f"/slipway/workflow-jobs/{job['id']}/complete", {"conclusion": "failure"})
        app.flush()
        assert sorted(app.hook.actions()) == ["completed", "in_progress", "queued"]
        assert sorted(app.hook.actions("workflow_run")) == ["completed", "requested"]
        by_action = {one["action"]: one for one in app.hook.events() if "workflow_job" in one}
        assert by_action["in_progress"]["workflow_job"]["runner_name"] == runner["name"]
        assert by_action["completed"]["workflow_job"]["conclusion"] == "failure"

    @pytest.mark.parametrize(
        ("group", "repository", "fits"),
        [
            ({"visibility": "all"}, "private", True),
            ({"visibility": "all"}, "public", False),
            ({"visibility": "all", "allows_public_repositories": True}, "public", True),
            ({"visibility": "private", "allows_public_repositories": True}, "public", False),
            ({"visibility": "selected", "selected_repository_ids": "private"}, "private", True),
            ({"visibility": "selected", "selected_repository_ids": "public"}, "private", False),
        ],
    )
    def test_a_group_admits_its_repositories_only(
        self, app: AppUnderTest, group: dict[str, object], repository: str, fits: bool
    ) -> None:
        client, body = app.installed(), {"name": uuid.uuid4().hex, **group}
        if "selected_repository_ids" in group:
            slug = f"/repos/{app.organization}/{group['selected_repository_ids']}"
            body["selected_repository_ids"] = [client("GET", slug).json["id"]]
        made = client("POST", f"/orgs/{app.organization}/actions/runner-groups", body)
        app.online(group=made.json["id"])
        app.queue(repository=f"{app.organization}/{repository}")
        assert bool(app.assign()) is fits

    def test_another_organizations_runner_takes_nothing(
        self, cloud: Cloud, app: AppUnderTest, hook: Hook
    ) -> None:
        make_app(cloud, hook).online()
        app.queue()
        assert app.assign() == []

    def test_a_waiting_job_is_queued_once_released(self, app: AppUnderTest) -> None:
        (job,) = app.queue(waiting=True)
        app.online()
        assert app.assign() == []
        assert app.control("POST", f"/slipway/workflow-jobs/{job['id']}/release", {}).status == 200
        assert app.control("POST", f"/slipway/workflow-jobs/{job['id']}/release", {}).status == 409
        assert len(app.assign()) == 1
        app.flush()
        assert sorted(app.hook.actions()) == ["in_progress", "queued", "waiting"]

    def test_a_queued_job_can_be_held_for_an_approval_until_it_begins(self, app: AppUnderTest) -> None:
        (job,) = app.queue()
        path = f"/slipway/workflow-jobs/{job['id']}"
        assert app.control("POST", f"{path}/hold", {}).json["status"] == "waiting"
        app.online()
        assert app.assign() == []
        assert app.control("POST", f"{path}/release", {}).status == 200
        assert len(app.assign()) == 1
        assert app.control("POST", f"{path}/hold", {}).status == 409
        app.flush()
        assert sorted(app.hook.actions()) == ["in_progress", "queued", "queued", "waiting"]

    def test_a_job_that_has_not_begun_can_only_be_cancelled(self, app: AppUnderTest) -> None:
        (job,) = app.queue()
        path = f"/slipway/workflow-jobs/{job['id']}/complete"
        assert app.control("POST", path, {"conclusion": "success"}).status == 409
        assert app.control("POST", path, {"conclusion": "cancelled"}).status == 200
        assert app.control("POST", path, {"conclusion": "cancelled"}).status == 409

    def test_a_lost_machine_fails_its_job_and_leaves_a_ghost(self, app: AppUnderTest) -> None:
        (job,) = app.queue()
        runner = app.online()
        app.assign()
        shown = app.control("POST", f"/slipway/runners/{runner['id']}/disconnect", {"fail_job": True}).json
        assert (shown["status"], shown["busy"]) == ("offline", False)
        found = app.control("GET", f"/slipway/workflow-jobs/{job['id']}").json
        assert (found["status"], found["conclusion"]) == ("completed", "failure")
        app.queue()
        assert app.assign() == []

    def test_a_failed_job_runs_again_as_a_new_attempt(self, cloud: Cloud, hook: Hook) -> None:
        app = make_app(cloud, hook, {"actions": "write", "organization_self_hosted_runners": "write"})
        (job,) = app.queue()
        path = f"/repos/{app.organization}/private/actions/jobs/{job['id']}"
        client = app.installed()
        assert client("POST", f"{path}/rerun").status == 403
        app.online()
        app.assign()
        app.control("POST", f"/slipway/workflow-jobs/{job['id']}/complete", {"conclusion": "failure"})
        assert client("POST", f"{path}/rerun").status == 201
        run = client("GET", f"/repos/{app.organization}/private/actions/runs/{job['run_id']}").json
        assert (run["run_attempt"], run["status"]) == (2, "queued")
        found = client("GET", f"/repos/{app.organization}/private/actions/runs/{job['run_id']}/jobs").json
        (again,) = found["jobs"]
        assert (again["run_attempt"], again["status"]) == (2, "queued")
        assert again["id"] != job["id"]
        app.flush()
        assert app.hook.actions().count("queued") == 2

    def test_a_run_says_where_its_code_is_from(self, app: AppUnderTest) -> None:
        (own,), (forked,) = app.queue(), app.queue(head_repository="stranger/fork")
        client, base = app.installed(), f"/repos/{app.organization}/private/actions"
        run = client("GET", f"{base}/runs/{own['run_id']}").json
        assert run["head_repository"]["id"] == run["repository"]["id"]
        run = client("GET", f"{base}/runs/{forked['run_id']}").json
        assert run["head_repository"]["full_name"] == "stranger/fork"
        assert client("GET", f"{base}/jobs/{own['id']}").json["labels"] == LABELS
        assert client("GET", f"/repos/{app.organization}/public/actions/runs/{own['run_id']}").status == 404
        listed = client("GET", f"{base}/runs?per_page=1").json
        assert (listed["total_count"], [each["id"] for each in listed["workflow_runs"]]) == (
            2,
            [forked["run_id"]],
        )

    def test_an_app_without_the_permission_reruns_nothing(self, app: AppUnderTest) -> None:
        (job,) = app.queue()
        path = f"/repos/{app.organization}/private/actions/jobs/{job['id']}/rerun"
        assert app.installed()("POST", path).status == 403


class TestDisturbances:
    def test_some_are_lost_some_come_twice_and_they_overtake_one_another(self, app: AppUnderTest) -> None:
        before = app.control("GET", "/slipway/webhooks").json
        disturbances = {"drop": 0.2, "duplicate": 0.2, "reorder_ms": 200, "seed": 4}
        app.control("PUT", "/slipway/webhooks", disturbances)
        jobs = app.queue(count=200)
        after = app.flush()
        dropped = after["dropped"] - before["dropped"]
        doubled = after["duplicated"] - before["duplicated"]
        assert 20 <= dropped <= 60
        assert 20 <= doubled <= 60
        assert len(app.hook.arrived) == 201 + doubled - dropped
        arrived = [one["workflow_job"]["id"] for one in app.hook.events() if "workflow_job" in one]
        assert arrived != sorted(arrived)
        assert set(arrived) < {one["id"] for one in jobs}
        guids = [headers["X-GitHub-Delivery"] for headers, _ in app.hook.arrived]
        assert len(guids) > len(set(guids))

    def test_what_was_lost_is_listed_and_comes_when_asked_for(self, app: AppUnderTest) -> None:
        app.control("PUT", "/slipway/webhooks", {"drop": 1.0})
        app.queue()
        app.flush()
        assert app.hook.arrived == []
        found = app.as_app("GET", "/app/hook/deliveries").json
        assert {(one["status"], one["status_code"]) for one in found} == {("timed out", 0)}
        for one in found:
            app.as_app("POST", f"/app/hook/deliveries/{one['id']}/attempts")
        app.flush()
        assert app.hook.actions() == ["queued"]

    def test_held_deliveries_wait_to_be_asked_for(self, app: AppUnderTest) -> None:
        app.control("PUT", "/slipway/webhooks", {"paused": True})
        app.queue()
        assert app.control("GET", "/slipway/webhooks").json["waiting"] == 2
        assert app.hook.arrived == []
        app.flush()
        assert len(app.hook.arrived) == 2

    def test_a_setting_of_another_name_is_refused(self, app: AppUnderTest) -> None:
        assert app.control("PUT", "/slipway/webhooks", {"dorp": 1}).status == 422


class TestFaults:
    @pytest.mark.parametrize(
        ("rule", "header"),
        [
            ({"status": 403, "retry_after": 7}, "Retry-After"),
            ({"status": 429, "retry_after": 7}, "Retry-After"),
            ({"status": 403}, "X-RateLimit-Reset"),
            ({"status": 502}, "Content-Type"),
        ],
    )
    def test_a_call_fails_as_often_as_said(
        self, app: AppUnderTest, rule: dict[str, object], header: str
    ) -> None:
        client, path = app.installed(), f"/orgs/{app.organization}/actions/runners"
        rules = [{**rule, "method": "GET", "path": f"/orgs/{app.organization}/*", "times": 2}]
        app.control("PUT", "/slipway/faults", {"rules": rules})
        answers = [client("GET", path) for _ in range(3)]
        assert [one.status for one in answers] == [rule["status"], rule["status"], 200]
        assert header in answers[0].headers
        assert app.control("GET", "/slipway/faults").json["rules"][0]["injected"] == 2

    @pytest.mark.parametrize(
        ("rule", "seconds", "grows"),
        [
            ({"status": 403, "reset_s": 2400}, 2400, False),
            ({"status": 403, "secondary": True}, 60, True),
            ({"status": 429, "secondary": True}, 60, True),
            ({"status": 403, "retry_after": 7}, 7, False),
        ],
    )
    def test_the_fleet_knows_each_kind_of_limit(
        self, app: AppUnderTest, rule: dict[str, object], seconds: int, *, grows: bool
    ) -> None:
        client, path = app.installed(), f"/orgs/{app.organization}/actions/runners"
        app.control("PUT", "/slipway/faults", {"rules": [{**rule, "path": path}]})
        told = client("GET", path)
        headers = {name.lower(): value for name, value in told.headers.items()}
        with pytest.raises(GitHubUnavailable) as caught:
            checked(Answer(told.status, headers, json.dumps(told.json).encode()), int(time.time() * 1000))
        assert caught.value.reason == "github_rate_limited"
        assert caught.value.retry_after == pytest.approx(seconds, abs=3)
        assert caught.value.grows is grows

    def test_an_answer_can_be_lost_after_the_work_is_done(self, app: AppUnderTest) -> None:
        rules = [{"status": 502, "path": "*/generate-jitconfig", "times": 1, "after": True}]
        app.control("PUT", "/slipway/faults", {"rules": rules})
        assert [app.configuration("one").status for _ in range(2)] == [502, 409]

    def test_a_rule_of_another_form_is_refused(self, app: AppUnderTest) -> None:
        for rules in ([{"state": 500}], None):
            assert app.control("PUT", "/slipway/faults", {"rules": rules}).status == 422

    def test_calls_are_counted_by_route(self, app: AppUnderTest) -> None:
        client = app.installed()
        app.control("DELETE", "/slipway/calls", {})
        for _ in range(3):
            client("GET", f"/orgs/{app.organization}/actions/runners")
        assert app.control("GET", "/slipway/calls").json == {
            "total": 3,
            "by_route": {"GET /orgs/{org}/actions/runners": 3},
        }

    def test_points_are_enforced_once_set(self, app: AppUnderTest) -> None:
        client, path = app.installed(), f"/orgs/{app.organization}/actions/runners"
        app.control("PUT", "/slipway/limits", {"points_per_minute": 2})
        try:
            assert [client("GET", path).status for _ in range(3)] == [200, 200, 403]
        finally:
            app.control("PUT", "/slipway/limits", {"points_per_minute": 0})


def test_control_routes_take_json_only(cloud: Cloud) -> None:
    client = Client(cloud.github)
    for path in ("/slipway/assignments", "/slipway/seed"):
        assert client("POST", path, "{}", {"Content-Type": "text/plain"}).status == 415
    assert client("POST", "/slipway/nobody", {}).status == 404
