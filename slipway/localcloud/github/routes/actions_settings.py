"""Settings of Actions: what may run, and what the default token may. They are always there.

https://docs.github.com/en/rest/actions/permissions
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import GitHubError, invalid
from slipway.localcloud.github.model import Json, Owner, Repository
from slipway.localcloud.github.protocol import Area, Call, no_content
from slipway.localcloud.web import json_response

area = Area()

Place = Owner | Repository
_ALLOWED_ACTIONS = ("all", "local_only", "selected")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting of an organisation or a repository, read by GET and changed by PUT of some of its fields.

    Args:
        path: what follows `/actions/permissions`.
        default: every field's first value.
        choices: the values of fields that are no plain true or false.
        required: fields that each PUT must give.
        only_when: the field of the place's `""` setting that must be `selected`; 409 otherwise.
        check: further refusals, by the place and the body.
    """

    path: str
    default: Json
    choices: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...] = ()
    only_when: str = ""
    check: Callable[[Place, Json], None] = lambda place, body: None

    def of(self, place: Place) -> Json:
        return place.settings.setdefault(self.path, dict(self.default))


def _within_organization(place: Place, body: Json) -> None:
    """A repository may not be given more than its organisation allows: 409."""
    if isinstance(place, Repository) and place.owner.type == "Organization":
        above = _WORKFLOW.of(place.owner)["default_workflow_permissions"]
        if (body.get("default_workflow_permissions"), above) == ("write", "read"):
            raise GitHubError(HTTPStatus.CONFLICT, "Conflict: the organization allows read only")


_REPOSITORY = Setting(
    path="",
    default={"enabled": True, "allowed_actions": "all", "sha_pinning_required": False},
    choices={"allowed_actions": _ALLOWED_ACTIONS},
    required=("enabled",),
)
_ORGANIZATION = Setting(
    path="",
    default={"enabled_repositories": "all", "allowed_actions": "all", "sha_pinning_required": False},
    choices={"allowed_actions": _ALLOWED_ACTIONS, "enabled_repositories": ("all", "none", "selected")},
    required=("enabled_repositories",),
)
_SELECTED = Setting(
    path="/selected-actions",
    default={"github_owned_allowed": False, "verified_allowed": False, "patterns_allowed": []},
    choices={},
    only_when="allowed_actions",
)
# New organisations and repositories get the restricted default.
_WORKFLOW = Setting(
    path="/workflow",
    default={"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False},
    choices={"default_workflow_permissions": ("read", "write")},
    check=_within_organization,
)
_PLACES = {
    "/repos/{owner}/{repo}": ("administration", (_REPOSITORY, _SELECTED, _WORKFLOW)),
    "/orgs/{org}": ("organization_administration", (_ORGANIZATION, _SELECTED, _WORKFLOW)),
}
"""Path prefix -> the permission and the settings there."""
_LINKS = {"allowed_actions": "selected-actions", "enabled_repositories": "repositories"}
"""Field that may be `selected` -> where the selection is."""


def _place(call: Call) -> Place:
    return call.owner() if "org" in call.path else call.repository()


def _check_selecting(call: Call, field: str) -> None:
    """409 unless the place's `field` is `selected`, as GitHub wants first."""
    place = _place(call)
    main = _ORGANIZATION if isinstance(place, Owner) else _REPOSITORY
    if field and main.of(place)[field] != "selected":
        raise GitHubError(HTTPStatus.CONFLICT, f"Conflict: {field} is not 'selected'")


def _get(setting: Setting, call: Call) -> Response:
    _check_selecting(call, setting.only_when)
    shown = dict(setting.of(_place(call)))
    if shown.get("enabled") is False:
        return json_response({"enabled": False})
    for field, path in _LINKS.items():
        if shown.get(field) == "selected":
            name = path.replace("-", "_")
            place = f"/orgs/{call.path['org']}" if "org" in call.path else f"/repos/{call.repository().slug}"
            key = "selected_repositories_url" if name == "repositories" else f"{name}_url"
            shown[key] = call.url(f"{place}/actions/permissions/{path}")
    return json_response(shown)


def _put(setting: Setting, call: Call) -> Response:
    _check_selecting(call, setting.only_when)
    place, body = _place(call), call.body()
    given: Json = {name: body[name] for name in setting.default if body.get(name) is not None}
    for name in (*setting.required, *given):
        value = given.get(name)
        known = setting.choices.get(name)
        if (value not in known) if known else (type(value) is not type(setting.default[name])):
            raise invalid("Validation Failed", {"field": name, "code": "invalid"})
    setting.check(place, given)
    stored = setting.of(place)
    stored |= given
    return no_content()


@area.route("GET", "/orgs/{org}/actions/permissions/repositories", needs="organization_administration:read")
def list_enabled_repositories(call: Call) -> Response:
    _check_selecting(call, "enabled_repositories")
    return call.repository_list(call.owner().settings.get("/repositories", {}).get("ids", []))


@area.route("PUT", "/orgs/{org}/actions/permissions/repositories", needs="organization_administration:write")
def put_enabled_repositories(call: Call) -> Response:
    _check_selecting(call, "enabled_repositories")
    owner, ids = call.owner(), call.body().get("selected_repository_ids")
    owner.settings["/repositories"] = {"ids": call.known_repository_ids(owner, ids)}
    return no_content()


for _prefix, (_permission, _settings) in _PLACES.items():
    for _setting in _settings:
        _path = f"{_prefix}/actions/permissions{_setting.path}"
        area.route("GET", _path, needs=f"{_permission}:read")(partial(_get, _setting))
        area.route("PUT", _path, needs=f"{_permission}:write")(partial(_put, _setting))
