"""Issue labels, one by one: the labels that a repository has besides are left alone."""

from slipway.github import GithubError
from slipway.localcloud.providers.github.client import DOCS, GitHubCloud, split_id
from slipway.localcloud.providers.handler import Handler, Rule, names, pattern
from slipway.localcloud.providers.values import Props


def _body(inputs: Props) -> Props:
    return {"color": str(inputs["color"]).removeprefix("#"), "description": inputs.get("description") or ""}


def _create(cloud: GitHubCloud, inputs: Props) -> None:
    """Take over a label of that name, as pulumi-github does: a new repository has nine of GitHub's own."""
    labels = cloud.repo(inputs["repository"], "labels")
    try:
        cloud.get(cloud.repo(inputs["repository"], "labels", inputs["name"]))
    except GithubError as error:
        if error.status != 404:
            raise
        cloud.send("POST", labels, {"name": inputs["name"], **_body(inputs)})
    else:
        cloud.send("PATCH", cloud.repo(inputs["repository"], "labels", inputs["name"]), _body(inputs))


def _read(cloud: GitHubCloud, id_: str, old: Props) -> Props:
    repository, name = split_id(id_, 2)
    found: Props = cloud.get(cloud.repo(repository, "labels", name))
    return {
        "repository": repository,
        "name": found["name"],
        "color": found["color"],
        "description": found.get("description"),
        "url": found.get("url") or old.get("url") or "",
    }


def _update(cloud: GitHubCloud, id_: str, old: Props, new: Props) -> None:
    repository, name = split_id(id_, 2)
    cloud.send("PATCH", cloud.repo(repository, "labels", name), _body(new))


def _delete(cloud: GitHubCloud, id_: str, state: Props) -> None:
    repository, name = split_id(id_, 2)
    cloud.send("DELETE", cloud.repo(repository, "labels", name))


HANDLERS = (
    Handler[GitHubCloud](
        token="github:index/issueLabel:IssueLabel",
        source=f"{DOCS}/issue_label",
        key="{repository}:{name}",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        natural=("repository", "name"),
        # pulumi-github renames in place; here the name is part of the id, so a new name is a new label.
        replaces_here=names("name"),
        rules=(
            pattern("color", r"#?[0-9a-fA-F]{6}", "must be six hexadecimal digits"),
            # https://docs.github.com/en/rest/issues/labels
            Rule(
                name="description", reason="must be at most 100 characters", accepts=lambda v: len(v) <= 100
            ),
            Rule(name="name", reason="must be 1 to 50 characters", accepts=lambda v: 0 < len(v) <= 50),
        ),
    ),
)
