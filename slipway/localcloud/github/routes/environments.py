"""Deployment environments and their branch and tag policies.

https://docs.github.com/en/rest/deployments/environments and …/branch-policies; which plan may protect what:
https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/manage-environments
"""

from http import HTTPStatus
from typing import Any, cast

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.model import Environment, Json, Repository, reads
from slipway.localcloud.github.protocol import Area, Call, no_content
from slipway.localcloud.web import json_response

area = Area()

MAX_WAIT_MINUTES = 43_200  # 30 days
MAX_REVIEWERS = 6
MAX_NAME = 255
_ENVIRONMENTS = "/repos/{owner}/{repo}/environments"
_ENVIRONMENT = _ENVIRONMENTS + "/{environment}"
_POLICIES = _ENVIRONMENT + "/deployment-branch-policies"


@area.route("GET", _ENVIRONMENTS, needs="actions:read")
def list_environments(call: Call) -> Response:
    repository = call.repository()
    return call.counted_list(
        "environments",
        [_public(call, repository, environment) for environment in repository.environments.values()],
    )


@area.route("GET", _ENVIRONMENT, needs="actions:read")
def get_environment(call: Call) -> Response:
    return json_response(_public(call, call.repository(), call.environment()))


@area.route("PUT", _ENVIRONMENT, needs="administration:write")
def put_environment(call: Call) -> Response:
    """Create or replace the protection of an environment; what the body leaves out gets its default."""
    repository, name, body = call.repository(), call.path["environment"], call.body()
    if len(name) > MAX_NAME:
        raise invalid("Environment name is too long (maximum is 255 characters)")
    wait = _wait_timer(body.get("wait_timer"))
    reviewers = _reviewers(call, repository, body.get("reviewers"))
    policy = _branch_policy(body.get("deployment_branch_policy"))
    prevent_self_review = bool(body.get("prevent_self_review") or False)
    if prevent_self_review and not body.get("reviewers"):
        raise invalid(
            "Failed to create or update the environment protection rule. "
            "Required reviewers must have at least one reviewer to set prevent_self_review."
        )
    _check_plan(repository, wait=wait, reviewers=reviewers, policy=policy)
    environment = repository.environments.get(name.lower())
    if environment is None:
        environment = Environment(data={"id": call.world.next_id(), "name": name})
        repository.environments[name.lower()] = environment
    environment.data |= {
        "wait_timer": wait,
        "reviewers": reviewers,
        "prevent_self_review": prevent_self_review,
        "can_admins_bypass": body.get("can_admins_bypass") is not False,
        "deployment_branch_policy": policy,
    }
    if not (policy and policy["custom_branch_policies"]):
        environment.policies.clear()
    return json_response(_public(call, repository, environment))


@area.route("DELETE", _ENVIRONMENT, needs="administration:write")
def delete_environment(call: Call) -> Response:
    call.environment()
    del call.repository().environments[call.path["environment"].lower()]
    return no_content()


@area.route("GET", _POLICIES, needs="actions:read")
def list_policies(call: Call) -> Response:
    return call.counted_list("branch_policies", list(_custom(call).policies.values()))


@area.route("POST", _POLICIES, needs="administration:write")
def create_policy(call: Call) -> Response:
    environment, body = _custom(call), call.body()
    name, kind = body.get("name"), body.get("type") or "branch"
    if not isinstance(name, str) or not name or kind not in {"branch", "tag"}:
        raise invalid("Validation Failed", {"field": "name", "code": "missing_field"})
    if any((policy["name"], policy["type"]) == (name, kind) for policy in environment.policies.values()):
        # GitHub answers a second policy of the same name by pointing at the first.
        raise GitHubError(HTTPStatus.SEE_OTHER, "A deployment branch policy with this name already exists")
    policy: Json = {"id": call.world.next_id(), "name": name, "type": kind}
    policy["node_id"] = f"GBP_{policy['id']}"
    environment.policies[policy["id"]] = policy
    return json_response(policy)


@area.route("GET", _POLICIES + "/{policy}", needs="actions:read")
def get_policy(call: Call) -> Response:
    return json_response(_policy(call))


@area.route("PUT", _POLICIES + "/{policy}", needs="administration:write")
def update_policy(call: Call) -> Response:
    policy, name = _policy(call), call.body().get("name")
    if not isinstance(name, str) or not name:
        raise invalid("Validation Failed", {"field": "name", "code": "missing_field"})
    policy["name"] = name
    return json_response(policy)


