"""Runner groups of the organisation."""

from slipway.localcloud.providers.github.client import DOCS, GitHubCloud
from slipway.localcloud.providers.handler import AutoName, Handler, one_of
from slipway.localcloud.providers.values import Props, items


def _body(inputs: Props) -> Props:
    return {
        "name": inputs["name"],
        "visibility": inputs["visibility"],
        "allows_public_repositories": bool(inputs.get("allowsPublicRepositories")),
        "restricted_to_workflows": bool(inputs.get("restrictedToWorkflows")),
        "selected_workflows": items(inputs.get("selectedWorkflows")),
    }


def _create(cloud: GitHubCloud, inputs: Props) -> str:
    body = _body(inputs)
    if inputs["visibility"] == "selected":
        body["selected_repository_ids"] = items(inputs.get("selectedRepositoryIds"))
    return str(cloud.send("POST", cloud.org("actions", "runner-groups"), body)["id"])


def _read(cloud: GitHubCloud, id_: str, old: Props) -> Props:
    found: Props = cloud.get(cloud.org("actions", "runner-groups", id_))
    state: Props = {
        "name": found["name"],
        "visibility": found["visibility"],
        "allowsPublicRepositories": found["allows_public_repositories"],
        "restrictedToWorkflows": found["restricted_to_workflows"],
        "selectedWorkflows": found.get("selected_workflows") or None,
        "selectedRepositoryIds": None,
        "default": found["default"],
        "inherited": found["inherited"],
        "runnersUrl": found["runners_url"],
        "selectedRepositoriesUrl": found.get("selected_repositories_url") or "",
    }
    if found["visibility"] == "selected":
        listed = cloud.every(cloud.org("actions", "runner-groups", id_, "repositories"), "repositories")
        state["selectedRepositoryIds"] = [one["id"] for one in listed] or None
    return state


def _update(cloud: GitHubCloud, id_: str, old: Props, new: Props) -> None:
    where = cloud.org("actions", "runner-groups", id_)
    cloud.send("PATCH", where, _body(new))
    if new["visibility"] == "selected":
        ids = items(new.get("selectedRepositoryIds"))
        cloud.send("PUT", f"{where}/repositories", {"selected_repository_ids": ids})


def _delete(cloud: GitHubCloud, id_: str, state: Props) -> None:
    cloud.send("DELETE", cloud.org("actions", "runner-groups", id_))


def _find(cloud: GitHubCloud, inputs: Props) -> str | None:
    for one in cloud.every(cloud.org("actions", "runner-groups"), "runner_groups"):
        if one["name"] == inputs["name"]:
            return str(one["id"])
    return None


HANDLERS = (
    Handler[GitHubCloud](
        token="github:index/actionsRunnerGroup:ActionsRunnerGroup",
        source=f"{DOCS}/actions_runner_group",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        find=_find,
        name=AutoName(longest=255),
        natural=("name",),
        defaults={"allowsPublicRepositories": False, "restrictedToWorkflows": False},
        rules=(one_of("visibility", "all", "private", "selected"),),
    ),
)
