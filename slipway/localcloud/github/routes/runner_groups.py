"""Runner groups of an organisation. https://docs.github.com/en/rest/actions/self-hosted-runner-groups"""

from http import HTTPStatus

from werkzeug.wrappers import Response

from slipway.localcloud.github.automation import runner_groups
from slipway.localcloud.github.errors import GitHubError, invalid
from slipway.localcloud.github.model import Json
from slipway.localcloud.github.protocol import Area, Call, created, no_content, require
from slipway.localcloud.web import json_response

area = Area()

_GROUPS = "/orgs/{org}/actions/runner-groups"
_GROUP = _GROUPS + "/{group}"
_READ, _WRITE = "organization_self_hosted_runners:read", "organization_self_hosted_runners:write"


@area.route("GET", _GROUPS, needs=_READ)
def list_runner_groups(call: Call) -> Response:
    groups = runner_groups(call.owner()).values()
    return call.counted_list("runner_groups", [_public(call, group) for group in groups])


@area.route("POST", _GROUPS, needs=_WRITE)
def create_runner_group(call: Call) -> Response:
    body = call.body()
    require(body, [("name", str)])
    id_ = call.world.next_id()
    group = _changed(call, body, {"id": id_, "default": False, "inherited": False})
    runner_groups(call.owner())[id_] = group
    return created(_public(call, group))


@area.route("GET", _GROUP, needs=_READ)
def get_runner_group(call: Call) -> Response:
    return json_response(_public(call, runner_group(call)))


@area.route("PATCH", _GROUP, needs=_WRITE)
def update_runner_group(call: Call) -> Response:
    group = runner_group(call)
    group |= _changed(call, call.body(), group)
    return json_response(_public(call, group))


@area.route("DELETE", _GROUP, needs=_WRITE)
def delete_runner_group(call: Call) -> Response:
    group = runner_group(call)
    if group["default"]:
        raise GitHubError(HTTPStatus.FORBIDDEN, "The default runner group cannot be deleted")
    del runner_groups(call.owner())[group["id"]]
    return no_content()


@area.route("GET", _GROUP + "/repositories", needs=_READ)
def list_repositories(call: Call) -> Response:
    return call.repository_list(runner_group(call)["selected_repository_ids"])


@area.route("PUT", _GROUP + "/repositories", needs=_WRITE)
def put_repositories(call: Call) -> Response:
    group, ids = runner_group(call), call.body().get("selected_repository_ids")
    if group["visibility"] != "selected":
        raise GitHubError(HTTPStatus.CONFLICT, "The runner group's visibility is not 'selected'")
    group["selected_repository_ids"] = call.known_repository_ids(call.owner(), ids)
    return no_content()


def runner_group(call: Call) -> Json:
    """The group in the path; 404 where there is none."""
    return call.numbered(runner_groups(call.owner()), "group")


def _changed(call: Call, body: Json, old: Json) -> Json:
    """The group `old` with what `body` gives."""
    owner = call.owner()
    name = body.get("name", old.get("name"))
    if any(group["name"] == name and group["id"] != old["id"] for group in runner_groups(owner).values()):
        raise GitHubError(HTTPStatus.CONFLICT, "A runner group with this name already exists")
    visibility = body.get("visibility", old.get("visibility", "all"))
    if visibility not in {"all", "private", "selected"}:
        raise invalid("Validation Failed", {"field": "visibility", "code": "invalid"})
    ids = body.get("selected_repository_ids", old.get("selected_repository_ids", []))
    switches = ("allows_public_repositories", "restricted_to_workflows")
    return {
        **old,
        "name": name,
        "visibility": visibility,
        "selected_repository_ids": call.known_repository_ids(owner, ids) if visibility == "selected" else [],
        **{switch: bool(body.get(switch, old.get(switch, False))) for switch in switches},
        "selected_workflows": body.get("selected_workflows", old.get("selected_workflows", [])),
    }


def _public(call: Call, group: Json) -> Json:
    """The REST form."""
    shown = {key: value for key, value in group.items() if key != "selected_repository_ids"}
    base = f"/orgs/{call.owner().login}/actions/runner-groups/{group['id']}"
    if group["visibility"] == "selected":
        shown["selected_repositories_url"] = call.url(base + "/repositories")
    return {**shown, "runners_url": call.url(base + "/runners"), "workflow_restrictions_read_only": False}