@area.route("DELETE", _POLICIES + "/{policy}", needs="administration:write")
def delete_policy(call: Call) -> Response:
    del _custom(call).policies[_policy(call)["id"]]
    return no_content()


def _custom(call: Call) -> Environment:
    """The environment, 404 unless it uses custom policies: GitHub hides the collection otherwise."""
    environment = call.environment()
    policy = environment.data["deployment_branch_policy"]
    if not policy or not policy["custom_branch_policies"]:
        raise not_found()
    return environment


def _policy(call: Call) -> Json:
    return call.numbered(_custom(call).policies, "policy")


def _wait_timer(given: object) -> int:
    if given is None:
        return 0
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= MAX_WAIT_MINUTES:
        raise invalid("Wait timer must be between 0 and 43200 minutes")
    return given


def _branch_policy(given: object) -> Json | None:
    if given is None:
        return None
    policy = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    protected, custom = policy.get("protected_branches"), policy.get("custom_branch_policies")
    if not isinstance(protected, bool) or not isinstance(custom, bool):
        raise invalid("Validation Failed", {"field": "deployment_branch_policy", "code": "invalid"})
    if protected == custom:
        raise invalid('"custom_branch_policies" and "protected_branches" cannot have the same value')
    return {"protected_branches": protected, "custom_branch_policies": custom}


def _reviewers(call: Call, repository: Repository, given: object) -> list[Json]:
    """Those given who can read the repository: GitHub passes over the others without a word.

    https://github.com/integrations/terraform-provider-github/issues/1166
    """
    listed = cast("list[Any]", given) if isinstance(given, list) else []
    if given is not None and not isinstance(given, list):
        raise invalid("Validation Failed", {"field": "reviewers", "code": "invalid"})
    if len(listed) > MAX_REVIEWERS:
        raise invalid("The maximum number of reviewers is 6")
    users = {id_: login for login, id_ in call.world.users.items()}
    teams = {team["id"]: team["slug"] for team in repository.owner.teams.values()}
    reviewers: list[Json] = []
    for reviewer in listed:
        kind, id_ = reviewer.get("type"), reviewer.get("id")
        known = {"User": users, "Team": teams}.get(str(kind), {})
        if id_ not in known:
            raise invalid("Validation Failed", {"field": "reviewers", "code": "invalid", "value": id_})
        if kind == "Team" and not reads(repository.owner.teams[known[id_]], repository):
            continue
        if kind == "User" and not call.world.person_reads(known[id_], repository):
            continue
        name = {"login": known[id_]} if kind == "User" else {"slug": known[id_]}
        reviewers.append({"type": kind, "reviewer": {"id": id_, **name}})
    return reviewers


def _check_plan(repository: Repository, *, wait: int, reviewers: list[Json], policy: Json | None) -> None:
    """Refuse what the owner's plan does not offer for a repository that is not public."""
    if repository.visibility == "public":
        return
    refused = ""
    if repository.owner.plan != "enterprise":
        refused = "required reviewers" if reviewers else "wait timer" if wait else ""
    if repository.owner.plan == "free" and policy and not refused:
        refused = "branch policy"
    if refused:
        raise invalid(
            "Failed to create the environment protection rule. "
            f"Please ensure the billing plan supports the {refused} protection rule."
        )


def _public(call: Call, repository: Repository, environment: Environment) -> Json:
    """The REST form of an environment."""
    data = environment.data
    rules: list[Json] = []
    if data["wait_timer"]:
        rules.append({"id": data["id"] * 10 + 1, "type": "wait_timer", "wait_timer": data["wait_timer"]})
    if data["reviewers"]:
        rules.append(
            {
                "id": data["id"] * 10 + 2,
                "type": "required_reviewers",
                "prevent_self_review": data["prevent_self_review"],
                "reviewers": data["reviewers"],
            }
        )
    if data["deployment_branch_policy"]:
        rules.append({"id": data["id"] * 10 + 3, "type": "branch_policy"})
    return {
        "id": data["id"],
        "node_id": f"EN_{data['id']}",
        "name": data["name"],
        "url": call.url(f"/repos/{repository.slug}/environments/{data['name']}"),
        "can_admins_bypass": data["can_admins_bypass"],
        "protection_rules": rules,
        "deployment_branch_policy": data["deployment_branch_policy"],
    }
