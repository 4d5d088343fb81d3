"""The declaration of access: what a job may do, the repositories and jobs, and the roles that follow.

All of it is plain data: policies made from it are known before anything exists in AWS.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from slipway.errors import SlipwayError
from slipway.platform import aws_names, naming
from slipway.platform.plan_store import Actor
from slipway.platform.sessions import SESSION_SECONDS

_OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?")
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]{1,100}")
_LONGEST_ENVIRONMENT = 255

PUBLISHED_PARAMETERS: Final = ("slipway/*", naming.helm_values_parameter("*"))
"""Name patterns of the SSM parameters that stacks publish for services' jobs."""


@dataclass(frozen=True)
class PushImages:
    """Push to, and read layers of, these ECR repositories (names, not ARNs) of one registry."""

    repositories: tuple[str, ...]
    account: str
    region: str


@dataclass(frozen=True)
class PullImages:
    """Pull from these ECR repositories (names, not ARNs) of one registry."""

    repositories: tuple[str, ...]
    account: str
    region: str


@dataclass(frozen=True)
class MarkImages:
    """Give images that are there in these ECR repositories (names, not ARNs) of one registry another tag.

    By it a deploy says that an image runs, which keeps it from expiring. ECR has no condition on tags, so
    that this is every tag that may move, and any new name.
    """

    repositories: tuple[str, ...]
    account: str
    region: str


@dataclass(frozen=True)
class DescribeCluster:
    """Find one EKS cluster's endpoint; what may be done inside it is Kubernetes RBAC's."""

    cluster: str
    account: str
    region: str


@dataclass(frozen=True)
class ReadParameters:
    """Read these SSM parameters, by full name (`/slipway/x` or `app-service-helm-values`)."""

    names: tuple[str, ...]
    account: str
    region: str


@dataclass(frozen=True)
class UseState:
    """Read, write and lock Pulumi state under one prefix of the state bucket.

    `key_arn` encrypts the stack's secrets; `bucket_key_arn` is the bucket's own key where S3 uses another.
    """

    bucket: str
    prefix: str
    key_arn: str
    bucket_key_arn: str = ""


@dataclass(frozen=True)
class ReadState:
    """Read Pulumi state under one prefix and open its secrets, as a preview must; never write."""

    bucket: str
    prefix: str
    key_arn: str
    bucket_key_arn: str = ""


@dataclass(frozen=True)
class UsePlanStore:
    """Do in the plan store what jobs of infrastructure delivery do there for a stack, and nothing else.

    `key_arn` is that of the key which seals plans.
    """

    actors: tuple[Actor, ...]
    bucket: str
    project: str
    stack: str
    key_arn: str


@dataclass(frozen=True)
class AssumeRoles:
    """Assume exactly these roles, in this account or another."""

    arns: tuple[str, ...]


@dataclass(frozen=True)
class PlanStack:
    """Read what a platform stack's resources are, but no secret's value.

    `parameters` are SSM name patterns of published outputs, the only ones whose values are read. `buckets`
    are the name patterns that the stack owns.
    """

    stack: str
    account: str
    region: str
    parameters: tuple[str, ...] = PUBLISHED_PARAMETERS
    buckets: tuple[str, ...] = ("slipway-*",)


@dataclass(frozen=True)
class ApplyStack:
    """Change a platform stack's resources.

    Roles are made only under `role_path` and only with the boundary; `own_role_arn` and the boundary itself
    stay out of reach. `buckets`, `clusters`, `parameters` and `secrets` are patterns of its own names.
    """

    stack: str
    account: str
    region: str
    boundary_arn: str
    role_path: str
    own_role_arn: str
    buckets: tuple[str, ...] = ("slipway-*",)
    clusters: tuple[str, ...] = ("slipway-*",)
    parameters: tuple[str, ...] = PUBLISHED_PARAMETERS
    secrets: tuple[str, ...] = ("slipway/*",)
    transit_gateway: str = ""
    """The id of the one that its network is attached to, if any."""
    entered: tuple[str, ...] = ()
    """Clusters that somebody else made, into which it lets people and jobs, and changes nothing else."""


@dataclass(frozen=True)
class ReadFleet:
    """Read what the resources of one runner fleet are."""

    fleet: str
    account: str
    region: str


@dataclass(frozen=True)
class ChangeFleet:
    """Make, change and remove the resources of one runner fleet; its roles only with the boundary."""

    fleet: str
    account: str
    region: str
    boundary_arn: str


@dataclass(frozen=True)
class JoinNetwork:
    """Accept peerings into a stack's VPC from one account, and route its subnets over them."""

    stack: str
    account: str
    region: str
    from_account: str
    vpc: str = ""
    """The id of one that the organisation has, in place of the stack's own."""
    route_tables: tuple[str, ...] = ()
    """The ids of its tables that routes may be added to."""


@dataclass(frozen=True)
class ReadNetwork:
    """Find a stack's VPC, route tables, peerings and public addresses. EC2 tells all of an account's at
    once."""


