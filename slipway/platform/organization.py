"""What every stack of the organisation shares: the block `slipway:organization` of Pulumi.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from slipway.platform.declaration import Repository, SubjectForm
from slipway.platform.model import Model
from slipway.platform.protection import GithubPlan
from slipway.platform.runner_classes import Labels
from slipway.platform.services import JobKind
from slipway.platform.stack import ACCOUNT_STACKS, Stack
from slipway.platform.values import (
    AccountId,
    EnvironmentName,
    Organization,
    RefPatterns,
    RepositorySlug,
    ReviewerNames,
    ServiceName,
    TransitGatewayId,
)


class Accounts(Model):
    """The AWS accounts of the organisation. One account may play all three roles."""

    automation: AccountId
    """Registries, the runner fleet, and the roles that build."""
    staging: AccountId
    """The workload account for everything below production."""
    prod: AccountId
    """The workload account for production."""

    def of(self, stack: Stack) -> str:
        """The account that a stack with an account of its own works in."""
        return {
            Stack.AUTOMATION: self.automation,
            Stack.STAGING: self.staging,
            Stack.PROD: self.prod,
            Stack.LOCAL: self.automation,
        }[stack]

    def stacks_in(self, account: str) -> tuple[Stack, ...]:
        """The stacks that share an account, in the order in which they come up from nothing."""
        return tuple(stack for stack in ACCOUNT_STACKS if self.of(stack) == account)


class Github(Model):
    """The organisation on GitHub, and what its plan allows."""

    organization: Organization
    """Its login, as in `github.com/<login>`."""
    organization_id: Annotated[int, Field(gt=0, examples=[9001])]
    """Its number: `gh api orgs/<login> --jq .id`."""
    plan: Annotated[GithubPlan, Field(examples=["enterprise"])]
    repository: RepositorySlug
    """The platform's own repository: its workflows plan and apply these stacks."""
    repository_id: Annotated[int, Field(gt=0, examples=[70000])]
    """Its number: `gh api repos/<owner>/<name> --jq .id`."""
    visibility: Literal["public", "private", "internal"] = "private"
    """Of the platform's own repository; its plan may allow less to a private one."""
    subject: SubjectForm = SubjectForm.IMMUTABLE
    """Which form of `sub` its tokens carry. `gh api repos/<owner>/<name>/actions/oidc/customization/sub --jq
    .use_immutable_subject` tells: true is `immutable`, false `legacy`; `both` while it moves."""
    reviewers: ReviewerNames = ()
    """Who approves where an environment is reviewed and names nobody itself."""
    required_approvals: Annotated[int, Field(ge=0, le=10)] = 1
    """How many approvals a pull request of a service needs, where its file says `enforce`."""
    enforce: bool = False
    """Whether main of the platform's own repository takes reviewed pull requests alone, whose tests, preview
    and gate are green. Once its workflows have run: a check that nobody reports holds everything."""
    app_id: Annotated[int, Field(gt=0)] | None = None
    """The platform's GitHub App, the one named bypass of the rulesets."""
    private_actions: bool = False
    """Whether the organisation secret for private actions is set from `slipway:privateActionsToken`."""

    @property
    def platform_repository(self) -> Repository:
        """The platform's own repository as its tokens describe it."""
        owner, name = self.repository.split("/")
        return Repository(
            owner=owner,
            name=name,
            owner_id=self.organization_id,
            id=self.repository_id,
            visibility=self.visibility,
            subject=self.subject,
        )


class EnvironmentLimit(Model):
    """What services may say of environments of one name, beyond what the name says by itself."""

    branches: RefPatterns = ()
    """Branches, besides those that the name stands for, that an environment of the name may admit."""
    tags: RefPatterns = ()
    """Tags that it may admit besides."""
    jobs: tuple[JobKind, ...] = ()
    """Jobs, and with them rights, that it may have besides."""


class Limits(Model):
    """How far a service's file reaches, which its team owns. Without this block: no further than defaults."""

    reviewers: ReviewerNames = ()
    """Who, besides the organisation's `reviewers`, a service may name to approve its production."""
    self_review: bool = False
    """Whether a service may let whoever started a job approve it in production."""
    environments: dict[EnvironmentName, EnvironmentLimit] = Field(
        default_factory=dict[EnvironmentName, EnvironmentLimit]
    )
    """By the environment's name."""


class Chain(Model):
    """What jobs of a service's opted-in runner classes reach, whatever their own environment."""

    environments: tuple[EnvironmentName, ...] = ()
    """Environments without reviewers: the rights of those that build, the deploy roles of the others."""
    without_review: tuple[EnvironmentName, ...] = ()
    """Environments with reviewers, who are not asked when a job comes this way."""

    @property
    def reached(self) -> tuple[str, ...]:
        """All of its environments."""
        return (*self.environments, *self.without_review)


class RunsOn(Model):
    """Where the platform's kinds of jobs run: labels, as a workflow's `runs-on` says them."""

    infra: Labels = ("self-hosted", "cluster")
    """Applies of the stacks with a cluster, and their drift. The stack `automation`, which makes the
    runners, is applied on GitHub's own."""
    deploy: Labels = ("self-hosted", "cluster")
    """Deploys of services."""
    migrate: Labels = ("self-hosted", "cluster")
    """Migrations of services' databases."""
    image: Labels = ("ubuntu-24.04",)
    """Builds of the runner image."""

    def labels(self, kind: str) -> tuple[str, ...]:
        """Of one kind of job, by its key."""
        return {"infra": self.infra, "deploy": self.deploy, "migrate": self.migrate, "image": self.image}[
            kind
        ]


class OrganizationSettings(Model):
    """What the organisation's stacks share, written once."""

    accounts: Accounts
    github: Github
    cicd_chain: dict[ServiceName, Chain] = Field(default_factory=dict[ServiceName, Chain])
    """By service: environments that its runner classes with `cicd` lead to. None unless named."""
    limits: Limits = Limits()
    runs_on: RunsOn = RunsOn()
    """Where jobs run; those that talk to a cluster, where a path to it leads."""
    transit_gateway: TransitGatewayId | None = None
    """The organisation's own, which joins the runners' network with the clusters'; peering unless named."""
