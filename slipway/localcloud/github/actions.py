"""What Actions may do: permissions, default tokens, OIDC subjects, runner groups.

https://docs.github.com/en/rest/actions/permissions, …/oidc and …/self-hosted-runner-groups
"""

from http import HTTPStatus
from typing import Any, cast

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.model import Json, Owner, Repository
from slipway.localcloud.github.protocol import Area, Ask, require
from slipway.localcloud.web import json_response

area = Area()

_REPOSITORY = "/repos/{owner}/{repo}/actions"
_ORGANIZATION = "/orgs/{org}/actions"
_REPOSITORY_DEFAULT = {"enabled": True, "allowed_actions": "all", "sha_pinning_required": False}
_ORGANIZATION_DEFAULT = {
    "enabled_repositories": "all",
    "allowed_actions": "all",
    "sha_pinning_required": False,
}
_SELECTED_DEFAULT = {
    "github_owned_allowed": False,
    "verified_allowed": False,
    "patterns_allowed": list[str](),
}
# New organisations and repositories get the restricted default.
_WORKFLOW_DEFAULT = {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}
_ALLOWED = frozenset({"all", "local_only", "selected"})


def _setting(held: Owner | Repository, name: str, default: Json) -> Json:
    return held.settings.setdefault(name, dict(default))


def _place(ask: Ask) -> Owner | Repository:
    return ask.owner() if "org" in ask.path else ask.repository()


@area.route("GET", _REPOSITORY + "/permissions", needs="administration:read")
def get_repository_permissions(ask: Ask) -> Response:
    held = _setting(ask.repository(), "permissions", _REPOSITORY_DEFAULT)
    shown: Json = dict(held) if held["enabled"] else {"enabled": False}
    if held["enabled"] and held["allowed_actions"] == "selected":
        shown["selected_actions_url"] = ask.url(
            f"/repos/{ask.repository().slug}/actions/permissions/selected-actions"
        )
    return json_response(shown)


@area.route("PUT", _REPOSITORY + "/permissions", needs="administration:write")
def put_repository_permissions(ask: Ask) -> Response:
    body = ask.body()
    require(body, [("enabled", bool)])
    held = _setting(ask.repository(), "permissions", _REPOSITORY_DEFAULT)
    held |= {"enabled": body["enabled"], **_allowed(body)}
    return json_response(None, HTTPStatus.NO_CONTENT)


@area.route("GET", _ORGANIZATION + "/permissions", needs="organization_administration:read")
def get_organization_permissions(ask: Ask) -> Response:
    held = dict(_setting(ask.owner(), "permissions", _ORGANIZATION_DEFAULT))
    if held["allowed_actions"] == "selected":
        held["selected_actions_url"] = ask.url(
            f"/orgs/{ask.owner().login}/actions/permissions/selected-actions"
        )
    if held["enabled_repositories"] == "selected":
        url = f"/orgs/{ask.owner().login}/actions/permissions/repositories"
        held["selected_repositories_url"] = ask.url(url)
    return json_response(held)


@area.route("PUT", _ORGANIZATION + "/permissions", needs="organization_administration:write")
def put_organization_permissions(ask: Ask) -> Response:
    body = ask.body()
    if body.get("enabled_repositories") not in {"all", "none", "selected"}:
        raise invalid("Validation Failed", {"field": "enabled_repositories", "code": "invalid"})
    held = _setting(ask.owner(), "permissions", _ORGANIZATION_DEFAULT)
    held |= {"enabled_repositories": body["enabled_repositories"], **_allowed(body)}
    return json_response(None, HTTPStatus.NO_CONTENT)


@area.route("GET", _ORGANIZATION + "/permissions/repositories", needs="organization_administration:read")
def list_enabled_repositories(ask: Ask) -> Response:
    owner = _selecting(ask, "enabled_repositories")
    wanted = owner.settings.get("repositories", {}).get("ids", [])
    found = [one for one in ask.world.repositories.values() if one.owner is owner and one.id in wanted]
    return ask.listed(
        "repositories", [{"id": one.id, "full_name": one.slug, "name": one.name} for one in found]
    )


@area.route("PUT", _ORGANIZATION + "/permissions/repositories", needs="organization_administration:write")
def put_enabled_repositories(ask: Ask) -> Response:
    owner, ids = _selecting(ask, "enabled_repositories"), ask.body().get("selected_repository_ids")
    owner.settings["repositories"] = {"ids": _known_ids(ask, owner, ids)}
    return json_response(None, HTTPStatus.NO_CONTENT)


