"""What Actions may do in a repository and in the organisation, and what the default token may.

These are settings that are always there: to create one is to write it, to delete it is to put GitHub's
default back. https://docs.github.com/en/rest/actions/permissions
"""

from collections.abc import Callable
from typing import Any

from slipway.localcloud.providers.github.client import DOCS, GitHubCloud
from slipway.localcloud.providers.handler import Handler, Rule, names, one_of
from slipway.localcloud.providers.values import Props, block, items

_SELECTED = {
    "githubOwnedAllowed": "github_owned_allowed",
    "verifiedAllowed": "verified_allowed",
    "patternsAlloweds": "patterns_allowed",
}


def _put_allowed(cloud: GitHubCloud, base: str, inputs: Props) -> None:
    allowed = block(inputs.get("allowedActionsConfig"))
    if inputs.get("allowedActions") == "selected" and allowed:
        body: Props = {theirs: allowed.get(ours) or False for ours, theirs in _SELECTED.items()}
        body["patterns_allowed"] = items(allowed.get("patternsAlloweds"))
        cloud.send("PUT", f"{base}/selected-actions", body)


def _get_allowed(cloud: GitHubCloud, base: str, found: Props, old: Props) -> Props:
    state: Props = {"allowedActions": found.get("allowed_actions")}
    if found.get("allowed_actions") == "selected" and (old.get("allowedActionsConfig") or not old):
        allowed: Props = cloud.get(f"{base}/selected-actions")
        state["allowedActionsConfig"] = {ours: allowed.get(theirs) for ours, theirs in _SELECTED.items()}
    if "sha_pinning_required" in found:
        state["shaPinningRequired"] = found["sha_pinning_required"]
    return state


def _repository_put(cloud: GitHubCloud, repository: str, inputs: Props) -> None:
    base = cloud.repo(repository, "actions", "permissions")
    body: Props = {"enabled": inputs.get("enabled", True)}
    if body["enabled"]:
        body["allowed_actions"] = inputs.get("allowedActions") or "all"
        body["sha_pinning_required"] = bool(inputs.get("shaPinningRequired"))
    cloud.send("PUT", base, body)
    if body["enabled"]:
        _put_allowed(cloud, base, inputs)


def _repository_get(cloud: GitHubCloud, repository: str, old: Props) -> Props:
    base = cloud.repo(repository, "actions", "permissions")
    found: Props = cloud.get(base)
    state: Props = {"repository": repository, "enabled": found["enabled"]}
    return {**state, **_get_allowed(cloud, base, found, old)} if found["enabled"] else state


def _organization_put(cloud: GitHubCloud, organization: str, inputs: Props) -> None:
    base = cloud.org("actions", "permissions")
    body = {
        "enabled_repositories": inputs["enabledRepositories"],
        "allowed_actions": inputs.get("allowedActions") or "all",
        "sha_pinning_required": bool(inputs.get("shaPinningRequired")),
    }
    cloud.send("PUT", base, body)
    _put_allowed(cloud, base, inputs)
    chosen = block(inputs.get("enabledRepositoriesConfig"))
    if inputs["enabledRepositories"] == "selected" and chosen:
        cloud.send("PUT", f"{base}/repositories", {"selected_repository_ids": chosen["repositoryIds"]})


def _organization_get(cloud: GitHubCloud, organization: str, old: Props) -> Props:
    base = cloud.org("actions", "permissions")
    found: Props = cloud.get(base)
    state = {"enabledRepositories": found["enabled_repositories"], **_get_allowed(cloud, base, found, old)}
    if found["enabled_repositories"] == "selected":
        listed = cloud.every(f"{base}/repositories", "repositories")
        state["enabledRepositoriesConfig"] = {"repositoryIds": [one["id"] for one in listed]}
    return state


def _workflow_base(cloud: GitHubCloud, repository: str) -> str:
    place = cloud.repo(repository) if repository else cloud.org()
    return f"{place}/actions/permissions/workflow"


