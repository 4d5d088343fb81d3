"""Reads what the account and GitHub hold already, before this run registers anything."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pulumi_github as github

from slipway.errors import SlipwayError
from slipway.platform import naming
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.cluster import NODE_GROUP_LABEL, NodeCount

_ABSENT = (
    *("ParameterNotFound", "ResourceNotFoundException"),
    # What the AWS provider says of its own, without the service's code.
    *("couldn't find resource", "empty result", "no matching", "query returned no results"),
    # EC2's codes, of a VPC, a subnet, a route table.
    "ID.NotFound",
)


@dataclass(frozen=True, kw_only=True)
class StandingCluster:
    """A cluster that is there, as EKS describes it."""

    name: str
    mode: AuthenticationMode
    stack: str
    """The stack that it is tagged with, empty for one that is not Slipway's."""


@dataclass(frozen=True, kw_only=True)
class StandingEntry:
    """An access entry that is there, as EKS describes it."""

    kind: str
    user: str
    groups: frozenset[str]
    stack: str
    """The stack that it is tagged with, empty for one that is not Slipway's."""


def published(stack: str, key: str, provider: aws.Provider, absent: str | None = None) -> str | None:
    """The value that the stack published under a key when it last came up; `absent` where there is none.

    An offline preview reads nothing, so that it gets None.
    """
    name = naming.output_parameter(stack, key)
    found = answer("aws:ssm/getParameter:getParameter", {"name": name}, provider)
    if found is None:
        return None
    value = found.get("value")
    return value if isinstance(value, str) else absent


def standing_clusters(provider: aws.Provider) -> tuple[StandingCluster, ...]:
    """Every cluster of the account and region; none in an offline preview, which reads nothing."""
    listed = read("aws:eks/getClusters:getClusters", {}, provider).get("names") or ()
    found: list[StandingCluster] = []
    for name in listed:
        cluster = read("aws:eks/getCluster:getCluster", {"name": name}, provider)
        if not cluster or cluster.get("status") == "DELETING":
            continue
        access = only_block(cluster.get("accessConfigs"))
        found.append(
            StandingCluster(
                name=name,
                # EKS User Guide: clusters from before access entries are in this mode.
                mode=AuthenticationMode(access.get("authenticationMode", "CONFIG_MAP")),
                stack=cast(dict[str, str], cluster.get("tags") or {}).get("slipway:stack", ""),
            )
        )
    return tuple(found)


def standing_zones(cluster: str, provider: aws.Provider) -> frozenset[str]:
    """The zones of a cluster's subnets; none where it is not there yet, and offline."""
    found = read("aws:eks/getCluster:getCluster", {"name": cluster}, provider)
    network = cast("dict[str, list[str]]", found.get("vpcConfig") or {})
    subnets = (
        read("aws:ec2/getSubnet:getSubnet", {"id": one}, provider) for one in network.get("subnetIds", ())
    )
    return frozenset(str(subnet["availabilityZone"]) for subnet in subnets if subnet)


def standing_entry(cluster: str, principal: str, provider: aws.Provider) -> StandingEntry | None:
    """The access entry that EKS has for a principal; None where there is none, and offline."""
    arguments = {"clusterName": cluster, "principalArn": principal}
    found = read("aws:eks/getAccessEntry:getAccessEntry", arguments, provider)
    if not found:
        return None
    return StandingEntry(
        kind=str(found.get("type", "")),
        user=str(found.get("userName", "")),
        groups=frozenset(cast("list[str]", found.get("kubernetesGroups") or [])),
        stack=cast(dict[str, str], found.get("tags") or {}).get("slipway:stack", ""),
    )


def has_entry(cluster: str, principal: str, provider: aws.Provider) -> bool:
    """Whether EKS has an access entry for a principal."""
    return standing_entry(cluster, principal, provider) is not None


def caller(provider: aws.Provider) -> str | None:
    """ARN of whoever runs this, as STS says it; None offline."""
    return read("aws:index/getCallerIdentity:getCallerIdentity", {}, provider).get("arn")


def far_vpc(name: str, stack: str, provider: aws.Provider) -> pulumi.Input[str]:
    """Id of another stack's VPC by its name; unknown offline.

    Raises:
        SlipwayError: there is none, or this role may not look.
    """
    return _far("aws:ec2/getVpc:getVpc", "the network", name, stack, provider)


def far_route_table(name: str, stack: str, provider: aws.Provider) -> pulumi.Input[str]:
    """Id of a route table of another account by its name; as `far_vpc`."""
    return _far("aws:ec2/getRouteTable:getRouteTable", "the route table", name, stack, provider)


def far_nat_address(name: str, stack: str, provider: aws.Provider) -> pulumi.Input[str]:
    """Public address of a NAT gateway of another account by its name; as `far_vpc`."""
    return _far("aws:ec2/getElasticIp:getElasticIp", "the address", name, stack, provider, "publicIp")


def _far(  # noqa: PLR0917 - what the three above differ in
    token: str, what: str, name: str, stack: str, provider: aws.Provider, key: str = "id"
) -> pulumi.Input[str]:
    # By the stack's tag too: a name anybody may give.
    filters = {"tag:Name": name, "tag:slipway:stack": stack}
    arguments = {"filters": [{"name": tag, "values": [value]} for tag, value in filters.items()]}
    try:
        found = answer(token, arguments, provider)
    except Exception as error:
        if not any(said in str(error) for said in _NOT_LET_IN):
            raise
        raise _not_joined(f"whoever runs this may not look for {what} {name}", stack) from error
    if found is None:
        return unknown()
    if not found.get(key):
        raise _not_joined(f"{what} {name} is not there, which this stack is joined with", stack)
    return str(found[key])


