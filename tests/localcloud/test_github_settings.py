"""Rulesets, what Actions may do, runner groups, labels and comments."""

from typing import Any

import pytest

from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from tests.localcloud.conftest import Client

RULESET: dict[str, Any] = {
    "name": "main",
    "target": "branch",
    "enforcement": "active",
    "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
    "rules": [
        {"type": "deletion"},
        {"type": "pull_request", "parameters": {"require_code_owner_review": True}},
    ],
    "bypass_actors": [{"actor_id": 77, "actor_type": "Integration", "bypass_mode": "always"}],
}


@pytest.fixture
def repository(cloud: Cloud, github: Client, request: pytest.FixtureRequest) -> str:
    """A repository of the test's own, and its path."""
    id_ = abs(hash(request.node.name)) % 10**9 + 10_000
    runtime.seed(cloud, {"repositories": [{"owner": "acme", "name": "own", "id": id_}]})
    return "/repos/acme/own"


class TestRulesets:
    def test_one_is_created_read_changed_and_deleted(self, github: Client, repository: str) -> None:
        made = github("POST", f"{repository}/rulesets", RULESET)
        assert made.status == 201
        path = f"{repository}/rulesets/{made.json['id']}"
        found = github("GET", path).json
        # What the body leaves out of a pull request's rule, GitHub fills in.
        asked = found["rules"][1]["parameters"]
        assert asked.pop("allowed_merge_methods") == ["merge", "squash", "rebase"]
        assert asked.pop("required_reviewers") == []
        assert {key: found[key] for key in RULESET} == RULESET
        changed = github("PUT", path, {"enforcement": "disabled"}).json
        assert (changed["enforcement"], len(changed["rules"])) == ("disabled", 2)
        listed = github("GET", f"{repository}/rulesets").json
        assert [one["name"] for one in listed] == ["main"]
        assert "rules" not in listed[0]
        assert github("DELETE", path).status == 204
        assert github("GET", path).status == 404

    def test_who_may_bypass_is_shown_only_to_administrators(
        self, cloud: Cloud, github: Client, repository: str
    ) -> None:
        runtime.seed(cloud, {"tokens": [{"token": "onlooker", "permissions": {"metadata": "read"}}]})
        onlooker = Client(cloud.github, {"Authorization": "Bearer onlooker"})
        id_ = github("POST", f"{repository}/rulesets", RULESET).json["id"]
        assert "bypass_actors" not in onlooker("GET", f"{repository}/rulesets/{id_}").json

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": ""},
            {"target": "commit"},
            {"enforcement": "on"},
            {"rules": [{"type": "no_fun"}]},
            {"bypass_actors": [{"actor_type": "Person", "actor_id": 1}]},
            {"bypass_actors": [{"actor_type": "Integration"}]},
            {"bypass_actors": [{"actor_type": "Team", "actor_id": 1, "bypass_mode": "sometimes"}]},
        ],
    )
    def test_what_github_refuses(self, github: Client, repository: str, wrong: dict[str, Any]) -> None:
        assert github("POST", f"{repository}/rulesets", {**RULESET, **wrong}).status == 422
        assert github("GET", f"{repository}/rulesets").json == []

    def test_names_are_unique(self, github: Client, repository: str) -> None:
        github("POST", f"{repository}/rulesets", RULESET)
        other = github("POST", f"{repository}/rulesets", {**RULESET, "name": "tags"}).json
        assert github("POST", f"{repository}/rulesets", RULESET).status == 422
        assert github("PUT", f"{repository}/rulesets/{other['id']}", {"name": "main"}).status == 422

    def test_plans_limit_them(self, github: Client) -> None:
        assert github("POST", "/repos/free-plan/private/rulesets", RULESET).status == 403
        evaluate = {**RULESET, "enforcement": "evaluate"}
        assert github("POST", "/repos/team-plan/private/rulesets", evaluate).status == 422
        assert github("POST", "/repos/acme/app/rulesets", {**evaluate, "name": "try"}).status == 201


class TestActions:
    def test_permissions_of_a_repository(self, github: Client, repository: str) -> None:
        path = f"{repository}/actions/permissions"
        assert github("GET", path).json == {
            "enabled": True,
            "allowed_actions": "all",
            "sha_pinning_required": False,
        }
        body = {"enabled": True, "allowed_actions": "selected", "sha_pinning_required": True}
        assert github("PUT", path, body).status == 204
        assert body.items() <= github("GET", path).json.items()
        selected = {"github_owned_allowed": True, "verified_allowed": False, "patterns_allowed": ["acme/*"]}
        assert github("PUT", f"{path}/selected-actions", selected).status == 204
        assert github("GET", f"{path}/selected-actions").json == selected
        assert github("PUT", path, {"enabled": False}).status == 204
        assert github("GET", path).json == {"enabled": False}

    def test_selected_actions_need_that_setting_first(self, github: Client, repository: str) -> None:
        assert github("PUT", f"{repository}/actions/permissions/selected-actions", {}).status == 409

    @pytest.mark.parametrize("body", [{}, {"enabled": "yes"}, {"enabled": True, "allowed_actions": "mine"}])
    def test_permissions_that_make_no_sense(self, github: Client, repository: str, body: object) -> None:
        assert github("PUT", f"{repository}/actions/permissions", body).status == 422

    def test_permissions_of_an_organisation(self, cloud: Cloud, github: Client) -> None:
        runtime.seed(cloud, {"organizations": [{"login": "org-actions", "id": 9100}]})
        runtime.seed(cloud, {"repositories": [{"owner": "org-actions", "name": "r", "id": 9101}]})
        path = "/orgs/org-actions/actions/permissions"
        assert github("PUT", f"{path}/repositories", {"selected_repository_ids": [9101]}).status == 409
        body = {
            "enabled_repositories": "selected",
            "allowed_actions": "selected",
            "sha_pinning_required": True,
        }
        assert github("PUT", path, body).status == 204
        assert body.items() <= github("GET", path).json.items()
        assert github("PUT", f"{path}/repositories", {"selected_repository_ids": [9101]}).status == 204
        assert [one["id"] for one in github("GET", f"{path}/repositories").json["repositories"]] == [9101]
        assert github("PUT", f"{path}/repositories", {"selected_repository_ids": [501]}).status == 422
        assert github("PUT", path, {"enabled_repositories": "some"}).status == 422

    def test_the_default_token_reads_and_a_repository_may_not_exceed_its_organisation(
        self, cloud: Cloud, github: Client
    ) -> None:
        runtime.seed(cloud, {"organizations": [{"login": "strict", "id": 9200}]})
        runtime.seed(cloud, {"repositories": [{"owner": "strict", "name": "r", "id": 9201}]})
        path = "/repos/strict/r/actions/permissions/workflow"
        default = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}
        write = {"default_workflow_permissions": "write"}
        assert github("GET", path).json == default
        assert github("PUT", path, write).status == 409
        assert github("PUT", "/orgs/strict/actions/permissions/workflow", write).status == 204
        assert github("PUT", path, write).status == 204
        assert github("GET", path).json == {**default, **write}
        assert github("PUT", path, {"default_workflow_permissions": "all"}).status == 422


