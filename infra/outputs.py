"""The exported contract of a stack. Other stacks and jobs read these names; changing one breaks them."""

import json
from dataclasses import asdict
from typing import Any

import pulumi

from components.state.parameters import PlatformParameters, PlatformParametersArgs
from infra.access import Environment, platform_roles, repository_of
from infra.building import Building
from infra.cluster_access import PARAMETER_KEY, access_declaration
from infra.runner_images import PARAMETER_KEY as CLASSES_KEY
from infra.runner_images import declaration as declaration_of_classes
from infra.running import Running
from infra.settings import Settings
from slipway.platform import naming


def bootstrap_contract(settings: Settings) -> dict[str, str]:
    """What `slipway bootstrap` makes in the account, computed, so that it is known before any state is."""
    account, region = settings.account, settings.platform.region
    return {
        "account": account,
        "region": region,
        "stateBucket": naming.state_bucket(account, region),
        "stateKeyAlias": naming.state_key_alias(settings.stack.value),
        "applyRole": platform_roles(settings)[1].arn,
    }


def access_contract(settings: Settings) -> dict[str, Any]:
    """What the access matrix needs beside the policies: the ids of repositories, and who runs where."""
    platform = settings.platform.github
    owner, name = platform.repository.split("/")
    repositories = [
        {
            "owner": owner,
            "name": name,
            "owner_id": platform.organization_id,
            "id": platform.repository_id,
            "visibility": platform.visibility,
            "subject": "immutable",
        }
    ]
    for service in settings.services.values():
        repository = asdict(repository_of(service))
        repositories.append({**repository, "subject": service.subject.value})
    runners = settings.platform.runners
    classes = [
        {
            "name": name,
            "role_arn": naming.role_arn(
                settings.account, naming.runner_role(settings.stack.value, name), naming.RUNNER_PATH
            ),
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
    environments: tuple[Environment, ...],
    builds: Building | None,
    running: Running | None,
    opts: pulumi.ResourceOptions,
) -> None:
    """Export the stack's outputs, and publish what jobs need of them as SSM parameters."""
    published: dict[str, pulumi.Input[str]] = {
        "region": settings.platform.region,
        "registry": naming.registry(settings.account_of("automation"), settings.platform.region),
    }
    outputs: dict[str, Any] = {
        "bootstrap": bootstrap_contract(settings),
        "access": access_contract(settings),
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
        declaration = access_declaration(settings, cluster, environments)
        published[PARAMETER_KEY] = json.dumps(declaration.to_plain(), separators=(",", ":"))
        # Written last: until the cluster and its entries are as declared, the former declaration is in force.
        after = pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(depends_on=[running.cluster, running.access])
        )
    PlatformParameters(
        "published", PlatformParametersArgs(stack=settings.stack.value, values=published), opts=after
    )
    for name, value in outputs.items():
        pulumi.export(name, value)
