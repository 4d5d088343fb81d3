"""GitHub's side of a stack: its services' environments and, where it builds, their repositories."""

from collections.abc import Sequence

import pulumi

from components.github.labels import delivery_labels
from components.github.organization_settings import OrganizationSettings, OrganizationSettingsArgs
from components.github.service_repository import (
    EnvironmentSettings,
    RepositorySettings,
    ServiceRepository,
    ServiceRepositoryArgs,
)
from components.github.variables import environment_variables, repository_variables
from infra.access import Environment, image_role, platform_repository_of, platform_roles, repository_of
from infra.building import Building
from infra.foundation import Foundation
from infra.settings import ServiceSettings, Settings
from slipway.platform import naming
from slipway.platform.job_kinds import JobKind
from slipway.platform.protection import Enforcement, EnvironmentRules, GithubPlan, plan_protection


def service_repository(
    settings: Settings, name: str, environments: Sequence[Environment], opts: pulumi.ResourceOptions
) -> ServiceRepository:
    """One service's repository as this stack declares it; a workload stack makes environments only."""
    service = settings.services[name]
    return ServiceRepository(
        name,
        ServiceRepositoryArgs(
            repository=repository_of(service),
            plan=GithubPlan(settings.platform.github.plan),
            environments=tuple(_environment(settings, environment) for environment in environments),
            settings=_repository(settings, name, service, environments) if settings.stack.builds else None,
        ),
        opts=opts,
    )


def _environment(settings: Settings, environment: Environment) -> EnvironmentSettings:
    cluster = settings.platform.cluster
    in_cluster = environment.runs_in_cluster and cluster is not None
    return EnvironmentSettings(
        rules=environment.rules,
        variables=environment_variables(
            region=settings.platform.region,
            cluster_name=cluster.name if in_cluster and cluster else None,
            namespace=environment.namespace if in_cluster else None,
            hostname=environment.hostname if in_cluster else None,
            role_arn=environment.role.arn if environment.holds_role else None,
        ),
    )


def _repository(
    settings: Settings, name: str, service: ServiceSettings, environments: Sequence[Environment]
) -> RepositorySettings:
    builds = [environment.role.arn for environment in environments if JobKind.BUILD in environment.jobs]
    return RepositorySettings(
        variables=repository_variables(
            region=settings.platform.region,
            images={image: naming.image_repository(name, image) for image in service.images},
            release_name=name,
            role_arn=builds[0] if builds else None,
        ),
        labels=delivery_labels(service.qa_environments),
        enforcement=Enforcement.ACTIVE if service.enforce else Enforcement.OFF,
        required_checks=service.status_checks,
        app_id=settings.platform.github.app_id,
        release_teams=tuple(
            reviewer.split(":", 1)[1]
            for reviewer in settings.platform.github.reviewers
            if reviewer.startswith("team:")
        ),
    )


def platform_repository(
    settings: Settings, base: Foundation, builds: Building | None, opts: pulumi.ResourceOptions
) -> ServiceRepository:
    """The platform's own repository: where this stack is planned and runner images are built, from main only.

    The environment in which it is applied is made by hand before the first apply, like the apply role itself:
    the reasons are in docs/decisions/0006-apply-environments-are-made-by-hand.md.
    """
    environments = [_plan_environment(settings)]
    if builds and settings.platform.runners:
        environments.append(_image_environment(settings, base, builds))
    return ServiceRepository(
        "platform",
        ServiceRepositoryArgs(
            repository=platform_repository_of(settings),
            plan=GithubPlan(settings.platform.github.plan),
            environments=tuple(environments),
        ),
        opts=opts,
    )


def _plan_environment(settings: Settings) -> EnvironmentSettings:
    github = settings.platform.github
    plan, _ = platform_roles(settings)
    rules = EnvironmentRules(name=plan.jobs[0].environment, branches=("main",))
    protected = plan_protection(rules, GithubPlan(github.plan), github.visibility).protectable
    variables = environment_variables(
        region=settings.platform.region, role_arn=plan.arn if protected else None
    )
    bucket = naming.state_bucket(settings.account, settings.platform.region)
    variables["PULUMI_BACKEND_URL"] = f"s3://{bucket}?region={settings.platform.region}"
    return EnvironmentSettings(rules=rules, variables=variables)


def _image_environment(settings: Settings, base: Foundation, builds: Building) -> EnvironmentSettings:
    role = image_role(settings)
    variables = environment_variables(region=settings.platform.region, role_arn=role.arn if role else None)
    variables["RUNNER_IMAGE_SECURITY_GROUP_ID"] = builds.runner_groups.image_build_id
    variables["RUNNER_IMAGE_SUBNET_ID"] = base.network.public_subnet_ids[0]
    return EnvironmentSettings(
        rules=EnvironmentRules(name=naming.IMAGE_ENVIRONMENT, branches=("main",)), variables=variables
    )


def organization(
    settings: Settings, private_actions_token: pulumi.Output[str] | None, opts: pulumi.ResourceOptions
) -> OrganizationSettings:
    """What holds for the whole organisation; only the stack that builds declares it."""
    github = settings.platform.github
    return OrganizationSettings(
        "organization",
        OrganizationSettingsArgs(
            organization=github.organization,
            plan=GithubPlan(github.plan),
            repositories=tuple(
                repository_of(service)
                for service in settings.services.values()
                if service.visibility != "public"
            ),
            private_actions_token=private_actions_token,
            # A fleet has a runner group for each of its classes.
            runner_group=None if settings.platform.runners else "slipway",
        ),
        opts=opts,
    )
