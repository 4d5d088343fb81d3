"""Deployments and their statuses. https://docs.github.com/en/rest/deployments/deployments"""

from http import HTTPStatus
from typing import Any, cast

from werkzeug.wrappers import Response

from slipway.localcloud.github import merging
from slipway.localcloud.github.errors import GitHubError, invalid
from slipway.localcloud.github.git import Git
from slipway.localcloud.github.history import filled, follow_branches, who
from slipway.localcloud.github.model import Json, Repository, now
from slipway.localcloud.github.protocol import Area, Call, created, no_content, require
from slipway.localcloud.github.rules import check_succeeded
from slipway.localcloud.web import json_response

area = Area()

_DEPLOYMENTS = "/repos/{owner}/{repo}/deployments"
_DEPLOYMENT = _DEPLOYMENTS + "/{deployment}"
_READ, _WRITE = "deployments:read", "deployments:write"
_STATES = frozenset({"error", "failure", "inactive", "in_progress", "queued", "pending", "success"})
MAX_DESCRIPTION = 140


@area.route("GET", _DEPLOYMENTS, needs=_READ)
def list_deployments(call: Call) -> Response:
    """By `sha`, `ref`, `task`, `environment`; the newest first."""
    given = call.request.args
    chosen = [
        _public(call, deployment)
        for deployment in reversed(call.repository().deployments.values())
        if all(given.get(name) in {None, deployment[name]} for name in ("sha", "ref", "task", "environment"))
    ]
    return call.listed(chosen)


@area.route("POST", _DEPLOYMENTS, needs=_WRITE)
def create_deployment(call: Call) -> Response:
    """422 for an unknown ref, 409 where commit statuses of it have not succeeded, 202 where it was merged."""
    (repository, git), body = filled(call), call.body()
    require(body, [("ref", str)])
    ref = str(body["ref"])
    sha = git.resolve(ref)
    if sha is None:
        raise invalid(f"No ref found for: {ref}")
    if body.get("auto_merge", True) is not False and git.branch(ref) == sha:
        merged = _auto_merge(call, repository, git, ref, sha)
        if merged is not None:
            return merged
    _check_contexts(repository, ref, sha, body.get("required_contexts"))
    environment = str(body.get("environment") or "production")
    id_ = call.world.next_id()
    repository.deployments[id_] = {
        "id": id_,
        "node_id": f"DE_{id_}",
        "sha": sha,
        "ref": ref,
        "task": body.get("task") or "deploy",
        "payload": body.get("payload") or {},
        "environment": environment,
        "original_environment": environment,
        "description": _description(body),
        "transient_environment": bool(body.get("transient_environment")),
        "production_environment": bool(body.get("production_environment", environment == "production")),
        "creator": call.token.actor(),
        "created_at": now(),
        "updated_at": now(),
        "statuses": list[Json](),
    }
    return created(_public(call, repository.deployments[id_]))


@area.route("GET", _DEPLOYMENT, needs=_READ)
def get_deployment(call: Call) -> Response:
    return json_response(_public(call, _deployment(call)))


@area.route("DELETE", _DEPLOYMENT, needs=_WRITE)
def delete_deployment(call: Call) -> Response:
    """422 for one that is active, unless it is the only one."""
    deployments, deployment = call.repository().deployments, _deployment(call)
    if len(deployments) > 1 and _state(deployment) == "success":
        raise invalid("We cannot delete an active deployment unless it is the only deployment.")
    del deployments[deployment["id"]]
    return no_content()


@area.route("GET", _DEPLOYMENT + "/statuses", needs=_READ)
def list_statuses(call: Call) -> Response:
    """The newest first."""
    return call.listed(list(reversed(_deployment(call)["statuses"])))


