"""Files of a repository, read and written one by one. https://docs.github.com/en/rest/repos/contents"""

import base64
from http import HTTPStatus

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.git import Entry, Git
from slipway.localcloud.github.history import (
    ALL_ZEROS,
    decoded,
    follow_branches,
    git_commit_form,
    opened,
    who,
)
from slipway.localcloud.github.model import Json, Repository
from slipway.localcloud.github.protocol import Area, Call, require
from slipway.localcloud.github.rules import check_change
from slipway.localcloud.web import json_response

area = Area()

_CONTENTS = "/repos/{owner}/{repo}/contents"
_TYPES = {"blob": "file", "tree": "dir", "commit": "submodule"}
MAX_INLINE_BYTES = 1024 * 1024


@area.route("GET", _CONTENTS, needs="contents:read")
def get_root(call: Call) -> Response:
    return _get(call, "")


@area.route("GET", _CONTENTS + "/{path...}", needs="contents:read")
def get_contents(call: Call) -> Response:
    """A file with its content, or a list of what is in a folder."""
    return _get(call, call.path["path"].strip("/"))


def _get(call: Call, path: str) -> Response:
    repository, git = opened(call)
    name = call.request.args.get("ref") or repository.default_branch
    sha = git.resolve(name)
    if sha is None:
        raise GitHubError(
            404, "This repository is empty." if not git.refs() else f"No commit found for the ref {name}"
        )
    entry = next(iter(git.tree(sha, path)), None) if path else None
    if path and entry is None:
        raise not_found()
    if entry is None or entry.type == "tree":
        listed = git.tree(sha, f"{path}/" if path else "")
        return json_response([_entry(call, repository, found, name) for found in listed])
    content = git.blob(entry.sha)
    if "raw" in request_type(call):
        return Response(content, content_type="application/vnd.github.raw; charset=utf-8")
    inline = len(content) <= MAX_INLINE_BYTES
    form = _entry(call, repository, entry, name)
    form["content"] = base64.encodebytes(content).decode() if inline else ""
    return json_response({**form, "encoding": "base64" if inline else "none"})


def request_type(call: Call) -> str:
    """The media type that the client wants."""
    return call.request.headers.get("Accept", "")


@area.route("PUT", _CONTENTS + "/{path...}", needs="contents:write")
def put_contents(call: Call) -> Response:
    """201 for a new file, 200 for a change; 409 where `sha` is not what is there, 422 where it is missing."""
    body = call.body()
    require(body, [("message", str), ("content", str)])
    return _write(call, body, decoded(body["content"]))


@area.route("DELETE", _CONTENTS + "/{path...}", needs="contents:write")
def delete_contents(call: Call) -> Response:
    body = call.body()
    require(body, [("message", str), ("sha", str)])
    return _write(call, body, None)


def _write(call: Call, body: Json, content: bytes | None) -> Response:
    """One commit on a branch; the first one in an empty repository makes the branch."""
    (repository, git), path = opened(call), call.path["path"].strip("/")
    branch = str(body.get("branch") or repository.default_branch)
    tip = git.branch(branch)
    if tip is None and git.refs():
        raise GitHubError(404, f"Branch {branch} not found")
    old = next(iter(git.tree(tip, path)), None) if tip else None
    _check_old(path, old, body.get("sha"), removes=content is None)
    blob = None if content is None else git.write_blob(content)
    tree = git.write_tree(tip or "", [(old.mode if old else "100644", blob, path)])
    sha = git.write_commit(tree, (tip,) if tip else (), str(body["message"]), who(call), who(call))
    ref = f"refs/heads/{branch}"
    check_change(repository, git, call.token, ref=ref, old=tip, new=sha, status=HTTPStatus.CONFLICT)
    git.update(ref, sha, tip or ALL_ZEROS)
    follow_branches(call, repository, git)
    return _written(call, repository, git, sha, branch, is_new=old is None)


def _written(
    call: Call, repository: Repository, git: Git, sha: str, branch: str, *, is_new: bool
) -> Response:
    entry = next(iter(git.tree(sha, call.path["path"].strip("/"))), None)
    form = None if entry is None else _entry(call, repository, entry, branch)
    answer = {"content": form, "commit": git_commit_form(call, repository, git.commit(sha))}
    return json_response(answer, HTTPStatus.CREATED if is_new else HTTPStatus.OK)


def _check_old(path: str, old: Entry | None, given: object, *, removes: bool) -> None:
    if old is None and removes:
        raise not_found()
    if old is not None and not given:
        raise invalid('Invalid request.\n\n"sha" wasn\'t supplied.')
    if given and (old is None or given != old.sha):
        raise GitHubError(HTTPStatus.CONFLICT, f"{path} does not match {given}")


def _entry(call: Call, repository: Repository, entry: Entry, ref: str) -> Json:
    return {
        "type": _TYPES[entry.type],
        "name": entry.path.rpartition("/")[2],
        "path": entry.path,
        "sha": entry.sha,
        "size": entry.size or 0,
        "url": call.url(f"/repos/{repository.slug}/contents/{entry.path}?ref={ref}"),
        "html_url": f"https://github.com/{repository.slug}/blob/{ref}/{entry.path}",
    }
