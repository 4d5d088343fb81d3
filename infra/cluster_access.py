"""Who gets into the cluster, from settings alone, and the proof that a change of it locks nobody out.

The declaration in force is kept in an SSM parameter, written last. It is read before anything is registered,
so that a change which would lock the last administrator, Pulumi or the nodes out stops there, whichever
command runs the program. Where the parameter is missing and a cluster stands, AWS is asked instead.
"""

import json
from collections.abc import Sequence

import pulumi_aws as aws

from components.cluster.declare import declare
from components.cluster.lockout import AccessDeclaration, require
from infra import unproven
from infra.in_force import StandingEntry, has_entry, published, standing_clusters, standing_entry
from slipway.errors import SlipwayError
from slipway.platform import naming
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.aws_auth import RoleMapping, role_mappings
from slipway.platform.cluster import AnyCluster, ClusterSettings, ExistingCluster
from slipway.platform.environments import Environment
from slipway.platform.namespaces import groups_by_role, namespaces_of
from slipway.platform.platform_roles import PlatformRoles
from slipway.platform.settings import Settings

PARAMETER_KEY = "cluster-access"


def access_declaration(
    settings: Settings,
    cluster: AnyCluster,
    mode: AuthenticationMode,
    environments: Sequence[Environment],
    own: PlatformRoles,
) -> AccessDeclaration:
    """What the cluster's access will be once this program has run."""
    made = isinstance(cluster, ClusterSettings)
    return declare(
        cluster=cluster.name,
        region=settings.platform.region,
        mode=mode,
        administrators=cluster.administrators,
        apply_principal=own.apply.arn,
        node_role_arn=naming.node_role_arn(settings.account, cluster.name, naming.CI_PATH) if made else None,
        namespaces=namespaces_of(environments),
        reader=own.plan.arn,
    )


def require_way_in(settings: Settings, wanted: AccessDeclaration, provider: aws.Provider) -> None:
    """Refuse a change that locks somebody out who must stay in.

    Raises:
        SlipwayError: with each reason and what to do, before anything is registered.
    """
    held = published(settings.stack.value, PARAMETER_KEY, provider)
    # Where none can be read, what is wrong with the new declaration by itself is still found.
    require(AccessDeclaration.from_plain(json.loads(held)) if held else None, wanted)
    if not held:
        unproven.require(
            wanted,
            settings.stack.value,
            naming.output_parameter(settings.stack.value, PARAMETER_KEY),
            standing_clusters(provider),
            lambda role: has_entry(wanted.cluster, role, provider),
        )


def used_entries(
    settings: Settings,
    cluster: ExistingCluster,
    environments: Sequence[Environment],
    own: PlatformRoles,
    provider: aws.Provider,
) -> frozenset[str]:
    """The roles that somebody else lets into a cluster of theirs: nothing is made for them, nor taken away.

    Raises:
        SlipwayError: with each entry that lets a job in as somebody else than it has to be.
    """
    jobs = groups_by_role(namespaces_of(environments), own.plan.arn)
    used: set[str] = set()
    others: list[str] = []
    for role in (own.apply.arn, *cluster.administrators, *jobs):
        held = standing_entry(cluster.name, role, provider)
        if held is None or held.stack == settings.stack.value:
            continue
        used.add(role)
        # What an administrator's entry has besides is its owner's; a job's groups are all that it has.
        if held.kind != "STANDARD" or (role in jobs and held.groups != frozenset(jobs[role])):
            others.append(_differing(role, held, jobs.get(role, ())))
    _refuse_others(cluster.name, others)
    return frozenset(used)


def adopted_entries(
    settings: Settings,
    cluster: ClusterSettings,
    environments: Sequence[Environment],
    own: PlatformRoles,
    provider: aws.Provider,
) -> frozenset[str]:
    """The roles whose access entries somebody else made, each as this stack would have it: taken over.

    Raises:
        SlipwayError: with each entry that is another, before anything is registered.
    """
    if not cluster.authentication_mode.has_entries:
        return frozenset()
    groups: dict[str, tuple[str, ...]] = {
        **dict.fromkeys(cluster.administrators, ()),
        **groups_by_role(namespaces_of(environments), own.plan.arn),
    }
    adopted: set[str] = set()
    others: list[str] = []
    for role, said in groups.items():
        held = standing_entry(cluster.name, role, provider)
        if held is None or held.stack == settings.stack.value:
            continue
        if (held.kind, held.user, held.groups) == ("STANDARD", role, frozenset(said)):
            adopted.add(role)
        else:
            others.append(_differing(role, held, said))
    _refuse_others(cluster.name, others)
    return frozenset(adopted)


def _differing(role: str, held: StandingEntry, said: Sequence[str]) -> str:
    has, wanted = (", ".join(sorted(names)) or "no group" for names in (held.groups, said))
    return f"{role} as {held.user}, {held.kind}, with {has}; here STANDARD with {wanted}"


def _refuse_others(cluster: str, others: Sequence[str]) -> None:
    if others:
        raise SlipwayError(
            f"{len(others)} access entries are there already and are not this stack's:\n  "
            + "\n  ".join(sorted(others)),
            where=f"cluster {cluster}",
            fix="find out who made them and why, then: aws eks delete-access-entry "
            f"--cluster-name {cluster} --principal-arn ROLE",
        )


def mappings(
    settings: Settings, cluster: ClusterSettings, environments: Sequence[Environment], own: PlatformRoles
) -> tuple[RoleMapping, ...]:
    """Lines of aws-auth, in modes that have it."""
    return role_mappings(
        cluster.authentication_mode,
        node_roles=(naming.node_role_arn(settings.account, cluster.name, naming.CI_PATH),),
        jobs=groups_by_role(namespaces_of(environments), own.plan.arn),
        administrators=cluster.administrators,
    )
