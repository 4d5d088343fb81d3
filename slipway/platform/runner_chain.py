"""The second way into AWS: from a runner class through a service's CICD role to what its chain names.

A job on an instance of an opted-in class may use it whatever the environment of the job, past the refs and
reviewers of the environments that the chain leads to. So a chain is one service's: its class serves that
service's repository alone, and its end is that service's own environments.
"""

from collections.abc import Iterator

from slipway.platform import naming
from slipway.platform.declaration import AssumeRoles, Grant, RoleDeclaration
from slipway.platform.environments import environments, meaning
from slipway.platform.services import JobKind
from slipway.platform.settings import Settings


def service_of_class(settings: Settings, runner_class: str) -> str | None:
    """The service whose CICD role a class's jobs get; None for a class that does not opt in."""
    block = settings.platform.runners.classes[runner_class] if settings.platform.runners else None
    if block is None or not block.cicd:
        return None
    slug = block.repositories[0]  # the only one: settings refuse a second beside `cicd`
    return next(
        (
            name
            for name, service in settings.services.items()
            if service.repository.lower() == slug.lower() and name in settings.organization.cicd_chain
        ),
        None,
    )


def cicd_roles(settings: Settings) -> dict[str, RoleDeclaration]:
    """The CICD roles by service, of those that a runner class of this stack leads into."""
    classes = settings.platform.runners.classes if settings.platform.runners else {}
    roles: dict[str, RoleDeclaration] = {}
    for service in settings.organization.cicd_chain:
        trusted = tuple(
            naming.role_arn(settings.account, naming.runner_role(settings.stack, name), naming.RUNNER_PATH)
            for name in classes
            if service_of_class(settings, name) == service
        )
        grants = tuple(_grants(settings, service)) if trusted else ()
        if grants:
            roles[service] = RoleDeclaration(
                name=naming.cicd_role(service),
                account=settings.account,
                region=settings.platform.region,
                boundary_arn=naming.boundary_arn(settings.account),
                trusted_roles=trusted,
                grants=grants,
            )
    return roles


def _grants(settings: Settings, service: str) -> Iterator[Grant]:
    """What the chain leads to: the rights to build at once, and to deploy by roles that other stacks make."""
    chained = settings.organization.cicd_chain[service].reached
    for environment in environments(settings):
        builds = not environment.runs_in_cluster
        if environment.service == service and environment.name in chained and builds:
            yield from environment.role.all_grants
    deploy_roles = tuple(sorted(_deploy_roles(settings, service, chained)))
    if deploy_roles:
        yield AssumeRoles(deploy_roles)


def _deploy_roles(settings: Settings, service: str, chained: tuple[str, ...]) -> Iterator[str]:
    """ARNs computed from what the service declares, so that nothing is read in the stacks that make them."""
    local = settings.local.environments
    for name, block in settings.services[service].environments.items():
        means = meaning(name, block)
        made = local is None or name in local
        if made and name in chained and JobKind.DEPLOY in means.jobs:
            account = settings.organization.accounts.of(means.stack)
            yield naming.role_arn(account, naming.environment_role(service, name))
