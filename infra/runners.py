"""The runner fleet of the Automation account, and the chain that opted-in classes lead into."""

from pathlib import Path
from typing import Final

import pulumi

from components.identity.runner_chain import CicdRole, CicdRoleArgs
from components.network.runner_security import RunnerSecurityGroups
from components.runners.args import CodeArgs, RunnerFleetArgs
from components.runners.image_role import ImageRole, ImageRoleArgs
from components.runners.runner_fleet import RunnerFleet
from infra.foundation import Foundation
from infra.runner_images import MINIMUM_RUNNER_VERSION
from runners.boot.user_data import user_data
from slipway.platform import naming
from slipway.platform.naming import GITHUB_API
from slipway.platform.platform_roles import PlatformRoles, fleet_names
from slipway.platform.runner_chain import service_of_class
from slipway.platform.settings import Settings
from slipway.private_folder import private_folder

BUILD: Final = "build"
"""Where the functions' zip files are written, in the private folder of the project that programs run in."""


def runner_fleet(
    settings: Settings,
    own: PlatformRoles,
    base: Foundation,
    groups: RunnerSecurityGroups,
    opts: pulumi.ResourceOptions,
) -> RunnerFleet | None:
    """Declare the fleet, and the CICD roles that its opted-in classes may assume."""
    runners = settings.platform.runners
    if runners is None:
        return None
    # By class: what its jobs may become.
    cicd = {
        name: own.cicd[service].arn
        for name in runners.classes
        if (service := service_of_class(settings, name)) in own.cicd
    }
    fleet = RunnerFleet(
        "fleet",
        RunnerFleetArgs(
            fleet=settings.stack.value,
            account=settings.account,
            region=settings.platform.region,
            organization=settings.organization.github.organization,
            runners=runners,
            repository_ids=_repository_ids(settings),
            cicd_role_arns=cicd,
            boundary_arn=naming.boundary_arn(settings.account),
            subnet_ids=base.network.private_subnet_ids,
            security_group_id=groups.run_id,
            image_build_security_group_id=groups.image_build_id,
            code=CodeArgs(root=Path(), build=private_folder(Path()) / BUILD),
            user_data=lambda name, endpoint: user_data(
                fleet=settings.stack.value,
                class_name=name,
                region=settings.platform.region,
                claim_url=f"{endpoint}/claim",
                finish_url=f"{endpoint}/finish",
                cicd_role=cicd.get(name),
            ),
            minimum_runner_version=MINIMUM_RUNNER_VERSION,
            protect_table=settings.platform.protect,
            github_api_url=settings.endpoints.github if settings.endpoints else GITHUB_API,
            function_endpoint=settings.endpoints.aws if settings.endpoints else None,
        ),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[base.boundary])),
    )
    for service, declaration in own.cicd.items():
        # IAM refuses a trust policy that names a role which does not exist yet.
        trusted = [fleet.instance_roles[name] for name, arn in cicd.items() if arn == declaration.arn]
        CicdRole(
            naming.cicd_role(service),
            CicdRoleArgs(declaration=declaration),
            opts=pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(depends_on=[base.boundary, *trusted])
            ),
        )
    return fleet


def image_builder(
    settings: Settings, own: PlatformRoles, base: Foundation, opts: pulumi.ResourceOptions
) -> ImageRole | None:
    """Declare the role of the job that builds runner images, where there is one."""
    declaration = own.image
    if declaration is None:
        return None
    return ImageRole(
        "runner-image",
        ImageRoleArgs(names=fleet_names(settings), declaration=declaration),
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[base.oidc_provider, base.boundary])
        ),
    )


def _repository_ids(settings: Settings) -> dict[str, int]:
    github = settings.organization.github
    services = {service.repository: service.repository_id for service in settings.services.values()}
    return {**services, github.repository: github.repository_id}
