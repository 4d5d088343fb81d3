"""The one declaration of access, made from settings; policies, RBAC and GitHub settings follow from it."""

from dataclasses import dataclass, replace

from infra.settings import EnvironmentSettings, ServiceSettings, Settings, Stack
from slipway.platform import naming
from slipway.platform.declaration import (
    ApplyStack,
    AssumeRoles,
    ChangeFleet,
    DescribeCluster,
    Grant,
    Job,
    PlanStack,
    PushImages,
    PutPlans,
    ReadFleet,
    ReadParameters,
    ReadPlans,
    ReadState,
    Repository,
    RoleDeclaration,
    UseState,
)
from slipway.platform.fleet_names import FleetNames
from slipway.platform.job_kinds import PULL_REQUESTS, EnvironmentDefaults, JobKind, defaults_for
from slipway.platform.protection import EnvironmentRules, GithubPlan, Protection, Reviewers, plan_protection
from slipway.platform.values import CHART


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One GitHub environment of a service, with everything that its block left to its name."""

    service: str
    name: str
    jobs: tuple[JobKind, ...]
    rules: EnvironmentRules
    protection: Protection
    namespace: str
    hostname: str
    role: RoleDeclaration

    @property
    def deploys(self) -> bool:
        """Whether a job of it works in the namespace as the application's owner."""
        return JobKind.DEPLOY in self.jobs or JobKind.PREVIEW in self.jobs

    @property
    def runs_in_cluster(self) -> bool:
        """Whether a job of it works on a cluster at all."""
        return any(kind.in_workload for kind in self.jobs)

    @property
    def migrates(self) -> bool:
        """Whether a job of it runs migrations by hand."""
        return JobKind.MIGRATE in self.jobs

    @property
    def holds_role(self) -> bool:
        """Whether it gets its role: GitHub must be able to say which refs may use it."""
        return self.protection.protectable


_EVENTS = {
    JobKind.BUILD: ("push", "workflow_dispatch"),
    JobKind.CHART: ("push", "workflow_dispatch"),
    JobKind.PREVIEW_BUILD: ("pull_request",),
    JobKind.PREVIEW: ("pull_request",),
    JobKind.DEPLOY: ("push", "release", "workflow_dispatch"),
    JobKind.MIGRATE: ("workflow_dispatch",),
}


def repository_of(service: ServiceSettings) -> Repository:
    """A service's repository as its tokens describe it."""
    owner, name = service.repository.split("/")
    return Repository(
        owner=owner,
        name=name,
        owner_id=service.owner_id,
        id=service.repository_id,
        visibility=service.visibility,
        subject=service.subject,
    )


def environments(settings: Settings) -> tuple[Environment, ...]:
    """Every environment of every service of this stack, in the stack file's order."""
    return tuple(
        _environment(settings, name, service, environment, block)
        for name, service in settings.services.items()
        for environment, block in service.environments.items()
    )


def _environment(
    settings: Settings, name: str, service: ServiceSettings, environment: str, block: EnvironmentSettings
) -> Environment:
    defaults = defaults_for(environment) or EnvironmentDefaults(jobs=())
    kinds = block.jobs if block.jobs is not None else defaults.jobs
    branches = block.branches if block.branches is not None else defaults.branches
    tags = block.tags if block.tags is not None else defaults.tags
    reviewed = defaults.reviewed or settings.stack is Stack.PROD
    reviewers = block.reviewers
    if reviewers is None:
        reviewers = settings.platform.github.reviewers if reviewed else ()
    repository = repository_of(service)
    jobs = tuple(
        Job(
            name=kind.value,
            repository=repository,
            environment=environment,
            events=_events(kind, branches),
            branches=branches,
            tags=tags,
            grants=_grants(settings, name, service, environment, kind),
        )
        for kind in kinds
    )
    rules = EnvironmentRules(
        name=environment,
        branches=branches,
        tags=tags,
        reviewers=reviewers_of(reviewers),
        wait_minutes=block.wait_minutes,
        prevent_self_review=block.prevent_self_review,
    )
    return Environment(
        service=name,
        name=environment,
        jobs=kinds,
        rules=rules,
        protection=plan_protection(rules, GithubPlan(settings.platform.github.plan), service.visibility),
        namespace=block.namespace or _namespace(name, environment, defaults),
        hostname=block.hostname or _hostname(service, environment, defaults),
        role=RoleDeclaration(
            name=naming.environment_role(name, environment),
            account=settings.account,
            region=settings.platform.region,
            jobs=jobs,
            boundary_arn=naming.boundary_arn(settings.account),
            path=naming.CI_PATH,
            trusted_roles=_chained(settings, environment, kinds),
        ),
    )


