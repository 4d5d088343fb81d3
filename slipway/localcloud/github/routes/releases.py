"""Releases, whose tags are the git repository's, and their assets. https://docs.github.com/en/rest/releases"""

from typing import cast

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import invalid, not_found
from slipway.localcloud.github.git import Git, GitError
from slipway.localcloud.github.history import ALL_ZEROS, filled
from slipway.localcloud.github.model import Json, Repository, now
from slipway.localcloud.github.protocol import Area, Call, created, no_content, require
from slipway.localcloud.github.rules import check_change
from slipway.localcloud.web import json_response

area = Area()

_RELEASES = "/repos/{owner}/{repo}/releases"
_RELEASE = _RELEASES + "/{release}"
_READ, _WRITE = "contents:read", "contents:write"
MAX_BODY_CHARACTERS = 125_000


@area.route("GET", _RELEASES, needs=_READ)
def list_releases(call: Call) -> Response:
    """The newest first; drafts are shown to who may write."""
    releases = reversed(call.repository().releases.values())
    return call.listed([_public(call, release) for release in releases if _sees(call, release)])


@area.route("POST", _RELEASES, needs=_WRITE)
def create_release(call: Call) -> Response:
    """Published, it makes its tag at `target_commitish` where there is none; a draft makes none."""
    (repository, git), body = filled(call), call.body()
    require(body, [("tag_name", str)])
    id_ = call.world.next_id()
    release: Json = {
        "id": id_,
        "node_id": f"RE_{id_}",
        "tag_name": "",
        "target_commitish": repository.default_branch,
        "name": None,
        "body": None,
        "draft": True,
        "prerelease": False,
        "author": call.token.actor(),
        "created_at": now(),
        "published_at": None,
        "assets": list[Json](),
    }
    wanted = {"draft": False, **body}
    if body.get("generate_release_notes"):
        notes = _notes(repository, git, str(body["tag_name"]), str(body.get("target_commitish") or ""), "")
        wanted["body"] = "\n\n".join(text for text in (body.get("body"), notes["body"]) if text)
        wanted["name"] = body.get("name") or notes["name"]
    _change(call, repository, git, release, wanted)
    repository.releases[id_] = release
    return created(_public(call, release))


@area.route("GET", _RELEASES + "/latest", needs=_READ)
def get_latest(call: Call) -> Response:
    release = call.repository().releases.get(call.repository().latest_release)
    if release is None:
        raise not_found()
    return json_response(_public(call, release))


@area.route("GET", _RELEASES + "/tags/{tag...}", needs=_READ)
def get_by_tag(call: Call) -> Response:
    """Drafts have no tag."""
    for release in call.repository().releases.values():
        if release["tag_name"] == call.path["tag"] and not release["draft"]:
            return json_response(_public(call, release))
    raise not_found()


@area.route("POST", _RELEASES + "/generate-notes", needs=_WRITE)
def generate_notes(call: Call) -> Response:
    (repository, git), body = filled(call), call.body()
    require(body, [("tag_name", str)])
    target, since = str(body.get("target_commitish") or ""), str(body.get("previous_tag_name") or "")
    return json_response(_notes(repository, git, str(body["tag_name"]), target, since))


@area.route("GET", _RELEASE, needs=_READ)
def get_release(call: Call) -> Response:
    return json_response(_public(call, _release(call)))


@area.route("PATCH", _RELEASE, needs=_WRITE)
def update_release(call: Call) -> Response:
    repository, git = filled(call)
    release = _release(call)
    _change(call, repository, git, release, call.body())
    return json_response(_public(call, release))


@area.route("DELETE", _RELEASE, needs=_WRITE)
def delete_release(call: Call) -> Response:
    """The tag stays."""
    repository, release = call.repository(), _release(call)
    del repository.releases[release["id"]]
    if repository.latest_release == release["id"]:
        repository.latest_release = 0
    return no_content()


@area.route("GET", _RELEASE + "/assets", needs=_READ)
def list_assets(call: Call) -> Response:
    return call.listed([_asset(asset) for asset in _release(call)["assets"]])


@area.route("POST", _RELEASE + "/assets", needs=_WRITE)
def upload_asset(call: Call) -> Response:
    """The body as it is, under `?name=`; GitHub takes it at another host, which `upload_url` names."""
    release, name = _release(call), call.request.args.get("name", "")
    if not name:
        raise invalid(
            "Validation Failed", {"resource": "ReleaseAsset", "field": "name", "code": "missing_field"}
        )
    if any(asset["name"] == name for asset in release["assets"]):
        raise invalid(
            "Validation Failed", {"resource": "ReleaseAsset", "field": "name", "code": "already_exists"}
        )
    content, id_ = call.request.get_data(), call.world.next_id()
    asset: Json = {"id": id_, "name": name, "state": "uploaded", "size": len(content), "content": content}
    asset |= {"content_type": call.request.mimetype, "created_at": now(), "updated_at": now()}
    asset["url"] = call.url(f"/repos/{call.repository().slug}/releases/assets/{id_}")
    release["assets"].append(asset)
    return created(_asset(asset))


