"""The platform's own roles in a stack: computed once from its settings, and carried down as they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from slipway.platform import naming
from slipway.platform.cluster import ClusterSettings, ExistingCluster
from slipway.platform.declaration import (
    ApplyStack,
    AssumeRoles,
    ChangeFleet,
    Grant,
    Job,
    JoinNetwork,
    PlanStack,
    ReadFleet,
    ReadNetwork,
    ReadState,
    RoleDeclaration,
    UsePlanStore,
    UseState,
)
from slipway.platform.fleet_names import FleetNames
from slipway.platform.network import ExistingNetwork
from slipway.platform.plan_store import Actor
from slipway.platform.protection import EnvironmentRules, Protection, plan_protection
from slipway.platform.reach import far_role, far_stack
from slipway.platform.runner_chain import cicd_roles
from slipway.platform.sessions import APPLY_SESSION_SECONDS, SESSION_SECONDS
from slipway.platform.settings import Settings
from slipway.platform.stack import ACCOUNT_STACKS, Stack
from slipway.platform.state_keys import bucket_key, owns_bucket, stack_key

MAIN: Final = ("main",)
"""The only branch whose jobs plan, apply and build images."""


@dataclass(frozen=True, kw_only=True)
class PlatformRoles:
    """The roles of one stack."""

    plan: RoleDeclaration
    """Reads what the stack would change."""
    apply: RoleDeclaration
    """Changes it, and is the cluster's administrator because it makes the cluster."""
    plan_protection: Protection
    """What GitHub does for the environment in which the stack is planned."""
    gate: RoleDeclaration | None
    """Reads what was planned and applied of every stack, to say whether a change may be merged; None where
    there is no plan store, or GitHub cannot hold its environment to main."""
    image: RoleDeclaration | None
    """Builds runner images; None without a fleet, or where GitHub cannot hold its environment to main."""
    cicd: dict[str, RoleDeclaration]
    """What jobs of opted-in runner classes may become, by service."""
    instances: dict[str, str]
    """ARNs of the instance roles, by runner class."""
    joining: tuple[RoleDeclaration, ...]
    """What the other stacks with a cluster become here, to see this network and to join theirs with it."""


def platform_roles(settings: Settings) -> PlatformRoles:
    """The platform's own roles in a stack."""
    plan = _plan_job(settings)
    apply = _apply_job(settings)
    return PlatformRoles(
        plan=_role(settings, naming.plan_role(settings.stack), plan, naming.CI_PATH),
        apply=_role(
            settings, naming.apply_role(settings.stack), apply, naming.INFRA_PATH, APPLY_SESSION_SECONDS
        ),
        plan_protection=_protection(settings, plan.environment),
        gate=_gate_role(settings),
        image=_image_role(settings),
        cicd=cicd_roles(settings),
        instances={
            name: naming.role_arn(
                settings.account, naming.runner_role(settings.stack, name), naming.RUNNER_PATH
            )
            for name in (settings.platform.runners.classes if settings.platform.runners else {})
        },
        joining=tuple(_joining_roles(settings)),
    )


def _joining_roles(settings: Settings) -> Iterator[RoleDeclaration]:
    """For each stack with a cluster: a role for its applies, one for its plans.

    Whatever its `reach` is now: this stack is applied first, and the other must still be able to take away
    what it made before.
    """
    if settings.platform.runners is None:
        return
    own, account, region = settings.stack.value, settings.account, settings.platform.region
    network = settings.platform.network
    there = network if isinstance(network, ExistingNetwork) else None
    for stack, block in settings.others.items():
        if block.cluster is None:
            continue
        far = settings.organization.accounts.of(stack)
        apply = naming.role_arn(far, naming.apply_role(stack), naming.INFRA_PATH)
        plan = naming.role_arn(far, naming.plan_role(stack))
        joins = JoinNetwork(
            own,
            account,
            region,
            from_account=far,
            vpc=there.vpc if there else "",
            route_tables=tuple(there.route_tables.values()) if there else (),
        )
        for name, trusted, grants in (
            (naming.network_role(stack), apply, (ReadNetwork(), joins)),
            (naming.network_reader_role(stack), plan, (ReadNetwork(),)),
        ):
            yield RoleDeclaration(
                name=name,
                account=account,
                region=region,
                boundary_arn=naming.boundary_arn(account),
                trusted_ahead=(trusted,),
                grants=grants,
            )


def plan_store_roles(settings: Settings) -> dict[Actor, tuple[str, ...]]:
    """ARNs of the roles of every stack by what they do in the plan store."""
    accounts = settings.organization.accounts
    stacks = (Stack.LOCAL,) if settings.on_stand_in else ACCOUNT_STACKS
    plan = tuple(naming.role_arn(accounts.of(stack), naming.plan_role(stack)) for stack in stacks)
    apply = tuple(
        naming.role_arn(accounts.of(stack), naming.apply_role(stack), naming.INFRA_PATH) for stack in stacks
    )
    gate = _gate_role(settings)
    return {"plan": plan, "drift": plan, "apply": apply, "gate": (gate.arn,) if gate else ()}


