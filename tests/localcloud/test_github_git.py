"""Refs, commits, trees, tags, contents and compare of the GitHub stand-in: all from one bare repository."""

import base64
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.localcloud.github_git import Hub, git, hub


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Hub]:
    with hub(tmp_path_factory.mktemp("git")) as made:
        yield made


@pytest.fixture
def repo(server: Hub) -> Hub:
    """A repository with one file on main."""
    made = server.use()
    made.write("README.md", "hello\n")
    return made


def test_no_git_repository_is_made_before_one_is_needed(server: Hub) -> None:
    made = server.use()
    for path in ("", "/labels", "/environments", "/rulesets", "/issues"):
        made.ok("GET", path)
    assert not made.folder.exists()
    assert made.call("GET", "/git/ref/heads/main").status == 409
    assert made.folder.exists()


def test_a_repository_of_the_same_name_and_another_id_starts_empty(server: Hub) -> None:
    server.use(name="again").write("old", "x")
    assert server.use(name="again").call("GET", "/contents/old").status == 404


def test_what_is_pushed_is_what_is_read(repo: Hub, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(repo.folder), "work")
    work = tmp_path / "work"
    (work / "deep" / "er").mkdir(parents=True)
    (work / "deep" / "er" / "file.txt").write_text("pushed\n")
    git(work, "add", ".")
    git(work, "commit", "-qm", "Push a file")
    git(work, "push", "-q", "origin", "HEAD:refs/heads/main", "HEAD:refs/heads/feature/x")
    sha = git(work, "rev-parse", "HEAD")
    assert repo.ok("GET", "/git/ref/heads/feature/x")["object"]["sha"] == sha
    assert repo.ok("GET", "/commits/feature/x")["commit"]["message"] == "Push a file"
    file = repo.ok("GET", "/contents/deep/er/file.txt?ref=feature/x")
    assert (base64.b64decode(file["content"]), file["encoding"]) == (b"pushed\n", "base64")
    assert [one["path"] for one in repo.ok("GET", "/contents/deep")] == ["deep/er"]
    assert {one["name"] for one in repo.ok("GET", "/contents")} == {"deep", "README.md"}


class TestRefs:
    def test_create_move_delete(self, repo: Hub) -> None:
        first = repo.branch("topic/one")
        second = repo.write("a", "1", "topic/one")
        assert repo.ok("GET", "/git/ref/heads/topic/one")["object"]["sha"] == second
        back = {"sha": first}
        assert repo.call("PATCH", "/git/refs/heads/topic/one", back).status == 422
        assert repo.call("PATCH", "/git/refs/heads/topic/one", {**back, "force": True}).status == 200
        assert repo.call("DELETE", "/git/refs/heads/topic/one").status == 204
        assert repo.call("DELETE", "/git/refs/heads/topic/one").status == 422
        assert repo.call("GET", "/git/ref/heads/topic/one").status == 404

    @pytest.mark.parametrize(
        ("ref", "sha"),
        [
            ("refs/heads/main", ""),
            ("main", ""),
            ("refs/heads/bad..name", ""),
            ("refs/heads/main/below", ""),
            ("refs/heads/new", "0" * 39 + "1"),
            ("refs/pull/1/head", ""),
        ],
    )
    def test_what_github_refuses(self, repo: Hub, ref: str, sha: str) -> None:
        sha = sha or repo.ok("GET", "/git/ref/heads/main")["object"]["sha"]
        before = repo.git("for-each-ref")
        assert repo.call("POST", "/git/refs", {"ref": ref, "sha": sha}).status == 422
        assert repo.git("for-each-ref") == before

    def test_matching_refs(self, repo: Hub) -> None:
        for name in ("v1", "v1.1", "w"):
            repo.branch(name)
        listed = repo.ok("GET", "/git/matching-refs/heads/v1")
        assert [one["ref"] for one in listed] == ["refs/heads/v1", "refs/heads/v1.1"]


def test_a_commit_of_a_tree_of_blobs(repo: Hub) -> None:
    parent = repo.ok("GET", "/git/ref/heads/main")["object"]["sha"]
    base = repo.ok("GET", f"/git/commits/{parent}")["tree"]["sha"]
    blob = repo.ok("POST", "/git/blobs", {"content": base64.b64encode(b"\0").decode(), "encoding": "base64"})
    entries = [
        {"path": "bin/run", "mode": "100755", "type": "blob", "sha": blob["sha"]},
        {"path": "text", "mode": "100644", "type": "blob", "content": "inline"},
        {"path": "README.md", "mode": "100644", "type": "blob", "sha": None},
    ]
    tree = repo.ok("POST", "/git/trees", {"base_tree": base, "tree": entries})
    made = repo.ok("POST", "/git/commits", {"message": "m", "tree": tree["sha"], "parents": [parent]})
    repo.ok("PATCH", "/git/refs/heads/main", {"sha": made["sha"]})
    listed = repo.ok("GET", "/git/trees/main?recursive=1")["tree"]
    assert {(one["path"], one["type"]) for one in listed} == {
        ("bin", "tree"),
        ("bin/run", "blob"),
        ("text", "blob"),
    }
    assert repo.git("cat-file", "-p", "main:text") == "inline"
    wrong = {"message": "m", "tree": parent[:-1] + "x", "parents": []}
    assert repo.call("POST", "/git/commits", wrong).status == 422
    assert repo.call("GET", f"/git/commits/{'1' * 40}").status == 404


