"""Actions variables of repositories and environments."""

from slipway.localcloud.providers.github.client import GitHubCloud, three, two
from slipway.localcloud.providers.github.environments import DOCS
from slipway.localcloud.providers.handler import Handler, Rule, names, pattern
from slipway.localcloud.providers.values import Props

NAME = r"(?!(?i:github_))[A-Za-z_][A-Za-z0-9_]*"
NAME_REASON = "must be letters, digits and underscores, not begin with a digit nor with GITHUB_"


def _place(cloud: GitHubCloud, inputs: Props) -> str:
    if inputs.get("environment"):
        return cloud.repo(inputs["repository"], "environments", inputs["environment"], "variables")
    return cloud.repo(inputs["repository"], "actions", "variables")


def _id(inputs: Props) -> str:
    parts = [inputs["repository"], inputs.get("environment"), inputs["variableName"]]
    return ":".join(part for part in parts if part)


def _parts(id_: str, *, environment: bool) -> Props:
    if environment:
        repository, place, name = three(id_)
        return {"repository": repository, "environment": place, "variableName": name}
    repository, name = two(id_)
    return {"repository": repository, "variableName": name}


def _create(cloud: GitHubCloud, inputs: Props) -> str:
    body = {"name": inputs["variableName"], "value": inputs["value"]}
    cloud.send("POST", _place(cloud, inputs), body)
    return _id(inputs)


def _find(cloud: GitHubCloud, inputs: Props) -> str:
    cloud.get(f"{_place(cloud, inputs)}/{inputs['variableName']}")
    return _id(inputs)


def _handler(token: str, page: str, *, environment: bool) -> Handler[GitHubCloud]:
    def read(cloud: GitHubCloud, id_: str, old: Props) -> Props:
        parts = _parts(id_, environment=environment)
        found: Props = cloud.get(f"{_place(cloud, parts)}/{parts['variableName']}")
        return {
            **parts,
            # GitHub keeps names in capitals and takes them in any case.
            "variableName": old.get("variableName", found["name"]),
            "value": found["value"],
            "createdAt": found["created_at"],
            "updatedAt": found["updated_at"],
            "repositoryId": cloud.repository_id(parts["repository"]),
        }

    def configure(cloud: GitHubCloud, id_: str, old: Props, new: Props) -> None:
        parts = _parts(id_, environment=environment)
        if old:
            cloud.send("PATCH", f"{_place(cloud, parts)}/{parts['variableName']}", {"value": new["value"]})

    def delete(cloud: GitHubCloud, id_: str, state: Props) -> None:
        del state
        parts = _parts(id_, environment=environment)
        cloud.send("DELETE", f"{_place(cloud, parts)}/{parts['variableName']}")

    keys = "repository variableName" + (" environment" if environment else "")
    return Handler[GitHubCloud](
        token=token,
        source=f"{DOCS}/{page}",
        create=_create,
        read=read,
        configure=configure,
        delete=delete,
        find=_find,
        natural=tuple(keys.split()),
        replace_on=names(keys),
        computed=names("createdAt updatedAt repositoryId"),
        rules=(
            pattern("variableName", NAME, NAME_REASON),
            # https://docs.github.com/en/actions/reference/workflows-and-actions/variables
            Rule(
                name="value",
                reason="must be at most 48 KB",
                accepts=lambda v: len(str(v).encode()) <= 48 * 1024,
            ),
        ),
    )


HANDLERS = (
    _handler("github:index/actionsVariable:ActionsVariable", "actions_variable", environment=False),
    _handler(
        "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable",
        "actions_environment_variable",
        environment=True,
    ),
)