class TestRunnerGroups:
    PATH = "/orgs/acme/actions/runner-groups"

    def test_one_is_created_changed_and_deleted(self, github: Client) -> None:
        body = {
            "name": "slipway",
            "visibility": "selected",
            "selected_repository_ids": [501],
            "restricted_to_workflows": True,
            "selected_workflows": ["acme/app/.github/workflows/deploy.yml@refs/heads/main"],
        }
        made = github("POST", self.PATH, body)
        assert made.status == 201
        path = f"{self.PATH}/{made.json['id']}"
        held = github("GET", path).json
        assert (held["default"], held["allows_public_repositories"]) == (False, False)
        assert held["selected_workflows"] == body["selected_workflows"]
        assert [one["id"] for one in github("GET", f"{path}/repositories").json["repositories"]] == [501]
        assert github("PUT", f"{path}/repositories", {"selected_repository_ids": [502]}).status == 204
        assert github("PUT", f"{path}/repositories", {"selected_repository_ids": [503]}).status == 422
        assert github("PATCH", path, {"name": "slipway", "visibility": "all"}).json["visibility"] == "all"
        assert github("PUT", f"{path}/repositories", {"selected_repository_ids": [502]}).status == 409
        assert github("POST", self.PATH, {"name": "slipway"}).status == 409
        assert github("DELETE", path).status == 204
        assert github("GET", path).status == 404

    def test_the_default_group_stays(self, github: Client) -> None:
        groups = github("GET", self.PATH).json["runner_groups"]
        (default,) = [one for one in groups if one["default"]]
        assert github("DELETE", f"{self.PATH}/{default['id']}").status == 403


class TestLabelsAndComments:
    def test_a_label_is_created_renamed_and_deleted(self, github: Client, repository: str) -> None:
        path = f"{repository}/labels"
        assert github("POST", path, {"name": "deploy/qa1", "color": "0E8A16"}).json["color"] == "0e8a16"
        assert github("POST", path, {"name": "Deploy/QA1"}).status == 422
        assert (
            github("PATCH", f"{path}/deploy%2Fqa1", {"new_name": "qa1", "description": "d"}).json["name"]
            == "qa1"
        )
        assert github("GET", f"{path}/qa1").json["description"] == "d"
        # An older name of the same field, which go-github sends.
        assert github("PATCH", f"{path}/qa1", {"name": "QA1"}).json["name"] == "QA1"
        assert github("DELETE", f"{path}/QA1").status == 204
        assert github("GET", f"{path}/qa1").status == 404

    def test_a_new_repository_has_labels_of_githubs_own(self, github: Client, repository: str) -> None:
        listed = {one["name"]: one["default"] for one in github("GET", f"{repository}/labels").json}
        assert len(listed) == 9
        assert listed["documentation"] is listed["enhancement"] is True
        assert github("POST", f"{repository}/labels", {"name": "Documentation"}).status == 422

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"name": ""},
            {"name": "n" * 51},
            {"name": "x", "color": "red"},
            {"name": "x", "description": "d" * 101},
        ],
    )
    def test_a_label_that_github_refuses(self, github: Client, repository: str, body: object) -> None:
        before = github("GET", f"{repository}/labels").json
        assert github("POST", f"{repository}/labels", body).status == 422
        assert github("GET", f"{repository}/labels").json == before

    def test_a_comment_has_at_most_65536_characters(self, github: Client, repository: str) -> None:
        first, second = (github("POST", f"{repository}/issues", {"title": "t"}).json["number"] for _ in "12")
        path = f"{repository}/issues/{first}/comments"
        made = github("POST", path, {"body": "ä" * 65_536})
        assert made.status == 201
        assert github("POST", path, {"body": "x" * 65_537}).status == 422
        one = f"{repository}/issues/comments/{made.json['id']}"
        assert github("PATCH", one, {"body": "x" * 65_537}).status == 422
        assert github("PATCH", one, {"body": "short"}).json["body"] == "short"
        assert [held["body"] for held in github("GET", path).json] == ["short"]
        assert github("GET", f"{repository}/issues/{second}/comments").json == []
        assert github("POST", f"{repository}/issues/99/comments", {"body": "x"}).status == 404
        assert github("DELETE", one).status == 204
        assert github("GET", one).status == 404