def test_an_annotated_tag_names_its_commit(repo: Hub) -> None:
    sha = repo.ok("GET", "/git/ref/heads/main")["object"]["sha"]
    body = {"tag": "v1.0.0", "message": "First", "object": sha, "type": "commit"}
    tag = repo.ok("POST", "/git/tags", body)
    repo.ok("POST", "/git/refs", {"ref": "refs/tags/v1.0.0", "sha": tag["sha"]})
    target = repo.ok("GET", "/git/ref/tags/v1.0.0")["object"]
    assert (target["type"], target["sha"]) == ("tag", tag["sha"])
    assert repo.ok("GET", f"/git/tags/{tag['sha']}")["object"]["sha"] == sha
    assert repo.ok("GET", "/commits/v1.0.0")["sha"] == sha


class TestContents:
    def test_a_change_needs_the_sha_of_what_it_changes(self, repo: Hub) -> None:
        body = {"message": "m", "content": base64.b64encode(b"new").decode()}
        assert repo.call("PUT", "/contents/README.md", body).status == 422
        assert repo.call("PUT", "/contents/README.md", {**body, "sha": "1" * 40}).status == 409
        sha = repo.ok("GET", "/contents/README.md")["sha"]
        assert repo.call("PUT", "/contents/README.md", {**body, "sha": sha}).status == 200
        assert repo.call("PUT", "/contents/README.md", {**body, "sha": sha}).status == 409
        assert repo.call("PUT", "/contents/new", {**body, "branch": "none"}).status == 404
        assert repo.call("PUT", "/contents/new", {**body, "content": "%"}).status == 422

    def test_a_file_is_deleted(self, repo: Hub) -> None:
        sha = repo.ok("GET", "/contents/README.md")["sha"]
        assert repo.call("DELETE", "/contents/README.md", {"message": "m", "sha": "1" * 40}).status == 409
        assert repo.call("DELETE", "/contents/README.md", {"message": "m", "sha": sha}).status == 200
        assert repo.call("GET", "/contents/README.md").status == 404

    def test_unknown_refs_and_files_are_404(self, repo: Hub) -> None:
        assert repo.call("GET", "/contents/README.md?ref=none").status == 404
        assert repo.call("GET", "/contents/none").status == 404

    def test_raw(self, repo: Hub) -> None:
        raw = {"Accept": "application/vnd.github.raw+json"}
        answer = repo.token("writer")("GET", f"/repos/{repo.slug}/contents/README.md", headers=raw)
        assert answer.text == "hello\n"


class TestCompare:
    def test_diverged(self, repo: Hub) -> None:
        repo.branch("topic")
        for number in range(3):
            repo.write(f"topic-{number}", "x\n", "topic")
        repo.write("main", "y\n")
        found = repo.ok("GET", "/compare/main...topic")
        assert (found["status"], found["ahead_by"], found["behind_by"]) == ("diverged", 3, 1)
        assert [one["filename"] for one in found["files"]] == ["topic-0", "topic-1", "topic-2"]
        assert repo.ok("GET", "/compare/topic...topic")["status"] == "identical"
        first = repo.call("GET", "/compare/main...topic?per_page=2&page=1")
        assert 'rel="next"' in first.headers["Link"]
        second = repo.ok("GET", "/compare/main...topic?per_page=2&page=2")
        assert len(first.json["commits"]) == 2
        assert (len(second["commits"]), second["files"]) == (1, [])

    def test_unknown_ones_are_404(self, repo: Hub) -> None:
        assert repo.call("GET", "/compare/main...none").status == 404
        assert repo.call("GET", "/compare/main").status == 404


def test_reading_and_writing_need_the_permission_for_contents(repo: Hub) -> None:
    issues = repo.token("issues-only", permissions={"issues": "write"})
    assert issues("GET", f"/repos/{repo.slug}/contents").status == 403
    reader = repo.token("contents-reader", permissions={"contents": "read"})
    assert reader("GET", f"/repos/{repo.slug}/contents").status == 200
    answer = reader("POST", f"/repos/{repo.slug}/git/refs", {})
    assert (answer.status, answer.headers["X-Accepted-GitHub-Permissions"]) == (403, "contents=write")
