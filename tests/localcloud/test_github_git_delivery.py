"""What delivery writes about commits: statuses, checks, deployments, releases, comments."""

from collections.abc import Generator
from typing import Any

import pytest

from tests.localcloud.github_git import Hub, hub


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hub]:
    with hub(tmp_path_factory.mktemp("delivery")) as made:
        yield made


@pytest.fixture
def repo(server: Hub) -> Hub:
    made = server.use()
    made.write("README.md", "hello\n")
    return made


@pytest.fixture
def sha(repo: Hub) -> str:
    return repo.git("rev-parse", "main")


class TestStatuses:
    def test_the_latest_of_each_context_counts(self, repo: Hub, sha: str) -> None:
        assert repo.ok("GET", "/commits/main/status")["state"] == "pending"
        for context, state in (("a", "failure"), ("b", "success"), ("a", "success")):
            repo.ok("POST", f"/statuses/{sha}", {"context": context, "state": state})
        found = repo.ok("GET", "/commits/main/status")
        assert (found["state"], found["sha"], found["total_count"]) == ("success", sha, 2)
        listed = [(one["context"], one["state"]) for one in repo.ok("GET", f"/commits/{sha}/statuses")]
        assert listed == [("a", "success"), ("b", "success"), ("a", "failure")]
        repo.ok("POST", f"/statuses/{sha}", {"context": "b", "state": "pending"})
        assert repo.ok("GET", "/commits/main/status")["state"] == "pending"
        repo.ok("POST", f"/statuses/{sha}", {"context": "c", "state": "error"})
        assert repo.ok("GET", "/commits/main/status")["state"] == "failure"

    @pytest.mark.parametrize("body", [{"state": "good"}, {"state": "success", "description": "x" * 141}, {}])
    def test_what_github_refuses(self, repo: Hub, sha: str, body: object) -> None:
        assert repo.call("POST", f"/statuses/{sha}", body).status == 422
        assert repo.call("POST", f"/statuses/{'1' * 40}", {"state": "success"}).status == 422
        assert repo.ok("GET", f"/commits/{sha}/statuses") == []


class TestCheckRuns:
    def test_the_latest_of_a_name_is_shown(self, repo: Hub, sha: str) -> None:
        body = {"name": "plan", "head_sha": sha}
        first = repo.ok("POST", "/check-runs", {**body, "status": "in_progress"})
        assert (first["status"], first["conclusion"]) == ("in_progress", None)
        output = {"title": "t", "summary": "s", "annotations": [{}]}
        done = repo.ok("PATCH", f"/check-runs/{first['id']}", {"conclusion": "failure", "output": output})
        assert (done["status"], done["output"]["annotations_count"]) == ("completed", 1)
        second = repo.ok("POST", "/check-runs", {**body, "conclusion": "success"})
        path = "/commits/main/check-runs"
        assert [one["id"] for one in repo.ok("GET", path)["check_runs"]] == [second["id"]]
        assert repo.ok("GET", f"{path}?filter=all")["total_count"] == 2
        assert repo.ok("GET", f"{path}?check_name=other")["check_runs"] == []

    def test_only_the_app_that_made_it_changes_it(self, repo: Hub, sha: str) -> None:
        made = repo.ok("POST", "/check-runs", {"name": "gate", "head_sha": sha})
        path = f"/repos/{repo.slug}/check-runs/{made['id']}"
        other = repo.token("other-app", app={"id": 7, "slug": "other"})
        assert other("PATCH", path, {"conclusion": "success"}).status == 403
        assert repo.as_user("ada", "POST", "/check-runs", {"name": "x", "head_sha": sha}).status == 403

    @pytest.mark.parametrize(
        "wrong",
        [
            {"status": "completed"},
            {"conclusion": "great"},
            {"head_sha": "1" * 40},
            {"output": {"summary": "x" * 65_536}},
            {"output": {"annotations": [{}] * 51}},
        ],
    )
    def test_what_github_refuses(self, repo: Hub, sha: str, wrong: dict[str, Any]) -> None:
        assert repo.call("POST", "/check-runs", {"name": "n", "head_sha": sha, **wrong}).status == 422