def _get_selected_actions(ask: Ask) -> Response:
    return json_response(_setting(_selecting(ask, "allowed_actions"), "selected-actions", _SELECTED_DEFAULT))


def _put_selected_actions(ask: Ask) -> Response:
    body, held = (
        ask.body(),
        _setting(_selecting(ask, "allowed_actions"), "selected-actions", _SELECTED_DEFAULT),
    )
    held |= {key: body[key] for key in _SELECTED_DEFAULT if key in body}
    return json_response(None, HTTPStatus.NO_CONTENT)


def _get_workflow(ask: Ask) -> Response:
    return json_response(_setting(_place(ask), "workflow", _WORKFLOW_DEFAULT))


def _put_workflow(ask: Ask) -> Response:
    """A repository may not be given more than its organisation allows: 409."""
    body, place = ask.body(), _place(ask)
    wanted: Any = body.get("default_workflow_permissions", "read")
    if wanted not in {"read", "write"}:
        raise invalid("Validation Failed", {"field": "default_workflow_permissions", "code": "invalid"})
    if isinstance(place, Repository) and place.owner.type == "Organization":
        above = _setting(place.owner, "workflow", _WORKFLOW_DEFAULT)["default_workflow_permissions"]
        if (wanted, above) == ("write", "read"):
            raise GitHubError(HTTPStatus.CONFLICT, "Conflict: the organization allows read only")
    held = _setting(place, "workflow", _WORKFLOW_DEFAULT)
    held |= {key: body[key] for key in _WORKFLOW_DEFAULT if key in body}
    return json_response(None, HTTPStatus.NO_CONTENT)


@area.route("GET", _REPOSITORY + "/oidc/customization/sub", needs="actions:read")
def get_subject(ask: Ask) -> Response:
    return json_response(_setting(ask.repository(), "oidc", {"use_default": True}))


@area.route("GET", "/orgs/{org}/actions/oidc/customization/sub", needs="organization_administration:read")
def get_organization_subject(ask: Ask) -> Response:
    return json_response(_setting(ask.owner(), "oidc", {"include_claim_keys": ["repo", "context"]}))


@area.route("GET", _ORGANIZATION + "/runner-groups", needs="organization_self_hosted_runners:read")
def list_runner_groups(ask: Ask) -> Response:
    return ask.listed(
        "runner_groups", [_shown_group(ask, one) for one in runner_groups(ask.owner()).values()]
    )


@area.route("POST", _ORGANIZATION + "/runner-groups", needs="organization_self_hosted_runners:write")
def create_runner_group(ask: Ask) -> Response:
    groups, body = runner_groups(ask.owner()), ask.body()
    require(body, [("name", str)])
    id_ = ask.world.next_id()
    group = _group_fields(ask, body, {"id": id_, "default": False, "inherited": False})
    groups[id_] = group
    return json_response(_shown_group(ask, group), HTTPStatus.CREATED)


@area.route("GET", _ORGANIZATION + "/runner-groups/{group}", needs="organization_self_hosted_runners:read")
def get_runner_group(ask: Ask) -> Response:
    return json_response(_shown_group(ask, runner_group(ask)))


@area.route("PATCH", _ORGANIZATION + "/runner-groups/{group}", needs="organization_self_hosted_runners:write")
def update_runner_group(ask: Ask) -> Response:
    held = runner_group(ask)
    held |= _group_fields(ask, ask.body(), held)
    return json_response(_shown_group(ask, held))


@area.route(
    "DELETE", _ORGANIZATION + "/runner-groups/{group}", needs="organization_self_hosted_runners:write"
)
def delete_runner_group(ask: Ask) -> Response:
    held = runner_group(ask)
    if held["default"]:
        raise GitHubError(HTTPStatus.FORBIDDEN, "The default runner group cannot be deleted")
    del runner_groups(ask.owner())[held["id"]]
    return json_response(None, HTTPStatus.NO_CONTENT)


_GROUP_REPOSITORIES = _ORGANIZATION + "/runner-groups/{group}/repositories"


@area.route("GET", _GROUP_REPOSITORIES, needs="organization_self_hosted_runners:read")
def list_runner_group_repositories(ask: Ask) -> Response:
    wanted = runner_group(ask)["selected_repository_ids"]
    found = [one for one in ask.world.repositories.values() if one.id in wanted]
    return ask.listed(
        "repositories", [{"id": one.id, "full_name": one.slug, "name": one.name} for one in found]
    )


