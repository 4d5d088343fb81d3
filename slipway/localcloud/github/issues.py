"""Labels, and comments on issues and pull requests.

https://docs.github.com/en/rest/issues/labels and …/comments
"""

import re
from http import HTTPStatus

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import invalid, not_found
from slipway.localcloud.github.model import Json, now
from slipway.localcloud.github.protocol import Area, Ask, require
from slipway.localcloud.web import json_response

area = Area()

MAX_COMMENT_CHARACTERS = 65_536
_LABELS = "/repos/{owner}/{repo}/labels"
_ISSUE_COMMENTS = "/repos/{owner}/{repo}/issues/{issue}/comments"
_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment}"
_READ = "issues:read|pull_requests:read"
_WRITE = "issues:write|pull_requests:write"
_COLOR = re.compile(r"[0-9a-fA-F]{6}")


@area.route("GET", _LABELS, needs=_READ)
def list_labels(ask: Ask) -> Response:
    page, headers = ask.page(list(ask.repository().labels.values()))
    return json_response(page, headers=headers)


@area.route("POST", _LABELS, needs=_WRITE)
def create_label(ask: Ask) -> Response:
    repository, body = ask.repository(), ask.body()
    require(body, [("name", str)])
    if body["name"].lower() in repository.labels:
        raise invalid("Validation Failed", {"resource": "Label", "code": "already_exists", "field": "name"})
    label = _label(ask, body, {"id": ask.world.next_id(), "color": "ededed", "description": None})
    repository.labels[label["name"].lower()] = label
    return json_response(label, HTTPStatus.CREATED)


@area.route("GET", _LABELS + "/{name}", needs=_READ)
def get_label(ask: Ask) -> Response:
    return json_response(_held_label(ask))


@area.route("PATCH", _LABELS + "/{name}", needs=_WRITE)
def update_label(ask: Ask) -> Response:
    labels, held, body = ask.repository().labels, _held_label(ask), ask.body()
    new = _label(ask, {**body, "name": body.get("new_name", held["name"])}, held)
    if new["name"].lower() != held["name"].lower() and new["name"].lower() in labels:
        raise invalid("Validation Failed", {"resource": "Label", "code": "already_exists", "field": "name"})
    del labels[held["name"].lower()]
    labels[new["name"].lower()] = new
    return json_response(new)


@area.route("DELETE", _LABELS + "/{name}", needs=_WRITE)
def delete_label(ask: Ask) -> Response:
    del ask.repository().labels[_held_label(ask)["name"].lower()]
    return json_response(None, HTTPStatus.NO_CONTENT)


@area.route("GET", _ISSUE_COMMENTS, needs=_READ)
def list_comments(ask: Ask) -> Response:
    number = _issue(ask)
    page, headers = ask.page([one for one in ask.repository().comments.values() if one["issue"] == number])
    return json_response(page, headers=headers)


@area.route("POST", _ISSUE_COMMENTS, needs=_WRITE)
def create_comment(ask: Ask) -> Response:
    number, body = _issue(ask), _comment_body(ask)
    id_ = ask.world.next_id()
    comment: Json = {"id": id_, "issue": number, "body": body, "created_at": now(), "updated_at": now()}
    comment["user"] = {"login": "slipway[bot]", "type": "Bot"}
    ask.repository().comments[id_] = comment
    return json_response(comment, HTTPStatus.CREATED)


@area.route("GET", _COMMENT, needs=_READ)
def get_comment(ask: Ask) -> Response:
    return json_response(_held_comment(ask))


@area.route("PATCH", _COMMENT, needs=_WRITE)
def update_comment(ask: Ask) -> Response:
    held = _held_comment(ask)
    held |= {"body": _comment_body(ask), "updated_at": now()}
    return json_response(held)


@area.route("DELETE", _COMMENT, needs=_WRITE)
def delete_comment(ask: Ask) -> Response:
    del ask.repository().comments[_held_comment(ask)["id"]]
    return json_response(None, HTTPStatus.NO_CONTENT)


def _label(ask: Ask, body: Json, held: Json) -> Json:
    color = str(body.get("color", held["color"]))
    if not _COLOR.fullmatch(color):
        raise invalid("Validation Failed", {"resource": "Label", "code": "invalid", "field": "color"})
    description = body.get("description", held["description"])
    if description is not None and len(str(description)) > 100:
        raise invalid("Validation Failed", {"resource": "Label", "code": "invalid", "field": "description"})
    name = str(body["name"])
    if not name or len(name) > 50:
        raise invalid("Validation Failed", {"resource": "Label", "code": "invalid", "field": "name"})
    url = ask.url(f"/repos/{ask.repository().slug}/labels/{name}")
    fields = {"name": name, "color": color.lower(), "description": description, "default": False, "url": url}
    return {"id": held["id"], **fields}


def _held_label(ask: Ask) -> Json:
    found = ask.repository().labels.get(ask.path["name"].lower())
    if found is None:
        raise not_found()
    return found


def _issue(ask: Ask) -> int:
    """Issues themselves are not kept: any number stands for one that exists."""
    ask.repository()
    if not ask.path["issue"].isdecimal():
        raise not_found()
    return int(ask.path["issue"])


def _comment_body(ask: Ask) -> str:
    body = ask.body()
    require(body, [("body", str)])
    if len(body["body"]) > MAX_COMMENT_CHARACTERS:
        raise invalid(
            "Validation Failed", f"body is too long (maximum is {MAX_COMMENT_CHARACTERS} characters)"
        )
    return str(body["body"])


def _held_comment(ask: Ask) -> Json:
    number = ask.path["comment"]
    found = ask.repository().comments.get(int(number)) if number.isdecimal() else None
    if found is None:
        raise not_found()
    return found
