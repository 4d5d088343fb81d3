"""Deployment environments of a repository, and which branches and tags may deploy to them."""

from slipway.localcloud.providers.github.client import DOCS, GitHubCloud, split_id
from slipway.localcloud.providers.handler import Handler, Rule, between, names, written
from slipway.localcloud.providers.values import Props, block, items


def _body(inputs: Props) -> Props:
    reviewers = [
        {"type": kind, "id": int(id_)}
        for group in items(inputs.get("reviewers"))
        for kind, listed in (("Team", group.get("teams")), ("User", group.get("users")))
        for id_ in items(listed)
    ]
    policy = inputs.get("deploymentBranchPolicy")
    return {
        "wait_timer": inputs.get("waitTimer") or 0,
        "prevent_self_review": bool(inputs.get("preventSelfReview")),
        "can_admins_bypass": inputs.get("canAdminsBypass", True),
        "reviewers": reviewers or None,
        "deployment_branch_policy": {
            "protected_branches": bool(policy.get("protectedBranches")),
            "custom_branch_policies": bool(policy.get("customBranchPolicies")),
        }
        if policy
        else None,
    }


def _write(cloud: GitHubCloud, inputs: Props) -> None:
    """One call serves both, so a create takes over an environment that exists, as pulumi-github does."""
    where = cloud.repo(inputs["repository"], "environments", inputs["environment"])
    cloud.send("PUT", where, _body(inputs))


def as_it_is(cloud: GitHubCloud, id_: str, old: Props) -> Props:
    """All that GitHub says of an environment, in Pulumi's form."""
    repository, name = split_id(id_, 2)
    found: Props = cloud.get(cloud.repo(repository, "environments", name))
    rules: dict[str, Props] = {one["type"]: one for one in items(found.get("protection_rules"))}
    review = block(rules.get("required_reviewers"))
    reviewers: dict[str, list[int]] = {"teams": [], "users": []}
    for one in items(review.get("reviewers")):
        reviewers["teams" if one["type"] == "Team" else "users"].append(one["reviewer"]["id"])
    policy: Props | None = found.get("deployment_branch_policy")
    return {
        "repository": repository,
        "environment": found["name"],
        "repositoryId": cloud.repository_id(repository),
        "waitTimer": block(rules.get("wait_timer")).get("wait_timer") or None,
        "canAdminsBypass": found.get("can_admins_bypass", True),
        "preventSelfReview": bool(review.get("prevent_self_review")),
        "reviewers": [{key: value for key, value in reviewers.items() if value}]
        if any(reviewers.values())
        else None,
        "deploymentBranchPolicy": {
            "protectedBranches": policy["protected_branches"],
            "customBranchPolicies": policy["custom_branch_policies"],
        }
        if policy
        else None,
    }


def _read(cloud: GitHubCloud, id_: str, old: Props) -> Props:
    """The same, but where nobody reviews, what was known of reviewers stays, as pulumi-github has it.

    Its read sets both properties where GitHub's answer has the rule, and nowhere else
    (resource_github_repository_environment.go); `slipway.guards` asks GitHub.
    """
    found = as_it_is(cloud, id_, old)
    if found["reviewers"] is None:
        for name in ("reviewers", "preventSelfReview"):
            found[name] = old.get(name, found[name])
    return found


def _delete(cloud: GitHubCloud, id_: str, state: Props) -> None:
    repository, name = split_id(id_, 2)
    cloud.send("DELETE", cloud.repo(repository, "environments", name))


def patterns(cloud: GitHubCloud, repository: str, environment: str) -> dict[tuple[str, str], int]:
    """By kind of ref and pattern, the ids of an environment's policies."""
    listed = cloud.every(_policies(cloud, repository, environment), "branch_policies")
    return {(one["type"], one["name"]): one["id"] for one in listed}


def _policies(cloud: GitHubCloud, repository: str, environment: str) -> str:
    return cloud.repo(repository, "environments", environment, "deployment-branch-policies")


def pattern_of(inputs: Props) -> tuple[str, str]:
    """What kind of ref a policy admits, and which of them."""
    if inputs.get("branchPattern"):
        return "branch", inputs["branchPattern"]
    return "tag", inputs["tagPattern"]


def _policy_create(cloud: GitHubCloud, inputs: Props) -> str:
    repository, environment = inputs["repository"], inputs["environment"]
    kind, name = pattern_of(inputs)
    made = cloud.send("POST", _policies(cloud, repository, environment), {"name": name, "type": kind})
    return f"{repository}:{environment}:{made['id']}"


def _policy_read(cloud: GitHubCloud, id_: str, old: Props) -> Props:
    repository, environment, number = split_id(id_, 3)
    found: Props = cloud.get(f"{_policies(cloud, repository, environment)}/{number}")
    is_tag = found.get("type") == "tag"
    return {
        "repository": repository,
        "environment": environment,
        "branchPattern": None if is_tag else found["name"],
        "tagPattern": found["name"] if is_tag else None,
        "policyId": str(found["id"]),
        "repositoryId": cloud.repository_id(repository),
    }


def _policy_update(cloud: GitHubCloud, id_: str, old: Props, new: Props) -> None:
    repository, environment, number = split_id(id_, 3)
    where = f"{_policies(cloud, repository, environment)}/{number}"
    cloud.send("PUT", where, {"name": pattern_of(new)[1]})


def _policy_delete(cloud: GitHubCloud, id_: str, state: Props) -> None:
    repository, environment, number = split_id(id_, 3)
    cloud.send("DELETE", f"{_policies(cloud, repository, environment)}/{number}")


def _policy_find(cloud: GitHubCloud, inputs: Props) -> str | None:
    repository, environment = inputs["repository"], inputs["environment"]
    id_ = patterns(cloud, repository, environment).get(pattern_of(inputs))
    return f"{repository}:{environment}:{id_}" if id_ else None


def _other_kind(old: Props, new: Props) -> frozenset[str]:
    """GitHub cannot turn a branch policy into a tag policy."""
    other = bool(old.get("tagPattern")) != bool(new.get("tagPattern"))
    return names("branchPattern tagPattern" if other else "")


HANDLERS = (
    written(
        token="github:index/repositoryEnvironment:RepositoryEnvironment",
        source=f"{DOCS}/repository_environment",
        key="{repository}:{environment}",
        write=_write,
        read=_read,
        delete=_delete,
        natural=("repository", "environment"),
        replaces_here=names("repository"),
        defaults={"canAdminsBypass": True, "preventSelfReview": False},
        rules=(
            # https://docs.github.com/en/rest/deployments/environments
            Rule(
                name="environment", reason="must be 1 to 255 characters", accepts=lambda v: 0 < len(v) <= 255
            ),
            between("waitTimer", 0, 43_200, "minutes"),
        ),
    ),
    Handler[GitHubCloud](
        token="github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy",
        source=f"{DOCS}/repository_environment_deployment_policy",
        create=_policy_create,
        read=_policy_read,
        update=_policy_update,
        delete=_policy_delete,
        find=_policy_find,
        natural=("repository", "environment", "branchPattern", "tagPattern"),
        replaces_here=names("repository"),
        replace_when=_other_kind,
    ),
)
