"""Compares what a state says of GitHub's guards with what GitHub says.

pulumi-github 6.15.0 keeps what it knew where GitHub's answer leaves something out, so that neither a refresh
nor an `up` notices. By type, from the sources of terraform-provider-github 6.13.0:

| type | kept although GitHub has it otherwise |
|---|---|
| RepositoryEnvironment | `reviewers` and `preventSelfReview`, once nobody is asked any more |
| RepositoryEnvironmentDeploymentPolicy | patterns that others added to its environment, which are nobody's |
| RepositoryRuleset | nothing; bypass actors are shown only to a token that may change them |
| ActionsRunnerGroup | that it is gone: every refusal is taken for "not modified"; `refresh` forgets it |
| ActionsOrganizationSecret | `selectedRepositoryIds` where none are declared; its value |
| ActionsSecret, ActionsEnvironmentSecret | the value: GitHub tells only when it was written |
| ActionsRepositoryPermissions | `allowedActionsConfig` where none is declared |
| IssueLabel | the case of `name` |
| the other types in use | nothing |

Those of the first five that guard something are asked for, whole: what a provider writes and reads may be
dropped by GitHub without a word, as a reviewer is who cannot read the repository.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, cast

from slipway.aws import AwsSession
from slipway.engine.interface import PropertyChange
from slipway.engine.urn import name_of
from slipway.errors import SlipwayError
from slipway.github import Client, GithubError
from slipway.guards import entries
from slipway.guards.findings import Asked, Finding
from slipway.localcloud.providers.base import DEFAULTS
from slipway.localcloud.providers.github import HANDLERS, GitHubProvider, environments
from slipway.localcloud.providers.github.client import GitHubCloud
from slipway.localcloud.providers.values import Props, block

ENVIRONMENT = "github:index/repositoryEnvironment:RepositoryEnvironment"
POLICY = "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy"
_PROVIDER = "pulumi:providers:github"
_AT_ONCE = 8


@dataclass(frozen=True)
class _Resource:
    """A guard as a state has it."""

    urn: str
    type: str
    id: str
    inputs: Props


@dataclass(frozen=True)
class Guards:
    """The guards at one GitHub and one AWS.

    Args:
        client: of GitHub; without one nobody may ask it.
        aws: a session with AWS, by its region; without it AWS is not asked.
    """

    client: Client | None
    aws: Callable[[str], AwsSession] | None = None

    def ask(self, state: Mapping[str, Any]) -> Asked:
        """Compare a state, as `Engine.export` gives it, with GitHub and EKS.

        Never raises: what cannot be asked is one of the problems.
        """
        deployment = cast("Props", state.get("deployment") or {})
        listed = cast("list[Props]", deployment.get("resources") or [])
        asked = self._github(listed)
        return asked if self.aws is None else asked.and_(entries.ask(listed, self.aws))

    def _github(self, listed: Sequence[Props]) -> Asked:
        owners = [one["inputs"]["owner"] for one in listed if one["type"] == _PROVIDER]
        held = [
            _Resource(one["urn"], one["type"], one.get("id", ""), _plain(one.get("inputs") or {}))
            for one in listed
            if one["type"] in _ASKED or one["type"] == POLICY
        ]
        if not held or not owners:
            return Asked()
        if self.client is None:
            return Asked(problems=("GITHUB_TOKEN is not set, so GitHub was not asked what guards there are",))
        cloud = GitHubCloud(str(owners[0]), self.client)
        policies = [one for one in held if one.type == POLICY]

        def one(resource: _Resource) -> tuple[list[Finding], str]:
            try:
                return list(_ASKED[resource.type](cloud, resource, policies)), ""
            except GithubError as error:
                if error.status == 404:
                    return [Finding(resource.urn, resource.type, None)], ""
                return [], f"{name_of(resource.urn)}: {error.what}"
            except SlipwayError as error:
                return [], f"{name_of(resource.urn)}: {error.what}"

        with ThreadPoolExecutor(_AT_ONCE, "guards") as executor:
            answers = list(executor.map(one, [one for one in held if one.type in _ASKED]))
        return Asked(
            tuple(item for findings, _ in answers for item in findings),
            tuple(dict.fromkeys(problem for _, problem in answers if problem)),
        )


def _plain(value: Any) -> Any:
    """Inputs without what a provider noted in them about itself."""
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in cast("Props", value).items() if key != DEFAULTS}
    return value


def _compared(resource: _Resource, live: Props) -> Iterator[Finding]:
    handler = HANDLERS[resource.type]
    # What a read leaves out, GitHub does not tell: a secret's value, and what is the provider's own.
    told = {name: value for name, value in resource.inputs.items() if name in live}
    found = GitHubProvider().compare(handler, live, told, [])
    for name in sorted({path.partition(".")[0].partition("[")[0] for path in found}):
        declared, there = resource.inputs.get(name), live.get(name)
        kind = "add" if declared is None else "delete" if there is None else "update"
        yield Finding(resource.urn, resource.type, PropertyChange(name, kind, declared, there))


def _read(cloud: GitHubCloud, resource: _Resource, policies: Sequence[_Resource]) -> Iterator[Finding]:
    """What the provider of the embedded cloud reads of it, which is all there is."""
    live = HANDLERS[resource.type].read(cloud, resource.id, resource.inputs)
    return _compared(resource, live or {})


def _runner_group(
    cloud: GitHubCloud, resource: _Resource, policies: Sequence[_Resource]
) -> Iterator[Finding]:
    try:
        listed = cloud.every(cloud.org("actions", "runner-groups"), "runner_groups")
    except GithubError as error:
        # A 404 that says that the token may not look: the group must not be taken for gone.
        raise SlipwayError(error.what) from error
    if resource.id in {str(one["id"]) for one in listed}:
        yield from _read(cloud, resource, policies)
    else:
        yield Finding(resource.urn, resource.type, None)


def _environment(cloud: GitHubCloud, resource: _Resource, policies: Sequence[_Resource]) -> Iterator[Finding]:
    repository, environment = resource.inputs["repository"], resource.inputs["environment"]
    live = environments.as_it_is(cloud, f"{repository}:{environment}", resource.inputs)
    yield from _compared(resource, live)
    if not block(live["deploymentBranchPolicy"]).get("customBranchPolicies"):
        return
    ours = {environments.pattern_of(one.inputs) for one in policies if _of(one) == _of(resource)}
    there = environments.patterns(cloud, repository, environment)
    for kind, pattern in sorted(there.keys() - ours):
        change = PropertyChange(f"{kind} {pattern}", "add", None, "may use the environment")
        place = cloud.repo(repository, "environments", environment, "deployment-branch-policies")
        remedy = f"nothing here declares it: gh api --method DELETE {place}/{there[kind, pattern]}"
        yield Finding(resource.urn, resource.type, change, remedy)


def _of(resource: _Resource) -> tuple[str, str]:
    """The environment that a resource is or belongs to; GitHub ignores the case of both."""
    return str(resource.inputs["repository"]).lower(), str(resource.inputs["environment"]).lower()


_ASKED: Mapping[str, Callable[[GitHubCloud, _Resource, Sequence[_Resource]], Iterator[Finding]]] = {
    ENVIRONMENT: _environment,
    "github:index/repositoryRuleset:RepositoryRuleset": _read,
    "github:index/actionsRunnerGroup:ActionsRunnerGroup": _runner_group,
    "github:index/actionsOrganizationSecret:ActionsOrganizationSecret": _read,
}
