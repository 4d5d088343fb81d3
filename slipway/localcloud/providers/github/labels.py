"""Issue labels, one by one: the labels that a repository has besides are left alone."""

from slipway.localcloud.providers.github.client import DOCS, GitHubCloud, split_id
from slipway.localcloud.providers.handler import Handler, Rule, pattern
from slipway.localcloud.providers.values import Props


def _body(inputs: Props) -> Props:
    return {"color": str(inputs["color"]).removeprefix("#"), "description": inputs.get("description") or ""}


def _create(cloud: GitHubCloud, inputs: Props) -> None:
    """A label that exists is a 422, as pulumi-github 6.15 has it: whoever wants it imports it."""
    cloud.send("POST", cloud.repo(inputs["repository"], "labels"), {"name": inputs["name"], **_body(inputs)})


def _place(cloud: GitHubCloud, id_: str, state: Props) -> tuple[str, str]:
    """The repository, and where its label is: a renamed one keeps its id, as Pulumi has it."""
    repository, name = split_id(id_, 2)
    return repository, cloud.repo(repository, "labels", state.get("name") or name)


def _read(cloud: GitHubCloud, id_: str, old: Props) -> Props:
    repository, place = _place(cloud, id_, old)
    found: Props = cloud.get(place)
    return {
        "repository": repository,
        "name": found["name"],
        "color": found["color"],
        "description": found.get("description"),
        "url": found.get("url") or old.get("url") or "",
    }


def _update(cloud: GitHubCloud, id_: str, old: Props, new: Props) -> None:
    cloud.send("PATCH", _place(cloud, id_, old)[1], {"new_name": new["name"], **_body(new)})


def _delete(cloud: GitHubCloud, id_: str, state: Props) -> None:
    cloud.send("DELETE", _place(cloud, id_, state)[1])


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
