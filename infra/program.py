"""The platform program: reads one stack's settings and wires its components, top to bottom.

What a service gets is here: each environment's role, its GitHub environment, and its place in the cluster.
"""

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_github

from components.cluster.access import ClusterAccess, ClusterAccessArgs
from components.github.environment import ServiceEnvironmentArgs
from components.github.service_repository import RepositorySettings, ServiceRepository, ServiceRepositoryArgs
from components.github.variables import environment_variables, package_variables, role_secrets
from components.identity.ci_role import CiRole, CiRoleArgs
from infra import github, outputs, reach, running
from infra.building import Building, building
from infra.foundation import Foundation, foundation
from infra.in_force import remade_logs, repository_name, standing_groups
from infra.providers import aws_provider, github_provider, kubernetes_provider, require_fence
from infra.reviewers import require_reviewers
from infra.runner_images import require_fresh
from infra.running import Running
from infra.settings import Secrets, load, read_secrets
from infra.standing import Standing, standing_of
from slipway.platform.addon_versions import addon_warning
from slipway.platform.cluster import AnyCluster, ClusterSettings, ExistingCluster
from slipway.platform.environments import Environment, environments
from slipway.platform.kubernetes_versions import support_warning
from slipway.platform.namespaces import namespaces_of
from slipway.platform.platform_roles import PlatformRoles, platform_roles
from slipway.platform.reading import stack_file
from slipway.platform.settings import Settings
from slipway.platform.spelling import spelled, written

Roles = Mapping[tuple[str, str], CiRole]
"""By service and environment."""


def main() -> None:
    """Run the program for the stack at hand.

    Raises:
        SettingsError: with every mistake of the stack's files, before anything is registered.
        SlipwayError: `local` on a real cloud, or a real stack on a stand-in.
    """
    config = pulumi.Config()
    settings = load(config, pulumi.get_stack())
    require_fence(settings, Path(pulumi.get_root_directory()))
    build(settings, read_secrets(config, settings))


def build(settings: Settings, secrets: Secrets) -> None:
    """Declare everything that the stack holds."""
    hub = github_provider(settings)
    settings = as_github_spells(settings, hub)
    declared, own = environments(settings), platform_roles(settings)
    require_reviewers(settings, declared, hub)
    cloud = aws_provider(settings)
    require_fresh(settings, cloud)
    warn_of_support(settings)
    reach.warn_of_images(settings)
    fleet = reach.far_provider(settings, cloud)
    standing = standing_of(settings, declared, own, cloud, fleet)
    opts = pulumi.ResourceOptions(providers=[cloud, hub])
    base = foundation(settings, own, opts)
    roles = _roles(declared, base, opts)
    builds: Building | None = None
    if settings.stack.builds:
        builds = building(settings, own, base, opts)
        github.organization(settings, secrets.private_actions_token, opts)
    runs: Running | None = None
    if settings.platform.cluster and standing:
        runs = _cluster(
            settings,
            settings.platform.cluster,
            standing,
            own=own,
            base=base,
            declared=declared,
            roles=roles,
            secrets=secrets,
            provider=cloud,
            fleet=fleet,
            opts=opts,
        )
    github.platform_repository(settings, own, base, builds, opts)
    for name in settings.services:
        _repository(settings, name, [env for env in declared if env.service == name], hub, opts)
    outputs.export(settings, environments=declared, own=own, builds=builds, running=runs, opts=opts)


def as_github_spells(settings: Settings, provider: pulumi_github.Provider) -> Settings:
    """The settings with repositories named as GitHub names them; as the files do, in an offline preview.

    Raises:
        SlipwayError: one was renamed, or belongs to somebody else now.
    """
    names = {item.id: repository_name(item.id, provider) for item in written(settings)}
    found, said = spelled(settings, {id_: name for id_, name in names.items() if name})
    for message in said:
        pulumi.log.warn(message)
    return found


def warn_of_support(settings: Settings) -> None:
    """Say in every preview what becomes of the cluster's version; the embedded one's is only a name."""
    cluster = settings.platform.cluster
    if not isinstance(cluster, ClusterSettings) or settings.on_stand_in:
        return
    today, where = datetime.datetime.now(datetime.UTC).date(), stack_file(settings.stack.value)
    warning = support_warning(cluster.version, today, extended=cluster.upgrade_policy == "EXTENDED")
    if warning:
        pulumi.log.warn(f"{warning} ({where})")
    lagging = addon_warning(cluster.version, cluster.addon_versions, today)
    if lagging:
        pulumi.log.warn(f"{lagging} ({where})")