def _workflow_put(cloud: GitHubCloud, repository: str, inputs: Props) -> None:
    body = {
        "default_workflow_permissions": inputs.get("defaultWorkflowPermissions") or "read",
        "can_approve_pull_request_reviews": bool(inputs.get("canApprovePullRequestReviews")),
    }
    cloud.send("PUT", _workflow_base(cloud, repository), body)


def _workflow_get(cloud: GitHubCloud, repository: str, old: Props) -> Props:
    found: Props = cloud.get(_workflow_base(cloud, repository))
    return {
        "defaultWorkflowPermissions": found["default_workflow_permissions"],
        "canApprovePullRequestReviews": found["can_approve_pull_request_reviews"],
        **({"repository": repository} if repository else {}),
    }


def _organization_workflow_put(cloud: GitHubCloud, organization: str, inputs: Props) -> None:
    _workflow_put(cloud, "", inputs)


def _organization_workflow_get(cloud: GitHubCloud, organization: str, old: Props) -> Props:
    return {"organizationSlug": organization, **_workflow_get(cloud, "", old)}


def _setting(
    token: str,
    page: str,
    *,
    key: str,
    put: Callable[[GitHubCloud, str, Props], None],
    get: Callable[[GitHubCloud, str, Props], Props],
    reset: Props,
    **more: Any,
) -> Handler[GitHubCloud]:
    def name(cloud: GitHubCloud, inputs: Props) -> str:
        return str(inputs.get(key) or cloud.owner)

    def create(cloud: GitHubCloud, inputs: Props) -> str:
        put(cloud, name(cloud, inputs), inputs)
        return name(cloud, inputs)

    def update(cloud: GitHubCloud, id_: str, old: Props, new: Props) -> None:
        put(cloud, id_, new)

    def delete(cloud: GitHubCloud, id_: str, state: Props) -> None:
        put(cloud, id_, {**({key: state[key]} if key in state else {}), **reset})

    def find(cloud: GitHubCloud, inputs: Props) -> str:
        get(cloud, name(cloud, inputs), {})
        return name(cloud, inputs)

    return Handler[GitHubCloud](
        token=token,
        source=f"{DOCS}/{page}",
        create=create,
        read=get,
        update=update,
        delete=delete,
        find=find,
        natural=(key,) if key else (),
        replaces_here=names("repository") if key == "repository" else frozenset(),
        **more,
    )


_ALLOWED = one_of("allowedActions", "all", "local_only", "selected")
_WORKFLOW_RESET = {"defaultWorkflowPermissions": "read", "canApprovePullRequestReviews": False}
_WORKFLOW_RULES = (one_of("defaultWorkflowPermissions", "read", "write"),)

HANDLERS = (
    _setting(
        "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions",
        "actions_repository_permissions",
        key="repository",
        put=_repository_put,
        get=_repository_get,
        reset={"enabled": True, "allowedActions": "all"},
        defaults={"enabled": True},
        rules=(
            _ALLOWED,
            Rule(
                name="repository", reason="must be the name without the owner", accepts=lambda v: "/" not in v
            ),
        ),
    ),
    _setting(
        "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions",
        "workflow_repository_permissions",
        key="repository",
        put=_workflow_put,
        get=_workflow_get,
        reset=_WORKFLOW_RESET,
        rules=_WORKFLOW_RULES,
    ),
    _setting(
        "github:index/actionsOrganizationPermissions:ActionsOrganizationPermissions",
        "actions_organization_permissions",
        key="",
        put=_organization_put,
        get=_organization_get,
        reset={"enabledRepositories": "all", "allowedActions": "all"},
        rules=(_ALLOWED, one_of("enabledRepositories", "all", "none", "selected")),
    ),
    _setting(
        "github:index/actionsOrganizationWorkflowPermissions:ActionsOrganizationWorkflowPermissions",
        "actions_organization_workflow_permissions",
        key="organizationSlug",
        put=_organization_workflow_put,
        get=_organization_workflow_get,
        reset=_WORKFLOW_RESET,
        defaults={"defaultWorkflowPermissions": "read", "canApprovePullRequestReviews": False},
        rules=_WORKFLOW_RULES,
    ),
)
