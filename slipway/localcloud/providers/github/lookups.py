"""What is looked up and not made: repositories, users, teams, and the labels that there are already."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from slipway.github import GithubError, path
from slipway.localcloud.providers.base import Function
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.github.client import GitHubCloud
from slipway.localcloud.providers.values import Props, items


def _repository(cloud: GitHubCloud, arguments: Props) -> Props:
    full = arguments.get("fullName")
    owner, _, name = str(full).partition("/") if full else (cloud.owner, "", str(arguments.get("name", "")))
    if not name:
        raise ProviderError("getRepository needs a name or a fullName")
    found: Props = cloud.get(path("repos", owner, name))
    web = f"https://github.com/{found['full_name']}"
    return {
        "id": found["name"],
        "name": found["name"],
        "fullName": found["full_name"],
        "repoId": found["id"],
        "nodeId": found["node_id"],
        "visibility": found["visibility"],
        "private": found["private"],
        "archived": found.get("archived", False),
        "defaultBranch": found["default_branch"],
        "htmlUrl": web,
        "gitCloneUrl": f"git://github.com/{found['full_name']}.git",
        "httpCloneUrl": f"{web}.git",
        "sshCloneUrl": f"git@github.com:{found['full_name']}.git",
        "svnUrl": web,
        "description": found.get("description") or "",
        "topics": items(found.get("topics")),
        "hasIssues": found.get("has_issues", True),
    }


def _user(cloud: GitHubCloud, arguments: Props) -> Props:
    found: Props = cloud.get(path("users", arguments["username"]))
    return {
        "id": str(found["id"]),
        "login": found["login"],
        "username": found["login"],
        "nodeId": found["node_id"],
        "name": found.get("name") or "",
        "siteAdmin": found.get("site_admin", False),
    }


def _team(cloud: GitHubCloud, arguments: Props) -> Props:
    found: Props = cloud.get(cloud.org("teams", arguments["slug"]))
    members: list[Props] = []
    if not arguments.get("summaryOnly"):
        members = cloud.every(cloud.org("teams", arguments["slug"], "members"))
    return {
        "id": str(found["id"]),
        "slug": found["slug"],
        "name": found["name"],
        "nodeId": found["node_id"],
        "description": found.get("description") or "",
        "privacy": found.get("privacy") or "closed",
        "permission": found.get("permission") or "pull",
        "members": [one["login"] for one in members],
        "repositories": [],
        "repositoriesDetaileds": [],
        "notificationSetting": found.get("notification_setting") or "notifications_enabled",
    }


def _issue_labels(cloud: GitHubCloud, arguments: Props) -> Props:
    repository = arguments["repository"]
    known = ("name", "color", "description", "url")
    listed = cloud.every(cloud.repo(repository, "labels"))
    return {
        "id": repository,
        "repository": repository,
        "labels": [{key: label.get(key) or "" for key in known} for label in listed],
    }


def _rest(cloud: GitHubCloud, arguments: Props) -> Props:
    try:
        body = cloud.get(f"/{arguments['endpoint']}")
    except GithubError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        return {"id": "", "endpoint": arguments["endpoint"], "code": error.status, "body": ""}
    return {"id": "", "endpoint": arguments["endpoint"], "code": 200, "body": json.dumps(body)}


FUNCTIONS: Mapping[str, Function] = {
    "github:index/getRepository:getRepository": _repository,
    "github:index/getUser:getUser": _user,
    "github:index/getTeam:getTeam": _team,
    "github:index/getRestApi:getRestApi": _rest,
    "github:index/getIssueLabels:getIssueLabels": _issue_labels,
}