class TestDeployments:
    def test_a_success_makes_the_one_before_inactive(self, repo: Hub, sha: str) -> None:
        made = [repo.ok("POST", "/deployments", {"ref": "main", "environment": "dev"})["id"] for _ in "12"]
        other = repo.ok("POST", "/deployments", {"ref": sha, "environment": "qa1"})["id"]
        for id_ in (made[0], other, made[1]):
            body = {"state": "success", "environment_url": "https://dev.example.com"}
            repo.ok("POST", f"/deployments/{id_}/statuses", body)
        states = {
            id_: [one["state"] for one in repo.ok("GET", f"/deployments/{id_}/statuses")]
            for id_ in (*made, other)
        }
        assert states == {made[0]: ["inactive", "success"], made[1]: ["success"], other: ["success"]}
        listed = repo.ok("GET", "/deployments?environment=dev")
        assert ([one["id"] for one in listed], {one["sha"] for one in listed}) == (made[::-1], {sha})
        assert repo.call("DELETE", f"/deployments/{made[1]}").status == 422
        assert repo.call("DELETE", f"/deployments/{made[0]}").status == 204

    def test_a_transient_one_stays_active(self, repo: Hub) -> None:
        body = {"ref": "main", "environment": "preview", "transient_environment": True}
        made = [repo.ok("POST", "/deployments", body)["id"] for _ in "12"]
        for id_ in made:
            repo.ok("POST", f"/deployments/{id_}/statuses", {"state": "success"})
        assert len(repo.ok("GET", f"/deployments/{made[0]}/statuses")) == 1

    def test_a_commit_whose_statuses_failed_is_409_unless_told(self, repo: Hub, sha: str) -> None:
        repo.ok("POST", f"/statuses/{sha}", {"context": "ci", "state": "failure"})
        answer = repo.call("POST", "/deployments", {"ref": "main"})
        assert (answer.status, answer.json["errors"][0]["contexts"]) == (409, ["ci"])
        assert repo.call("POST", "/deployments", {"ref": "main", "required_contexts": []}).status == 201
        assert repo.call("POST", "/deployments", {"ref": "none"}).status == 422

    def test_a_branch_that_is_behind_is_merged_into_unless_told(self, repo: Hub) -> None:
        old = repo.branch("topic")
        repo.write("later", "x")
        body = {"ref": "topic", "environment": "preview"}
        assert repo.call("POST", "/deployments", {**body, "auto_merge": False}).status == 201
        assert repo.git("rev-parse", "topic") == old
        assert repo.call("POST", "/deployments", body).status == 202
        assert repo.git("rev-list", "--count", "topic..main") == "0"
        assert repo.call("POST", "/deployments", body).status == 201


