"""The platform program: reads one stack's settings and wires its components, top to bottom."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra import github, outputs
from infra.building import Building, building
from infra.cluster_access import access_declaration, require_way_in
from infra.foundation import environment_roles, foundation
from infra.providers import aws_provider, github_provider, require_fence
from infra.runner_images import require_fresh
from infra.running import Running, running
from infra.settings import load
from slipway.platform.environments import environments
from slipway.platform.kubernetes_versions import support_warning
from slipway.platform.platform_roles import platform_roles
from slipway.platform.reading import stack_file
from slipway.platform.settings import PRIVATE_ACTIONS_TOKEN, Settings, database_url_key


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """Secret values, read beside the settings so that no structured object ever holds one."""

    private_actions_token: pulumi.Output[str] | None
    database_urls: Mapping[tuple[str, str], pulumi.Output[str]]
    """By package and environment; an environment without one gets no Secret from the platform."""


def main() -> None:
    """Run the program for the stack at hand.

    Raises:
        SettingsError: with every mistake of the stack's files, before anything is registered.
        SlipwayError: `local` on a real cloud, or a real stack on a stand-in.
    """
    config = pulumi.Config()
    settings = load(config, pulumi.get_stack())
    require_fence(settings)
    build(settings, read_secrets(config, settings))


def read_secrets(config: pulumi.Config, settings: Settings) -> Secrets:
    """Read the secrets that this stack's settings call for."""
    urls: dict[tuple[str, str], pulumi.Output[str]] = {}
    for environment in environments(settings):
        for placement in environment.placements if environment.deploys else ():
            if placement.settings.database is None:
                continue
            url = config.get_secret(database_url_key(placement.package, environment.name))
            if url is None and settings.is_local:
                url = pulumi.Output.secret(f"postgres://local@db.invalid/{placement.package}")
            if url is not None:
                urls[placement.package, environment.name] = url
    wanted = settings.organization.github.private_actions and settings.stack.builds
    return Secrets(
        private_actions_token=config.require_secret(PRIVATE_ACTIONS_TOKEN) if wanted else None,
        database_urls=urls,
    )


def build(settings: Settings, secrets: Secrets) -> None:
    """Declare everything that the stack holds."""
    declared, own = environments(settings), platform_roles(settings)
    cloud = aws_provider(settings)
    require_fresh(settings, cloud)
    warn_of_support(settings)
    if settings.platform.cluster:
        access = access_declaration(settings, settings.platform.cluster, declared, own)
        require_way_in(settings, access, cloud)
    hub = github_provider(settings)
    opts = pulumi.ResourceOptions(providers=[cloud, hub])
    base = foundation(settings, own, opts)
    roles = environment_roles(declared, base, opts)
    builds: Building | None = None
    if settings.stack.builds:
        builds = building(settings, own, base, opts)
        github.organization(settings, secrets.private_actions_token, opts)
    runs: Running | None = None
    if settings.platform.cluster:
        runs = running(
            settings,
            settings.platform.cluster,
            own=own,
            base=base,
            environments=declared,
            roles=roles,
            database_urls=secrets.database_urls,
            opts=opts,
        )
    github.platform_repository(settings, own, base, builds, opts)
    for name in settings.services:
        held = tuple(environment for environment in declared if environment.service == name)
        github.service_repository(settings, name, held, hub, opts)
    outputs.export(settings, environments=declared, own=own, builds=builds, running=runs, opts=opts)


def warn_of_support(settings: Settings) -> None:
    """Say in every preview what becomes of the cluster's version; the embedded one's is only a name."""
    cluster = settings.platform.cluster
    if cluster is None or settings.is_local:
        return
    warning = support_warning(cluster.version, datetime.datetime.now(datetime.UTC).date())
    if warning:
        pulumi.log.warn(f"{warning}. Raise cluster.version in {stack_file(settings.stack.value)}")
