"""Environments: what GitHub refuses is refused, with its words, and what it keeps is kept."""

from typing import Any

import pytest

from tests.localcloud.conftest import Client

BASE = "/repos/acme/app/environments"
CUSTOM = {"protected_branches": False, "custom_branch_policies": True}
PROTECTED = {"protected_branches": True, "custom_branch_policies": False}


def reviewers(*ids: int) -> list[dict[str, Any]]:
    return [{"type": "User", "id": id_} for id_ in ids]


def rules(answer: dict[str, Any]) -> dict[str, Any]:
    return {rule["type"]: rule for rule in answer["protection_rules"]}


def test_protection_is_kept_and_shown_as_github_shows_it(github: Client) -> None:
    body = {
        "wait_timer": 30,
        "prevent_self_review": True,
        "can_admins_bypass": False,
        "reviewers": [{"type": "User", "id": 1}, {"type": "Team", "id": 71}],
        "deployment_branch_policy": CUSTOM,
    }
    assert github("PUT", f"{BASE}/production", body).status == 200
    found = github("GET", f"{BASE}/production").json
    assert found["deployment_branch_policy"] == CUSTOM
    assert found["can_admins_bypass"] is False
    assert rules(found)["wait_timer"]["wait_timer"] == 30
    required = rules(found)["required_reviewers"]
    assert required["prevent_self_review"] is True
    assert [(one["type"], one["reviewer"]["id"]) for one in required["reviewers"]] == [
        ("User", 1),
        ("Team", 71),
    ]
    assert "branch_policy" in rules(found)


def test_a_reviewer_who_cannot_read_the_repository_is_left_out_without_a_word(github: Client) -> None:
    answer = github("PUT", f"{BASE}/unread", {"reviewers": reviewers(9, 1)})
    assert answer.status == 200
    listed = rules(answer.json)["required_reviewers"]["reviewers"]
    assert [one["reviewer"]["login"] for one in listed] == ["person-1"]


def test_a_second_put_replaces_all_protection_and_keeps_the_id(github: Client) -> None:
    first = github("PUT", f"{BASE}/again", {"wait_timer": 5, "reviewers": reviewers(1)}).json
    second = github("PUT", f"{BASE}/again", {}).json
    assert second["id"] == first["id"]
    assert second["protection_rules"] == []
    assert second["can_admins_bypass"] is True
    assert second["deployment_branch_policy"] is None


def test_names_ignore_case_and_may_hold_a_slash(github: Client) -> None:
    github("PUT", f"{BASE}/Release%2FNext", {})
    assert github("GET", f"{BASE}/release%2Fnext").json["name"] == "Release/Next"
    assert github("DELETE", f"{BASE}/RELEASE%2FNEXT").status == 204
    assert github("GET", f"{BASE}/release%2Fnext").status == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"deployment_branch_policy": {"protected_branches": True, "custom_branch_policies": True}},
            '"custom_branch_policies" and "protected_branches" cannot have the same value',
        ),
        (
            {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": False}},
            '"custom_branch_policies" and "protected_branches" cannot have the same value',
        ),
        ({"deployment_branch_policy": {"protected_branches": True}}, "Validation Failed"),
        ({"deployment_branch_policy": []}, "Validation Failed"),
        ({"wait_timer": 43_201}, "Wait timer"),
        ({"wait_timer": -1}, "Wait timer"),
        ({"wait_timer": "5"}, "Wait timer"),
        ({"reviewers": reviewers(1, 2, 3, 4, 5, 6, 7)}, "maximum number of reviewers"),
        ({"reviewers": reviewers(4711)}, "Validation Failed"),
        ({"reviewers": [{"type": "Team", "id": 1}]}, "Validation Failed"),
        ({"prevent_self_review": True}, "at least one reviewer"),
    ],
)
def test_what_github_refuses_is_refused_and_nothing_is_made(
    github: Client, body: dict[str, Any], message: str
) -> None:
    answer = github("PUT", f"{BASE}/refused", body)
    assert answer.status == 422
    assert message in answer.json["message"]
    assert github("GET", f"{BASE}/refused").status == 404