def _chained(settings: Settings, environment: str, kinds: tuple[JobKind, ...]) -> tuple[str, ...]:
    """The CICD role, where this environment deploys and its stack lets the runners' chain in."""
    chain = settings.platform.cicd_chain
    here = ("staging", "prod") if settings.is_local else (settings.stack.value,)
    named = any(environment in names for role, names in chain.items() if role in here)
    if not named or JobKind.DEPLOY not in kinds:
        return ()
    return (naming.role_arn(settings.account_of("automation"), naming.CICD_ROLE),)


def reviewers_of(names: tuple[str, ...]) -> Reviewers:
    """`team:slug` and `user:login`, as a stack file has them, told apart."""

    def of_kind(kind: str) -> tuple[str, ...]:
        return tuple(name.split(":", 1)[1] for name in names if name.startswith(f"{kind}:"))

    return Reviewers(users=of_kind("user"), teams=of_kind("team"))


def _events(kind: JobKind, branches: tuple[str, ...]) -> tuple[str, ...]:
    events = _EVENTS[kind]
    if PULL_REQUESTS in branches and "pull_request" not in events:
        return (*events, "pull_request")
    return events


def _namespace(service: str, environment: str, defaults: EnvironmentDefaults) -> str:
    return f"{service}-{environment}" if defaults.own_namespace else service


def _hostname(service: ServiceSettings, environment: str, defaults: EnvironmentDefaults) -> str:
    return f"{environment}.{service.hostname}" if defaults.own_namespace else service.hostname


def _grants(
    settings: Settings, name: str, service: ServiceSettings, environment: str, kind: JobKind
) -> tuple[Grant, ...]:
    account, region = settings.account, settings.platform.region
    match kind:
        case JobKind.BUILD | JobKind.CHART:
            # A chart is pushed to a repository of its own, an OCI artifact beside the images.
            parts = service.images if kind is JobKind.BUILD else (CHART,)
            return (
                PushImages(tuple(naming.image_repository(name, part) for part in parts), account, region),
            )
        case JobKind.PREVIEW_BUILD:
            repositories = tuple(naming.preview_repository(name, image) for image in service.images)
            return (PushImages(repositories, account, region),)
        case JobKind.MIGRATE:
            return (DescribeCluster(_cluster(settings), account, region),)
        case JobKind.DEPLOY | JobKind.PREVIEW:
            return (
                DescribeCluster(_cluster(settings), account, region),
                ReadParameters((naming.helm_values_parameter(name),), account, region),
                UseState(
                    naming.state_bucket(account, region),
                    naming.release_prefix(name, environment),
                    naming.alias_arn(account, region, naming.release_key_alias(name, environment)),
                ),
            )


def _cluster(settings: Settings) -> str:
    return settings.platform.cluster.name if settings.platform.cluster else "none"


def platform_repository_of(settings: Settings) -> Repository:
    """The platform's own repository as its tokens describe it."""
    github = settings.platform.github
    owner, name = github.repository.split("/")
    return Repository(
        owner=owner,
        name=name,
        owner_id=github.organization_id,
        id=github.repository_id,
        visibility=github.visibility,
    )


