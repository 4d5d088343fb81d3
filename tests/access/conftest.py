"""One platform of three accounts, declared and rendered, that the access tests ask questions about."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from slipway.access.boundary import boundary_policy
from slipway.access.permissions import permission_policies
from slipway.access.trust import rendered, trust_policy
from slipway.access.world import StackRegistrations
from slipway.platform.declaration import (
    ApplyStack,
    AssumeRoles,
    ChangeFleet,
    DescribeCluster,
    Job,
    PlanStack,
    PushImages,
    ReadFleet,
    ReadParameters,
    ReadState,
    Repository,
    RoleDeclaration,
    SubjectForm,
    UsePlanStore,
    UseState,
)
from slipway.platform.naming import boundary_arn

AUTOMATION, STAGING, PROD = "111111111111", "222222222222", "333333333333"
REGION = "eu-west-1"
STATE, PLANS = "slipway-state-acme", "slipway-plans-acme"
STATE_KEY = f"arn:aws:kms:{REGION}:{AUTOMATION}:key/00000000-0000-0000-0000-000000000001"
PLAN_KEY = f"arn:aws:kms:{REGION}:{AUTOMATION}:key/00000000-0000-0000-0000-000000000002"
RUNNER = f"arn:aws:iam::{AUTOMATION}:role/slipway/runners/large"


@dataclass(frozen=True)
class Registration:
    """What the engine hands over, in short."""

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str = ""
    property_dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def urn(self) -> str:
        return f"urn:pulumi:test::slipway::{self.type}::{self.name}"


@dataclass(frozen=True)
class Platform:
    """The declaration and what it renders to."""

    repositories: tuple[Repository, ...]
    roles: tuple[RoleDeclaration, ...]

    def role(self, name: str, account: str = "") -> RoleDeclaration:
        return next(role for role in self.roles if role.name == name and account in {"", role.account})

    def stacks(self, **changes: list[Registration]) -> list[StackRegistrations]:
        """The registrations of every stack; `changes` adds some to the stack of that name."""
        return [
            StackRegistrations(
                stack=name,
                account=account,
                registrations=[*self._registrations(account), *changes.get(name, [])],
            )
            for name, account in (("automation", AUTOMATION), ("staging", STAGING), ("prod", PROD))
        ]

    def _registrations(self, account: str) -> list[Registration]:
        found = [
            Registration(
                "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
                "github",
                {
                    "url": "https://token.actions.githubusercontent.com",
                    "clientIdLists": ["sts.amazonaws.com"],
                },
            ),
            Registration(
                "aws:iam/policy:Policy",
                "boundary",
                {
                    "name": "slipway-ci-boundary",
                    "path": "/slipway/",
                    "policy": rendered(boundary_policy(account)),
                },
            ),
        ]
        for role in self.roles:
            if role.account == account:
                found += role_registrations(role)
        environments = {(job.repository, job.environment): job for role in self.roles for job in role.jobs}
        for (repository, environment), job in environments.items():
            if any(role.account == account and job in role.jobs for role in self.roles):
                found += environment_registrations(repository, environment, job)
        return found


def role_registrations(role: RoleDeclaration) -> list[Registration]:
    inputs = {
        "name": role.name,
        "path": role.path,
        "assumeRolePolicy": rendered(trust_policy(role)),
        "permissionsBoundary": role.boundary_arn,
    }
    found = [Registration("aws:iam/role:Role", role.name, inputs)]
    for policy in permission_policies(role):
        text = rendered(policy.document)
        if policy.kind == "inline":
            given = {"role": role.name, "policy": text}
            found.append(Registration("aws:iam/rolePolicy:RolePolicy", policy.name, given))
        else:
            arn = f"arn:aws:iam::{role.account}:policy{role.path}{policy.name}"
            given = {"name": policy.name, "path": role.path, "policy": text}
            found.append(Registration("aws:iam/policy:Policy", policy.name, given))
            attachment = {"role": role.name, "policyArn": arn}
            found.append(
                Registration("aws:iam/rolePolicyAttachment:RolePolicyAttachment", policy.name, attachment)
            )
    return found


def environment_registrations(repository: Repository, environment: str, job: Job) -> list[Registration]:
    base = {"repository": repository.name, "environment": environment}
    restricted = bool(job.branches or job.tags)
    policy = {"protectedBranches": False, "customBranchPolicies": True}
    name = f"{repository.name}-{environment}"
    found = [
        Registration(
            "github:index/repositoryEnvironment:RepositoryEnvironment",
            name,
            {**base, "deploymentBranchPolicy": policy} if restricted else base,
        )
    ]
    kind = "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy"
    for key, patterns in (("branchPattern", job.branches), ("tagPattern", job.tags)):
        found += [Registration(kind, f"{name}-{pattern}", {**base, key: pattern}) for pattern in patterns]
    return found


def make_platform() -> Platform:
    app = Repository(owner="acme", name="app", owner_id=10, id=100)
    old = Repository(owner="acme", name="old-app", owner_id=10, id=101, subject=SubjectForm.LEGACY)
    moving = Repository(owner="acme", name="moving-app", owner_id=10, id=102, subject=SubjectForm.BOTH)
    infra = Repository(owner="acme", name="platform", owner_id=10, id=103)
    cicd = RoleDeclaration(
        name="runner-cicd",
        account=AUTOMATION,
        region=REGION,
        boundary_arn=boundary_arn(AUTOMATION),
        trusted_roles=(RUNNER,),
        grants=(AssumeRoles((f"arn:aws:iam::{PROD}:role/slipway/ci/app-production",)),),
    )
    roles = [cicd]
    for service in (app, old, moving):
        roles += _service_roles(service, trusted=(cicd.arn,) if service is app else ())
    for stack, account in (("automation", AUTOMATION), ("staging", STAGING), ("prod", PROD)):
        roles += _stack_roles(infra, stack, account)
    return Platform((app, old, moving, infra), tuple(roles))


def _service_roles(service: Repository, *, trusted: tuple[str, ...]) -> list[RoleDeclaration]:
    images = PushImages((service.name, f"{service.name}-web"), AUTOMATION, REGION)
    build = Job(
        name="build",
        repository=service,
        environment="build",
        events=("push",),
        branches=("main",),
        grants=(images,),
    )
    chart = Job(
        name="chart",
        repository=service,
        environment="build",
        events=("push",),
        branches=("main",),
        grants=(images,),
    )
    preview = Job(
        name="preview",
        repository=service,
        environment="preview",
        events=("pull_request",),
        branches=("refs/pull/*/merge",),
        grants=(
            PushImages((f"{service.name}-preview",), AUTOMATION, REGION),
            DescribeCluster("staging", STAGING, REGION),
        ),
    )
    found = [
        _role(f"{service.name}-build", AUTOMATION, (build, chart)),
        _role(f"{service.name}-preview", STAGING, (preview,)),
    ]
    for environment, account, cluster, branches, tags in (
        ("staging", STAGING, "staging", ("main",), ()),
        ("production", PROD, "prod", (), ("v*",)),
    ):
        state = UseState(STATE, f"release/{service.name}/{environment}", STATE_KEY, bucket_key_arn=PLAN_KEY)
        jobs = tuple(
            Job(
                name=name,
                repository=service,
                environment=environment,
                events=("push", "workflow_dispatch"),
                branches=branches,
                tags=tags,
                grants=(
                    DescribeCluster(cluster, account, REGION),
                    ReadParameters(
                        (f"{service.name}-service-helm-values", "/slipway/outputs"), account, REGION
                    ),
                    state,
                ),
            )
            for name in ("deploy", "migrate")
        )
        found.append(
            _role(
                f"{service.name}-{environment}", account, jobs, trusted if environment == "production" else ()
            )
        )
    return found


def _stack_roles(infra: Repository, stack: str, account: str) -> list[RoleDeclaration]:
    fleet = account == AUTOMATION
    plan = Job(
        name="infra-plan",
        repository=infra,
        environment=f"infra-{stack}-plan",
        events=("push", "schedule"),
        branches=("main",),
        grants=(
            PlanStack(stack, account, REGION),
            ReadState(STATE, f"platform/{stack}", STATE_KEY),
            UsePlanStore(("plan", "drift"), PLANS, "slipway", stack, PLAN_KEY),
            *((ReadFleet(stack, account, REGION),) if fleet else ()),
        ),
    )
    name = f"infra-{stack}-apply"
    apply = Job(
        name="infra-apply",
        repository=infra,
        environment=name,
        events=("push",),
        branches=("main",),
        grants=(
            ApplyStack(
                stack,
                account,
                REGION,
                boundary_arn(account),
                "/slipway/",
                f"arn:aws:iam::{account}:role/slipway/infra/{name}",
                buckets=("slipway-plans-*",),
                clusters=(stack,),
            ),
            UseState(STATE, f"platform/{stack}", STATE_KEY),
            UsePlanStore(("apply",), PLANS, "slipway", stack, PLAN_KEY),
            *((ChangeFleet(stack, account, REGION, boundary_arn(account)),) if fleet else ()),
        ),
    )
    applying = replace(_role(name, account, (apply,)), path="/slipway/infra/")
    return [_role(f"infra-{stack}-plan", account, (plan,)), applying]


def _role(name: str, account: str, jobs: tuple[Job, ...], trusted: tuple[str, ...] = ()) -> RoleDeclaration:
    return RoleDeclaration(
        name=name,
        account=account,
        region=REGION,
        jobs=jobs,
        boundary_arn=boundary_arn(account),
        trusted_roles=trusted,
    )


@pytest.fixture(scope="session")
def platform() -> Platform:
    return make_platform()
