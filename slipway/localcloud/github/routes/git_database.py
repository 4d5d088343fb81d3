"""Refs, commits, trees, tags and blobs. https://docs.github.com/en/rest/git"""

import base64
from typing import Any, cast

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.git import Git, GitError, Person
from slipway.localcloud.github.history import (
    ALL_ZEROS,
    decoded,
    filled,
    follow_branches,
    git_commit_form,
    who,
)
from slipway.localcloud.github.model import Json, Repository
from slipway.localcloud.github.protocol import Area, Call, created, no_content, require
from slipway.localcloud.github.rules import check_change
from slipway.localcloud.web import json_response

area = Area()

_GIT = "/repos/{owner}/{repo}/git"
_READ, _WRITE = "contents:read", "contents:write"


@area.route("GET", _GIT + "/ref/{ref...}", needs=_READ)
def get_ref(call: Call) -> Response:
    repository, git = filled(call)
    sha = git.refs().get(f"refs/{call.path['ref']}")
    if sha is None:
        raise not_found()
    return json_response(_ref(call, repository, git, f"refs/{call.path['ref']}", sha))


@area.route("GET", _GIT + "/matching-refs/{ref...}", needs=_READ)
def list_refs(call: Call) -> Response:
    repository, git = filled(call)
    prefix = f"refs/{call.path['ref']}"
    listed = [(name, sha) for name, sha in git.refs().items() if name.startswith(prefix)]
    return call.listed([_ref(call, repository, git, name, sha) for name, sha in listed])


@area.route("POST", _GIT + "/refs", needs=_WRITE)
def create_ref(call: Call) -> Response:
    """422 for a name that is taken or is none, and for an object that is not there."""
    (repository, git), body = filled(call), call.body()
    require(body, [("ref", str), ("sha", str)])
    ref, sha = str(body["ref"]), str(body["sha"])
    if not ref.startswith(("refs/heads/", "refs/tags/")) or ref.count("/") < 2:
        raise invalid("Reference name must start with refs/ and contain at least two slashes")
    if ref in git.refs():
        raise invalid("Reference already exists")
    _check_object(git, sha)
    check_change(repository, git, call.token, ref=ref, old=None, new=sha, status=422)
    try:
        git.update(ref, sha, ALL_ZEROS)
    except GitError:
        raise invalid("Reference name is not valid or conflicts with another") from None
    follow_branches(call, repository, git)
    return created(_ref(call, repository, git, ref, sha))


@area.route("PATCH", _GIT + "/refs/{ref...}", needs=_WRITE)
def update_ref(call: Call) -> Response:
    """422 unless it moves forward or `force` is given."""
    (repository, git), body = filled(call), call.body()
    require(body, [("sha", str)])
    ref, old = _existing(call, git)
    new = str(body["sha"])
    _check_object(git, new)
    check_change(repository, git, call.token, ref=ref, old=old, new=new, status=422)
    if body.get("force") is not True and not git.is_ancestor(old, new):
        raise invalid("Update is not a fast forward")
    git.update(ref, new, old)
    follow_branches(call, repository, git)
    return json_response(_ref(call, repository, git, ref, new))


@area.route("DELETE", _GIT + "/refs/{ref...}", needs=_WRITE)
def delete_ref(call: Call) -> Response:
    repository, git = filled(call)
    ref, old = _existing(call, git)
    check_change(repository, git, call.token, ref=ref, old=old, new=None, status=422)
    git.delete(ref)
    follow_branches(call, repository, git)
    return no_content()


@area.route("GET", _GIT + "/commits/{sha}", needs=_READ)
def get_commit(call: Call) -> Response:
    repository, git = filled(call)
    return json_response(git_commit_form(call, repository, git.commit(_object(call, git, "commit"))))


@area.route("POST", _GIT + "/commits", needs=_WRITE)
def create_commit(call: Call) -> Response:
    (repository, git), body = filled(call), call.body()
    require(body, [("message", str), ("tree", str)])
    parents = [str(sha) for sha in cast("list[object]", body.get("parents") or [])]
    if git.peel(body["tree"], "tree") is None or any(git.peel(sha) is None for sha in parents):
        raise invalid("Tree SHA does not exist or a parent SHA does not exist or is not a commit object")
    author = _person(body.get("author"), who(call))
    committer = _person(body.get("committer"), author)
    sha = git.write_commit(body["tree"], parents, body["message"], author, committer)
    return created(git_commit_form(call, repository, git.commit(sha)))


@area.route("GET", _GIT + "/trees/{sha...}", needs=_READ)
def get_tree(call: Call) -> Response:
    repository, git = filled(call)
    sha = git.resolve(call.path["sha"]) or call.path["sha"]
    tree = git.peel(sha, "tree")
    if tree is None:
        raise not_found()
    return json_response(_tree(call, repository, git, tree, recursive="recursive" in call.request.args))


