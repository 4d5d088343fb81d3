"""Which permissions the platform's GitHub App needs: for each resource of the components, and for the gate.

Every row is from GitHub's own table of endpoints and permissions
(https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps), for the endpoints
that the provider's resource calls to create, read, change and delete. `key` is the permission's name in the
API and in an App manifest, `title` what the App's settings page shows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from slipway.errors import SlipwayError

Access = Literal["read", "write"]


@dataclass(frozen=True, kw_only=True, order=True)
class Permission:
    """One permission of a GitHub App: its level, its key in the API, its title, and how much of it."""

    level: Literal["organization", "repository"]
    key: str
    title: str
    access: Access


_METADATA = Permission(level="repository", key="metadata", title="Metadata", access="read")
_ACTIONS = Permission(level="repository", key="actions", title="Actions", access="read")
_ADMINISTRATION = Permission(level="repository", key="administration", title="Administration", access="write")
_ENVIRONMENTS = Permission(level="repository", key="environments", title="Environments", access="write")
_ISSUES = Permission(level="repository", key="issues", title="Issues", access="write")
_ISSUES_READ = Permission(level="repository", key="issues", title="Issues", access="read")
_SECRETS = Permission(level="repository", key="secrets", title="Secrets", access="write")
_VARIABLES = Permission(level="repository", key="actions_variables", title="Variables", access="write")
_MEMBERS = Permission(level="organization", key="members", title="Members", access="read")
_ORG_ADMINISTRATION = Permission(
    level="organization", key="organization_administration", title="Administration", access="write"
)
_ORG_RUNNERS = Permission(
    level="organization", key="organization_self_hosted_runners", title="Self-hosted runners", access="write"
)
_ORG_SECRETS = Permission(level="organization", key="organization_secrets", title="Secrets", access="write")

_PULLS_READ = Permission(level="repository", key="pull_requests", title="Pull requests", access="read")
_STATUSES = Permission(level="repository", key="statuses", title="Commit statuses", access="write")

GATE = (_METADATA, _ACTIONS, _PULLS_READ, _STATUSES, _MEMBERS)
"""What the job takes of the App that says whether a change may be merged: slipway/stacks/gate."""

PERMISSIONS = MappingProxyType(
    {
        "github:index/getRepository:getRepository": (_METADATA,),
        # Of three paths: a repository by its id, and whether a team or a person can read one.
        "github:index/getRestApi:getRestApi": (_METADATA, _MEMBERS),
        "github:index/getUser:getUser": (),
        "github:index/getTeam:getTeam": (_MEMBERS,),
        "github:index/getIssueLabels:getIssueLabels": (_ISSUES_READ,),
        # An environment is read with Actions and written with Administration.
        "github:index/repositoryEnvironment:RepositoryEnvironment": (_ACTIONS, _ADMINISTRATION),
        "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy": (
            _ACTIONS,
            _ADMINISTRATION,
        ),
        "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable": (_ENVIRONMENTS,),
        "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret": (_ENVIRONMENTS,),
        "github:index/actionsVariable:ActionsVariable": (_VARIABLES,),
        "github:index/actionsSecret:ActionsSecret": (_SECRETS,),
        "github:index/issueLabel:IssueLabel": (_ISSUES,),
        "github:index/repositoryRuleset:RepositoryRuleset": (_METADATA, _ADMINISTRATION),
        "github:index/workflowRepositoryPermissions:WorkflowRepositoryPermissions": (_ADMINISTRATION,),
        "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions": (_ADMINISTRATION,),
        "github:index/actionsOrganizationWorkflowPermissions:ActionsOrganizationWorkflowPermissions": (
            _ORG_ADMINISTRATION,
        ),
        "github:index/actionsRunnerGroup:ActionsRunnerGroup": (_ORG_RUNNERS,),
        "github:index/actionsOrganizationSecret:ActionsOrganizationSecret": (_ORG_SECRETS,),
    }
)


def required_permissions(tokens: Iterable[str] | None = None) -> tuple[Permission, ...]:
    """Return the permissions for resource and lookup `tokens`, sorted, once each.

    When none are given: for all of them, and for the gate.

    Raises SlipwayError for a token that the table does not know: a new resource needs its row first.
    """
    needed: dict[tuple[str, str], Permission] = {}
    if tokens is None:
        needed.update(((permission.level, permission.key), permission) for permission in GATE)
    for token in PERMISSIONS if tokens is None else tokens:
        if token not in PERMISSIONS:
            raise SlipwayError(
                f"no GitHub App permission is recorded for {token}",
                fix="add its row to slipway/platform/github_permissions.py",
            )
        for permission in PERMISSIONS[token]:
            known = needed.get((permission.level, permission.key))
            if known is None or permission.access == "write":
                needed[permission.level, permission.key] = permission
    return tuple(sorted(needed.values()))


def app_permissions(tokens: Iterable[str] | None = None) -> dict[str, str]:
    """Return them as a GitHub App manifest's `default_permissions`: key -> `read` or `write`."""
    return {permission.key: permission.access for permission in required_permissions(tokens)}
