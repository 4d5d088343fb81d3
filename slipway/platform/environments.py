"""What the environments of a stack are: computed once from its settings, and carried down as they are."""

from collections.abc import Iterator
from dataclasses import dataclass

from slipway.platform import naming
from slipway.platform.declaration import (
    DescribeCluster,
    Grant,
    Job,
    ManageNamespace,
    MarkImages,
    MigrateDatabase,
    PushImages,
    ReadParameters,
    RoleDeclaration,
    UseState,
)
from slipway.platform.protection import EnvironmentRules, Protection, Reviewers, plan_protection
from slipway.platform.services import (
    PULL_REQUESTS,
    EnvironmentDefaults,
    EnvironmentSettings,
    JobKind,
    Package,
    ServiceSettings,
    defaults_for,
)
from slipway.platform.settings import Settings
from slipway.platform.stack import Stack
from slipway.platform.state_keys import bucket_key
from slipway.platform.values import CHART

_EVENTS = {
    JobKind.BUILD: ("push", "workflow_dispatch"),
    JobKind.CHART: ("push", "workflow_dispatch"),
    JobKind.PROMOTE: ("push", "release", "workflow_dispatch"),
    JobKind.PREVIEW_BUILD: ("pull_request",),
    JobKind.PREVIEW: ("pull_request",),
    JobKind.DEPLOY: ("push", "release", "workflow_dispatch"),
    JobKind.MIGRATE: ("workflow_dispatch",),
}


@dataclass(frozen=True, kw_only=True)
class Placement:
    """One package in one environment: where it runs, and under which host."""

    package: str
    environment: str
    namespace: str
    hostname: str
    settings: Package

    @property
    def key(self) -> str:
        """The name of its resources: `<package>-<environment>`."""
        return f"{self.package}-{self.environment}"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One GitHub environment of a service, with everything that its block left to its name."""

    service: str
    name: str
    stack: Stack
    """Where it belongs: automation, staging or prod."""
    jobs: tuple[JobKind, ...]
    rules: EnvironmentRules
    protection: Protection
    placements: tuple[Placement, ...]
    """Its packages, in the service file's order."""
    role: RoleDeclaration

    @property
    def deploys(self) -> bool:
        """Whether a job of it works in its namespaces as the application's owner."""
        return JobKind.DEPLOY in self.jobs or JobKind.PREVIEW in self.jobs

    @property
    def runs_in_cluster(self) -> bool:
        """Whether a job of it works on a cluster at all."""
        return any(kind.in_workload for kind in self.jobs)

    @property
    def holds_role(self) -> bool:
        """Whether it gets its role: GitHub must be able to say which refs may use it."""
        return self.protection.protectable


def environments(settings: Settings) -> tuple[Environment, ...]:
    """Every environment of every service that this stack holds, in the files' order."""
    return tuple(
        _environment(settings, name, service, environment, block)
        for name, service in settings.services.items()
        for environment, block in service.environments.items()
        if is_held(settings, environment, block)
    )


def stack_of(name: str, block: EnvironmentSettings) -> Stack | None:
    """The stack that an environment belongs to; None where neither its block nor its name says so."""
    defaults = defaults_for(name)
    return Stack(block.stack) if block.stack else defaults.stack if defaults else None


def is_held(settings: Settings, name: str, block: EnvironmentSettings) -> bool:
    """Whether an environment is one of this stack."""
    stack = stack_of(name, block)
    named = settings.local.environments
    return stack is not None and settings.stack.holds(stack) and (named is None or name in named)


def meaning(name: str, block: EnvironmentSettings) -> EnvironmentDefaults:
    """What an environment is, by its block and else by its name; one that says nothing has no jobs."""
    defaults = defaults_for(name) or EnvironmentDefaults(stack=Stack.STAGING, jobs=())
    stack = stack_of(name, block) or defaults.stack
    return EnvironmentDefaults(
        stack=stack,
        jobs=block.jobs if block.jobs is not None else defaults.jobs,
        branches=block.branches if block.branches is not None else defaults.branches,
        tags=block.tags if block.tags is not None else defaults.tags,
        reviewed=defaults.reviewed or stack is Stack.PROD,
        own_namespace=defaults.own_namespace,
        below_production=defaults.below_production,
    )


def placements(
    settings: Settings, service: str, name: str, block: EnvironmentSettings
) -> Iterator[Placement]:
    """Where the packages of a service are in one environment."""
    means = meaning(name, block)
    for package, block_of_package in settings.services[service].packages_of(service).items():
        # Where one cluster has both, staging makes room: production keeps the package's plain name.
        plain = not means.own_namespace and (
            means.stack is Stack.PROD or not settings.stack.holds(Stack.PROD)
        )
        below = f"{name}." if means.below_production else ""
        yield Placement(
            package=package,
            environment=name,
            namespace=block.namespace or (package if plain else f"{package}-{name}"),
            hostname=block.hostname or f"{below}{block_of_package.hostname}",
            settings=block_of_package,
        )


