"""What the Automation account holds besides its foundation: registries, runners, plan store."""

from dataclasses import dataclass

import pulumi

from components.network.runner_security import RunnerSecurityGroups, RunnerSecurityGroupsArgs
from components.registry.image_repository import ImageRepository, ImageRepositoryArgs
from components.registry.lifecycle import RELEASED
from components.runners.runner_fleet import RunnerFleet
from components.state.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.state.plan_store import PlanStore, PlanStoreArgs
from infra.foundation import Foundation
from infra.runners import image_builder, runner_fleet
from slipway.platform import naming
from slipway.platform.platform_roles import PlatformRoles, plan_store_roles
from slipway.platform.settings import Settings
from slipway.platform.values import CHART


@dataclass(frozen=True, kw_only=True)
class Building:
    """What builds use, for the stack's outputs; image repositories by their physical name."""

    repositories: dict[str, ImageRepository]
    fleet: RunnerFleet | None
    runner_groups: RunnerSecurityGroups


def building(
    settings: Settings, own: PlatformRoles, base: Foundation, opts: pulumi.ResourceOptions
) -> Building:
    """Declare what builds need."""
    repositories = _registries(settings, opts)
    groups = RunnerSecurityGroups(
        "runners",
        RunnerSecurityGroupsArgs(
            name=f"slipway-{settings.stack.value}-runners",
            vpc_id=base.network.vpc_id,
            image_build_ssh_cidr=settings.platform.network.image_build_ssh_cidr,
        ),
        opts=opts,
    )
    fleet = runner_fleet(settings, own, base, groups, opts)
    image_builder(settings, own, base, opts)
    _plan_store(settings, opts)
    return Building(repositories=repositories, fleet=fleet, runner_groups=groups)


def _registries(settings: Settings, opts: pulumi.ResourceOptions) -> dict[str, ImageRepository]:
    account, region = settings.account, settings.platform.region
    key = EncryptionKey(
        "registry-key",
        EncryptionKeyArgs(
            alias=naming.REGISTRY_KEY_ALIAS,
            description="Image layers",
            account=account,
            granting_services=(f"ecr.{region}.amazonaws.com",),
            protect=settings.platform.protect,
        ),
        opts=opts,
    )
    repositories: dict[str, ImageRepository] = {}
    packages = [
        package
        for name, service in settings.services.items()
        for package in service.packages_of(name).items()
    ]
    for package, block in packages:
        names = [(naming.image_repository(package, part), False) for part in (*block.images, CHART)]
        names += [(naming.preview_repository(package, image), True) for image in block.images]
        for name, preview in names:
            repositories[name] = ImageRepository(
                name.replace("/", "--"),  # neither part can hold two dashes, so no two names meet
                ImageRepositoryArgs(
                    name=name,
                    account=account,
                    region=region,
                    key_arn=key.arn,
                    pull_accounts=settings.workload_accounts,
                    preview=preview,
                    retention=settings.platform.registry,
                    # A chart's versions carry no `v`, and none of them may expire.
                    released="*" if name.endswith(f"/{CHART}") else RELEASED,
                    protect=settings.platform.protect and not preview,
                ),
                opts=opts,
            )
    return repositories


def _plan_store(settings: Settings, opts: pulumi.ResourceOptions) -> PlanStore:
    return PlanStore(
        "plans",
        PlanStoreArgs(
            bucket=naming.plan_bucket(settings.account, settings.platform.region),
            key_alias=naming.plan_key_alias(),
            account=settings.account,
            roles=plan_store_roles(settings),
        ),
        opts=opts,
    )
