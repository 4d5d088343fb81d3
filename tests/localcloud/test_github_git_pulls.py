"""Pull requests of the GitHub stand-in: files, merges and refusals, all from one bare repository."""

import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.localcloud.github_git import Hub, hub

HEAD_MOVED = "Head branch was modified. Review and try the merge again."
PATHS = ("a", "b", "dir/c", "dir/d e", "ü")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hub]:
    with hub(tmp_path_factory.mktemp("pulls")) as made:
        yield made


@pytest.fixture
def repo(server: Hub) -> Hub:
    """main with one file, and a branch `topic` with another."""
    made = server.use()
    made.write("README.md", "hello\n")
    made.branch("topic")
    made.write("topic.txt", "1\n2\n", "topic")
    return made


def rules(repo: Hub, kind: str, **parameters: Any) -> None:
    rule = {"type": kind, "parameters": parameters} if parameters else {"type": kind}
    refs = {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}}
    body = {"name": kind, "target": "branch", "enforcement": "active", "conditions": refs, "rules": [rule]}
    repo.ok("POST", "/rulesets", {**body, "bypass_actors": []})


def test_what_a_pull_request_shows(repo: Hub) -> None:
    number = repo.pull("topic", body="why")
    shown = repo.ok("GET", f"/pulls/{number}")
    head = repo.git("rev-parse", "topic")
    assert (shown["head"]["sha"], shown["base"]["sha"]) == (head, repo.git("rev-parse", "main"))
    assert (shown["commits"], shown["changed_files"], shown["additions"]) == (1, 1, 2)
    assert (shown["mergeable"], shown["mergeable_state"], shown["merged"]) == (True, "clean", False)
    (file,) = repo.ok("GET", f"/pulls/{number}/files")
    assert (file["filename"], file["status"], file["patch"]) == (
        "topic.txt",
        "added",
        "@@ -0,0 +1,2 @@\n+1\n+2",
    )
    assert repo.git("rev-parse", f"refs/pull/{number}/head") == head
    parents = repo.git("rev-parse", f"refs/pull/{number}/merge^1", f"refs/pull/{number}/merge^2")
    assert parents.split() == [shown["base"]["sha"], head]
    assert repo.git("ls-tree", "--name-only", f"refs/pull/{number}/merge") == "README.md\ntopic.txt"


def test_it_follows_its_branches(repo: Hub) -> None:
    number = repo.pull("topic")
    head = repo.write("more", "x\n", "topic")
    base = repo.write("main-only", "y\n")
    shown = repo.ok("GET", f"/pulls/{number}")
    assert (shown["head"]["sha"], shown["base"]["sha"]) == (head, base)
    assert repo.git("rev-parse", f"refs/pull/{number}/head") == head
    assert repo.git("rev-parse", f"refs/pull/{number}/merge^1") == base


def test_what_cannot_be_opened(repo: Hub) -> None:
    body = {"title": "t", "head": "topic", "base": "main"}
    assert repo.call("POST", "/pulls", {**body, "head": "none"}).status == 422
    assert repo.call("POST", "/pulls", {**body, "base": "none"}).status == 422
    assert repo.call("POST", "/pulls", {**body, "head": "main"}).status == 422
    assert repo.call("POST", "/pulls", {**body, "body": "x" * 65_537}).status == 422
    assert repo.call("POST", "/pulls", {**body, "head": "acme:topic"}).status == 201
    answer = repo.call("POST", "/pulls", body)
    assert "already exists for acme:topic" in answer.text