@area.route("POST", _DEPLOYMENT + "/statuses", needs=_WRITE)
def create_status(call: Call) -> Response:
    """A success makes earlier ones of its environment inactive, unless `auto_inactive` is false."""
    repository, deployment, body = call.repository(), _deployment(call), call.body()
    if body.get("state") not in _STATES:
        raise invalid(
            "Validation Failed", {"resource": "DeploymentStatus", "field": "state", "code": "custom"}
        )
    if "environment" in body:
        deployment["environment"] = str(body["environment"])
    status = _status(call, deployment, body)
    if body["state"] == "success" and body.get("auto_inactive", True) is not False:
        for other in repository.deployments.values():
            same = (other["environment"], other["transient_environment"]) == (
                deployment["environment"],
                False,
            )
            if other is not deployment and same and _state(other) == "success":
                _status(call, other, {"state": "inactive"})
    return created(status)


@area.route("GET", _DEPLOYMENT + "/statuses/{status}", needs=_READ)
def get_status(call: Call) -> Response:
    statuses = cast("list[Json]", _deployment(call)["statuses"])
    return json_response(call.numbered({status["id"]: status for status in statuses}, "status"))


def _status(call: Call, deployment: Json, body: Json) -> Json:
    id_ = call.world.next_id()
    log_url = body.get("log_url") or body.get("target_url") or ""
    status: Json = {
        "id": id_,
        "state": body["state"],
        "description": _description(body) or "",
        "environment": deployment["environment"],
        "environment_url": body.get("environment_url") or "",
        "log_url": log_url,
        "target_url": log_url,
        "creator": call.token.actor(),
        "created_at": now(),
        "updated_at": now(),
        "deployment_url": call.url(f"/repos/{call.repository().slug}/deployments/{deployment['id']}"),
    }
    deployment["statuses"].append(status)
    deployment["updated_at"] = now()
    return status


def _auto_merge(call: Call, repository: Repository, git: Git, branch: str, head: str) -> Response | None:
    """Merge the default branch into a branch that is behind it, as GitHub does unless told not to."""
    default = repository.default_branch
    base = git.branch(default)
    if base is None or git.is_ancestor(base, head):
        return None
    made = merging.merge(git, head, base, f"Merge {default} into {branch}", who(call))
    if made is None:
        raise GitHubError(HTTPStatus.CONFLICT, f"Conflict merging {default} into {branch}.")
    git.update(f"refs/heads/{branch}", made, head)
    follow_branches(call, repository, git)
    message = f"Auto-merged {default} into {branch} on deployment."
    return json_response({"message": message}, HTTPStatus.ACCEPTED)


def _check_contexts(repository: Repository, ref: str, sha: str, given: Any) -> None:
    """All contexts that the commit has, or those given, must have succeeded."""
    known = {status["context"] for status in repository.statuses if status["sha"] == sha}
    contexts = cast("list[str]", given) if isinstance(given, list) else sorted(known)
    failing = [context for context in contexts if not check_succeeded(repository, sha, context, None)]
    if failing:
        error = {
            "contexts": failing,
            "resource": "Deployment",
            "field": "required_contexts",
            "code": "invalid",
        }
        text = f"Conflict: Commit status checks failed for {ref}."
        raise GitHubError(HTTPStatus.CONFLICT, text, errors=[error])


def _description(body: Json) -> str | None:
    text: Any = body.get("description")
    if text is not None and len(str(text)) > MAX_DESCRIPTION:
        raise invalid("Validation Failed", {"field": "description", "code": "custom"})
    return None if text is None else str(text)


def _state(deployment: Json) -> str:
    return str(deployment["statuses"][-1]["state"]) if deployment["statuses"] else "pending"


def _deployment(call: Call) -> Json:
    return call.numbered(call.repository().deployments, "deployment")


def _public(call: Call, deployment: Json) -> Json:
    url = call.url(f"/repos/{call.repository().slug}/deployments/{deployment['id']}")
    shown = {name: value for name, value in deployment.items() if name != "statuses"}
    return {**shown, "url": url, "statuses_url": f"{url}/statuses"}