@dataclass(frozen=True)
class ManageNamespace:
    """Own a namespace of the account's cluster: release there, read what runs. By Kubernetes RBAC alone.

    `unreviewed` says that code which nobody has looked at runs there, so that its pods are closed to others.
    """

    namespace: str
    unreviewed: bool = False


@dataclass(frozen=True)
class MigrateDatabase:
    """Run migrations in a namespace, with the Secret that has the database's address. By RBAC alone."""

    namespace: str
    secret: str


Grant = (
    PushImages
    | PullImages
    | MarkImages
    | DescribeCluster
    | ReadParameters
    | UseState
    | ReadState
    | UsePlanStore
    | AssumeRoles
    | PlanStack
    | ApplyStack
    | ReadFleet
    | ChangeFleet
    | JoinNetwork
    | ReadNetwork
    | ManageNamespace
    | MigrateDatabase
)


class SubjectForm(StrEnum):
    """Which form of `sub` a repository's tokens carry; BOTH only while it moves from one to the other."""

    IMMUTABLE = "immutable"
    LEGACY = "legacy"
    BOTH = "both"


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A GitHub repository, known by name and by the two numbers that a rename or a takeover cannot copy."""

    owner: str
    name: str
    owner_id: int
    id: int
    visibility: Literal["public", "private", "internal"] = "private"
    subject: SubjectForm = SubjectForm.IMMUTABLE

    def __post_init__(self) -> None:
        """Raise SlipwayError for a name that GitHub would refuse or an id that is no id."""
        if not _OWNER.fullmatch(self.owner):
            raise SlipwayError(f"{self.owner!r} cannot be a GitHub owner", where=self.slug)
        if not _REPOSITORY.fullmatch(self.name) or self.name in {".", ".."}:
            raise SlipwayError(f"{self.name!r} cannot be a GitHub repository's name", where=self.slug)
        if self.owner_id <= 0 or self.id <= 0:
            raise SlipwayError(
                f"the ids of {self.slug} must be positive numbers",
                where=self.slug,
                fix=f"gh api repos/{self.slug} --jq '.owner.id, .id'",
            )

    @property
    def slug(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job of a workflow, in the GitHub environment that gives it its role.

    `branches` and `tags` are the patterns of the environment's deployment policy; both empty means any ref.
    """

    name: str
    repository: Repository
    environment: str
    events: tuple[str, ...]
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()

    def __post_init__(self) -> None:
        """Raise SlipwayError for an environment whose name could match two ways, or a job without an event.

        GitHub treats environment names as equal whatever their case, IAM's StringEquals does not
        (https://github.com/Azure/login/issues/492), so only lower-case names are safe on both sides.
        """
        where = f"{self.repository.slug} job {self.name}"
        environment = self.environment
        if not environment or len(environment) > _LONGEST_ENVIRONMENT or environment != environment.strip():
            raise SlipwayError(f"{environment!r} cannot be a GitHub environment's name", where=where)
        if environment != environment.lower() or not environment.isprintable():
            raise SlipwayError(
                f"environment {environment!r} must be in lower case",
                where=where,
                fix=f"call it {environment.lower()!r}",
            )
        if any(character in environment for character in "*?$"):
            raise SlipwayError(
                f"environment {environment!r} has a character that IAM reads as a pattern", where=where
            )
        if not self.events:
            raise SlipwayError("a job needs at least one event", where=where)


@dataclass(frozen=True, kw_only=True)
class RoleDeclaration:
    """One IAM role: for one environment of one repository, for a chain of roles, or for both.

    `grants` belong to the role itself, beside those of its jobs: a role at the middle of a chain has no job.
    `trusted_roles` are the exact ARNs of the roles that may assume it, `trusted_ahead` of those that need
    not be there yet.
    """

    name: str
    account: str
    region: str
    jobs: tuple[Job, ...] = ()
    boundary_arn: str
    path: str = naming.CI_PATH
    trusted_roles: tuple[str, ...] = ()
    trusted_ahead: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    session_seconds: int = SESSION_SECONDS
    """The longest that a session of it lasts."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for what IAM would refuse, and for jobs that do not share one environment."""
        where = f"role {self.name}"
        aws_names.check_role_name(self.name, where)
        aws_names.check_account(self.account, where)
        aws_names.check_role_path(self.path, where)
        aws_names.check_boundary(self.boundary_arn, where)
        if not self.jobs and not self.trusted_roles and not self.trusted_ahead:
            raise SlipwayError(
                "nobody could assume this role", where=where, fix="give it jobs or trusted_roles"
            )
        if len({(job.repository, job.environment) for job in self.jobs}) > 1:
            raise SlipwayError("the jobs of a role must share one environment of one repository", where=where)
        for arn in (*self.trusted_roles, *self.trusted_ahead):
            aws_names.check_role_arn(arn, where)

    @property
    def arn(self) -> str:
        """The role's ARN, computed, so that policies which name it are known before it exists."""
        return naming.role_arn(self.account, self.name, self.path)

    @property
    def all_grants(self) -> tuple[Grant, ...]:
        """The grants of its jobs and its own, each once, in declared order."""
        return tuple(dict.fromkeys([*(grant for job in self.jobs for grant in job.grants), *self.grants]))