def platform_roles(settings: Settings) -> tuple[RoleDeclaration, RoleDeclaration]:
    """The roles that plan and apply this very stack, in that order."""
    account, region, stack = settings.account, settings.platform.region, settings.stack.value
    bucket = naming.state_bucket(account, region)
    key = settings.platform.state_key or naming.alias_arn(account, region, naming.state_key_alias(stack))
    # One store for all stacks, in the automation account; roles of the other accounts reach it by its policy.
    builder = settings.account_of("automation")
    plans = naming.plan_bucket(builder, region)
    plan_key = naming.alias_arn(builder, region, naming.plan_key_alias())
    plan = Job(
        name="infra-plan",
        repository=platform_repository_of(settings),
        environment=f"infra-{stack}-plan",
        events=("schedule", "workflow_dispatch", "push"),
        branches=("main",),
        grants=(
            PlanStack(stack, account, region),
            ReadState(bucket, ".pulumi", key),
            PutPlans(plans, f"{stack}/", plan_key),
            *((ReadFleet(stack, account, region),) if settings.platform.runners else ()),
        ),
    )
    apply = replace(
        plan,
        name="infra-apply",
        environment=f"infra-{stack}-apply",
        events=("push", "workflow_dispatch"),
        grants=(
            ApplyStack(
                stack,
                account,
                region,
                boundary_arn=naming.boundary_arn(account),
                role_path=naming.CI_PATH,
                own_role_arn=naming.role_arn(account, naming.apply_role(stack), naming.INFRA_PATH),
            ),
            UseState(bucket, ".pulumi", key),
            ReadPlans(plans, f"{stack}/", plan_key),
            *(
                (ChangeFleet(stack, account, region, naming.boundary_arn(account)),)
                if settings.platform.runners
                else ()
            ),
        ),
    )
    return (
        _platform_role(settings, naming.plan_role(stack), plan, naming.CI_PATH),
        _platform_role(settings, naming.apply_role(stack), apply, naming.INFRA_PATH),
    )


def apply_roles_in(settings: Settings) -> tuple[str, ...]:
    """ARNs of all apply roles of this stack's account: stacks that share one share its boundary too."""
    accounts = settings.platform.accounts
    stacks = {"automation": accounts.automation, "staging": accounts.staging, "prod": accounts.prod}
    here = [stack for stack, account in stacks.items() if account == settings.account]
    names = [settings.stack.value] if settings.is_local else here
    return tuple(
        naming.role_arn(settings.account, naming.apply_role(name), naming.INFRA_PATH) for name in names
    )


def cicd_role(settings: Settings) -> RoleDeclaration | None:
    """The CICD role of the account that builds; None where no environment lets it in or no class opts in.

    Its deploy roles are in other stacks; their ARNs are computed, so nothing is read there.
    """
    deploy_roles = {
        naming.role_arn(settings.account_of(role), naming.environment_role(service, environment))
        for role, environments in settings.platform.cicd_chain.items()
        for environment in environments
        for service in settings.services
    }
    trusted = instance_roles(settings)
    if not deploy_roles or not trusted:
        return None
    return RoleDeclaration(
        name=naming.CICD_ROLE,
        account=settings.account,
        region=settings.platform.region,
        boundary_arn=naming.boundary_arn(settings.account),
        trusted_roles=tuple(trusted.values()),
        grants=(AssumeRoles(tuple(sorted(deploy_roles))),),
    )


def instance_roles(settings: Settings) -> dict[str, str]:
    """ARNs of the instance roles of the runner classes that opt in to the CICD role, by class."""
    runners = settings.platform.runners
    return {
        name: naming.role_arn(
            settings.account, naming.runner_role(settings.stack.value, name), naming.RUNNER_PATH
        )
        for name, block in (runners.classes if runners else {}).items()
        if block.cicd
    }


def fleet_names(settings: Settings) -> FleetNames:
    """The names of this stack's runner fleet."""
    return FleetNames(fleet=settings.stack.value, account=settings.account, region=settings.platform.region)


def image_role(settings: Settings) -> RoleDeclaration | None:
    """The role of the job that builds runner images; None where there is no fleet.

    It may change the account, so there is none either where GitHub cannot hold its environment to main.
    """
    github = settings.platform.github
    rules = EnvironmentRules(name=naming.IMAGE_ENVIRONMENT, branches=("main",))
    protection = plan_protection(rules, GithubPlan(github.plan), github.visibility)
    if settings.platform.runners is None or not protection.protectable:
        return None
    job = Job(
        name="image",
        repository=platform_repository_of(settings),
        environment=rules.name,
        events=("schedule", "workflow_dispatch"),
        branches=rules.branches,
    )
    return _platform_role(settings, fleet_names(settings).image_role, job, naming.RUNNER_PATH)


def _platform_role(settings: Settings, name: str, job: Job, path: str) -> RoleDeclaration:
    return RoleDeclaration(
        name=name,
        account=settings.account,
        region=settings.platform.region,
        jobs=(job,),
        boundary_arn=naming.boundary_arn(settings.account),
        path=path,
    )