def test_lists_by_state_head_and_base_in_pages(repo: Hub) -> None:
    repo.branch("release/1")
    for name in ("one", "two", "three"):
        repo.branch(name)
        repo.write(name, "x", name)
        repo.pull(name, "release/1" if name == "three" else "main")
    repo.ok("PATCH", "/pulls/1", {"state": "closed"})
    heads = [one["head"]["ref"] for one in repo.ok("GET", "/pulls")]
    assert heads == ["three", "two"]
    assert len(repo.ok("GET", "/pulls?state=all")) == 3
    assert [one["number"] for one in repo.ok("GET", "/pulls?state=closed")] == [1]
    assert [one["number"] for one in repo.ok("GET", "/pulls?base=release/1")] == [3]
    assert [one["number"] for one in repo.ok("GET", "/pulls?head=acme:two")] == [2]
    page = repo.call("GET", "/pulls?state=all&per_page=1&page=2")
    assert [one["number"] for one in page.json] == [2]
    assert 'rel="prev"' in page.headers["Link"]


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_the_three_ways_to_merge(repo: Hub, method: str) -> None:
    repo.write("topic-2", "3\n", "topic")
    repo.write("main-2", "4\n")
    base, number = repo.git("rev-parse", "main"), repo.pull("topic")
    files = repo.ok("GET", f"/pulls/{number}/files")
    assert repo.call("PUT", f"/pulls/{number}/merge", {"sha": base, "merge_method": method}).status == 409
    assert repo.git("rev-parse", "main") == base
    head = repo.git("rev-parse", "topic")
    merged = repo.ok("PUT", f"/pulls/{number}/merge", {"sha": head, "merge_method": method})
    assert repo.git("rev-parse", "main") == merged["sha"]
    count = {"merge": 3, "squash": 1, "rebase": 2}[method]
    assert repo.git("rev-list", "--count", f"{base}..main") == str(count)
    parents = repo.git("log", "-1", "--format=%P", "main").split()
    assert parents == ([base, head] if method == "merge" else parents[:1])
    assert repo.git("ls-tree", "-r", "--name-only", "main").split() == [
        "README.md",
        "main-2",
        "topic-2",
        "topic.txt",
    ]
    shown = repo.ok("GET", f"/pulls/{number}")
    assert (shown["state"], shown["merged"], shown["merge_commit_sha"]) == ("closed", True, merged["sha"])
    assert repo.ok("GET", f"/pulls/{number}/files") == files
    assert repo.call("PUT", f"/pulls/{number}/merge", {}).status == 405
    assert repo.call("GET", f"/pulls/{number}/merge").status == 204
    found = repo.ok("GET", f"/commits/{merged['sha']}/pulls")
    assert [one["number"] for one in found] == [number]
    events = [one["event"] for one in repo.ok("GET", f"/issues/{number}/events")]
    assert events == ["merged", "closed"]


def test_a_conflict_is_405(repo: Hub) -> None:
    repo.write("topic.txt", "other\n")
    number = repo.pull("topic")
    assert repo.ok("GET", f"/pulls/{number}")["mergeable_state"] == "dirty"
    for method in ("merge", "squash", "rebase"):
        assert repo.call("PUT", f"/pulls/{number}/merge", {"merge_method": method}).status == 405


def test_a_draft_and_a_closed_one_are_405(repo: Hub) -> None:
    number = repo.pull("topic", draft=True)
    assert repo.call("PUT", f"/pulls/{number}/merge", {}).status == 405
    repo.ok("PATCH", f"/pulls/{number}", {"state": "closed"})
    assert repo.call("PUT", f"/pulls/{number}/merge", {}).status == 405
    assert repo.ok("PATCH", f"/pulls/{number}", {"state": "open"})["state"] == "open"


def test_a_deleted_branch_closes_it_and_its_files_stay(repo: Hub) -> None:
    number = repo.pull("topic")
    files = repo.ok("GET", f"/pulls/{number}/files")
    repo.ok("DELETE", "/git/refs/heads/topic")
    assert repo.ok("GET", f"/pulls/{number}")["state"] == "closed"
    assert repo.ok("GET", f"/pulls/{number}/files") == files
    assert repo.call("PATCH", f"/pulls/{number}", {"state": "open"}).status == 422


def test_a_push_of_the_merge_merges_it(repo: Hub) -> None:
    number, head = repo.pull("topic"), repo.git("rev-parse", "topic")
    repo.git("update-ref", "refs/heads/main", head)
    shown = repo.ok("GET", f"/pulls/{number}")
    assert (shown["merged"], shown["merge_commit_sha"], shown["changed_files"]) == (True, head, 1)


