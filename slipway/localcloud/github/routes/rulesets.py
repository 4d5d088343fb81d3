"""Repository rulesets. https://docs.github.com/en/rest/repos/rules"""

from http import HTTPStatus
from typing import Any, cast

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import GitHubError, invalid
from slipway.localcloud.github.model import Json, Repository, now
from slipway.localcloud.github.protocol import Area, Call, created, no_content
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
def list_rulesets(call: Call) -> Response:
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
    rulesets = call.repository().rulesets.values()
    return call.listed([{key: ruleset[key] for key in kept} for ruleset in rulesets])


@area.route("POST", _RULESETS, needs="administration:write")
def create_ruleset(call: Call) -> Response:
    repository, body = call.repository(), call.body()
    checked = _checked(repository, body, own_id=0)
    id_ = call.world.next_id()
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
    return created(ruleset)


@area.route("GET", _RULESETS + "/{ruleset}", needs="metadata:read")
def get_ruleset(call: Call) -> Response:
    """Bypass actors are shown only to who may change them."""
    ruleset = dict(_ruleset(call))
    if not call.token.allows("administration:write"):
        del ruleset["bypass_actors"]
    return json_response(ruleset)


@area.route("PUT", _RULESETS + "/{ruleset}", needs="administration:write")
def update_ruleset(call: Call) -> Response:
    """What the body leaves out keeps its value."""
    ruleset = _ruleset(call)
    kept = {
        key: ruleset[key] for key in ("name", "target", "enforcement", "conditions", "rules", "bypass_actors")
    }
    ruleset |= {
        **_checked(call.repository(), {**kept, **call.body()}, own_id=ruleset["id"]),
        "updated_at": now(),
    }
    return json_response(ruleset)


@area.route("DELETE", _RULESETS + "/{ruleset}", needs="administration:write")
def delete_ruleset(call: Call) -> Response:
    del call.repository().rulesets[_ruleset(call)["id"]]
    return no_content()


def _ruleset(call: Call) -> Json:
    return call.numbered(call.repository().rulesets, "ruleset")


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
        *[f"Invalid rule '{rule.get('type')}'" for rule in rules if rule.get("type") not in _RULES],
        *[problem for actor in actors if (problem := _actor_problem(actor))],
    ]
    if body.get("enforcement") == "evaluate" and repository.owner.plan != "enterprise":
        problems.append("enforcement 'evaluate' needs GitHub Enterprise")
    if any(other["name"] == name and other["id"] != own_id for other in repository.rulesets.values()):
        problems.append("Name must be unique")
    if problems:
        raise invalid("Validation Failed", *problems)
    conditions = cast("Json", body.get("conditions") or {})
    return {
        "name": name,
        "target": target,
        "enforcement": body["enforcement"],
        "conditions": {"ref_name": {"include": [], "exclude": [], **conditions.get("ref_name", {})}},
        "rules": [_filled(rule) for rule in rules],
        # GitHub keeps no order of them: https://github.com/integrations/terraform-provider-github/issues/2088
        "bypass_actors": sorted(
            ({"bypass_mode": "always", **actor} for actor in actors),
            key=lambda actor: -int(actor.get("actor_id") or 0),
        ),
    }


def _filled(rule: Json) -> Json:
    """A rule with what GitHub fills in of its parameters, where the provider has no default of its own."""
    if rule["type"] != "pull_request":
        return rule
    given = cast("Json", rule.get("parameters") or {})
    methods = (
        {"allowed_merge_methods": ["merge", "squash", "rebase"]}
        if not given.get("allowed_merge_methods")
        else {}
    )
    return {
        **rule,
        "parameters": {**given, **methods, "required_reviewers": given.get("required_reviewers") or []},
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
