"""What a workload account holds besides its foundation: the cluster, and what releases need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.cluster.access import ClusterAccess
from components.cluster.cluster import Cluster, ClusterArgs
from components.cluster.ground import ClusterGround
from components.cluster.lockout import AccessDeclaration
from components.release.app_release import AppRelease, AppReleaseArgs
from components.release.values import ImageReference
from components.state.database_secret import DatabaseSecret, DatabaseSecretArgs
from components.state.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.state.parameters import HelmValuesParameter, HelmValuesParameterArgs
from infra.cluster_access import mappings
from infra.cluster_zones import zones_of
from infra.foundation import Foundation
from infra.in_force import unknown
from infra.providers import standing_kubeconfig
from slipway.platform import naming
from slipway.platform.cluster import ClusterSettings, ExistingCluster, NodeCount
from slipway.platform.environments import Environment, Placement
from slipway.platform.files import helm_values
from slipway.platform.platform_roles import PlatformRoles
from slipway.platform.settings import Settings
from slipway.platform.standing_cluster import FoundCluster


@dataclass(frozen=True, kw_only=True)
class Running:
    """The cluster, for the stack's outputs."""

    cluster: ClusterGround
    access: ClusterAccess
    declaration: AccessDeclaration
    """Who gets in, for whoever proves the next change of it."""


def cluster(
    settings: Settings,
    declared: ClusterSettings,
    *,
    own: PlatformRoles,
    base: Foundation,
    standing_groups: Mapping[str, NodeCount],
    remade_logs: bool,
    environments: Sequence[Environment],
    public_blocks: pulumi.Input[Sequence[str]] | None,
    opts: pulumi.ResourceOptions,
) -> ClusterGround:
    """Declare the cluster itself.

    Args:
        standing_groups: its node groups that there are already.
        remade_logs: whether EKS has made the log group of a former cluster again.
        environments: those whose jobs work on it.
        public_blocks: those that its public endpoint answers to, if it has one.
    """
    made = Cluster(
        "cluster",
        ClusterArgs(
            settings=declared,
            account=settings.account,
            region=settings.platform.region,
            vpc_id=base.network.vpc_id,
            private_subnet_ids=base.network.private_subnets_in(zones_of(settings, declared)),
            boundary_arn=naming.boundary_arn(settings.account),
            role_mappings=mappings(settings, declared, environments, own),
            protect=settings.platform.protect,
            standing_groups=standing_groups,
            remade_logs=remade_logs,
            public_blocks=public_blocks,
        ),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[base.boundary])),
    )
    return ClusterGround(
        name=made.name,
        kubeconfig=made.kubeconfig,
        security_group_id=made.cluster_security_group_id,
        node_role_arn=made.node_role_arn,
        made=(made,),
    )


def existing_cluster(
    settings: Settings, declared: ExistingCluster, found: FoundCluster | None
) -> ClusterGround:
    """A cluster that somebody else made, of which nothing is declared; offline, most of it is unknown."""
    return ClusterGround(
        name=declared.name,
        kubeconfig=pulumi.Output.secret(standing_kubeconfig(settings, found)) if found else unknown(),
        security_group_id=found.security_group if found else unknown(),
        node_role_arn=None,
    )


def releases(
    settings: Settings,
    environments: Sequence[Environment],
    database_urls: Mapping[tuple[str, str], pulumi.Output[str]],
    opts: pulumi.ResourceOptions,
    inside: pulumi.ResourceOptions,
) -> None:
    """Declare what each package's release finds, in AWS and inside the cluster."""
    for environment in environments:
        for placement in environment.placements if environment.deploys else ():
            _release_ground(
                settings,
                environment,
                placement,
                database_url=database_urls.get((placement.package, environment.name)),
                opts=opts,
                inside=inside,
            )
    for name, service in settings.services.items():
        for package, block in service.packages_of(name).items():
            HelmValuesParameter(
                f"{package}-helm-values",
                HelmValuesParameterArgs(
                    package=package,
                    parameter=settings.helm_values_parameter(package),
                    values_yaml=helm_values(block.values),
                ),
                opts=opts,
            )


def _release_ground(
    settings: Settings,
    environment: Environment,
    placement: Placement,
    *,
    database_url: pulumi.Output[str] | None,
    opts: pulumi.ResourceOptions,
    inside: pulumi.ResourceOptions,
) -> None:
    """What a package's release finds in one environment, and on `local` the release itself."""
    EncryptionKey(
        f"{placement.key}-state-key",
        EncryptionKeyArgs(
            alias=naming.release_key_alias(placement.package, environment.name),
            description=f"Release state of {placement.package} in {environment.name}",
            account=settings.account,
            users=(environment.role.arn,),
        ),
        opts=opts,
    )
    database = placement.settings.database
    if database and database_url is not None:
        secret = DatabaseSecret(
            f"{placement.key}-database",
            DatabaseSecretArgs(
                namespace=placement.namespace, name=database.secret, key=database.key, value=database_url
            ),
            opts=inside,
        )
        inside = pulumi.ResourceOptions.merge(inside, pulumi.ResourceOptions(depends_on=[secret]))
    digests = settings.local.releases.get(placement.package, {}).get(environment.name)
    if digests and placement.settings.chart:
        registry = naming.registry(settings.organization.accounts.automation, settings.platform.region)
        AppRelease(
            placement.key,
            AppReleaseArgs(
                release_name=placement.package,
                namespace=placement.namespace,
                chart=placement.settings.chart,
                images={
                    image: ImageReference(
                        repository=f"{registry}/{naming.image_repository(placement.package, image)}",
                        digest=digest,
                    )
                    for image, digest in digests.items()
                },
                values={"ingress": {"host": placement.hostname}},
            ),
            opts=inside,
        )