def test_labels_and_their_events(repo: Hub) -> None:
    number = repo.pull("topic")
    repo.ok("POST", f"/issues/{number}/labels", {"labels": ["deploy", "Deploy/QA1"]})
    assert [one["name"] for one in repo.ok("GET", f"/pulls/{number}")["labels"]] == ["deploy", "Deploy/QA1"]
    repo.ok("DELETE", f"/issues/{number}/labels/deploy")
    assert repo.call("DELETE", f"/issues/{number}/labels/deploy").status == 404
    events = [(one["event"], one["label"]["name"]) for one in repo.ok("GET", f"/issues/{number}/events")]
    assert events == [("labeled", "deploy"), ("labeled", "Deploy/QA1"), ("unlabeled", "deploy")]
    assert [one["number"] for one in repo.ok("GET", "/issues?labels=deploy/qa1")] == [number]
    assert repo.ok("GET", "/labels/deploy%2Fqa1")["name"] == "Deploy/QA1"


class TestRules:
    def test_required_checks_refuse_a_merge_until_the_right_app_says_success(self, repo: Hub) -> None:
        checks = [{"context": "gate", "integration_id": 77}, {"context": "ci"}]
        rules(repo, "required_status_checks", required_status_checks=checks)
        number, head = repo.pull("topic"), repo.git("rev-parse", "topic")
        gate = repo.token("gate-app", app={"id": 77, "slug": "gate"})
        status = {"state": "success", "context": "gate"}

        def merge() -> int:
            return repo.call("PUT", f"/pulls/{number}/merge", {"sha": head}).status

        run = {"name": "ci", "head_sha": head, "conclusion": "success"}
        assert repo.call("POST", "/check-runs", run).status == 201
        assert merge() == 405
        repo.ok("POST", f"/statuses/{head}", status)
        assert merge() == 405, "another App's word counts"
        gate("POST", f"/repos/{repo.slug}/statuses/{head}", {**status, "state": "pending"})
        assert (merge(), repo.ok("GET", f"/pulls/{number}")["mergeable_state"]) == (405, "blocked")
        gate("POST", f"/repos/{repo.slug}/statuses/{head}", status)
        assert merge() == 200

    def test_strict_checks_want_an_up_to_date_branch(self, repo: Hub) -> None:
        checks = {"required_status_checks": [], "strict_required_status_checks_policy": True}
        repo.write("main-2", "x")
        rules(repo, "required_status_checks", **checks)
        number = repo.pull("topic")
        assert "not up to date" in repo.call("PUT", f"/pulls/{number}/merge", {}).text

    def test_reviews(self, repo: Hub) -> None:
        rules(repo, "pull_request", required_approving_review_count=1, dismiss_stale_reviews_on_push=True)
        number = repo.as_user("ada", "POST", "/pulls", {"title": "t", "head": "topic", "base": "main"}).json
        path, merge = f"/pulls/{number['number']}/reviews", f"/pulls/{number['number']}/merge"
        approve = {"event": "APPROVE"}
        assert repo.as_user("ada", "POST", path, approve).status == 422
        assert repo.call("PUT", merge, {}).status == 405
        assert repo.as_user("bob", "POST", path, approve).status == 200
        repo.write("later", "x", "topic")
        assert repo.call("PUT", merge, {}).status == 405, "an approval of another commit counts"
        review = repo.as_user("bob", "POST", path, approve).json
        repo.ok("PUT", f"{path}/{review['id']}/dismissals", {"message": "no"})
        assert repo.call("PUT", merge, {}).status == 405
        repo.as_user("bob", "POST", path, approve)
        states = [one["state"] for one in repo.ok("GET", path)]
        assert states == ["APPROVED", "DISMISSED", "APPROVED"]
        assert repo.call("PUT", merge, {}).status == 200

    def test_a_protected_branch_changes_by_pull_request_only(self, repo: Hub) -> None:
        rules(repo, "pull_request", allowed_merge_methods=["squash"])
        main = repo.git("rev-parse", "main")
        content = {"message": "m", "content": ""}
        assert repo.call("PUT", "/contents/direct", content).status == 409
        topic = repo.git("rev-parse", "topic")
        assert repo.call("PATCH", "/git/refs/heads/main", {"sha": topic}).status == 422
        assert repo.git("rev-parse", "main") == main
        number = repo.pull("topic")
        assert repo.call("PUT", f"/pulls/{number}/merge", {"merge_method": "merge"}).status == 405
        assert repo.call("PUT", f"/pulls/{number}/merge", {"merge_method": "squash"}).status == 200

    def test_only_the_app_that_may_bypass_creates_release_branches(self, repo: Hub) -> None:
        refs = {"ref_name": {"include": ["refs/heads/release/*"], "exclude": []}}
        actor = {"actor_id": 77, "actor_type": "Integration", "bypass_mode": "always"}
        body = {"name": "release", "target": "branch", "enforcement": "active", "conditions": refs}
        repo.ok("POST", "/rulesets", {**body, "rules": [{"type": "creation"}], "bypass_actors": [actor]})
        main = repo.git("rev-parse", "main")
        ref = {"ref": "refs/heads/release/1.0", "sha": main}
        assert repo.call("POST", "/git/refs", ref).status == 422
        assert repo.call("POST", "/git/refs", {**ref, "ref": "refs/heads/release/a/b"}).status == 201
        delivery = repo.token("delivery", app={"id": 77, "slug": "delivery"})
        assert delivery("POST", f"/repos/{repo.slug}/git/refs", ref).status == 201


