"""A repository's labels. https://docs.github.com/en/rest/issues/labels"""

import re

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import invalid, not_found
from slipway.localcloud.github.issue_forms import label_form
from slipway.localcloud.github.model import Json
from slipway.localcloud.github.protocol import Area, Call, created, no_content, require
from slipway.localcloud.web import json_response

area = Area()

_LABELS = "/repos/{owner}/{repo}/labels"
_READ = "issues:read|pull_requests:read"
_WRITE = "issues:write|pull_requests:write"
_COLOR = re.compile(r"[0-9a-fA-F]{6}")


@area.route("GET", _LABELS, needs=_READ)
def list_labels(call: Call) -> Response:
    repository = call.repository()
    return call.listed([label_form(call, repository, label) for label in repository.labels.values()])


@area.route("POST", _LABELS, needs=_WRITE)
def create_label(call: Call) -> Response:
    repository, body = call.repository(), call.body()
    require(body, [("name", str)])
    if body["name"].lower() in repository.labels:
        raise invalid("Validation Failed", {"resource": "Label", "code": "already_exists", "field": "name"})
    label = _label(body, {"id": call.world.next_id(), "color": "ededed", "description": None})
    repository.labels[label["name"].lower()] = label
    return created(label_form(call, repository, label))


@area.route("GET", _LABELS + "/{name}", needs=_READ)
def get_label(call: Call) -> Response:
    return json_response(label_form(call, call.repository(), _named(call)))


@area.route("PATCH", _LABELS + "/{name}", needs=_WRITE)
def update_label(call: Call) -> Response:
    labels, old, body = call.repository().labels, _named(call), call.body()
    # `name` is what `new_name` was called once; GitHub still takes it, and go-github sends it.
    new = _label({**body, "name": body.get("new_name") or body.get("name") or old["name"]}, old)
    if new["name"].lower() != old["name"].lower() and new["name"].lower() in labels:
        raise invalid("Validation Failed", {"resource": "Label", "code": "already_exists", "field": "name"})
    del labels[old["name"].lower()]
    labels[new["name"].lower()] = new
    return json_response(label_form(call, call.repository(), new))


@area.route("DELETE", _LABELS + "/{name}", needs=_WRITE)
def delete_label(call: Call) -> Response:
    del call.repository().labels[_named(call)["name"].lower()]
    return no_content()


def _label(body: Json, old: Json) -> Json:
    color = str(body.get("color", old["color"]))
    if not _COLOR.fullmatch(color):
        raise invalid("Validation Failed", {"resource": "Label", "code": "invalid", "field": "color"})
    description = body.get("description", old["description"])
    if description is not None and len(str(description)) > 100:
        raise invalid("Validation Failed", {"resource": "Label", "code": "invalid", "field": "description"})
    name = str(body["name"])
    if not name or len(name) > 50:
        raise invalid("Validation Failed", {"resource": "Label", "code": "invalid", "field": "name"})
    fields = {"name": name, "color": color.lower(), "description": description}
    return {"id": old["id"], "default": old.get("default", False), **fields}


def _named(call: Call) -> Json:
    label = call.repository().labels.get(call.path["name"].lower())
    if label is None:
        raise not_found()
    return label