@area.route("PUT", _GROUP_REPOSITORIES, needs="organization_self_hosted_runners:write")
def put_runner_group_repositories(ask: Ask) -> Response:
    held = runner_group(ask)
    if held["visibility"] != "selected":
        raise GitHubError(HTTPStatus.CONFLICT, "The runner group's visibility is not 'selected'")
    held["selected_repository_ids"] = _known_ids(ask, ask.owner(), ask.body().get("selected_repository_ids"))
    return json_response(None, HTTPStatus.NO_CONTENT)


def runner_groups(owner: Owner) -> dict[int, Json]:
    """The organisation's groups by id; one is there from the start."""
    groups = owner.runner_groups
    if not groups:
        default: Json = {"id": 1, "name": "Default", "default": True, "inherited": False, "visibility": "all"}
        default |= {"allows_public_repositories": False, "restricted_to_workflows": False}
        groups[1] = {**default, "selected_workflows": [], "selected_repository_ids": []}
    return groups


def runner_group(ask: Ask) -> Json:
    """The group in the path; 404 where there is none."""
    number = ask.path["group"]
    found = runner_groups(ask.owner()).get(int(number)) if number.isdecimal() else None
    if found is None:
        raise not_found()
    return found


def _group_fields(ask: Ask, body: Json, held: Json) -> Json:
    name = body.get("name", held.get("name"))
    if any(one["name"] == name and one["id"] != held["id"] for one in runner_groups(ask.owner()).values()):
        raise GitHubError(HTTPStatus.CONFLICT, "A runner group with this name already exists")
    visibility = body.get("visibility", held.get("visibility", "all"))
    if visibility not in {"all", "private", "selected"}:
        raise invalid("Validation Failed", {"field": "visibility", "code": "invalid"})
    ids = body.get("selected_repository_ids", held.get("selected_repository_ids", []))
    return {
        **held,
        "name": name,
        "visibility": visibility,
        "selected_repository_ids": _known_ids(ask, ask.owner(), ids) if visibility == "selected" else [],
        "allows_public_repositories": _given(body, held, "allows_public_repositories", default=False),
        "restricted_to_workflows": _given(body, held, "restricted_to_workflows", default=False),
        "selected_workflows": body.get("selected_workflows", held.get("selected_workflows", [])),
    }


def _given(body: Json, held: Json, name: str, *, default: bool) -> bool:
    return bool(body.get(name, held.get(name, default)))


def _shown_group(ask: Ask, held: Json) -> Json:
    shown = {key: value for key, value in held.items() if key != "selected_repository_ids"}
    base = f"/orgs/{ask.owner().login}/actions/runner-groups/{held['id']}"
    if held["visibility"] == "selected":
        shown["selected_repositories_url"] = ask.url(base + "/repositories")
    return {**shown, "runners_url": ask.url(base + "/runners"), "workflow_restrictions_read_only": False}


def _allowed(body: Json) -> Json:
    changed: Json = {}
    if body.get("allowed_actions") is not None:
        if body["allowed_actions"] not in _ALLOWED:
            raise invalid("Validation Failed", {"field": "allowed_actions", "code": "invalid"})
        changed["allowed_actions"] = body["allowed_actions"]
    if body.get("sha_pinning_required") is not None:
        changed["sha_pinning_required"] = bool(body["sha_pinning_required"])
    return changed


def _selecting(ask: Ask, field: str) -> Any:
    """The place in the path; 409 unless its `field` is `selected`, as GitHub asks for first."""
    place = _place(ask)
    default = _ORGANIZATION_DEFAULT if isinstance(place, Owner) else _REPOSITORY_DEFAULT
    if _setting(place, "permissions", default)[field] != "selected":
        raise GitHubError(HTTPStatus.CONFLICT, f"Conflict: {field} is not 'selected'")
    return place


def _known_ids(ask: Ask, owner: Owner, ids: object) -> list[int]:
    known = {one.id for one in ask.world.repositories.values() if one.owner is owner}
    listed: list[Any] = cast("list[Any]", ids) if isinstance(ids, list) else [None]
    if not set(listed) <= known:
        raise invalid("Validation Failed", {"field": "selected_repository_ids", "code": "invalid"})
    return listed


for _base, _need in ((_REPOSITORY, "administration"), (_ORGANIZATION, "organization_administration")):
    area.route("GET", _base + "/permissions/selected-actions", needs=f"{_need}:read")(_get_selected_actions)
    area.route("PUT", _base + "/permissions/selected-actions", needs=f"{_need}:write")(_put_selected_actions)
    area.route("GET", _base + "/permissions/workflow", needs=f"{_need}:read")(_get_workflow)
    area.route("PUT", _base + "/permissions/workflow", needs=f"{_need}:write")(_put_workflow)