_NOT_LET_IN = ("AssumeRole", "AccessDenied", "UnauthorizedOperation", "credentials")


def _not_joined(what: str, stack: str) -> SlipwayError:
    return SlipwayError(
        what,
        where=f"the account of the stack '{stack}'",
        fix=f"bring '{stack}' up first, which makes network and roles, and apply this stack by its own job: "
        "only its apply and plan roles are let in",
    )


def unknown() -> pulumi.Output[str]:
    """What nobody can be asked for, as it is offline."""

    async def nothing() -> set[pulumi.Resource]:
        return set()

    async def no_value() -> str:
        return ""

    async def known() -> bool:
        return False

    return pulumi.Output(nothing(), no_value(), known())


def repository_name(id_: int, provider: github.Provider) -> str | None:
    """`owner/name` of a repository as GitHub has it now; None where there is none, and offline."""
    arguments = {"endpoint": f"repositories/{id_}"}
    found = read("github:index/getRestApi:getRestApi", arguments, provider)
    return json.loads(found["body"])["full_name"] if found.get("code") == HTTPStatus.OK else None


def team_reads(team: str, repository: str, provider: github.Provider) -> bool:
    """Whether a team can read a repository, itself or by the team above it; offline, it is taken to.

    https://docs.github.com/en/rest/teams/teams#check-team-permissions-for-a-repository
    """
    owner = repository.partition("/")[0]
    arguments = {"endpoint": f"orgs/{owner}/teams/{team}/repos/{repository}"}
    found = answer("github:index/getRestApi:getRestApi", arguments, provider)
    return found is None or found.get("code") in (HTTPStatus.OK, HTTPStatus.NO_CONTENT)


def person_reads(login: str, repository: str, provider: github.Provider) -> bool:
    """Whether a person can read a repository, by whatever way; offline, they are taken to.

    https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
    """
    arguments = {"endpoint": f"repos/{repository}/collaborators/{login}/permission"}
    found = answer("github:index/getRestApi:getRestApi", arguments, provider)
    if found is None:
        return True
    return found.get("code") == HTTPStatus.OK and json.loads(found["body"])["permission"] != "none"


def standing_groups(cluster: str, provider: aws.Provider) -> dict[str, NodeCount]:
    """The managed node groups of a cluster by their names in the settings; none where it is not there yet."""
    listed = read("aws:eks/getNodeGroups:getNodeGroups", {"clusterName": cluster}, provider).get("names")
    found: dict[str, NodeCount] = {}
    for name in listed or ():
        arguments = {"clusterName": cluster, "nodeGroupName": name}
        group = read("aws:eks/getNodeGroup:getNodeGroup", arguments, provider)
        key = cast(dict[str, str], group.get("labels") or {}).get(NODE_GROUP_LABEL)
        (sizes,) = cast(list[dict[str, int]], group.get("scalingConfigs")) or [None]
        # Of two with one name, one replaces the other, with as many nodes at least.
        if key and sizes and (key not in found or found[key].desired < sizes["desiredSize"]):
            found[key] = NodeCount(
                minimum=int(sizes["minSize"]),
                maximum=int(sizes["maxSize"]),
                desired=int(sizes["desiredSize"]),
            )
    return found


def remade_logs(stack: str, cluster: str, provider: aws.Provider) -> bool:
    """Whether EKS made a cluster's log group: without our tag, while the stack has published no such cluster.

    One that a killed run had begun to make has the tag from its first call on, and the next run ends it.
    """
    group = read(
        "aws:cloudwatch/getLogGroup:getLogGroup", {"name": naming.cluster_log_group(cluster)}, provider
    )
    if not group or "slipway:stack" in cast(dict[str, str], group.get("tags") or {}):
        return False
    return published(stack, "cluster", provider, absent="") != cluster


def standing_labels(repository: str, provider: github.Provider) -> frozenset[str]:
    """Names, in lower case, of the labels that a repository has; none in an offline preview."""
    arguments = {"repository": repository}
    found = read("github:index/getIssueLabels:getIssueLabels", arguments, provider)
    labels = cast("list[dict[str, str]]", found.get("labels") or [])
    return frozenset(label["name"].lower() for label in labels)


def only_block(found: object) -> dict[str, str]:
    """The values of a block that the provider gives as a list of at most one."""
    held = cast(list[dict[str, str]], found or [])
    return {key: value for block in held for key, value in block.items() if value}


def read(token: str, arguments: Mapping[str, object], provider: pulumi.ProviderResource) -> dict[str, Any]:
    """What a function of the provider answers; empty where there is no such thing, or offline."""
    return answer(token, arguments, provider) or {}


def answer(
    token: str, arguments: Mapping[str, object], provider: pulumi.ProviderResource
) -> dict[str, Any] | None:
    """The same, but None offline, where nobody answers."""
    try:
        # Not the SDK's own functions: those cannot be handed an answer which is unknown, as it is offline.
        opts = pulumi.InvokeOptions(provider=provider)
        found = pulumi.runtime.invoke(token, dict(arguments), opts=opts).value
    except Exception as error:
        if any(said in str(error) for said in _ABSENT):
            return {}
        raise
    return cast(dict[str, Any], found) if isinstance(found, dict) else None