def test_the_largest_that_github_takes_is_taken(github: Client) -> None:
    body = {"wait_timer": 43_200, "reviewers": reviewers(1, 2, 3, 4, 5, 6)}
    assert github("PUT", f"{BASE}/largest", body).status == 200
    assert github("PUT", f"{BASE}/{'n' * 255}", {}).status == 200
    assert github("PUT", f"{BASE}/{'n' * 256}", {}).status == 422


@pytest.mark.parametrize(
    ("repository", "body", "status"),
    [
        ("team-plan/private", {"reviewers": reviewers(1)}, 422),
        ("team-plan/private", {"wait_timer": 1}, 422),
        ("team-plan/private", {"deployment_branch_policy": CUSTOM}, 200),
        ("team-plan/private", {"reviewers": [], "wait_timer": 0}, 200),
        ("team-plan/open", {"reviewers": reviewers(1), "wait_timer": 1}, 200),
        ("free-plan/private", {"deployment_branch_policy": PROTECTED}, 422),
        ("acme/app", {"reviewers": reviewers(1), "wait_timer": 1}, 200),
    ],
)
def test_the_plan_decides_what_a_private_repository_may_protect(
    github: Client, repository: str, body: dict[str, Any], status: int
) -> None:
    answer = github("PUT", f"/repos/{repository}/environments/planned", body)
    assert answer.status == status
    if status == 422:
        assert "billing plan" in answer.json["message"]


class TestPolicies:
    @pytest.fixture
    def path(self, github: Client) -> str:
        github("DELETE", f"{BASE}/policed")
        github("PUT", f"{BASE}/policed", {"deployment_branch_policy": CUSTOM})
        return f"{BASE}/policed/deployment-branch-policies"

    def test_branches_and_tags_are_created_changed_and_deleted(self, github: Client, path: str) -> None:
        made = github("POST", path, {"name": "main"}).json
        assert made["type"] == "branch"
        github("POST", path, {"name": "v*", "type": "tag"})
        assert github("PUT", f"{path}/{made['id']}", {"name": "release/*"}).json["name"] == "release/*"
        listed = github("GET", path).json
        assert [(one["name"], one["type"]) for one in listed["branch_policies"]] == [
            ("release/*", "branch"),
            ("v*", "tag"),
        ]
        assert listed["total_count"] == 2
        assert github("DELETE", f"{path}/{made['id']}").status == 204
        assert github("GET", f"{path}/{made['id']}").status == 404

    def test_a_branch_and_a_tag_may_share_a_name_two_branches_may_not(
        self, github: Client, path: str
    ) -> None:
        answers = [
            github("POST", path, {"name": "x", "type": kind}).status for kind in ("branch", "tag", "tag")
        ]
        assert answers == [200, 200, 303]

    @pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "x", "type": "commit"}, {"name": 7}])
    def test_a_policy_needs_a_name_and_a_known_type(self, github: Client, path: str, body: object) -> None:
        assert github("POST", path, body).status == 422

    def test_they_are_hidden_unless_the_environment_asks_for_them(self, github: Client, path: str) -> None:
        github("POST", path, {"name": "main"})
        github("PUT", f"{BASE}/policed", {"deployment_branch_policy": PROTECTED})
        assert github("GET", path).status == 404
        assert github("POST", path, {"name": "main"}).status == 404
        github("PUT", f"{BASE}/policed", {"deployment_branch_policy": CUSTOM})
        assert github("GET", path).json["total_count"] == 0

    def test_a_put_that_keeps_custom_policies_keeps_them(self, github: Client, path: str) -> None:
        github("POST", path, {"name": "main"})
        github("PUT", f"{BASE}/policed", {"deployment_branch_policy": CUSTOM, "wait_timer": 1})
        assert github("GET", path).json["total_count"] == 1