def reviewers_named(settings: Settings, name: str, block: EnvironmentSettings) -> tuple[str, ...]:
    """Who approves an environment's jobs, as settings have them; nobody where it is not reviewed."""
    if block.reviewers is not None:
        return block.reviewers
    return settings.organization.github.reviewers if meaning(name, block).reviewed else ()


def reviewers_of(names: tuple[str, ...]) -> Reviewers:
    """`team:slug` and `user:login`, as settings have them, told apart."""

    def of_kind(kind: str) -> tuple[str, ...]:
        return tuple(name.split(":", 1)[1] for name in names if name.startswith(f"{kind}:"))

    return Reviewers(users=of_kind("user"), teams=of_kind("team"))


def _environment(
    settings: Settings, service: str, block: ServiceSettings, name: str, said: EnvironmentSettings
) -> Environment:
    github = settings.organization.github
    means = meaning(name, said)
    placed = tuple(placements(settings, service, name, said))
    rules = EnvironmentRules(
        name=name,
        branches=means.branches,
        tags=means.tags,
        reviewers=reviewers_of(reviewers_named(settings, name, said)),
        wait_minutes=said.wait_minutes,
        prevent_self_review=said.prevent_self_review,
    )
    jobs = tuple(
        Job(
            name=kind.value,
            repository=settings.repository_of(service),
            environment=name,
            events=_events(kind, means.branches),
            branches=means.branches,
            tags=means.tags,
            grants=tuple(_grants(settings, kind, placed)),
        )
        for kind in means.jobs
    )
    return Environment(
        service=service,
        name=name,
        stack=means.stack,
        jobs=means.jobs,
        rules=rules,
        protection=plan_protection(rules, github.plan, block.visibility),
        placements=placed,
        role=RoleDeclaration(
            name=naming.environment_role(service, name),
            account=settings.account,
            region=settings.platform.region,
            jobs=jobs,
            boundary_arn=naming.boundary_arn(settings.account),
            trusted_roles=_chained(settings, service, name, means.jobs),
        ),
    )


def _chained(
    settings: Settings, service: str, environment: str, kinds: tuple[JobKind, ...]
) -> tuple[str, ...]:
    """The service's CICD role, where its chain leads to this environment and it deploys."""
    chain = settings.organization.cicd_chain.get(service)
    if chain is None or environment not in chain.reached or JobKind.DEPLOY not in kinds:
        return ()
    return (naming.role_arn(settings.organization.accounts.automation, naming.cicd_role(service)),)


def _events(kind: JobKind, branches: tuple[str, ...]) -> tuple[str, ...]:
    events = _EVENTS[kind]
    if PULL_REQUESTS in branches and "pull_request" not in events:
        return (*events, "pull_request")
    return events


def _grants(settings: Settings, kind: JobKind, placed: tuple[Placement, ...]) -> Iterator[Grant]:
    """What a job of a kind may do, for the packages of its environment together."""
    account, region = settings.account, settings.platform.region
    match kind:
        case JobKind.BUILD | JobKind.PROMOTE:
            names = [
                naming.image_repository(placement.package, image)
                for placement in placed
                for image in placement.settings.images
            ]
            grant = PushImages if kind is JobKind.BUILD else MarkImages
            yield grant(tuple(names), account, region)
        case JobKind.CHART:
            # A chart is pushed to a repository of its own, an OCI artifact beside the images.
            charts = tuple(naming.image_repository(placement.package, CHART) for placement in placed)
            yield PushImages(charts, account, region)
        case JobKind.PREVIEW_BUILD:
            names = [
                naming.preview_repository(placement.package, image)
                for placement in placed
                for image in placement.settings.images
            ]
            yield PushImages(tuple(names), account, region)
        case JobKind.MIGRATE:
            yield DescribeCluster(_cluster(settings), account, region)
            for placement in placed:
                if placement.settings.database:
                    yield MigrateDatabase(placement.namespace, placement.settings.database.secret)
        case JobKind.DEPLOY | JobKind.PREVIEW:
            yield DescribeCluster(_cluster(settings), account, region)
            parameters = tuple(settings.helm_values_parameter(placement.package) for placement in placed)
            yield ReadParameters(parameters, account, region)
            for placement in placed:
                yield UseState(
                    naming.state_bucket(account, region),
                    naming.release_prefix(placement.package, placement.environment),
                    naming.alias_arn(
                        account, region, naming.release_key_alias(placement.package, placement.environment)
                    ),
                    bucket_key(settings),
                )
                yield ManageNamespace(placement.namespace, unreviewed=kind is JobKind.PREVIEW)


def _cluster(settings: Settings) -> str:
    return settings.platform.cluster.name if settings.platform.cluster else "none"
