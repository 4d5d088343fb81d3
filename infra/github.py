"""GitHub's side of a stack besides its services' environments: the organisation, the platform's repository,
and what a stack that builds says of a service's."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_github as github

from components.github.environment import ServiceEnvironmentArgs
from components.github.labels import delivery_labels
from components.github.organization_settings import OrganizationSettings, OrganizationSettingsArgs
from components.github.service_repository import (
    RepositorySettings,
    ServiceRepository,
    ServiceRepositoryArgs,
)
from components.github.variables import (
    environment_variables,
    repository_variables,
    role_secrets,
    runs_on_variables,
)
from infra.building import Building
from infra.foundation import Foundation
from infra.in_force import standing_labels
from slipway.platform import naming
from slipway.platform.environments import Environment
from slipway.platform.platform_roles import MAIN, PlatformRoles
from slipway.platform.protection import Enforcement, EnvironmentRules
from slipway.platform.services import JobKind
from slipway.platform.settings import Settings


def repository_settings(
    settings: Settings, name: str, environments: Sequence[Environment], provider: github.Provider
) -> RepositorySettings:
    """What holds for a service's repository whole, whatever the environment of a job."""
    service = settings.services[name]
    packages = service.packages_of(name)
    builds = (environment.role.arn for environment in environments if JobKind.BUILD in environment.jobs)
    role_arn = next(builds, None)
    runs_on = settings.organization.runs_on
    return RepositorySettings(
        variables=repository_variables(
            region=settings.platform.region,
            images={
                image: naming.image_repository(package, image)
                for package, block in packages.items()
                for image in block.images
            },
            release_name=next(iter(packages)) if len(packages) == 1 else None,
            role_arn=role_arn,
            runs_on={"deploy": runs_on.deploy, "migrate": runs_on.migrate},
        ),
        secrets=role_secrets(service, role_arn),
        labels=delivery_labels(service.qa_environments),
        standing_labels=standing_labels(settings.repository_of(name).name, provider),
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
    if settings.stack.builds:
        environments.append(_gate_environment(settings, own))
    if builds and settings.platform.runners:
        environments.append(_image_environment(settings, own, base, builds))
    return ServiceRepository(
        "platform",
        ServiceRepositoryArgs(
            repository=settings.organization.github.platform_repository,
            plan=settings.organization.github.plan,
            environments=tuple(environments),
            settings=_platform_settings(settings) if settings.stack.builds else None,
        ),
        opts=opts,
    )


def _platform_settings(settings: Settings) -> RepositorySettings:
    runs_on = settings.organization.runs_on
    organization = settings.organization.github
    return RepositorySettings(
        variables=runs_on_variables({"infra": runs_on.infra, "runner_image": runs_on.image}),
        labels=(),
        enforcement=Enforcement.ACTIVE if organization.enforce else Enforcement.OFF,
        required_checks=naming.CHECKS,
        app_checks=(naming.GATE_STATUS,),
        required_approvals=organization.required_approvals,
        app_id=organization.app_id,
    )


def _plan_environment(settings: Settings, own: PlatformRoles) -> ServiceEnvironmentArgs:
    protected = own.plan_protection.protectable
    variables = environment_variables(
        region=settings.platform.region, role_arn=own.plan.arn if protected else None
    )
    bucket = naming.state_bucket(settings.account, settings.platform.region)
    variables["PULUMI_BACKEND_URL"] = f"s3://{bucket}?region={settings.platform.region}"
    rules = EnvironmentRules(name=own.plan.jobs[0].environment, branches=MAIN)
    return _environment(settings, rules, variables)


def _gate_environment(settings: Settings, own: PlatformRoles) -> ServiceEnvironmentArgs:
    variables = environment_variables(
        region=settings.platform.region, role_arn=own.gate.arn if own.gate else None
    )
    return _environment(settings, EnvironmentRules(name=naming.GATE, branches=MAIN), variables)


def _image_environment(
    settings: Settings, own: PlatformRoles, base: Foundation, builds: Building
) -> ServiceEnvironmentArgs:
    variables = environment_variables(
        region=settings.platform.region, role_arn=own.image.arn if own.image else None
    )
    variables["RUNNER_IMAGE_SECURITY_GROUP_ID"] = builds.runner_groups.image_build_id
    # Reached by Session Manager, the machine needs no address of its own; by SSH from outside, it does.
    by_ssh = settings.platform.network.image_build_ssh_cidr is not None
    subnets = base.network.public_subnet_ids if by_ssh else base.network.private_subnet_ids
    variables["RUNNER_IMAGE_SUBNET_ID"] = subnets[0]
    variables["RUNNER_IMAGE_INTERFACE"] = "public_ip" if by_ssh else "session_manager"
    rules = EnvironmentRules(name=naming.IMAGE_ENVIRONMENT, branches=MAIN)
    return _environment(settings, rules, variables)


def _environment(
    settings: Settings, rules: EnvironmentRules, variables: Mapping[str, pulumi.Input[str]]
) -> ServiceEnvironmentArgs:
    """An environment of the platform's own repository."""
    organization = settings.organization.github
    return ServiceEnvironmentArgs(
        repository=organization.platform_repository,
        plan=organization.plan,
        rules=rules,
        variables=variables,
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