@area.route("POST", _GIT + "/trees", needs=_WRITE)
def create_tree(call: Call) -> Response:
    """Entries give the `sha` of a blob (null removes) or the `content` of a new one."""
    (repository, git), body = filled(call), call.body()
    require(body, [("tree", list)])
    base = git.peel(str(body["base_tree"]), "tree") if body.get("base_tree") else ""
    if base is None:
        raise not_found()
    entries: list[tuple[str, str | None, str]] = []
    for entry in cast("list[Any]", body["tree"]):
        sha = git.write_blob(entry["content"].encode()) if "content" in entry else entry.get("sha")
        entries.append((str(entry.get("mode", "100644")), sha, str(entry.get("path", ""))))
    try:
        tree = git.write_tree(base, entries)
    except GitError as error:
        raise invalid(f"GitRPC::BadObjectState: {error}") from None
    return created(_tree(call, repository, git, tree, recursive=False))


@area.route("POST", _GIT + "/blobs", needs=_WRITE)
def create_blob(call: Call) -> Response:
    (_, git), body = filled(call), call.body()
    require(body, [("content", str)])
    is_base64 = body.get("encoding") == "base64"
    content = decoded(body["content"]) if is_base64 else body["content"].encode()
    return created({"sha": git.write_blob(content)})


@area.route("GET", _GIT + "/blobs/{sha}", needs=_READ)
def get_blob(call: Call) -> Response:
    _, git = filled(call)
    sha = _object(call, git, "blob")
    content = git.blob(sha)
    text = base64.encodebytes(content).decode()
    return json_response({"sha": sha, "size": len(content), "content": text, "encoding": "base64"})


@area.route("POST", _GIT + "/tags", needs=_WRITE)
def create_tag(call: Call) -> Response:
    """An annotated tag's object; a ref must be made for it."""
    (_, git), body = filled(call), call.body()
    require(body, [("tag", str), ("message", str), ("object", str)])
    _check_object(git, body["object"])
    tagger = _person(body.get("tagger"), who(call))
    text = f"object {body['object']}\ntype commit\ntag {body['tag']}\n"
    text += f"tagger {tagger.name} <{tagger.email}> {call.world.seconds()} +0000\n\n{body['message']}\n"
    return created(_tag(git, git.run("mktag", given=text.encode()).decode().strip()))


@area.route("GET", _GIT + "/tags/{sha}", needs=_READ)
def get_tag(call: Call) -> Response:
    _, git = filled(call)
    return json_response(_tag(git, _object(call, git, "tag")))


def _tag(git: Git, sha: str) -> Json:
    head, _, message = git.run("cat-file", "tag", sha).decode().partition("\n\n")
    fields = dict(line.split(" ", 1) for line in head.splitlines())
    target = {"type": fields["type"], "sha": fields["object"]}
    return {"sha": sha, "tag": fields["tag"], "message": message.rstrip("\n"), "object": target}


def _tree(call: Call, repository: Repository, git: Git, tree: str, *, recursive: bool) -> Json:
    entries = [
        {"path": entry.path, "mode": entry.mode, "type": entry.type, "sha": entry.sha}
        | ({} if entry.size is None else {"size": entry.size})
        for entry in git.tree(tree, recursive=recursive)
    ]
    url = call.url(f"/repos/{repository.slug}/git/trees/{tree}")
    return {"sha": tree, "url": url, "tree": entries, "truncated": False}


def _ref(call: Call, repository: Repository, git: Git, name: str, sha: str) -> Json:
    kind = "commit" if git.peel(sha) == sha else "tag"
    base = f"/repos/{repository.slug}/git"
    target = {"sha": sha, "type": kind, "url": call.url(f"{base}/{kind}s/{sha}")}
    return {"ref": name, "node_id": f"REF_{name}", "url": call.url(f"{base}/{name}"), "object": target}


def _existing(call: Call, git: Git) -> tuple[str, str]:
    ref = f"refs/{call.path['ref']}"
    sha = git.refs().get(ref)
    if sha is None or ref.startswith("refs/pull/"):
        raise invalid("Reference does not exist")
    return ref, sha


def _check_object(git: Git, sha: str) -> None:
    if len(sha) != len(ALL_ZEROS) or git.peel(sha) is None:
        raise invalid("Object does not exist")


def _object(call: Call, git: Git, kind: str) -> str:
    sha = call.path["sha"]
    if len(sha) != len(ALL_ZEROS) or git.peel(sha, kind) is None:
        raise GitHubError(404, "Not Found")
    return sha


def _person(given: object, default: Person) -> Person:
    fields = cast("Json", given) if isinstance(given, dict) else {}
    return Person(
        name=str(fields.get("name", default.name)),
        email=str(fields.get("email", default.email)),
        date=str(fields.get("date", default.date)),
    )
