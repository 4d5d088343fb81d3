"""One GitHub environment of a service: who may use it, from which refs, and what its jobs read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_github as github

from components.github.variables import ROLE
from slipway.errors import SlipwayError
from slipway.platform.declaration import Repository
from slipway.platform.protection import (
    EnvironmentRules,
    GithubPlan,
    Protection,
    Reviewers,
    plan_protection,
)
from slipway.platform.variable_names import check_name, check_slugs_differ, slug


@dataclass(frozen=True, kw_only=True)
class ServiceEnvironmentArgs:
    """What one environment is given.

    `variables` (see `environment_variables`) and `secrets` map a name to its value; `secrets` must be
    declared by name, nothing is made secret by itself.
    """

    repository: Repository
    plan: GithubPlan
    rules: EnvironmentRules
    variables: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])

    def __post_init__(self) -> None:
        """Raise SlipwayError for names that GitHub refuses, and for a role where nothing guards it."""
        where = f"{self.repository.name}, environment {self.rules.name!r}"
        for name in self.variables:
            check_name(name, where=where)
        for name in self.secrets:
            check_name(name, kind="secret", where=where)
        check_slugs_differ((*self.rules.branches, *(f"tag {tag}" for tag in self.rules.tags)), where)
        protection = self.protection
        if ROLE in {*self.variables, *self.secrets} and not protection.protectable:
            raise SlipwayError(
                protection.reason,
                where=where,
                fix="leave role_arn out for this environment, restrict its refs, or choose a plan that can",
            )

    @property
    def protection(self) -> Protection:
        """What the plan lets us keep of the rules."""
        return plan_protection(self.rules, self.plan, self.repository.visibility)


class ServiceEnvironment(pulumi.ComponentResource):
    """An environment with its refs, approvals, variables and secrets; nothing where the plan has none."""

    environment: str

    def __init__(
        self, name: str, args: ServiceEnvironmentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:github:ServiceEnvironment", name, {}, opts)
        self.environment = args.rules.name
        protection = args.protection
        for rule in protection.dropped:
            pulumi.log.warn(
                f"{args.repository.name}: environment {args.rules.name!r} asks for {rule}, which "
                f"a {args.repository.visibility} repository does not have on the plan {args.plan.value!r}",
                resource=self,
            )
        if not protection.protectable:
            pulumi.log.warn(f"{args.repository.name}: {protection.reason}", resource=self)
        if protection.create:
            environment = self._environment(name, args, protection)
            self._policies(name, args, environment)
            self._values(name, args, environment)
        self.register_outputs({"environment": self.environment})

    def _environment(
        self, name: str, args: ServiceEnvironmentArgs, protection: Protection
    ) -> github.RepositoryEnvironment:
        rules = args.rules
        approvals = protection.approvals
        # Both flags equal is a 422, and "protected branches only" means every branch where none is
        # protected, so refs are always named one by one
        # (https://docs.github.com/en/rest/deployments/environments#create-or-update-an-environment).
        refs = github.RepositoryEnvironmentDeploymentBranchPolicyArgs(
            protected_branches=False, custom_branch_policies=True
        )
        return github.RepositoryEnvironment(
            f"{name}-environment",
            repository=args.repository.name,
            environment=rules.name,
            deployment_branch_policy=refs if protection.restrict_refs else None,
            reviewers=[_reviewers(rules.reviewers, self)] if approvals and len(rules.reviewers) else None,
            wait_timer=rules.wait_minutes if approvals and rules.wait_minutes else None,
            prevent_self_review=rules.prevent_self_review if approvals and len(rules.reviewers) else None,
            # Where the plan has no approvals GitHub does not store the flag, and asking for it would never
            # settle.
            can_admins_bypass=False if approvals else None,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _policies(
        self, name: str, args: ServiceEnvironmentArgs, environment: github.RepositoryEnvironment
    ) -> None:
        # The name is taken as plain text so that a preview shows it; the dependency is said aloud instead.
        child = pulumi.ResourceOptions(parent=self, depends_on=[environment])
        for pattern in args.rules.branches:
            github.RepositoryEnvironmentDeploymentPolicy(
                f"{name}-branch-{slug(pattern)}",
                repository=args.repository.name,
                environment=args.rules.name,
                branch_pattern=pattern,
                opts=child,
            )
        for pattern in args.rules.tags:
            github.RepositoryEnvironmentDeploymentPolicy(
                f"{name}-tag-{slug(pattern)}",
                repository=args.repository.name,
                environment=args.rules.name,
                tag_pattern=pattern,
                opts=child,
            )

    def _values(
        self, name: str, args: ServiceEnvironmentArgs, environment: github.RepositoryEnvironment
    ) -> None:
        child = pulumi.ResourceOptions(parent=self, depends_on=[environment])
        for variable, value in args.variables.items():
            github.ActionsEnvironmentVariable(
                f"{name}-variable-{slug(variable)}",
                repository=args.repository.name,
                environment=args.rules.name,
                variable_name=variable,
                value=value,
                opts=child,
            )
        for secret, value in args.secrets.items():
            github.ActionsEnvironmentSecret(
                f"{name}-secret-{slug(secret)}",
                repository=args.repository.name,
                environment=args.rules.name,
                secret_name=secret,
                value=value,
                opts=child,
            )


def _reviewers(reviewers: Reviewers, parent: pulumi.Resource) -> github.RepositoryEnvironmentReviewerArgs:
    """Return the reviewers by id; names are looked up, so an offline preview shows them as unknown."""
    lookup = pulumi.InvokeOptions(parent=parent)
    users: list[pulumi.Input[int]] = [
        github.get_user_output(username=user, opts=lookup).id.apply(int) for user in reviewers.users
    ]
    teams: list[pulumi.Input[int]] = [
        github.get_team_output(slug=team, summary_only=True, opts=lookup).id.apply(int)
        for team in reviewers.teams
    ]
    return github.RepositoryEnvironmentReviewerArgs(
        users=[*users, *reviewers.user_ids], teams=[*teams, *reviewers.team_ids]
    )