def fleet_names(settings: Settings) -> FleetNames:
    """The names of this stack's runner fleet."""
    return FleetNames(fleet=settings.stack, account=settings.account, region=settings.platform.region)


def _plan_job(settings: Settings) -> Job:
    account, region, stack = settings.account, settings.platform.region, settings.stack.value
    plans, plan_key = _plan_store(settings)
    grants: list[Grant] = [
        PlanStack(stack, account, region),
        ReadState(naming.state_bucket(account, region), ".pulumi", *_state_keys(settings)),
        UsePlanStore(("plan", "drift"), plans, naming.PROJECT, stack, plan_key),
    ]
    if settings.platform.runners:
        grants.append(ReadFleet(stack, account, region))
    if far_stack(settings):
        grants.append(AssumeRoles((far_role(settings, applying=False),)))
    return Job(
        name="infra-plan",
        repository=settings.organization.github.platform_repository,
        environment=naming.plan_environment(stack),
        events=("schedule", "workflow_dispatch", "push"),
        branches=MAIN,
        grants=tuple(grants),
    )


def _apply_job(settings: Settings) -> Job:
    account, region, stack = settings.account, settings.platform.region, settings.stack.value
    plans, plan_key = _plan_store(settings)
    cluster = settings.platform.cluster
    own = [cluster.name] if isinstance(cluster, ClusterSettings) else []
    grants: list[Grant] = [
        ApplyStack(
            stack,
            account,
            region,
            boundary_arn=naming.boundary_arn(account),
            role_path=naming.CI_PATH,
            own_role_arn=naming.role_arn(account, naming.apply_role(stack), naming.INFRA_PATH),
            clusters=tuple(sorted({"slipway-*", *own})),
            transit_gateway=settings.organization.transit_gateway or "",
            entered=(cluster.name,) if isinstance(cluster, ExistingCluster) else (),
        ),
        UseState(naming.state_bucket(account, region), ".pulumi", *_state_keys(settings)),
        UsePlanStore(("apply",), plans, naming.PROJECT, stack, plan_key),
    ]
    if settings.platform.runners:
        grants.append(ChangeFleet(stack, account, region, naming.boundary_arn(account)))
    if far_stack(settings):
        grants.append(AssumeRoles((far_role(settings, applying=True),)))
    return Job(
        name="infra-apply",
        repository=settings.organization.github.platform_repository,
        environment=naming.apply_environment(stack),
        events=("push", "workflow_dispatch"),
        branches=MAIN,
        grants=tuple(grants),
    )


def _plan_store(settings: Settings) -> tuple[str, str]:
    """Bucket and key of the plans: one store in the automation account, which the others reach by policy."""
    account, region = settings.organization.accounts.automation, settings.platform.region
    return naming.plan_bucket(account, region), naming.alias_arn(account, region, naming.plan_key_alias())


def _state_keys(settings: Settings) -> tuple[str, str]:
    """The key of the stack's secrets, and the bucket's where that is another one."""
    return stack_key(settings), "" if owns_bucket(settings) else bucket_key(settings)


def _protection(settings: Settings, environment: str) -> Protection:
    github = settings.organization.github
    rules = EnvironmentRules(name=environment, branches=MAIN)
    return plan_protection(rules, github.plan, github.visibility)


def _gate_role(settings: Settings) -> RoleDeclaration | None:
    """One for all stacks, beside the store: what it reads there holds no secret."""
    if not settings.stack.builds or not _protection(settings, naming.GATE).protectable:
        return None
    bucket, key = _plan_store(settings)
    job = Job(
        name=naming.GATE,
        repository=settings.organization.github.platform_repository,
        environment=naming.GATE,
        # GitHub takes the workflow of these from the default branch, whoever has caused them.
        events=("pull_request_target", "workflow_run", "workflow_dispatch"),
        branches=MAIN,
        grants=(UsePlanStore(("gate",), bucket, naming.PROJECT, settings.stack.value, key),),
    )
    return _role(settings, naming.GATE, job, naming.CI_PATH)


def _image_role(settings: Settings) -> RoleDeclaration | None:
    """It may change the account, so there is none where GitHub cannot hold its environment to main."""
    protection = _protection(settings, naming.IMAGE_ENVIRONMENT)
    if settings.platform.runners is None or not protection.protectable:
        return None
    job = Job(
        name="image",
        repository=settings.organization.github.platform_repository,
        environment=naming.IMAGE_ENVIRONMENT,
        events=("schedule", "workflow_dispatch"),
        branches=MAIN,
    )
    return _role(settings, fleet_names(settings).image_role, job, naming.RUNNER_PATH)


def _role(
    settings: Settings, name: str, job: Job, path: str, session_seconds: int = SESSION_SECONDS
) -> RoleDeclaration:
    return RoleDeclaration(
        name=name,
        account=settings.account,
        region=settings.platform.region,
        jobs=(job,),
        boundary_arn=naming.boundary_arn(settings.account),
        path=path,
        session_seconds=session_seconds,
    )
