"""The exported contract of a stack. Other stacks and jobs read these names; changing one breaks them."""

import json
from dataclasses import asdict
from typing import Any

import pulumi

from components.state.parameters import PlatformParameters, PlatformParametersArgs
from infra.building import Building
from infra.cluster_access import PARAMETER_KEY
from infra.runner_images import PARAMETER_KEY as CLASSES_KEY
from infra.runner_images import declaration as declaration_of_classes
from infra.running import Running
from slipway.platform import naming
from slipway.platform.environments import Environment
from slipway.platform.platform_roles import PlatformRoles
from slipway.platform.settings import Settings


def bootstrap_contract(settings: Settings, own: PlatformRoles) -> dict[str, Any]:
    """What `slipway bootstrap` makes in the account and on GitHub, computed, so that it is known before any
    state is.
    """
    account, region = settings.account, settings.platform.region
    protection = own.plan_protection
    return {
        "account": account,
        "region": region,
        "stateBucket": naming.state_bucket(account, region),
        "stateKeyAlias": naming.state_key_alias(settings.stack.value),
        "applyRole": own.apply.arn,
        "github": {
            "planEnvironment": own.plan.jobs[0].environment,
            "branches": list(own.apply.jobs[0].branches),
            # Whoever approves where nobody else is named approves an apply, as far as GitHub's plan has that.
            "reviewers": list(settings.organization.github.reviewers) if protection.approvals else [],
            "unprotected": protection.reason,
        },
    }


def access_contract(settings: Settings, own: PlatformRoles) -> dict[str, Any]:
    """What the access matrix needs beside the policies: the ids of repositories, and who runs where."""
    repositories = [
        asdict(repository)
        for repository in (
            settings.organization.github.platform_repository,
            *(settings.repository_of(service) for service in settings.services),
        )
    ]
    runners = settings.platform.runners
    classes = [
        {
            "name": name,
            "role_arn": own.instances[name],
            "repositories": list(block.repositories),
        }
        for name, block in (runners.classes if runners else {}).items()
    ]
    return {
        "account": settings.account,
        "repositories": repositories,
        "runnerClasses": classes,
    }


def export(
    settings: Settings,
    *,
    environments: tuple[Environment, ...],
    own: PlatformRoles,
    builds: Building | None,
    running: Running | None,
    opts: pulumi.ResourceOptions,
) -> None:
    """Export the stack's outputs, and publish what jobs need of them as SSM parameters."""
    published: dict[str, pulumi.Input[str]] = {
        "region": settings.platform.region,
        "registry": naming.registry(settings.organization.accounts.automation, settings.platform.region),
    }
    outputs: dict[str, Any] = {
        "bootstrap": bootstrap_contract(settings, own),
        "access": access_contract(settings, own),
        "roles": {env.role.name: env.role.arn for env in environments if env.holds_role},
        "withoutRole": {env.role.name: env.protection.reason for env in environments if not env.holds_role},
        "imageRepositories": {
            name: repository.url for name, repository in (builds.repositories if builds else {}).items()
        },
    }
    if builds and builds.fleet and settings.platform.runners:
        outputs["webhookUrl"] = builds.fleet.webhook_url
        published[CLASSES_KEY] = json.dumps(declaration_of_classes(settings.platform.runners.classes))
    cluster = settings.platform.cluster
    after = opts
    if running and cluster:
        published["cluster"] = outputs["cluster"] = cluster.name
        published[PARAMETER_KEY] = json.dumps(running.declaration.to_plain(), separators=(",", ":"))
        # Written last: until the cluster and its entries are as declared, the former declaration is in force.
        after = pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[*running.cluster.made, running.access])
        )
    PlatformParameters(
        "published", PlatformParametersArgs(stack=settings.stack.value, values=published), opts=after
    )
    for name, value in outputs.items():
        pulumi.export(name, value)
