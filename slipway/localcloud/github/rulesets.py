"""Repository rulesets. https://docs.github.com/en/rest/repos/rules"""

from http import HTTPStatus
from typing import Any, cast

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.model import Json, Repository, now
from slipway.localcloud.github.protocol import Area, Ask
from slipway.localcloud.web import json_response

area = Area()

_RULESETS = "/repos/{owner}/{repo}/rulesets"
_TARGETS = frozenset({"branch", "tag", "push"})
_ENFORCEMENTS = frozenset({"disabled", "active", "evaluate"})
_ACTORS = frozenset({"Integration", "OrganizationAdmin", "RepositoryRole", "Team", "DeployKey"})
_RULES = frozenset(
    {
        "branch_name_pattern",
        "code_scanning",
        "commit_author_email_pattern",
        "commit_message_pattern",
        "committer_email_pattern",
        "copilot_code_review",
        "creation",
        "deletion",
        "file_extension_restriction",
        "file_path_restriction",
        "max_file_path_length",
        "max_file_size",
        "merge_queue",
        "non_fast_forward",
        "pull_request",
        "required_deployments",
        "required_linear_history",
        "required_signatures",
        "required_status_checks",
        "tag_name_pattern",
        "update",
        "workflows",
    }
)


@area.route("GET", _RULESETS, needs="metadata:read")
def list_rulesets(ask: Ask) -> Response:
    """The list leaves out rules, conditions and bypass actors, as GitHub's does."""
    kept = (
        "id",
        "name",
        "target",
        "source_type",
        "source",
        "enforcement",
        "node_id",
        "created_at",
        "updated_at",
    )
    held = [{key: one[key] for key in kept} for one in ask.repository().rulesets.values()]
    page, headers = ask.page(held)
    return json_response(page, headers=headers)


@area.route("POST", _RULESETS, needs="administration:write")
def create_ruleset(ask: Ask) -> Response:
    repository, body = ask.repository(), ask.body()
    checked = _checked(repository, body, own_id=0)
    id_ = ask.world.next_id()
    ruleset = {
        "id": id_,
        "node_id": f"RRS_{id_}",
        "source_type": "Repository",
        "source": repository.slug,
        "created_at": now(),
        "updated_at": now(),
        **checked,
    }
    repository.rulesets[id_] = ruleset
    return json_response(ruleset, HTTPStatus.CREATED)


@area.route("GET", _RULESETS + "/{ruleset}", needs="metadata:read")
def get_ruleset(ask: Ask) -> Response:
    """Bypass actors are shown only to who may change them."""
    found = dict(_held(ask))
    if not ask.token.allows("administration:write"):
        del found["bypass_actors"]
    return json_response(found)


@area.route("PUT", _RULESETS + "/{ruleset}", needs="administration:write")
def update_ruleset(ask: Ask) -> Response:
    """What the body leaves out keeps its value."""
    held = _held(ask)
    kept = {
        key: held[key] for key in ("name", "target", "enforcement", "conditions", "rules", "bypass_actors")
    }
    held |= {**_checked(ask.repository(), {**kept, **ask.body()}, own_id=held["id"]), "updated_at": now()}
    return json_response(held)


@area.route("DELETE", _RULESETS + "/{ruleset}", needs="administration:write")
def delete_ruleset(ask: Ask) -> Response:
    del ask.repository().rulesets[_held(ask)["id"]]
    return json_response(None, HTTPStatus.NO_CONTENT)


def _held(ask: Ask) -> Json:
    number = ask.path["ruleset"]
    found = ask.repository().rulesets.get(int(number)) if number.isdecimal() else None
    if found is None:
        raise not_found()
    return found


def _checked(repository: Repository, body: Json, *, own_id: int) -> Json:
    """The ruleset's own fields; 422 that names each field GitHub would refuse."""
    if repository.owner.plan == "free" and repository.visibility != "public":
        # https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets
        message = "Upgrade to GitHub Pro or make this repository public to enable this feature."
        raise GitHubError(HTTPStatus.FORBIDDEN, message)
    name, target = body.get("name"), body.get("target", "branch")
    rules = cast("list[Any]", body.get("rules") or [])
    actors = cast("list[Any]", body.get("bypass_actors") or [])
    problems = [
        *([] if isinstance(name, str) and name else ["name is missing"]),
        *([] if target in _TARGETS else ["target must be branch, tag or push"]),
        *(
            []
            if body.get("enforcement") in _ENFORCEMENTS
            else ["enforcement must be disabled, active or evaluate"]
        ),
        *[f"Invalid rule '{one.get('type')}'" for one in rules if one.get("type") not in _RULES],
        *[problem for one in actors if (problem := _actor_problem(one))],
    ]
    if body.get("enforcement") == "evaluate" and repository.owner.plan != "enterprise":
        problems.append("enforcement 'evaluate' needs GitHub Enterprise")
    if any(one["name"] == name and one["id"] != own_id for one in repository.rulesets.values()):
        problems.append("Name must be unique")
    if problems:
        raise invalid("Validation Failed", *problems)
    conditions = cast("Json", body.get("conditions") or {})
    return {
        "name": name,
        "target": target,
        "enforcement": body["enforcement"],
        "conditions": {"ref_name": {"include": [], "exclude": [], **conditions.get("ref_name", {})}},
        "rules": rules,
        "bypass_actors": actors,
    }


def _actor_problem(actor: Json) -> str:
    if actor.get("actor_type") not in _ACTORS:
        return f"Invalid actor type '{actor.get('actor_type')}'"
    if actor.get("bypass_mode", "always") not in {"always", "pull_request", "exempt"}:
        return f"Invalid bypass mode '{actor.get('bypass_mode')}'"
    without_id = actor["actor_type"] in {"DeployKey", "OrganizationAdmin"}
    if not without_id and not isinstance(actor.get("actor_id"), int):
        return f"Actor {actor['actor_type']} needs an actor_id"
    return ""
