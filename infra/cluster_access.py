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
from infra.access import Environment, platform_roles
from infra.in_force import has_entry, published, standing_clusters
from infra.settings import ClusterSettings, Settings
from slipway.platform import naming
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.aws_auth import RoleMapping, role_mappings
from slipway.platform.namespaces import NamespaceAccess, groups_by_role

PARAMETER_KEY = "cluster-access"


def access_declaration(
    settings: Settings, cluster: ClusterSettings, environments: Sequence[Environment]
) -> AccessDeclaration:
    """What the cluster's access will be once this program has run."""
    return declare(
        cluster=cluster.name,
        region=settings.platform.region,
        mode=AuthenticationMode(cluster.authentication_mode),
        administrators=cluster.administrators,
        apply_principal=platform_roles(settings)[1].arn,
        node_role_arn=naming.node_role_arn(settings.account, cluster.name, naming.CI_PATH),
        namespaces=namespaces(settings, environments),
        reader=platform_roles(settings)[0].arn,
        public_access_cidrs=cluster.public_access_cidrs,
        reachable_from=cluster.reachable_from,
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


def mappings(
    settings: Settings, cluster: ClusterSettings, environments: Sequence[Environment]
) -> tuple[RoleMapping, ...]:
    """Lines of aws-auth, in modes that have it."""
    return role_mappings(
        AuthenticationMode(cluster.authentication_mode),
        node_roles=(naming.node_role_arn(settings.account, cluster.name, naming.CI_PATH),),
        jobs=groups_by_role(namespaces(settings, environments), platform_roles(settings)[0].arn),
        administrators=cluster.administrators,
    )


def namespaces(settings: Settings, environments: Sequence[Environment]) -> tuple[NamespaceAccess, ...]:
    """Which jobs work in which namespace."""
    return tuple(
        _namespace(settings, environment) for environment in environments if environment.runs_in_cluster
    )


def _namespace(settings: Settings, environment: Environment) -> NamespaceAccess:
    database = settings.services[environment.service].database
    role = environment.role.arn if environment.holds_role else None
    return NamespaceAccess(
        namespace=environment.namespace,
        service=environment.service,
        environment=environment.name,
        deploy_role_arn=role if environment.deploys else None,
        migrate_role_arn=role if environment.migrates and database else None,
        database_secret=database.secret if database else None,
        preview=environment.name == "preview",
    )