@area.route("GET", _RELEASES + "/assets/{asset}", needs=_READ)
def get_asset(call: Call) -> Response:
    """Its content to who accepts `application/octet-stream`."""
    _, asset = _found_asset(call)
    if "octet-stream" in call.request.headers.get("Accept", ""):
        return Response(asset["content"], content_type="application/octet-stream")
    return json_response(_asset(asset))


@area.route("DELETE", _RELEASES + "/assets/{asset}", needs=_WRITE)
def delete_asset(call: Call) -> Response:
    release, asset = _found_asset(call)
    release["assets"].remove(asset)
    return no_content()


def _change(call: Call, repository: Repository, git: Git, release: Json, body: Json) -> None:
    """Give a release what `body` says, and publish it where that says so; 422 with nothing changed."""
    fields = ("tag_name", "target_commitish", "name", "body", "draft", "prerelease")
    new = {**release, **{name: body[name] for name in fields if body.get(name) is not None}}
    if not new["tag_name"] or len(str(new["body"] or "")) > MAX_BODY_CHARACTERS:
        raise invalid("Validation Failed", {"resource": "Release", "field": "body", "code": "custom"})
    others = [other for other in repository.releases.values() if other["id"] != release["id"]]
    taken = any(other["tag_name"] == new["tag_name"] and not other["draft"] for other in others)
    if taken and not new["draft"]:
        error = {"resource": "Release", "code": "already_exists", "field": "tag_name"}
        raise invalid("Validation Failed", error)
    publishes = release["published_at"] is None and not new["draft"]
    if not new["draft"]:
        _tag(call, repository, git, str(new["tag_name"]), str(new["target_commitish"]))
    release |= new
    if publishes:
        release["published_at"] = now()
    wanted = str(body.get("make_latest", "true" if publishes else "")).lower()
    if not release["draft"] and not release["prerelease"] and wanted in {"true", "legacy"}:
        repository.latest_release = release["id"]


def _tag(call: Call, repository: Repository, git: Git, name: str, target: str) -> None:
    ref = f"refs/tags/{name}"
    if ref in git.refs():
        return
    sha = git.resolve(target)
    if sha is None:
        error = {"resource": "Release", "code": "invalid", "field": "target_commitish"}
        raise invalid("Validation Failed", error)
    check_change(repository, git, call.token, ref=ref, old=None, new=sha, status=422)
    try:
        git.update(ref, sha, ALL_ZEROS)
    except GitError:
        error = {"resource": "Release", "code": "custom", "field": "tag_name"}
        raise invalid("Validation Failed", error) from None


def _notes(repository: Repository, git: Git, tag: str, target: str, since: str) -> Json:
    """What `tag` is or will be: the pull requests merged since the tag `since`, or the latest release."""
    head = git.resolve(f"refs/tags/{tag}") or git.resolve(target or repository.default_branch)
    latest = repository.releases.get(repository.latest_release, {}).get("tag_name", "")
    start = git.resolve(f"refs/tags/{since or latest}") if since or latest else None
    if head is None or (since and start is None):
        raise invalid("Invalid target_commitish or previous_tag_name parameter")
    between = {commit.sha for commit in git.commits(head, *([f"^{start}"] if start else []))}
    merged = [issue for issue in repository.issues.values() if issue.pull and issue.pull.merge_sha in between]
    lines = [
        f"* {issue.title} by @{issue.user['login']} in https://github.com/{repository.slug}/pull/{issue.number}"
        for issue in merged
    ]
    return {"name": tag, "body": "\n".join(["## What's Changed", *lines])}


def _sees(call: Call, release: Json) -> bool:
    return not release["draft"] or call.token.allows(_WRITE)


def _release(call: Call) -> Json:
    release = call.numbered(call.repository().releases, "release")
    if not _sees(call, release):
        raise not_found()
    return release


def _found_asset(call: Call) -> tuple[Json, Json]:
    owners: dict[int, tuple[Json, Json]] = {
        asset["id"]: (release, asset)
        for release in call.repository().releases.values()
        for asset in cast("list[Json]", release["assets"])
        if _sees(call, release)
    }
    return call.numbered(owners, "asset")


def _asset(asset: Json) -> Json:
    return {name: value for name, value in asset.items() if name != "content"}


def _public(call: Call, release: Json) -> Json:
    slug = call.repository().slug
    url = call.url(f"/repos/{slug}/releases/{release['id']}")
    return {
        **release,
        "assets": [_asset(asset) for asset in release["assets"]],
        "url": url,
        "assets_url": f"{url}/assets",
        "upload_url": f"{url}/assets{{?name,label}}",
        "html_url": f"https://github.com/{slug}/releases/tag/{release['tag_name']}",
    }