class TestHistories:
    """Whatever happened: files of a pull request, compare, and `git diff` say the same."""

    FILES = st.dictionaries(
        st.sampled_from(PATHS), st.lists(st.sampled_from("xyz"), max_size=4).map("\n".join), max_size=3
    )
    STEPS = st.lists(st.tuples(st.sampled_from(["main", "one", "two"]), FILES), min_size=1, max_size=5)

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS, st.sampled_from(["merge", "squash", "rebase"]))
    def test_all_that_is_shown_is_git_diff(
        self, server: Hub, steps: list[tuple[str, dict[str, str]]], method: str
    ) -> None:
        repo = server.use()
        repo.write("a", "x\ny\nz\n")
        for name in ("one", "two"):
            repo.branch(name)
            repo.write(name, name, name)
        for branch, files in steps:
            for path, text in files.items():
                repo.write(path, text, branch)
        for name in ("one", "two"):
            base = repo.git("merge-base", "main", name)
            wanted = names(repo, base, name)
            number = repo.pull(name)
            assert shown(repo.ok("GET", f"/pulls/{number}/files?per_page=100")) == wanted
            assert shown(repo.ok("GET", f"/compare/main...{name}")["files"]) == wanted
            before, head = repo.git("rev-parse", "main"), repo.git("rev-parse", name)
            mergeable = repo.ok("GET", f"/pulls/{number}")["mergeable"]
            answer = repo.call("PUT", f"/pulls/{number}/merge", {"merge_method": method, "sha": head})
            after = repo.git("rev-parse", "main")
            if method != "rebase":  # each commit of a rebase may conflict where the whole does not
                assert (answer.status == 200) is mergeable
            assert (after != before) is (answer.status == 200)
            repo.git("merge-base", "--is-ancestor", before, after)
            assert repo.git("rev-parse", f"refs/pull/{number}/head") == head
            assert shown(repo.ok("GET", f"/pulls/{number}/files?per_page=100")) == wanted
        repo.git("fsck", "--strict")


def shown(files: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(one["status"][0], one.get("previous_filename", ""), one["filename"]) for one in files}


def names(repo: Hub, base: str, head: str) -> set[tuple[str, str, str]]:
    """Of `git diff --name-status`, run by the test itself."""
    with tempfile.TemporaryDirectory() as folder:
        repo.git("clone", "-q", "--no-checkout", str(repo.folder), folder, folder=Path(folder).parent)
        fields = repo.git(
            "diff", "-M", "--name-status", "-z", base, f"origin/{head}", folder=Path(folder)
        ).split("\0")
    found, position = set[tuple[str, str, str]](), 0
    while position + 1 < len(fields):
        renamed = fields[position].startswith("R")
        old = fields[position + 1] if renamed else ""
        status = {"A": "a", "D": "r", "M": "m", "R": "r"}[fields[position][0]]
        found.add((status, old, fields[position + (2 if renamed else 1)]))
        position += 3 if renamed else 2
    return found
