"""GitHub's side of a stack: its services' environments and, where it builds, their repositories."""

from collections.abc import Sequence

import pulumi
import pulumi_github as github

from components.github.labels import delivery_labels
from components.github.organization_settings import OrganizationSettings, OrganizationSettingsArgs
from components.github.service_repository import (
    EnvironmentSettings,
    RepositorySettings,
    ServiceRepository,
    ServiceRepositoryArgs,
)
from components.github.variables import environment_variables, package_variables, repository_variables
from infra.building import Building
from infra.foundation import Foundation
from infra.in_force import standing_labels
from slipway.platform import naming
from slipway.platform.environments import Environment
from slipway.platform.job_kinds import JobKind
from slipway.platform.platform_roles import MAIN, PlatformRoles
from slipway.platform.protection import Enforcement, EnvironmentRules
from slipway.platform.services import ServiceSettings
from slipway.platform.settings import Settings


def service_repository(
    settings: Settings,
    name: str,
    environments: Sequence[Environment],
    provider: github.Provider,
    opts: pulumi.ResourceOptions,
) -> ServiceRepository:
    """One service's repository as this stack declares it; a workload stack makes environments only."""
    service, repository = settings.services[name], settings.repository_of(name)
    declared: RepositorySettings | None = None
    if settings.stack.builds:
        standing = standing_labels(repository.name, provider)
        declared = _repository(settings, name, service, environments, standing)
    return ServiceRepository(
        name,
        ServiceRepositoryArgs(
            repository=repository,
            plan=settings.organization.github.plan,
            environments=tuple(_environment(settings, environment) for environment in environments),
            settings=declared,
            role_arn_as_secret=service.role_arn_as_secret,
        ),
        opts=opts,
    )


def _environment(settings: Settings, environment: Environment) -> EnvironmentSettings:
    cluster = settings.platform.cluster if environment.runs_in_cluster else None
    # Where a repository has several packages, each job says which one it is about.
    only = environment.placements[0] if cluster and len(environment.placements) == 1 else None
    variables = environment_variables(
        region=settings.platform.region,
        cluster_name=cluster.name if cluster else None,
        namespace=only.namespace if only else None,
        hostname=only.hostname if only else None,
        role_arn=environment.role.arn if environment.holds_role else None,
    )
    if cluster and only is None:
        for placement in environment.placements:
            variables |= package_variables(placement.package, placement.namespace, placement.hostname)
    return EnvironmentSettings(rules=environment.rules, variables=variables)


def _repository(
    settings: Settings,
    name: str,
    service: ServiceSettings,
    environments: Sequence[Environment],
    standing: frozenset[str],
) -> RepositorySettings:
    packages = service.packages_of(name)
    builds = [environment.role.arn for environment in environments if JobKind.BUILD in environment.jobs]
    return RepositorySettings(
        variables=repository_variables(
            region=settings.platform.region,
            images={
                image: naming.image_repository(package, image)
                for package, block in packages.items()
                for image in block.images
            },
            release_name=next(iter(packages)) if len(packages) == 1 else None,
            role_arn=builds[0] if builds else None,
        ),
        labels=delivery_labels(service.qa_environments),
        standing_labels=standing,
        enforcement=Enforcement.ACTIVE if service.enforce else Enforcement.OFF,
        required_checks=service.status_checks,
        required_approvals=settings.organization.github.required_approvals,
        app_id=settings.organization.github.app_id,
        release_teams=tuple(
            reviewer.split(":", 1)[1]
            for reviewer in settings.organization.github.reviewers
            if reviewer.startswith("team:")
        ),
    )


def platform_repository(
    settings: Settings,
    own: PlatformRoles,
    base: Foundation,
    builds: Building | None,
    opts: pulumi.ResourceOptions,
) -> ServiceRepository:
    """The platform's own repository: where this stack is planned and runner images are built, from main only.

    The environment in which it is applied is made by hand before the first apply, like the apply role itself:
    the reasons are in docs/decisions/0006-apply-environments-are-made-by-hand.md.
    """
    environments = [_plan_environment(settings, own)]
    if builds and settings.platform.runners:
        environments.append(_image_environment(settings, own, base, builds))
    return ServiceRepository(
        "platform",
        ServiceRepositoryArgs(
            repository=settings.organization.github.platform_repository,
            plan=settings.organization.github.plan,
            environments=tuple(environments),
        ),
        opts=opts,
    )


def _plan_environment(settings: Settings, own: PlatformRoles) -> EnvironmentSettings:
    protected = own.plan_protection.protectable
    variables = environment_variables(
        region=settings.platform.region, role_arn=own.plan.arn if protected else None
    )
    bucket = naming.state_bucket(settings.account, settings.platform.region)
    variables["PULUMI_BACKEND_URL"] = f"s3://{bucket}?region={settings.platform.region}"
    rules = EnvironmentRules(name=own.plan.jobs[0].environment, branches=MAIN)
    return EnvironmentSettings(rules=rules, variables=variables)


def _image_environment(
    settings: Settings, own: PlatformRoles, base: Foundation, builds: Building
) -> EnvironmentSettings:
    variables = environment_variables(
        region=settings.platform.region, role_arn=own.image.arn if own.image else None
    )
    variables["RUNNER_IMAGE_SECURITY_GROUP_ID"] = builds.runner_groups.image_build_id
    variables["RUNNER_IMAGE_SUBNET_ID"] = base.network.public_subnet_ids[0]
    return EnvironmentSettings(
        rules=EnvironmentRules(name=naming.IMAGE_ENVIRONMENT, branches=MAIN), variables=variables
    )


def organization(
    settings: Settings, private_actions_token: pulumi.Output[str] | None, opts: pulumi.ResourceOptions
) -> OrganizationSettings:
    """What holds for the whole organisation; only the stack that builds declares it."""
    organization = settings.organization.github
    return OrganizationSettings(
        "organization",
        OrganizationSettingsArgs(
            organization=organization.organization,
            plan=organization.plan,
            repositories=tuple(
                settings.repository_of(name)
                for name, service in settings.services.items()
                if service.visibility != "public"
            ),
            private_actions_token=private_actions_token,
            # A fleet has a runner group for each of its classes.
            runner_group=None if settings.platform.runners else "slipway",
        ),
        opts=opts,
    )