class TestReleases:
    def test_a_draft_makes_no_tag_and_publishing_it_does(self, repo: Hub, sha: str) -> None:
        body = {"tag_name": "v1.0.0", "target_commitish": sha, "draft": True, "body": "notes"}
        draft = repo.ok("POST", "/releases", body)
        path = f"/releases/{draft['id']}"
        repo.write("later", "x")
        assert repo.git("tag") == ""
        assert repo.call("GET", "/releases/latest").status == 404
        assert repo.call("GET", "/releases/tags/v1.0.0").status == 404
        published = repo.ok("PATCH", path, {"draft": False})
        assert (published["draft"], published["published_at"] is None) == (False, False)
        assert repo.git("rev-parse", "v1.0.0") == sha
        assert repo.ok("GET", "/releases/latest")["id"] == draft["id"]
        assert repo.ok("GET", "/releases/tags/v1.0.0")["id"] == draft["id"]
        assert repo.call("POST", "/releases", body | {"draft": False}).status == 422
        assert repo.call("DELETE", path).status == 204
        assert repo.git("tag") == "v1.0.0"

    def test_drafts_are_shown_to_who_may_write(self, repo: Hub) -> None:
        draft = repo.ok("POST", "/releases", {"tag_name": "v1", "draft": True})
        reader = repo.token("release-reader", permissions={"contents": "read"})
        assert reader("GET", f"/repos/{repo.slug}/releases").json == []
        assert reader("GET", f"/repos/{repo.slug}/releases/{draft['id']}").status == 404

    def test_latest_is_what_says_so(self, repo: Hub) -> None:
        ids = [
            repo.ok("POST", "/releases", {"tag_name": tag, **more})["id"]
            for tag, more in (("v2", {}), ("v1.1", {"make_latest": "false"}), ("v3", {"prerelease": True}))
        ]
        assert repo.ok("GET", "/releases/latest")["id"] == ids[0]
        assert [one["id"] for one in repo.ok("GET", "/releases")] == ids[::-1]

    def test_what_cannot_be_tagged(self, repo: Hub) -> None:
        for body in ({"tag_name": "v1", "target_commitish": "none"}, {"tag_name": "bad..tag"}, {}):
            assert repo.call("POST", "/releases", body).status == 422
        assert repo.ok("GET", "/releases") == []

    def test_assets(self, repo: Hub) -> None:
        id_ = repo.ok("POST", "/releases", {"tag_name": "v1", "draft": True})["id"]
        path, writer = f"/repos/{repo.slug}/releases", repo.token("writer")
        made = writer("POST", f"{path}/{id_}/assets?name=digests.json", '{"a": 1}')
        assert (made.status, made.json["size"]) == (201, 8)
        assert writer("POST", f"{path}/{id_}/assets?name=digests.json", "{}").status == 422
        assert [one["name"] for one in repo.ok("GET", f"/releases/{id_}/assets")] == ["digests.json"]
        raw = {"Accept": "application/octet-stream"}
        assert writer("GET", f"{path}/assets/{made.json['id']}", headers=raw).text == '{"a": 1}'
        assert writer("DELETE", f"{path}/assets/{made.json['id']}").status == 204
        assert repo.ok("GET", f"/releases/{id_}")["assets"] == []

    def test_generated_notes_name_each_merged_pull_request_once(self, repo: Hub) -> None:
        repo.ok("POST", "/releases", {"tag_name": "v1"})
        for name in ("one", "two", "open"):
            repo.branch(name)
            repo.write(name, "x", name)
            number = repo.pull(name)
            if name != "open":
                repo.ok("PUT", f"/pulls/{number}/merge", {"merge_method": "squash"})
        body = repo.ok("POST", "/releases/generate-notes", {"tag_name": "v2"})["body"]
        assert [body.count(f"* {name} by") for name in ("one", "two", "open")] == [1, 1, 0]


def test_comments_are_paged_and_limited(repo: Hub) -> None:
    number = repo.ok("POST", "/issues", {"title": "drift", "labels": ["drift"]})["number"]
    path = f"/issues/{number}/comments"
    made = [repo.ok("POST", path, {"body": f"comment {index}"}) for index in range(3)]
    assert repo.call("POST", path, {"body": "x" * 65_537}).status == 422
    assert repo.call("POST", path, {}).status == 422
    assert repo.call("POST", "/issues/99/comments", {"body": "x"}).status == 404
    page = repo.call("GET", f"{path}?per_page=2&page=2")
    assert ([one["body"] for one in page.json], 'rel="prev"' in page.headers["Link"]) == (["comment 2"], True)
    edited = repo.ok("PATCH", f"/issues/comments/{made[0]['id']}", {"body": "edited"})
    assert (edited["body"], edited["user"]["type"]) == ("edited", "Bot")
    assert repo.ok("GET", f"/issues/{number}")["comments"] == 3
    repo.ok("PATCH", f"/issues/{number}", {"state": "closed"})
    assert repo.ok("GET", "/issues") == []
    repo.ok("PATCH", f"/issues/{number}", {"state": "open"})
    assert [one["number"] for one in repo.ok("GET", "/issues?labels=drift")] == [number]


def test_issues_and_pull_requests_share_their_numbers(repo: Hub) -> None:
    repo.branch("topic")
    repo.write("a", "x", "topic")
    first = repo.ok("POST", "/issues", {"title": "i"})["number"]
    assert [first, repo.pull("topic")] == [1, 2]
    assert repo.call("GET", "/pulls/1").status == 404
    listed = repo.ok("GET", "/issues")
    assert [(one["number"], "pull_request" in one) for one in listed] == [(2, True), (1, False)]