def _roles(declared: Sequence[Environment], base: Foundation, opts: pulumi.ResourceOptions) -> Roles:
    """One role per environment that may hold one.

    Why another one gets none is said by its `ServiceEnvironment`, which this stack declares too.
    """
    after = pulumi.ResourceOptions.merge(
        opts, pulumi.ResourceOptions(depends_on=[base.oidc_provider, base.boundary])
    )
    return {
        (env.service, env.name): CiRole(env.role.name, CiRoleArgs(declaration=env.role), opts=after)
        for env in declared
        if env.holds_role
    }


def _repository(
    settings: Settings,
    name: str,
    declared: Sequence[Environment],
    provider: pulumi_github.Provider,
    opts: pulumi.ResourceOptions,
) -> None:
    """One service's repository as this stack declares it; a workload stack makes environments only."""
    whole: RepositorySettings | None = None
    if settings.stack.builds:
        whole = github.repository_settings(settings, name, declared, provider)
    ServiceRepository(
        name,
        ServiceRepositoryArgs(
            repository=settings.repository_of(name),
            plan=settings.organization.github.plan,
            environments=tuple(_environment(settings, environment) for environment in declared),
            settings=whole,
        ),
        opts=opts,
    )


def _environment(settings: Settings, environment: Environment) -> ServiceEnvironmentArgs:
    cluster = settings.platform.cluster if environment.runs_in_cluster else None
    # Where a repository has several packages, each job says which one it is about.
    only = environment.placements[0] if cluster and len(environment.placements) == 1 else None
    role_arn = environment.role.arn if environment.holds_role else None
    variables = environment_variables(
        region=settings.platform.region,
        cluster_name=cluster.name if cluster else None,
        namespace=only.namespace if only else None,
        hostname=only.hostname if only else None,
        values_parameter=settings.helm_values_parameter(only.package)
        if only and environment.deploys
        else None,
        role_arn=role_arn,
    )
    if cluster and only is None:
        for placement in environment.placements:
            variables |= package_variables(
                placement.package,
                placement.namespace,
                placement.hostname,
                settings.helm_values_parameter(placement.package) if environment.deploys else None,
            )
    return ServiceEnvironmentArgs(
        repository=settings.repository_of(environment.service),
        plan=settings.organization.github.plan,
        rules=environment.rules,
        variables=variables,
        secrets=role_secrets(settings.services[environment.service], role_arn),
    )


def _cluster(
    settings: Settings,
    cluster: AnyCluster,
    standing: Standing,
    *,
    own: PlatformRoles,
    base: Foundation,
    declared: Sequence[Environment],
    roles: Roles,
    secrets: Secrets,
    provider: aws.Provider,
    fleet: aws.Provider | None,
    opts: pulumi.ResourceOptions,
) -> Running:
    """The cluster, who gets into it, and what each environment's release finds there."""
    inside = [environment for environment in declared if environment.runs_in_cluster]
    if isinstance(cluster, ExistingCluster):
        ground = running.existing_cluster(settings, cluster, standing.cluster)
    else:
        ground = running.cluster(
            settings,
            cluster,
            own=own,
            base=base,
            standing_groups=standing_groups(cluster.name, provider),
            remade_logs=remade_logs(settings.stack.value, cluster.name, provider),
            environments=inside,
            public_blocks=reach.public_blocks(settings, cluster, base.network, fleet),
            opts=opts,
        )
    way_in = reach.way_in(settings, ground, base.network, fleet, opts)
    opts_inside = pulumi.ResourceOptions.merge(
        opts, pulumi.ResourceOptions(providers=[kubernetes_provider(ground.kubeconfig)])
    )
    access = ClusterAccess(
        "cluster-access",
        ClusterAccessArgs(
            cluster_name=cluster.name,
            authentication_mode=standing.access.mode,
            administrators=cluster.administrators,
            apply_principal=own.apply.arn,
            reader=own.plan.arn,
            node_role_arn=ground.node_role_arn,
            namespaces=namespaces_of(inside),
            adopted=standing.adopted,
            used=standing.used,
            unique_ids={
                own.plan.arn: base.plan.unique_id,
                **{env.role.arn: roles[env.service, env.name].unique_id for env in inside if env.holds_role},
            },
            after=(*ground.made, base.plan, *way_in, *base.transit, *roles.values()),
        ),
        opts=opts_inside,
    )
    ready = pulumi.ResourceOptions.merge(opts_inside, pulumi.ResourceOptions(depends_on=[access]))
    running.releases(settings, inside, secrets.database_urls, opts, ready)
    return Running(cluster=ground, access=access, declaration=standing.access)
