"""What a workload account holds besides its foundation: the cluster, who may enter it, what releases need."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.cluster.access import ClusterAccess, ClusterAccessArgs
from components.cluster.cluster import Cluster, ClusterArgs
from components.identity.ci_role import CiRole
from components.release.app_release import AppRelease, AppReleaseArgs
from components.release.values import ImageReference
from components.state.database_secret import DatabaseSecret, DatabaseSecretArgs
from components.state.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.state.parameters import HelmValuesParameter, HelmValuesParameterArgs
from infra.access import Environment, platform_roles
from infra.cluster_access import mappings, namespaces
from infra.files import helm_values
from infra.foundation import Foundation
from infra.providers import kubernetes_provider
from infra.settings import ClusterSettings, Settings
from slipway.platform import naming
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.node_groups import NodeGroupSpec

Roles = Mapping[tuple[str, str], CiRole]


@dataclass(frozen=True, kw_only=True)
class Running:
    """The cluster, for the stack's outputs."""

    cluster: Cluster
    access: ClusterAccess


def running(
    settings: Settings,
    declared: ClusterSettings,
    *,
    base: Foundation,
    environments: tuple[Environment, ...],
    roles: Roles,
    database_urls: Mapping[tuple[str, str], pulumi.Output[str]],
    opts: pulumi.ResourceOptions,
) -> Running:
    """Declare the cluster, its access, and what each environment's release finds there."""
    in_cluster = tuple(environment for environment in environments if environment.runs_in_cluster)
    cluster = _cluster(settings, declared, base, in_cluster, opts)
    inside = pulumi.ResourceOptions.merge(
        opts, pulumi.ResourceOptions(providers=[kubernetes_provider(cluster.kubeconfig)])
    )
    access = ClusterAccess(
        "cluster-access",
        ClusterAccessArgs(
            cluster_name=declared.name,
            authentication_mode=AuthenticationMode(declared.authentication_mode),
            administrators=declared.administrators,
            apply_principal=platform_roles(settings)[1].arn,
            reader=platform_roles(settings)[0].arn,
            node_role_arn=cluster.node_role_arn,
            namespaces=namespaces(settings, in_cluster),
            unique_ids={
                platform_roles(settings)[0].arn: base.plan.unique_id,
                **{
                    environment.role.arn: roles[environment.service, environment.name].unique_id
                    for environment in in_cluster
                    if environment.holds_role
                },
            },
            after=(cluster, base.plan, *roles.values()),
        ),
        opts=inside,
    )
    ready = pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=[access]))
    for environment in in_cluster:
        if environment.deploys:
            _release_ground(settings, environment, database_urls, opts, ready)
    for name, service in settings.services.items():
        HelmValuesParameter(
            f"{name}-helm-values",
            HelmValuesParameterArgs(package=name, values_yaml=helm_values(service.values)),
            opts=opts,
        )
    return Running(cluster=cluster, access=access)


def _cluster(
    settings: Settings,
    declared: ClusterSettings,
    base: Foundation,
    environments: tuple[Environment, ...],
    opts: pulumi.ResourceOptions,
) -> Cluster:
    return Cluster(
        "cluster",
        ClusterArgs(
            name=declared.name,
            account=settings.account,
            region=settings.platform.region,
            version=declared.version,
            authentication_mode=AuthenticationMode(declared.authentication_mode),
            vpc_id=base.network.vpc_id,
            private_subnet_ids=base.network.private_subnet_ids,
            boundary_arn=naming.boundary_arn(settings.account),
            public_access_cidrs=declared.public_access_cidrs,
            reachable_from=declared.reachable_from,
            node_groups={
                name: NodeGroupSpec(
                    instance_types=group.instance_types,
                    minimum=group.minimum,
                    maximum=group.maximum,
                    capacity=group.capacity,
                    disk_gib=group.disk_gib,
                )
                for name, group in declared.node_groups.items()
            },
            role_mappings=mappings(settings, declared, environments),
            deletion_protection=declared.deletion_protection,
            role_path=naming.CI_PATH,
        ),
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(protect=settings.platform.protect, depends_on=[base.boundary])
        ),
    )


def _release_ground(
    settings: Settings,
    environment: Environment,
    database_urls: Mapping[tuple[str, str], pulumi.Output[str]],
    opts: pulumi.ResourceOptions,
    inside: pulumi.ResourceOptions,
) -> None:
    service = settings.services[environment.service]
    name = f"{environment.service}-{environment.name}"
    EncryptionKey(
        f"{name}-state-key",
        EncryptionKeyArgs(
            alias=naming.release_key_alias(environment.service, environment.name),
            description=f"Release state of {environment.service} in {environment.name}",
            account=settings.account,
            users=(environment.role.arn,),
        ),
        opts=opts,
    )
    database_url = database_urls.get((environment.service, environment.name))
    if service.database and database_url is not None:
        secret = DatabaseSecret(
            f"{name}-database",
            DatabaseSecretArgs(
                namespace=environment.namespace,
                name=service.database.secret,
                key=service.database.key,
                value=database_url,
            ),
            opts=inside,
        )
        inside = pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=[secret]))
    release = service.environments[environment.name].release
    if release:
        registry = naming.registry(settings.account_of("automation"), settings.platform.region)
        AppRelease(
            name,
            AppReleaseArgs(
                release_name=environment.service,
                namespace=environment.namespace,
                chart=service.chart,
                images={
                    image: ImageReference(
                        repository=f"{registry}/{naming.image_repository(environment.service, image)}",
                        digest=digest,
                    )
                    for image, digest in release.images.items()
                },
                values={"ingress": {"host": environment.hostname}},
            ),
            opts=inside,
        )
