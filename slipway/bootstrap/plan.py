"""What is to be made, as plain data. Nothing in it is decided here: see `slipway.bootstrap.rendered`."""

from dataclasses import dataclass
from typing import Any, Final

OWNER_TAG: Final = "slipway:owner"
OWNER: Final = "bootstrap"
STACK_TAG: Final = "slipway:stack"

Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class ProviderPlan:
    """The account's identity provider for GitHub. Adopted: it must be there already and is never changed."""

    arn: str
    url: str
    audiences: tuple[str, ...]
    adopted: bool = False


@dataclass(frozen=True, kw_only=True)
class PolicyPlan:
    """A managed policy."""

    arn: str
    name: str
    path: str
    description: str
    document: Document


@dataclass(frozen=True, kw_only=True)
class RolePlan:
    """The apply role, with its policies: `inline` by name."""

    arn: str
    name: str
    path: str
    description: str
    trust: Document
    session_seconds: int
    inline: dict[str, Document]
    managed: tuple[PolicyPlan, ...]
    repository: str
    """`owner/name` of the repository whose jobs assume it."""
    environment: str
    """The GitHub environment that those jobs run in."""
    subjects: tuple[str, ...]
    """What their tokens have to say they are: `sub`, exactly one of these."""


@dataclass(frozen=True, kw_only=True)
class GithubPlan:
    """What the jobs of one stack need of the platform's repository before there is a stack."""

    plan_environment: str
    """The environment of the job that only reads; the stack makes it what it is."""
    branches: tuple[str, ...]
    """Whose jobs may apply."""
    reviewers: tuple[str, ...]
    """Who approves an apply: `team:<slug>` and `user:<login>`. Empty where GitHub's plan has no approvals."""
    unprotected: str = ""
    """Why GitHub's plan cannot hold an environment to branches; empty where it can."""


@dataclass(frozen=True, kw_only=True)
class BootstrapPlan:
    """Everything that bootstrap makes for one stack.

    `key_users` and `key_readers` are the ARNs of the roles whose own policies let them use the state key
    directly; whoever else uses it does so through the bucket.
    """

    stack: str
    account: str
    region: str
    bucket: str
    key_alias: str
    key_arn: str | None
    key_users: tuple[str, ...]
    key_readers: tuple[str, ...]
    provider: ProviderPlan
    boundary: PolicyPlan
    role: RolePlan
    github: GithubPlan

    @property
    def tags(self) -> dict[str, str]:
        """The marks by which bootstrap knows its own."""
        return {OWNER_TAG: OWNER, STACK_TAG: self.stack}

    @property
    def secrets_provider(self) -> str:
        """Pulumi's address of the state key (https://www.pulumi.com/docs/iac/cli/commands/pulumi_stack_init/)."""
        return f"awskms://{self.key_alias}?region={self.region}"

    @property
    def backend(self) -> str:
        """Pulumi's address of the state bucket."""
        return f"s3://{self.bucket}?region={self.region}"

    @property
    def variables(self) -> dict[str, str]:
        """What the job that applies reads of its environment, besides the App's: see infra-up.yml."""
        return {"AWS_ROLE_ARN": self.role.arn, "AWS_REGION": self.region, "PULUMI_BACKEND_URL": self.backend}

    @property
    def identities(self) -> tuple[str, ...]:
        """What would be made, by name: what a person agreed to must not change under way.

        Into how many policies the role's rights are split is not of it: it depends on how long the key's
        name is, and that is known only when the key is there.
        """
        return (self.bucket, self.key_alias, self.provider.arn, self.boundary.arn, self.role.arn)
